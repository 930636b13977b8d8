"""The guided filter: a plane smoothed along the edges of a colour picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageF32

__all__ = ["GuidedFilter", "homogeneous"]


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
    >>> filtered = GuidedFilter(guide, radius=8, epsilon=1e-4).filter(rough)[0]
    >>> np.rint(10 * filtered).astype(int).tolist()
    [4, 4, 4, 4, 9, 9, 9, 9]
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
        return self.enlarge(plane, self.guide)

    def enlarge(self, plane: ImageF32, guide: ImageF32) -> ImageF32:
        """Return ``plane`` filtered at the size of ``guide``, the same picture at another size.

        Parameters
        ----------
        plane
            (h, w) float32, of the small guide's size. Large parts that are 0 cost nothing.
        guide
            (H, W, 3) float32 in [0, 1], or what `homogeneous` makes of it, once for many planes.

        Returns
        -------
        numpy.ndarray
            (H, W) float32.
        """
        self._check(plane)
        result = np.zeros(guide.shape[:2], np.float32)
        rows, columns = self._reach(plane)
        if rows.start == rows.stop:
            return result
        cv2 = load_cv2()
        small = self._maps(plane, rows, columns)
        high = guide.shape[0] / plane.shape[0]
        wide = guide.shape[1] / plane.shape[1]
        down, across = _scaled(rows, high), _scaled(columns, wide)
        # From the large window's pixels to the small one's.
        shift_x = (across.start + 0.5) / wide - 0.5 - columns.start
        shift_y = (down.start + 0.5) / high - 0.5 - rows.start
        maps = cv2.warpAffine(
            small,
            np.array([[1 / wide, 0, shift_x], [0, 1 / high, shift_y]]),
            (across.stop - across.start, down.stop - down.start),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        weighted = cv2.multiply(maps, homogeneous(guide)[down, across], dst=maps)
        result[down, across] = cv2.transform(weighted, np.ones((1, 4), np.float32))
        return result

    def _check(self, plane: ImageF32) -> None:
        if plane.shape != self.guide.shape[:2] or plane.dtype != np.float32:
            raise ValueError(
                f"plane: expected float32 of shape {self.guide.shape[:2]}, got {plane.dtype} of "
                f"shape {plane.shape}"
            )

    def _reach(self, plane: ImageF32) -> tuple[slice, slice]:
        """Rows and columns outside which nothing but 0 can come out; empty for an empty plane."""
        filled = plane != 0
        reach = 2 * self.radius + 1
        sides = []
        for axis, side in ((1, plane.shape[0]), (0, plane.shape[1])):
            places = np.flatnonzero(filled.any(axis=axis))
            if not len(places):
                return slice(0, 0), slice(0, 0)
            first, last = int(places[0]), int(places[-1])
            sides.append(slice(max(0, first - reach), min(side, last + 1 + reach)))
        return sides[0], sides[1]

    def _maps(self, plane: ImageF32, rows: slice, columns: slice) -> ImageF32:
        """Linear map of each pixel of a window, (h, w, 4): three slopes and the offset."""
        window = rows, columns
        guide, plane = self.guide[window], plane[window]
        guide_mean: ImageF32 = self._guide_mean[window]  # type: ignore[attr-defined]
        inverse = [part[window] for part in self._inverse]  # type: ignore[attr-defined]
        plane_mean = self._mean(plane)
        products = self._mean(guide * plane[..., None]) - guide_mean * plane_mean[..., None]
        x, y, z = products[..., 0], products[..., 1], products[..., 2]
        xx, xy, xz, yy, yz, zz = inverse
        maps = np.empty((*plane.shape, 4), np.float32)
        maps[..., 0] = xx * x + xy * y + xz * z
        maps[..., 1] = xy * x + yy * y + yz * z
        maps[..., 2] = xz * x + yz * y + zz * z
        maps[..., 3] = plane_mean
        for channel in range(3):
            maps[..., 3] -= maps[..., channel] * guide_mean[..., channel]
        return self._mean(maps)

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


def homogeneous(guide: ImageF32) -> ImageF32:
    """Return ``guide``, (H, W, 3), with a fourth channel of ones, (H, W, 4)."""
    if guide.shape[2] == 4:
        return guide
    padded = np.ones((*guide.shape[:2], 4), np.float32)
    padded[..., :3] = guide
    return padded


def _scaled(small: slice, factor: float) -> slice:
    """Pixels of the large picture that a range of the small one's covers."""
    return slice(round(small.start * factor), round(small.stop * factor))
