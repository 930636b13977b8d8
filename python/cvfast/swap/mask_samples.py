"""Labelled face pictures, as mask training wants them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cvfast.errors import NothingFoundError
from cvfast.io.images import read_image
from cvfast.swap.face_file import FaceRecord, face_files, read_record
from cvfast.swap.masks import face_mask
from cvfast.swap.xseg import XSeg, resized
from cvfast.typing import ImageF32, ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["LabelledFaces", "face_pixels", "mean_iou"]

_SIDE = 256  # of what is kept in memory
_EVERY = 5  # of so many labelled pictures one is held out
_FEWEST = 10  # labelled pictures, for any to be held out


class LabelledFaces:
    """Face pictures with labels, and the masks that these draw; in memory, at most 256 pixels.

    Parameters
    ----------
    faces
        Files and their records.
    """

    def __init__(self, faces: Sequence[tuple[Path, FaceRecord]]) -> None:
        self._faces = [_sample(path, record) for path, record in faces]

    @classmethod
    def of(cls, folders: Iterable[PathLike]) -> tuple[LabelledFaces, LabelledFaces]:
        """Gather the labelled pictures of folders: those to learn from, those held out.

        Every fifth is held out where there are ten or more.

        Raises
        ------
        NothingFoundError
            None is labelled.
        MediaError
            A picture or its record is damaged.
        """
        faces = []
        for folder in folders:
            for path in face_files(folder):
                record = read_record(path)
                if record is not None and record.polygons:
                    faces.append((path, record))
        if not faces:
            raise NothingFoundError(
                "no face picture has labels; draw some: cvfast swap mask label WORKSPACE"
            )
        held = faces[::_EVERY] if len(faces) >= _FEWEST else []
        names = {path for path, _ in held}
        return cls([face for face in faces if face[0] not in names]), cls(held)

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, index: int) -> tuple[ImageU8, ImageU8]:
        return self._faces[index]


def face_pixels(path: PathLike) -> ImageU8:
    """Read a face picture as ``(h, w, 3)`` uint8, whatever colours it is stored in.

    Raises
    ------
    MediaError
        See `cvfast.io.images.read_image`.
    """
    pixels = np.asarray(read_image(path).pixels)
    levels = pixels if pixels.dtype == np.uint8 else np.rint(pixels * 255)
    if levels.ndim == 2:
        levels = np.repeat(levels[..., None], 3, axis=2)
    return np.asarray(levels, np.uint8)


def mean_iou(network: XSeg, faces: LabelledFaces) -> float:
    """Return the mean of intersection over union of a network's masks and the labels'.

    1 where both are empty.
    """
    return float(
        np.mean([_iou(network.masks(pixels[None])[0], mask) for pixels, mask in _all(faces)])
    )


def _all(faces: LabelledFaces) -> list[tuple[ImageU8, ImageU8]]:
    return [faces[index] for index in range(len(faces))]


def _iou(found: ImageF32, mask: ImageU8) -> float:
    ours, theirs = found > 0.5, mask > 127
    either = int((ours | theirs).sum())
    return float((ours & theirs).sum() / either) if either else 1.0


def _sample(path: Path, record: FaceRecord) -> tuple[ImageU8, ImageU8]:
    pixels = face_pixels(path)
    side = min(_SIDE, pixels.shape[0])
    mask = face_mask(pixels, replace(record, mask=None), size=side)  # what was drawn by hand
    small = resized(pixels, side, side)
    return np.asarray(small, np.uint8), np.rint(mask * 255).astype(np.uint8)
