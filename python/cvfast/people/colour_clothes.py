"""Worn clothes by their colour alone: the simple way that `find_parts` is measured against.

The course notes began so ("take no account of patterns, find the outline of the clothes by their
colour") and gave it up: patterns, shadows and whatever else has that colour spoil it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.sampling import as_rgb
from cvfast.io.opencv import load_cv2
from cvfast.people.body import Body
from cvfast.people.pose import Pose
from cvfast.people.work_frame import check_photo
from cvfast.typing import Image

__all__ = ["colour_clothes"]

_HUE, _SATURATION, _VALUE = 15, 90, 90  # of 180, 256, 256: how far a pixel may be from the chest's
_GREY = 40  # saturation under which a hue says nothing


def colour_clothes(image: Image, pose: Pose | None = None) -> NDArray[np.bool_]:
    """Find the worn top by colour alone.

    The median colour of a patch of the chest, a range of hue, saturation and value round it
    (``cv2.inRange``), opening and closing, the largest connected region, its holes filled.

    Parameters
    ----------
    image
        (H, W, 3) RGB or (H, W) grey, uint8 or float32 in [0, 1].
    pose
        Says where the chest is; without it, the middle of the picture.

    Returns
    -------
    numpy.ndarray
        (H, W) bool.

    Raises
    ------
    TypeError, ValueError
        Not a picture.
    NothingFoundError
        The pose has no shoulder.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.full((60, 60, 3), 200, np.uint8)
    >>> image[20:50, 15:45] = (150, 20, 30)
    >>> mask = colour_clothes(image)
    >>> bool(mask[35, 30]), bool(mask[5, 5])
    (True, False)
    """
    cv2 = load_cv2()
    check_photo(image)
    rgb = as_rgb(image)
    height, width = rgb.shape[:2]
    centre, radius = _chest(pose, (width, height))
    x0, y0 = (
        int(np.clip(value - radius, 0, side - 2))
        for value, side in zip(centre, (width, height), strict=True)
    )
    x1, y1 = max(x0 + 2, int(centre[0] + radius)), max(y0 + 2, int(centre[1] + radius))
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV).astype(np.int16)
    patch = hsv[y0:y1, x0:x1].reshape(-1, 3)
    # Hues go round: the median is taken from the commonest one on.
    commonest = int(np.bincount(patch[:, 0], minlength=180).argmax())
    hue = commonest + int(np.median((patch[:, 0] - commonest + 90) % 180 - 90))
    saturation, value = (int(np.median(patch[:, channel])) for channel in (1, 2))
    away = np.abs((hsv[..., 0] - hue + 90) % 180 - 90)
    alike = (np.abs(hsv[..., 1] - saturation) <= _SATURATION) & (
        np.abs(hsv[..., 2] - value) <= _VALUE
    )
    if saturation > _GREY:
        alike &= away <= _HUE
    return _largest(alike.astype(np.uint8), max(1, round(radius / 8)))


def _chest(pose: Pose | None, size: tuple[int, int]) -> tuple[NDArray[np.float64], float]:
    """Middle of the patch and half its side."""
    if pose is None:
        return np.array(size) / 2, min(size) / 10
    body = Body.of(pose)
    return body["neck"] + 0.45 * body.torso_length * body.down, 0.25 * body.unit


def _largest(mask: NDArray[np.uint8], radius: int) -> NDArray[np.bool_]:
    cv2 = load_cv2()
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    mask = cv2.morphologyEx(cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc), cv2.MORPH_CLOSE, disc)
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    if outlines:
        cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return filled.astype(bool)
