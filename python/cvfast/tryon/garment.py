"""A flat garment cut out of its photo, with its landmarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import NothingFoundError
from cvfast.kernels.arrays import check_image
from cvfast.tryon.garment_landmarks import find_landmarks
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Garment", "read_garment"]

Reals = NDArray[np.float64]

LOWER = ("trousers", "skirt")


@dataclass(frozen=True)
class Garment:
    """A flat garment.

    Parameters
    ----------
    image : ndarray
        (H, W, 3) uint8, RGB.
    mask : ndarray
        (H, W) float32 in [0, 1]: the cloth that is seen when worn (no inner collar).
    landmarks : dict
        (2,) float64 points x, y in pixels; left is the wearer's, the picture's right.
    kind : str
        tee, long, tank, trousers or skirt.
    sleeve : str
        none, short or long.
    region : str
        upper or lower.
    confidence : float
        0 to 1.
    reasons : tuple of str
        What lowered the confidence.
    """

    image: ImageU8
    mask: ImageF32
    landmarks: dict[str, Reals] = field(repr=False)
    kind: str
    sleeve: str
    region: str
    confidence: float
    reasons: tuple[str, ...] = ()

    def __repr__(self) -> str:
        height, width = self.mask.shape
        return (
            f"Garment({width}x{height}, {self.kind}, sleeve {self.sleeve}, "
            f"confidence {self.confidence:.2f})"
        )


def read_garment(image: ImageU8, *, mask: NDArray[Any] | None = None) -> Garment:
    """Cut a flat garment out of its photo and find its landmarks.

    Parameters
    ----------
    image
        (H, W, 3) uint8, RGB, on a plain background of any colour.
    mask
        (H, W) bool or float in [0, 1]: where the garment is; None: found.

    Raises
    ------
    TypeError, ValueError
        No picture; a mask of another size.
    NothingFoundError
        No garment stands out of the background.
    """
    check_image("image", image)
    found = _plain_cutout(image) if mask is None else np.asarray(mask, np.float32)
    if found.shape != image.shape[:2]:
        raise ValueError(f"mask: expected shape {image.shape[:2]} as the image, got {found.shape}")
    if np.count_nonzero(found > 0.5) < 64:
        raise NothingFoundError("no garment stands out of the background; give its mask")
    anatomy = find_landmarks(found)
    region = "lower" if anatomy.kind in LOWER else "upper"
    confidence = 0.7 ** len(anatomy.reasons)
    return Garment(
        image, found, anatomy.landmarks, anatomy.kind, anatomy.sleeve, region, confidence,
        anatomy.reasons,
    )  # fmt: skip


def _plain_cutout(image: ImageU8) -> ImageF32:
    import cv2

    border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]]).astype(np.float32)
    away = np.abs(image.astype(np.float32) - np.median(border, axis=0)).max(axis=2)
    solid = (away > 12).astype(np.uint8)
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    out: ImageF32 = np.zeros(image.shape[:2], np.float32)
    if contours:
        largest = max(contours, key=lambda c: float(cv2.contourArea(c)))
        cv2.drawContours(out, [largest], -1, (1.0,), -1)
    return out
