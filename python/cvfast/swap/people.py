"""Which of the people of a clip a swap is about: their faces stay, the others' are set aside."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cvfast.errors import NothingFoundError
from cvfast.faces.embedding import Embedder
from cvfast.faces.types import Landmarks
from cvfast.io.atomic import make_folder
from cvfast.io.images import read_image
from cvfast.swap.face_set import FaceSet, read_faces
from cvfast.typing import ImageF32
from cvfast.typing import Path as PathLike

__all__ = ["Person", "people_of", "set_others_aside", "those_like"]

_TOGETHER = 0.05  # share of frames with two faces from which on a clip shows two people
_SAMPLES = 5  # faces of a track that are compared with a picture


@dataclass(frozen=True)
class Person:
    """A track of faces.

    Parameters
    ----------
    number
        The track's, as in the files' names.
    faces
        How many there are.
    middle
        ``(x, y)`` in the frames, on the average.
    """

    number: int
    faces: int
    middle: tuple[float, float]


def people_of(faces: FaceSet) -> tuple[list[Person], bool]:
    """Return a set's tracks, most faces first, and whether it shows several people at a time.

    One person can have several tracks: one ends where the clip is cut, or the face is lost.
    """
    middles: dict[int, list[tuple[float, float]]] = {}
    frames: Counter[int] = Counter()
    for _, record in faces:
        x0, y0, x1, y1 = record.source_box
        middles.setdefault(record.face, []).append(((x0 + x1) / 2, (y0 + y1) / 2))
        frames[record.frame] += 1
    people = []
    for number, where in middles.items():
        x, y = np.mean(where, axis=0)
        people.append(Person(number, len(where), (float(x), float(y))))
    crowded = sum(count > 1 for count in frames.values())
    people.sort(key=lambda person: (-person.faces, person.number))
    return people, crowded > _TOGETHER * max(len(frames), 1)


def set_others_aside(folder: PathLike, numbers: Iterable[int]) -> int:
    """Move the faces of other tracks than these into ``aligned_others`` beside the folder.

    Returns
    -------
    int
        How many were moved.

    Raises
    ------
    NothingFoundError
        No face would be left.
    """
    root, wanted = Path(folder), set(numbers)
    faces = read_faces(root)
    others = [path for path, record in faces if record.face not in wanted]
    if len(others) == len(faces):
        there = sorted({record.face for record in faces.records})
        raise NothingFoundError(
            f"{root}: no face of person {', '.join(map(str, sorted(wanted)))}; there are "
            f"{', '.join(map(str, there)) or 'none'}"
        )
    if others:
        aside = make_folder(root.with_name(f"{root.name}_others"))
        for path in others:
            os.replace(path, aside / path.name)
    return len(others)


def those_like(faces: FaceSet, picture: PathLike, *, model: str = "dlib") -> list[int]:
    """Return the tracks that show the person of a picture.

    Raises
    ------
    NothingFoundError
        The picture shows no face, or no track is like it.
    """
    from cvfast.faces.choosing import choose_face
    from cvfast.faces.embedders import open_embedder

    embedder = open_embedder(model)
    image = read_image(picture).pixels
    known = embedder.embed(image, [choose_face(image, name=str(picture)).landmarks])
    limit = embedder.threshold.distance
    nearest: dict[int, float] = {}
    for number in sorted({record.face for record in faces.records}):
        vectors = [_embedded(embedder, path, mark) for path, mark in _samples(faces, number)]
        distances = [float(embedder.distances(vector, known)[0, 0]) for vector in vectors]
        nearest[number] = float(np.median(distances))
    like = [number for number, distance in nearest.items() if distance < limit]
    if not like:
        said = ", ".join(f"{number} ({away:.2f})" for number, away in nearest.items())
        raise NothingFoundError(
            f"{picture}: nobody in {faces.folder} is like this face: distances of persons {said}, "
            f"expected under {limit:g}"
        )
    return like


def _samples(faces: FaceSet, number: int) -> Sequence[tuple[Path, ImageF32]]:
    of_track = [(path, record) for path, record in faces if record.face == number]
    spread = np.linspace(0, len(of_track) - 1, min(_SAMPLES, len(of_track))).round().astype(int)
    return [
        (of_track[at][0], of_track[at][1].landmarks.astype(np.float32) - np.float32(0.5))
        for at in spread
    ]


def _embedded(embedder: Embedder, path: Path, points: ImageF32) -> ImageF32:
    box = np.concatenate([points.min(axis=0), points.max(axis=0)])
    mark = Landmarks(points, "dlib68", 1.0, box)
    return embedder.embed(read_image(path).pixels, [mark])
