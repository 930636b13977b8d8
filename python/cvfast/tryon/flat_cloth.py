"""A garment's picture made ready to be worn: its own light taken off, painted on beyond its edge.

Nothing here depends on the person's photo, so it can be done while that is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.blending import weighted
from cvfast.tryon.fill import mirror_points
from cvfast.tryon.shading import read_shading
from cvfast.typing import ImageF32

if TYPE_CHECKING:
    from cvfast.tryon.garment import Garment

__all__ = ["FlatCloth", "colours_of", "painted_on"]

_Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FlatCloth:
    """A garment's colours without light.

    Parameters
    ----------
    garment
        The garment.
    unlit
        (H, W, 3) float32: its picture under even light, its cloth going on beyond its edge.
    colour
        The colour that most of it has, (3,); None of a patterned one.
    """

    garment: Garment
    unlit: ImageF32
    colour: NDArray[np.float64] | None

    @classmethod
    def of(cls, garment: Garment, shading: float) -> FlatCloth:
        """Take a garment's own light off.

        Parameters
        ----------
        garment
            The garment.
        shading
            0 to 1: how much of its light; as much of the photo's is to come instead.
        """
        mask = np.asarray(garment.mask) > 0.5
        unlit = colours_of(garment)
        if not shading:
            return cls(garment, painted_on(unlit, mask), None)
        own = read_shading(unlit, mask)
        unlit = weighted(unlit, np.power(own.factor, np.float32(-shading)))
        return cls(garment, painted_on(unlit, mask), own.colour)


def colours_of(garment: Garment) -> ImageF32:
    """Return a garment's picture as new float32 in [0, 1]."""
    image = np.asarray(garment.image)
    colours: ImageF32 = image.astype(np.float32)
    if image.dtype == np.uint8:
        colours *= np.float32(1 / 255)
    return colours


def painted_on(image: ImageF32, mask: _Mask) -> ImageF32:
    """Return a garment's picture with its cloth going on beyond its edge, for samples just outside.

    Parameters
    ----------
    image
        (H, W, 3) float32.
    mask
        (H, W) bool: the cloth.
    """
    cv2 = load_cv2()
    rim = 2 * max(1, round(0.004 * max(mask.shape))) + 1  # mixed with the background
    inner = cv2.erode(mask.astype(np.uint8), np.ones((rim, rim), np.uint8)) > 0
    if not inner.any():
        return image
    reach = max(4, round(0.15 * float(np.sqrt(mask.sum()))))
    away = cv2.distanceTransform((~inner).astype(np.uint8), cv2.DIST_L2, 3)
    ring = (away <= reach) & ~inner
    rows, columns, y, x = mirror_points(inner, ring)
    painted = image.copy()
    painted[~inner] = np.median(image[inner][::31], axis=0)  # where even the mirror ends
    width = image.shape[1]
    pixels = painted.reshape(-1, 3)
    pixels[rows * width + columns] = image.reshape(-1, 3).take(y * width + x, axis=0)
    return painted
