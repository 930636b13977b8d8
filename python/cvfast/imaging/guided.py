"""The guided filter: a plane smoothed along the edges of a colour picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageF32

__all__ = ["GuidedFilter"]


@dataclass(frozen=True, eq=False)
class GuidedFilter:
    """Filters planes so that their edges follow those of a colour picture.

    In each window the plane is explained as a linear map of the guide's three colours, and each
    pixel takes the mean of the maps of the windows it lies in (He, Sun, Tang, *Guided Image
    Filtering*, 2013). What the guide alone decides is computed once, for all planes.

    The maps change slowly over the picture, so those of a small guide also serve the same picture
    at full size (He, Sun, *Fast Guided Filter*, 2015): see `enlarge`.

    Parameters
    ----------
    guide
        (h, w, 3) float32 in [0, 1].
    radius
        A window is 2 radius + 1 pixels wide and high.
    epsilon
        Variance of the guide, in squared levels, under which a window counts as flat.

    Examples
    --------
    >>> import numpy as np
    >>> guide = np.zeros((8, 8, 3), np.float32)
    >>> guide[:, 4:] = 1
    >>> rough = np.full((8, 8), 0.2, np.float32)
    >>> rough[:, 3:] = 0.9  # an edge, one pixel off
    >>> GuidedFilter(guide, radius=8, epsilon=1e-4).filter(rough)[0].round(1).tolist()
    [0.4, 0.4, 0.4, 0.4, 0.9, 0.9, 0.9, 0.9]
    """

    guide: ImageF32
    radius: int
    epsilon: float

    def __post_init__(self) -> None:
        if self.guide.ndim != 3 or self.guide.shape[2] != 3 or self.guide.dtype != np.float32:
            raise ValueError(
                f"guide: expected float32 of shape (h, w, 3), got {self.guide.dtype} of shape "
                f"{self.guide.shape}"
            )
        if self.radius < 1:
            raise ValueError(f"radius: expected at least 1, got {self.radius}")
        if not self.epsilon > 0:
            raise ValueError(f"epsilon: expected more than 0, got {self.epsilon}")
        mean = self._mean(self.guide)
        object.__setattr__(self, "_guide_mean", mean)
        object.__setattr__(self, "_inverse", self._inverse_covariance(mean))

    def filter(self, plane: ImageF32) -> ImageF32:
        """Return ``plane``, (h, w) float32, filtered."""
        slopes, offset = self.maps(plane)
        return np.einsum("ijk,ijk->ij", slopes, self.guide) + offset

    def enlarge(self, plane: ImageF32, guide: ImageF32) -> ImageF32:
        """Return ``plane`` filtered at the size of ``guide``, the same picture at another size.

        Parameters
        ----------
        plane
            (h, w) float32, of the small guide's size.
        guide
            (H, W, 3) float32 in [0, 1].

        Returns
        -------
        numpy.ndarray
            (H, W) float32.
        """
        cv2 = load_cv2()
        size = (guide.shape[1], guide.shape[0])
        slopes, offset = self.maps(plane)
        slopes = cv2.resize(slopes, size, interpolation=cv2.INTER_LINEAR)
        offset = cv2.resize(offset, size, interpolation=cv2.INTER_LINEAR)
        result: ImageF32 = cv2.transform(cv2.multiply(slopes, guide), np.ones((1, 3), np.float32))
        result += offset
        return result

    def maps(self, plane: ImageF32) -> tuple[ImageF32, ImageF32]:
        """Return the linear map of each pixel: slopes (h, w, 3) and offset (h, w)."""
        if plane.shape != self.guide.shape[:2] or plane.dtype != np.float32:
            raise ValueError(
                f"plane: expected float32 of shape {self.guide.shape[:2]}, got {plane.dtype} of "
                f"shape {plane.shape}"
            )
        guide_mean: ImageF32 = self._guide_mean  # type: ignore[attr-defined]
        inverse: tuple[ImageF32, ...] = self._inverse  # type: ignore[attr-defined]
        plane_mean = self._mean(plane)
        products = self._mean(self.guide * plane[..., None])
        x, y, z = np.moveaxis(products - guide_mean * plane_mean[..., None], 2, 0)
        xx, xy, xz, yy, yz, zz = inverse
        slopes = np.stack(
            [xx * x + xy * y + xz * z, xy * x + yy * y + yz * z, xz * x + yz * y + zz * z], axis=2
        )
        offset = plane_mean - np.einsum("ijk,ijk->ij", slopes, guide_mean)
        return self._mean(slopes), self._mean(offset)

    def _mean(self, planes: ImageF32) -> ImageF32:
        cv2 = load_cv2()
        side = 2 * self.radius + 1
        blurred: ImageF32 = cv2.blur(planes, (side, side), borderType=cv2.BORDER_REFLECT)
        return blurred

    def _inverse_covariance(self, mean: ImageF32) -> tuple[ImageF32, ...]:
        """Six planes of the inverse of each window's 3 x 3 covariance, epsilon on its diagonal."""
        r, g, b = np.moveaxis(self.guide, 2, 0)
        pairs = self._mean(np.dstack([r * r, r * g, r * b]))
        more = self._mean(np.dstack([g * g, g * b, b * b]))
        mr, mg, mb = np.moveaxis(mean, 2, 0)
        rr = pairs[..., 0] - mr * mr + np.float32(self.epsilon)
        rg, rb = pairs[..., 1] - mr * mg, pairs[..., 2] - mr * mb
        gg = more[..., 0] - mg * mg + np.float32(self.epsilon)
        gb = more[..., 1] - mg * mb
        bb = more[..., 2] - mb * mb + np.float32(self.epsilon)
        cofactors: tuple[Any, ...] = (
            gg * bb - gb * gb,
            gb * rb - rg * bb,
            rg * gb - gg * rb,
            rr * bb - rb * rb,
            rb * rg - rr * gb,
            rr * gg - rg * rg,
        )
        determinant = rr * cofactors[0] + rg * cofactors[1] + rb * cofactors[2]
        return tuple(cofactor / determinant for cofactor in cofactors)
