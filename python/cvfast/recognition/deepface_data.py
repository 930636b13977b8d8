"""Aligned faces of known people to train DeepFace with, read once and kept in one file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError, MediaError, ModelError, NothingFoundError
from cvfast.faces.choosing import choose_face
from cvfast.io.images import read_image
from cvfast.models.model_bytes import model_bytes
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.recognition.face_sets import KnownFace, read_face_set
from cvfast.recognition.frontal import frontalise
from cvfast.typing import ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["PeopleFaces", "aligned_faces"]

_KIND = "cvfast aligned faces 1"
_MOST_BYTES = 64 << 30  # kept: about a million faces of 152 pixels
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
    left_out
        How many pictures showed no face.
    """

    pixels: ImageU8
    people: NDArray[np.int64]
    names: tuple[str, ...]
    held_out: NDArray[np.bool_]
    left_out: int = 0

    def training(self) -> tuple[ImageU8, NDArray[np.int64]]:
        """Return the faces to train with, and their people numbered anew from 0 on."""
        chosen = ~self.held_out
        _, people = np.unique(self.people[chosen], return_inverse=True)
        return self.pixels[chosen], people.astype(np.int64)


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
        As `cvfast.recognition.face_sets.read_face_set` takes it. Where it tells of a split, "test"
        is held out; else, of ten people or more, every fifth. Pictures without a face are left
        out.
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
        No such folder, no face with identity and 68 points, a picture that cannot be read, or
        somebody who is in both splits.

    Examples
    --------
    >>> aligned_faces("no-such-folder", 72)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    cvfast.errors.MediaError: no-such-folder: expected a folder with a subfolder for each person...
    """
    items = read_face_set(folder).faces
    held_out = _held_out(items, folder)
    told = _signature(items, held_out, size)
    kept = _read(cache, told) if cache is not None else None
    if kept is not None:
        return kept
    pixels, used = [], []
    for at, item in enumerate(items):
        try:
            pixels.append(_aligned(item, size))
            used.append(at)
        except (NothingFoundError, MediaError, LimitError) as error:
            if left_out is not None:
                left_out(item.path, error)
            elif not isinstance(error, NothingFoundError):
                raise
        if progress is not None:
            progress(at + 1, len(items))
    if not used:
        raise MediaError(f"{folder}: no face found in {len(items)} pictures")
    names = tuple(sorted({items[at].person for at in used}))
    number_of = {name: number for number, name in enumerate(names)}
    found = PeopleFaces(
        np.stack(pixels),
        np.array([number_of[items[at].person] for at in used], np.int64),
        names,
        held_out[used],
        len(items) - len(used),
    )
    if cache is not None:
        _write(cache, found, told)
    return found


def _held_out(faces: Sequence[KnownFace], folder: PathLike) -> NDArray[np.bool_]:
    """Return which faces are of people who are kept from training."""
    people = list(dict.fromkeys(face.person for face in faces))
    kept = set(people[_EVERY - 1 :: _EVERY]) if len(people) >= _FEWEST else set()
    if any(face.split is not None for face in faces):
        kept = {face.person for face in faces if face.split == "test"}
        both = kept & {face.person for face in faces if face.split != "test"}
        if both:  # what is said of strangers would be measured on people the net has seen
            raise MediaError(
                f"{folder}: expected nobody in both splits, got {len(both)}, such as {min(both)}"
            )
    return np.array([face.person in kept for face in faces])


def _aligned(item: KnownFace, size: int) -> ImageU8:
    """Return the face turned to the front; raise NothingFoundError where there is none."""
    image = read_image(item.path).pixels
    landmarks = item.landmarks or choose_face(image, name=str(item.path)).landmarks
    try:
        return frontalise(image, landmarks, size=size).image
    except ValueError as error:  # points on one line
        raise NothingFoundError(f"{item.path}: no face can be made of its points") from error


def _signature(
    items: Sequence[KnownFace], held_out: NDArray[np.bool_], size: int
) -> dict[str, str]:
    """Say of which pictures, points and size a file of aligned faces is."""
    total = hashlib.sha256()
    for item, kept_back in zip(items, held_out.tolist(), strict=True):
        status = item.path.stat() if item.path.exists() else None
        about: tuple[Any, ...] = (str(item.path), item.person, kept_back)
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
    found = {"names": json.dumps(faces.names), "left_out": str(faces.left_out)}
    write_tensors(path, arrays, {**told, **found}, overwrite=True)


def _read(path: Path, told: dict[str, str]) -> PeopleFaces | None:
    """Return what `_write` wrote of the same pictures; None for anything else."""
    try:
        arrays, metadata = parse_tensors(model_bytes(path, _MOST_BYTES), path)
        if any(metadata.get(name) != value for name, value in told.items()):
            return None
        names = tuple(json.loads(metadata["names"]))
        pixels, people, held_out = (arrays[name] for name in ("pixels", "people", "held_out"))
        sides = (int(told["size"]),) * 2
        if pixels.shape != (len(pixels), *sides, 3) or not (
            people.shape == held_out.shape == (len(pixels),)
        ):
            return None
        left_out = int(metadata.get("left_out", 0))
        return PeopleFaces(pixels, people, names, held_out.astype(bool), left_out)
    except (ModelError, KeyError, ValueError):
        return None
