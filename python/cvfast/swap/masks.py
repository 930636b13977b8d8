"""The mask of a face picture: applied, else labelled, else its landmarks' hull."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.mask import polygon_mask
from cvfast.swap.face_file import FaceRecord
from cvfast.swap.hull import hull_mask
from cvfast.swap.xseg import resized
from cvfast.typing import Image, ImageF32

__all__ = ["face_mask", "label_mask"]


def face_mask(pixels: Image, record: FaceRecord, *, size: int, eyebrows: float = 1.0) -> ImageF32:
    """Return what of a face picture is face.

    Parameters
    ----------
    pixels
        ``(h, h, 3)`` uint8 or float32, the picture; only its size counts.
    record
        Its record. An applied mask goes before labelled polygons, and these before the hull of
        the landmarks. Where labels only exclude, they are taken out of the hull.
    size
        Pixels of the mask's sides.
    eyebrows
        As in `cvfast.swap.hull.hull_mask`.

    Returns
    -------
    numpy.ndarray
        ``(size, size)`` float32 in [0, 1].

    Examples
    --------
    >>> from cvfast.synth.faces import make_face
    >>> made = make_face(7, seed=1, size=96)
    >>> points = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]
    >>> record = FaceRecord(
    ...     face_type="whole", landmarks=made.points68, source="a.mp4", frame=0, seconds=0.0,
    ...     face=0, source_landmarks=made.points68, source_box=made.box, matrix=np.eye(2, 3),
    ...     polygons=({"include": True, "points": points},))
    >>> face_mask(made.image, record, size=4).tolist()[1]
    [0.0, 1.0, 1.0, 0.0]
    """
    if record.mask is not None:
        mask: ImageF32 = record.mask.astype(np.float32) / np.float32(255)
        return np.asarray(resized(mask, size, size), np.float32)
    labelled = label_mask(record.polygons, size)
    if any(polygon["include"] for polygon in record.polygons):
        return labelled
    scale = size / pixels.shape[0]
    hull = hull_mask(np.asarray(record.landmarks) * scale, size, eyebrows=eyebrows)
    return hull * labelled


def label_mask(polygons: Iterable[Mapping[str, Any]], size: int) -> ImageF32:
    """Return what labels say is face: all that is included, less what is excluded.

    Where nothing is included, all that is not excluded.

    Parameters
    ----------
    polygons
        As in `FaceRecord`: points in shares of the picture's side.
    size
        Pixels of the mask's sides.

    Returns
    -------
    numpy.ndarray
        ``(size, size)`` float32: the share of each pixel that is face.

    Examples
    --------
    >>> face = {"include": True, "points": [[0, 0], [1, 0], [1, 1], [0, 1]]}
    >>> hand = {"include": False, "points": [[0.5, 0], [1, 0], [1, 1], [0.5, 1]]}
    >>> label_mask([hand, face], 4)[0].tolist()
    [1.0, 1.0, 0.0, 0.0]
    """
    sides: dict[bool, list[NDArray[np.float64]]] = {True: [], False: []}
    for polygon in polygons:
        # Kernels count from the middle of the first pixel, labels from its corner.
        sides[polygon["include"]].append(np.asarray(polygon["points"], np.float64) * size - 0.5)
    mask = polygon_mask((size, size), sides[True])
    if not sides[True]:
        mask[:] = 1
    mask *= 1 - polygon_mask((size, size), sides[False])
    return mask
