"""Which of the people of a clip a swap is about: their faces stay, the others' are set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cvfast.errors import NothingFoundError
from cvfast.io.atomic import make_folder
from cvfast.swap.face_set import FaceSet, read_faces
from cvfast.typing import Path as PathLike

__all__ = ["Person", "people_of", "set_others_aside"]

_TOGETHER = 0.05  # share of frames with two faces from which on a clip shows two people


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
            path.replace(aside / path.name)
    return len(others)
