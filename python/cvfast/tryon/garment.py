"""A flat garment cut out of its photo, with its landmarks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import LimitError, NothingFoundError
from cvfast.kernels.arrays import check_image
from cvfast.tryon.cutout import Cutout, cut_out
from cvfast.tryon.garment_landmarks import find_landmarks
from cvfast.tryon.wearer import has_wearer
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Garment", "read_garment"]

Reals = NDArray[np.float64]

LOWER = ("trousers", "skirt")
_SMALLEST_SIDE = 48  # px


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


def read_garment(
    image: ImageU8, *, mask: NDArray[Any] | None = None, alone: bool = False
) -> Garment:
    """Cut a flat garment out of its photo and find its landmarks.

    Parameters
    ----------
    image
        (H, W, 3) uint8, RGB, on a plain background of any colour, upright.
    mask
        (H, W) bool or float in [0, 1]: where the garment is; None: found.
    alone
        It is known that nobody wears it in the photo; else that is looked for.

    Raises
    ------
    TypeError, ValueError
        No such picture; a mask of another size.
    LimitError
        A side under 48 pixels.
    NothingFoundError
        No garment stands out of the background, or the background is busy.

    Examples
    --------
    >>> picture = np.full((120, 120, 3), 250, np.uint8)
    >>> for y in range(20, 100):
    ...     picture[y, 60 - 20 - y // 6 : 60 + 20 + y // 6] = (40, 60, 120)
    >>> read_garment(picture)
    Garment(120x120, skirt, sleeve none, confidence 1.00)
    """
    check_image("image", image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise TypeError(
            f"image: expected (height, width, 3) of uint8, got {image.dtype} {image.shape}"
        )
    if min(image.shape[:2]) < _SMALLEST_SIDE:
        raise LimitError(
            f"image: expected sides of {_SMALLEST_SIDE} pixels or more, got "
            f"{image.shape[1]} x {image.shape[0]}; there is too little to see"
        )
    cutout = cut_out(image) if mask is None else _given(image, mask)
    try:
        anatomy = find_landmarks(cutout.mask)
    except (ValueError, IndexError) as error:
        raise NothingFoundError(
            "what stands out of the background has not the outline of a garment; give its mask"
        ) from error
    reasons = [*cutout.reasons, *anatomy.reasons]
    confidence = cutout.confidence * 0.7 ** len(anatomy.reasons)
    if mask is None and not alone and has_wearer(image):
        reasons.append("somebody is in the garment's photo (from_person takes worn clothes)")
        confidence *= 0.3
    region = "lower" if anatomy.kind in LOWER else "upper"
    return Garment(
        image, cutout.mask, anatomy.landmarks, anatomy.kind, anatomy.sleeve, region, confidence,
        tuple(reasons),
    )  # fmt: skip


def _given(image: ImageU8, mask: NDArray[Any]) -> Cutout:
    given = np.asarray(mask, np.float32)
    if given.shape != image.shape[:2]:
        raise ValueError(f"mask: expected shape {image.shape[:2]} as the image, got {given.shape}")
    if not np.isfinite(given).all():
        raise ValueError("mask: expected finite numbers in [0, 1]")
    if np.count_nonzero(given > 0.5) < 64:
        raise NothingFoundError("the garment's mask is empty")
    return Cutout(np.clip(given, 0, 1), 1.0, ())
