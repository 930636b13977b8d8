"""The mask of a face picture: what was applied, else what was labelled, else the landmarks' hull."""

from __future__ import annotations

import numpy as np

from cvfast.imaging.polygon import fill_polygons
from cvfast.swap.face_file import FaceRecord
from cvfast.swap.hull import hull_mask
from cvfast.typing import ImageF32, ImageU8

__all__ = ["face_mask", "polygon_mask"]


def face_mask(pixels: ImageU8, record: FaceRecord, *, size: int, eyebrows: float = 1.0) -> ImageF32:
    """Return what of a face picture is face.

    Parameters
    ----------
    pixels
        ``(h, h, 3)`` uint8 or float32, the picture; only its size counts.
    record
        Its record. An applied mask goes before labelled polygons, and these before the hull of
        the landmarks.
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
    >>> around = {"include": True, "points": [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]}
    >>> record = FaceRecord(
    ...     face_type="whole", landmarks=made.points68, source="a.mp4", frame=0, seconds=0.0,
    ...     face=0, source_landmarks=made.points68, source_box=made.box, matrix=np.eye(2, 3),
    ...     polygons=(around,))
    >>> face_mask(made.image, record, size=4).tolist()[1]
    [0.0, 1.0, 1.0, 0.0]
    """
    if record.mask is not None:
        return _resized(record.mask, size)
    if record.polygons:
        return polygon_mask(record.polygons, size)
    scale = size / pixels.shape[0]
    return hull_mask(np.asarray(record.landmarks) * scale, size, eyebrows=eyebrows)


def polygon_mask(polygons: tuple[dict[str, object], ...], size: int) -> ImageF32:
    """Return what labelled polygons say is face: all that is included, less what is excluded.

    Parameters
    ----------
    polygons
        As in `FaceRecord`: points in shares of the picture's side.
    size
        Pixels of the mask's sides.

    Returns
    -------
    numpy.ndarray
        ``(size, size)`` float32 of 0 and 1: a pixel is what its middle is.
    """
    mask = np.zeros((size, size), np.float32)
    for include in (True, False):
        for polygon in polygons:
            if polygon["include"] is include:
                points = np.asarray(polygon["points"], np.float64) * size
                mask[fill_polygons([points], (size, size)) > 0] = include
    return mask


def _resized(mask: ImageU8, size: int) -> ImageF32:
    from cvfast.io.opencv import load_cv2

    cv2 = load_cv2()

    shares = mask.astype(np.float32) / 255
    if shares.shape == (size, size):
        return shares
    shrinks = size < shares.shape[0]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized: ImageF32 = cv2.resize(shares, (size, size), interpolation=way)
    return resized
