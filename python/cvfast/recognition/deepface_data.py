"""Aligned faces of known people to train DeepFace with, read once and kept in one file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError, MediaError, ModelError, NothingFoundError
from cvfast.faces.choosing import choose_face
from cvfast.faces.types import Landmarks
from cvfast.io.images import read_image
from cvfast.io.people import people_in
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.recognition.frontal import frontalise
from cvfast.training.labels import FILE, read_labels
from cvfast.typing import ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["PeopleFaces", "aligned_faces"]

_KIND = "cvfast aligned faces 1"
_EVERY = 5  # person of folders that is held out
_FEWEST = 10  # people of folders from which some are held out


@dataclass(frozen=True, eq=False)
class PeopleFaces:
    """Faces turned to the front, and whose they are.

    Parameters
    ----------
    pixels
        (N, size, size, 3) uint8 RGB.
    people
        (N,) int64 numbers of `names`.
    names
        Of the people.
    held_out
        (N,) bool: faces of people who are kept from training.
    """

    pixels: ImageU8
    people: NDArray[np.int64]
    names: tuple[str, ...]
    held_out: NDArray[np.bool_]

    def training(self) -> tuple[ImageU8, NDArray[np.int64]]:
        """Return the faces to train with, and their people numbered anew from 0 on."""
        chosen = ~self.held_out
        _, people = np.unique(self.people[chosen], return_inverse=True)
        return self.pixels[chosen], people.astype(np.int64)


@dataclass(frozen=True)
class _Item:
    """A picture and whose face it shows; where, if that is known."""

    path: Path
    name: str
    held_out: bool
    landmarks: Landmarks | None = None


def aligned_faces(
    folder: PathLike,
    size: int,
    *,
    cache: Path | None = None,
    left_out: Callable[[Path, Exception], None] | None = None,
    progress: Progress | None = None,
) -> PeopleFaces:
    """Read and align the faces of a made set, or of folders of people.

    Parameters
    ----------
    folder
        With ``labels.jsonl``: faces with an identity and 68 points; those of the split "test" are
        held out. Otherwise a folder with a subfolder a person: of ten people or more every fifth
        is held out; pictures without a face are left out.
    size
        Pixels of a side.
    cache
        A file to keep the result in; taken if it is of the same pictures and size.
    left_out
        Called with each picture that cannot be read or shows no face, and why. Without it the
        former are raised.
    progress
        Called with (done, total).

    Raises
    ------
    MediaError
        No such folder, no face with identity and points, or a picture that cannot be read.

    Examples
    --------
    >>> aligned_faces("no-such-folder", 72)
    Traceback (most recent call last):
    ...
    cvfast.errors.MediaError: no-such-folder: expected a folder with a subfolder for each person...
    """
    items = list(_items(Path(folder)))
    if not items:
        raise MediaError(f"{folder}: expected faces with an identity and points, found none")
    told = _signature(items, size)
    kept = _read(cache, told) if cache is not None else None
    if kept is not None:
        return kept
    pixels, used = [], []
    for number, item in enumerate(items, start=1):
        try:
            pixels.append(_aligned(item, size))
            used.append(item)
        except (NothingFoundError, MediaError, LimitError) as error:
            if left_out is not None:
                left_out(item.path, error)
            elif not isinstance(error, NothingFoundError):
                raise
        if progress is not None:
            progress(number, len(items))
    if not used:
        raise MediaError(f"{folder}: no face found in {len(items)} pictures")
    names = tuple(sorted({item.name for item in used}))
    number_of = {name: number for number, name in enumerate(names)}
    found = PeopleFaces(
        np.stack(pixels),
        np.array([number_of[item.name] for item in used], np.int64),
        names,
        np.array([item.held_out for item in used], bool),
    )
    if cache is not None:
        _write(cache, found, told)
    return found


def _items(folder: Path) -> Iterator[_Item]:
    if not (folder / FILE).is_file():
        people = people_in(folder)
        for number, (name, paths) in enumerate(people.items()):
            held_out = len(people) >= _FEWEST and number % _EVERY == _EVERY - 1
            for path in paths:
                yield _Item(path, name, held_out)
        return
    for picture in read_labels(folder):
        for face in picture.faces:
            if face.identity is not None and face.points is not None:
                landmarks = Landmarks(face.points, "dlib68", 1.0, face.box)
                name = f"{face.identity:06d}"
                yield _Item(picture.path, name, picture.split == "test", landmarks)


def _aligned(item: _Item, size: int) -> ImageU8:
    """Return the face turned to the front; raise NothingFoundError where there is none."""
    image = read_image(item.path).pixels
    landmarks = item.landmarks or choose_face(image, name=str(item.path)).landmarks
    try:
        return frontalise(image, landmarks, size=size).image
    except ValueError as error:  # points on one line
        raise NothingFoundError(f"{item.path}: no face can be made of its points") from error


def _signature(items: list[_Item], size: int) -> dict[str, str]:
    """Say of which pictures, points and size a file of aligned faces is."""
    total = hashlib.sha256()
    for item in items:
        status = item.path.stat() if item.path.exists() else None
        about: tuple[Any, ...] = (str(item.path), item.name, item.held_out)
        about += () if status is None else (status.st_size, status.st_mtime_ns)
        total.update(repr(about).encode())
        if item.landmarks is not None:
            total.update(item.landmarks.points.tobytes())
    return {"kind": _KIND, "size": str(size), "pictures": total.hexdigest()}


def _write(path: Path, faces: PeopleFaces, told: dict[str, str]) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "pixels": faces.pixels,
        "people": faces.people,
        "held_out": faces.held_out.astype(np.uint8),
    }
    write_tensors(path, arrays, {**told, "names": json.dumps(faces.names)}, overwrite=True)


def _read(path: Path, told: dict[str, str]) -> PeopleFaces | None:
    """Return what `_write` wrote of the same pictures; None for anything else."""
    try:
        arrays, metadata = parse_tensors(path.read_bytes(), path)
        if any(metadata.get(name) != value for name, value in told.items()):
            return None
        names = tuple(json.loads(metadata["names"]))
        held_out = arrays["held_out"].astype(bool)
        return PeopleFaces(arrays["pixels"], arrays["people"], names, held_out)
    except (OSError, ModelError, KeyError, ValueError):
        return None
