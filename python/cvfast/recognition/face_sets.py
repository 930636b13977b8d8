"""Sets of faces whose people are known: folders, made faces, Labeled Faces in the Wild."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cvfast.errors import MediaError
from cvfast.faces.types import Landmarks
from cvfast.io.people import people_in
from cvfast.metrics.lfw import read_lfw_pairs
from cvfast.metrics.pairs import Pairs
from cvfast.training.labels import FILE, read_labels
from cvfast.typing import Path as PathLike

__all__ = ["FaceSet", "KnownFace", "read_face_set"]


@dataclass(frozen=True, slots=True)
class KnownFace:
    """One face and whose it is.

    Parameters
    ----------
    path
        The picture.
    name
        What reports call it: the picture's path below the set's folder, with the number of the face
        where there are several.
    person
        Who.
    landmarks
        Where it is, if somebody marked it; None: the largest face is looked for.
    split
        "train" or "test", if the set says so.
    """

    path: Path
    name: str
    person: str
    landmarks: Landmarks | None = None
    split: str | None = None


@dataclass(frozen=True)
class FaceSet:
    """Faces, and the pairs to compare if the set prescribes them.

    Parameters
    ----------
    source
        What was read.
    faces
        In the set's order.
    pairs
        Places in `faces`, or None: any pairs will do.
    """

    source: str
    faces: Sequence[KnownFace]
    pairs: Pairs | None = None


def read_face_set(
    source: PathLike,
    *,
    images: PathLike | None = None,
    split: str | None = None,
    allow_leaks: bool = False,
) -> FaceSet:
    """Read a set in any of three forms, told apart by what is there.

    Parameters
    ----------
    source
        A folder with a subfolder for each person; made faces (a folder with ``labels.jsonl``, or
        that file), where faces with an identity and 68 points count; or LFW's ``pairs.txt``.
    images
        For ``pairs.txt``: the folder with the people's folders; by default that of the file.
    split
        For made faces: "train" or "test" alone.
    allow_leaks
        For ``pairs.txt``: as in `cvfast.metrics.lfw.read_lfw_pairs`.

    Raises
    ------
    MediaError
        Nothing of the kind, or a line that does not hold what it should.
    LimitError
        A file that is too large.
    ValueError
        `split` or `images` for a set that has none.

    Examples
    --------
    >>> read_face_set("no-such-folder")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    cvfast.errors.MediaError: no-such-folder: expected a folder with a subfolder for each person...
    """
    place = Path(source)
    made = (place / FILE).is_file() or place.suffix == ".jsonl"
    if split is not None and not made:
        raise ValueError(f"split: expected it for made faces ({FILE}) only, got {split!r}")
    if images is not None and (made or not place.is_file()):
        raise ValueError(f"images: expected it for LFW's pairs.txt only, got {images}")
    if made:
        return _made(place, split)
    if place.is_file():
        return _lfw(place, Path(images) if images is not None else place.parent, allow_leaks)
    faces = [
        KnownFace(path, path.relative_to(place).as_posix(), person)
        for person, paths in people_in(place).items()
        for path in paths
    ]
    return FaceSet(str(source), faces)


def _made(source: Path, split: str | None) -> FaceSet:
    faces = []
    for picture in read_labels(source, split=split):
        for number, face in enumerate(picture.faces):
            if face.identity is None or face.points is None:
                continue
            name = picture.file if len(picture.faces) == 1 else f"{picture.file}#{number}"
            marks = Landmarks(face.points, "dlib68", 1.0, face.box)
            person = f"{face.identity:06d}"  # so that people sort as their numbers do
            faces.append(KnownFace(picture.path, name, person, marks, picture.split))
    if not faces:
        chosen = "" if split is None else f" of the split {split}"
        raise MediaError(f"{source}: expected faces{chosen} with identity and 68 points, got none")
    return FaceSet(str(source), faces)


def _lfw(source: Path, images: Path, allow_leaks: bool) -> FaceSet:
    pairs = read_lfw_pairs(source, allow_leaks=allow_leaks)
    if not images.is_dir():
        raise MediaError(f"{images}: expected the folder of LFW's pictures, found none (--images)")
    places = {image: at for at, image in enumerate(dict.fromkeys(pairs.first + pairs.second))}
    faces = [KnownFace(images / image.file, image.file, image.name) for image in places]
    first, second = (
        np.array([places[image] for image in side], np.int64)
        for side in (pairs.first, pairs.second)
    )
    return FaceSet(str(source), faces, Pairs(first, second, pairs.same, pairs.fold))
