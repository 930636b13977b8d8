"""Masks put into face pictures and taken out again; labelled ones gathered."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from cvfast.io.atomic import atomic_path, make_folder, remove_leftovers
from cvfast.swap.face_file import FaceRecord, face_files, read_record, write_record
from cvfast.swap.mask_samples import face_pixels
from cvfast.swap.xseg import XSeg, resized
from cvfast.typing import ImageF32, Progress
from cvfast.typing import Path as PathLike

__all__ = ["Applied", "apply_masks", "fetch_labelled", "remove_masks"]

_SIDE = 256
_MADE_BY = "mask_made_by"  # in a record's ``more``


@dataclass(frozen=True)
class Applied:
    """What applying masks did.

    Parameters
    ----------
    changed
        Face pictures that have got a mask.
    kept
        How many had this very mask.
    skipped
        Pictures without a face record.
    """

    changed: tuple[Path, ...]
    kept: int
    skipped: tuple[Path, ...]


@dataclass(frozen=True)
class _Place:
    """A face picture, and where it stands in its clip."""

    path: Path
    track: tuple[str, int]
    frame: int
    made_by: str


def apply_masks(
    folder: PathLike,
    network: XSeg | None = None,
    *,
    steady: bool = True,
    progress: Progress | None = None,
) -> Applied:
    """Write into each face picture of a folder what of it is face.

    The mask is 255 where the network says face with more than even odds, else 0; at most 256
    pixels a side. Killed and called again, it goes on where it was.

    Parameters
    ----------
    folder
        As ``workspace.faces("source")``.
    network
        None: the one that comes with cvfast.
    steady
        Take at each pixel the median of a frame and its two neighbours in the clip, where the
        face was followed through all three: masks of single frames flicker.
    progress
        Called with (done, total) face pictures.

    Raises
    ------
    MediaError
        A face picture or its record is damaged.
    OutputError
        A face picture cannot be written.
    """
    network = XSeg.load() if network is None else network
    maker = f"{network.fingerprint}{' steady' if steady else ''}"
    remove_leftovers(folder)
    places, skipped = _places(folder)
    found = _Masks(network)
    changed = []
    for done, (before, place, after) in enumerate(_neighbours(places, steady), 1):
        if place.made_by != maker:
            likely = np.median([found.of(near) for near in (before, place, after)], axis=0)
            record = read_record(place.path)
            if record is not None:
                mask = np.where(likely > 0.5, np.uint8(255), np.uint8(0))
                more = {**(record.more or {}), _MADE_BY: maker}
                write_record(place.path, replace(record, mask=mask, more=more))
                changed.append(place.path)
        if progress is not None:
            progress(done, len(places))
    return Applied(tuple(changed), len(places) - len(changed), tuple(skipped))


def remove_masks(folder: PathLike, *, labels: bool = False) -> list[Path]:
    """Take applied masks out of the face pictures of a folder; return those that were changed.

    Parameters
    ----------
    folder
        As ``workspace.faces("source")``.
    labels
        Take the labelled polygons out too.

    Raises
    ------
    MediaError, OutputError
        As in `apply_masks`.
    """
    remove_leftovers(folder)
    changed = []
    for path in face_files(folder):
        record = read_record(path)
        if record is None or (record.mask is None and not (labels and record.polygons)):
            continue
        more = {name: value for name, value in (record.more or {}).items() if name != _MADE_BY}
        polygons = () if labels else record.polygons
        write_record(path, replace(record, mask=None, more=more, polygons=polygons))
        changed.append(path)
    return changed


def fetch_labelled(folder: PathLike, output: PathLike) -> list[Path]:
    """Copy the labelled face pictures of a folder into another; return the copies.

    A copy that is there stays as it is.

    Raises
    ------
    ValueError
        Both are one folder.
    MediaError, OutputError
        As in `apply_masks`.
    """
    if Path(folder).resolve() == Path(output).resolve():
        raise ValueError(f"output: expected another folder than {folder}")
    copies = []
    for path in face_files(folder):
        record = read_record(path)
        if record is not None and record.polygons:
            copy = make_folder(output) / path.name
            if not copy.exists():
                with atomic_path(copy) as temporary:
                    shutil.copyfile(path, temporary)
            copies.append(copy)
    return copies


def _places(folder: PathLike) -> tuple[list[_Place], list[Path]]:
    places, skipped = [], []
    for path in face_files(folder):
        record = read_record(path)
        if record is None:
            skipped.append(path)
        else:
            places.append(_place(path, record))
    places.sort(key=lambda place: (place.track, place.frame, place.path.name))
    return places, skipped


def _place(path: Path, record: FaceRecord) -> _Place:
    made_by = str((record.more or {}).get(_MADE_BY)) if record.mask is not None else ""
    return _Place(path, (record.source, record.face), record.frame, made_by)


def _neighbours(places: Sequence[_Place], steady: bool) -> Iterator[tuple[_Place, _Place, _Place]]:
    """Yield each place between its neighbours; itself instead of both where one is missing."""
    follows = [
        steady and a.track == b.track and b.frame == a.frame + 1 for a, b in pairwise(places)
    ]
    for index, place in enumerate(places):
        inside = 0 < index < len(places) - 1 and follows[index - 1] and follows[index]
        yield (places[index - 1], place, places[index + 1]) if inside else (place, place, place)


class _Masks:
    """Masks of face pictures, the last few kept."""

    def __init__(self, network: XSeg) -> None:
        self._network = network
        self._kept: dict[Path, ImageF32] = {}

    def of(self, place: _Place) -> ImageF32:
        """Return the mask ``(side, side)`` of a face picture, sides of at most 256."""
        if place.path not in self._kept:
            pixels = face_pixels(place.path)
            height, width = (min(side, _SIDE) for side in pixels.shape[:2])
            while len(self._kept) > 3:
                del self._kept[next(iter(self._kept))]
            self._kept[place.path] = self._network.masks(resized(pixels, height, width)[None])[0]
        return self._kept[place.path]
