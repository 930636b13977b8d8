"""One piece of a garment, trunk or sleeve, laid onto the same pattern in a photo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.cloth_pyramid import ClothPyramid
from cvfast.tryon.pattern_search import Prior, find_displacement
from cvfast.typing import ImageF32, ImageU8

__all__ = ["PatternLayer", "light_ratio"]

_Mask: TypeAlias = NDArray[np.bool_]
_LEAST = 16  # pixels that a piece has at least, each way
_COARSE = 2.5  # times smaller again: where the whole piece is searched
_BROAD = 1 / 6  # of a piece's longer side: how finely its light is known before it lies right
_CONTRAST = (50.0, 0.03)  # levels that a pattern's deviation becomes; least deviation
_PRESSED = 0.3  # share of its area that cloth keeps at least
_STEEP = 4.0  # levels a pixel from which on a pattern's edge counts
_ROUND, _SHARE = 10.0, 0.02  # pixels: sigma of the surroundings; how much they count
_LIGHTS = (0.25, 4.0)  # least and most ratio of a photo to a drawing


@dataclass(frozen=True, eq=False)
class PatternLayer:
    """A piece of the garment and where it is seen, at a size that is quickly worked on.

    Parameters
    ----------
    base
        (H, W, 2) float32: each pixel's place in the garment's picture, as it was laid.
    corner
        x, y in it of the part that is seen.
    flow
        (h, w, 2) float32: how far away in ``base`` the cloth of each of the part's pixels is.
    start
        (h, w, 2) float32: that field as the search left it, smooth everywhere.
    seen
        (h, w) bool: where the photo shows this piece.
    photo
        (h, w, 3) float32: the photo there.
    shrink
        Times smaller than the look that all this is.
    """

    base: ImageF32
    corner: tuple[int, int]
    flow: ImageF32
    start: ImageF32
    seen: _Mask
    photo: ImageF32
    shrink: int

    @classmethod
    def of(cls, grid: ImageF32, seen: _Mask, photo: ImageF32, shrink: int) -> PatternLayer | None:
        """Cut out where a piece is seen; None where that is too little.

        Parameters
        ----------
        grid, seen, photo
            The piece at full size.
        shrink
            Times smaller at which it is worked on.
        """
        cv2 = load_cv2()
        height, width = (side // shrink for side in seen.shape)
        left, top, w, h = cv2.boundingRect(seen.astype(np.uint8))
        right, below = min((left + w) // shrink, width), min((top + h) // shrink, height)
        left, top = -(-left // shrink), -(-top // shrink)
        if min(right - left, below - top) < _LEAST:
            return None
        box = slice(top * shrink, below * shrink), slice(left * shrink, right * shrink)
        size = right - left, below - top
        shown = seen[box].astype(np.uint8) * 255
        small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA) > 230
        if small.sum() < _LEAST**2:
            return None
        whole = grid[: height * shrink, : width * shrink]
        nothing = np.zeros((size[1], size[0], 2), np.float32)
        return cls(
            cv2.resize(whole, (width, height), interpolation=cv2.INTER_LINEAR), (left, top),
            nothing, nothing, small,
            cv2.resize(photo[box], size, interpolation=cv2.INTER_AREA), shrink,
        )  # fmt: skip

    def grid(self) -> ImageF32:
        """Return each pixel's place in the garment's picture, (h, w, 2), as it lies now."""
        return _read(self.base, self.flow + np.array(self.corner, np.float32))

    def carry(self, grid: ImageF32) -> ImageF32:
        """Return the full-sized grid that the piece was made of, moved as the piece was."""
        cv2 = load_cv2()
        height, width = self.base.shape[:2]
        (left, top), (h, w) = self.corner, self.seen.shape
        whole = cv2.copyMakeBorder(
            self.flow, top, height - top - h, left, width - left - w, cv2.BORDER_REPLICATE
        )
        change = _read(self.base, whole) - self.base
        size = width * self.shrink, height * self.shrink
        moved = grid.copy()
        moved[: size[1], : size[0]] += cv2.resize(change, size, interpolation=cv2.INTER_LINEAR)
        return moved

    def searched(self, cloth: ClothPyramid, prior: Prior) -> tuple[PatternLayer, float]:
        """Lay the whole piece on, smoothly; the second value is the smaller the better it fits.

        Parameters
        ----------
        cloth
            The garment's picture.
        prior
            The displacements that are usual.
        """
        cv2 = load_cv2()
        height, width = self.seen.shape
        size = max(4, round(width / _COARSE)), max(4, round(height / _COARSE))
        drawing = cloth.sample(cv2.resize(self.grid(), size, interpolation=cv2.INTER_LINEAR))
        photo = cv2.resize(self.photo, size, interpolation=cv2.INTER_AREA)
        shown = self.seen.astype(np.uint8) * 255
        seen = cv2.resize(shown, size, interpolation=cv2.INTER_AREA) > 200
        if seen.sum() < _LEAST:
            return self, 1.0
        sigma = _BROAD * max(size)
        ours, theirs = _contrasts(drawing * light_ratio(photo, drawing, seen, sigma), photo, seen)
        found = find_displacement(ours, theirs, seen, prior)
        flow = found.flow((width, height), width / size[0])
        return replace(self, flow=flow, start=flow), found.likeness

    def followed(self, cloth: ClothPyramid, *, light: float, smooth: float) -> PatternLayer:
        """Follow the pattern from pixel to pixel; it has to lie right within half a stripe.

        Parameters
        ----------
        cloth
            The garment's picture.
        light
            Sigma in pixels at which the photo's light is read.
        smooth
            Sigma in pixels over which the result is averaged.
        """
        cv2 = load_cv2()
        drawing = cloth.sample(self.grid())
        drawing = drawing * light_ratio(self.photo, drawing, self.seen, light)
        ours, theirs = _contrasts(drawing, self.photo, self.seen, axes=1)
        weight = _edges(ours) * self.seen + np.float32(1e-4)
        search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        search.setFinestScale(0)
        # Off the piece both are the same: nothing there draws the cloth along.
        found = search.calc(theirs, np.where(self.seen, ours, theirs), None)
        moved = self._moved(found)
        return replace(moved, flow=self.start + _spread(moved.flow - self.start, weight, smooth))

    def correlation(self, cloth: ClothPyramid) -> float:
        """Return how well drawing and photo go together where the pattern is, -1 to 1.

        Parameters
        ----------
        cloth
            The garment's picture.
        """
        cv2 = load_cv2()
        drawing = cloth.sample(self.grid())
        sigma = _BROAD * max(self.seen.shape)
        drawing = drawing * light_ratio(self.photo, drawing, self.seen, 2 * sigma)
        ours, theirs = _contrasts(drawing, self.photo, self.seen, axes=1)
        weight = self.seen.astype(np.float32)
        total = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), np.float32(1e-3))
        # Less what could be light as well.
        fine = [
            (levels - cv2.GaussianBlur(levels * weight, (0, 0), sigma) / total)[self.seen]
            for levels in (ours, theirs)
        ]
        return float(np.corrcoef(fine[0], fine[1])[0, 1])

    def folded(self, cloth: ClothPyramid) -> float:
        """Return the share of the pattern's edges where the cloth is folded over or pressed flat.

        Parameters
        ----------
        cloth
            The garment's picture.
        """
        ours, _ = _contrasts(cloth.sample(self.grid()), self.photo, self.seen, axes=1)
        weight = _edges(ours) * self.seen
        (x_down, x_across), (y_down, y_across) = (
            np.gradient(self.flow[..., axis]) for axis in (0, 1)
        )
        area = (1 + x_across) * (1 + y_down) - x_down * y_across
        return float(weight[area < _PRESSED].sum() / max(float(weight.sum()), 1e-6))

    def _moved(self, flow: ImageF32) -> PatternLayer:
        return replace(self, flow=flow + _read(self.flow, flow))


def _edges(levels: ImageU8) -> ImageF32:
    """Return how much of a pattern each pixel shows, 0 to 1."""
    cv2 = load_cv2()
    across, down = (cv2.Sobel(levels, cv2.CV_32F, x, 1 - x, scale=1 / 8) for x in (1, 0))
    steep = cv2.GaussianBlur(across * across + down * down, (0, 0), 1.5)
    edges: ImageF32 = steep / (steep + np.float32(_STEEP**2))
    return edges


def _spread(field: ImageF32, weight: ImageF32, smooth: float) -> ImageF32:
    """Return the field's weighted mean round each pixel, from further off where nothing is near."""
    cv2 = load_cv2()
    sums, total = np.zeros_like(field), np.zeros_like(weight)
    for sigma, share in ((smooth, 1.0), (_ROUND, _SHARE)):
        sums += np.float32(share) * cv2.GaussianBlur(field * weight[..., None], (0, 0), sigma)
        total += np.float32(share) * cv2.GaussianBlur(weight, (0, 0), sigma)
    return sums / total[..., None]


def _read(field: ImageF32, flow: ImageF32) -> ImageF32:
    """Return a field read where the flow points."""
    cv2 = load_cv2()
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    read = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(read, np.float32)


def light_ratio(photo: ImageF32, drawing: ImageF32, seen: _Mask, sigma: float) -> ImageF32:
    """Return by what a photo is brighter than a drawing, in colours, (h, w, 3) float32.

    Parameters
    ----------
    photo, drawing
        (h, w, 3) float32.
    seen
        (h, w) bool: where they show the same.
    sigma
        Of the Gaussian over which both are averaged, in pixels.
    """
    cv2 = load_cv2()
    # A Gaussian so wide needs no fine pixels.
    shrink = max(1, int(sigma / 3))
    height, width = seen.shape
    size = max(1, width // shrink), max(1, height // shrink)
    weight = seen.astype(np.float32)[..., None]
    both = []
    for image in (photo, drawing):
        small = cv2.resize(image * weight, size, interpolation=cv2.INTER_AREA)
        both.append(cv2.GaussianBlur(small, (0, 0), sigma / shrink, borderType=cv2.BORDER_CONSTANT))
    ratio = np.clip((both[0] + 1e-3) / (both[1] + 1e-3), *_LIGHTS).astype(np.float32)
    wide = cv2.resize(ratio, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide, np.float32).reshape(height, width, -1)


def _contrasts(
    drawing: ImageF32, photo: ImageF32, seen: _Mask, axes: int = 2
) -> tuple[ImageU8, ImageU8]:
    """Return two pictures along the axes in which the pattern's colours differ, (h, w, axes)."""
    cv2 = load_cv2()
    colours = drawing[seen]
    colours = colours[:: max(1, len(colours) // 5000)]
    middle = colours.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov((colours - middle).T))
    levels, least = _CONTRAST
    scale = levels / max(float(np.sqrt(max(values[-1], 0))), least)
    ways = (vectors[:, ::-1][:, :axes] * scale).T
    matrix = np.column_stack([ways, 128 - np.einsum("ac,c->a", ways, middle)]).astype(np.float32)
    ours, theirs = (
        np.clip(cv2.transform(image, matrix), 0, 255).astype(np.uint8) for image in (drawing, photo)
    )
    return ours, theirs
