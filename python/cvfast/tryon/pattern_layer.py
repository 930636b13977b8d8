"""One piece of a garment, trunk or sleeve, laid onto the same pattern in a photo."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.cloth_pyramid import ClothPyramid
from cvfast.tryon.pattern_search import Displacement, Prior, find_displacement
from cvfast.typing import ImageF32, ImageU8

__all__ = ["PatternLayer", "light_ratio"]

_Mask: TypeAlias = NDArray[np.bool_]
_BROAD = 1 / 6  # of a layer's longer side: how finely its light is known before it lies right
_CONTRAST = (50.0, 0.03)  # levels that a pattern's deviation becomes; least deviation
_LIGHTS = (0.25, 4.0)  # least and most ratio of a photo to a drawing


@dataclass(frozen=True, eq=False)
class PatternLayer:
    """A piece of the garment and where it is seen.

    Parameters
    ----------
    grid
        (h, w, 2) float32: each pixel's place in the garment's picture.
    seen
        (h, w) bool: where the photo shows this piece.
    photo
        (h, w, 3) float32: the photo's part that it covers.
    """

    grid: ImageF32
    seen: _Mask
    photo: ImageF32

    def drawn(self, cloth: ClothPyramid, shrink: float) -> tuple[ImageF32, ImageF32, _Mask]:
        """Return drawing, photo and where the piece is seen, all so many times smaller."""
        cv2 = load_cv2()
        height, width = self.seen.shape
        size = max(4, round(width / shrink)), max(4, round(height / shrink))
        if size == (width, height):
            return cloth.sample(self.grid), self.photo, self.seen
        grid = cv2.resize(self.grid, size, interpolation=cv2.INTER_LINEAR)
        photo = cv2.resize(self.photo, size, interpolation=cv2.INTER_AREA)
        share = cv2.resize(self.seen.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA)
        return cloth.sample(grid), photo, share > 230

    def searched(
        self, cloth: ClothPyramid, shrink: float, prior: Prior
    ) -> tuple[PatternLayer, Displacement] | None:
        """Lay the whole piece on, smoothly; None where too little of it is seen.

        Parameters
        ----------
        cloth
            The garment's picture.
        shrink
            Times smaller at which the photo is searched.
        prior
            The displacements that are usual.
        """
        drawing, photo, seen = self.drawn(cloth, shrink)
        if seen.sum() < 40:
            return None
        sigma = _BROAD * max(seen.any(axis=0).sum(), seen.any(axis=1).sum())
        ours, theirs = _contrasts(drawing * light_ratio(photo, drawing, seen, sigma), photo, seen)
        found = find_displacement(ours, theirs, seen, prior)
        height, width = self.seen.shape
        return self.carried(found.flow((width, height), width / drawing.shape[1])), found

    def followed(
        self, cloth: ClothPyramid, shrink: float, *, light: float, smooth: float
    ) -> PatternLayer:
        """Follow the pattern from pixel to pixel; it has to lie right within half a stripe.

        Parameters
        ----------
        cloth
            The garment's picture.
        shrink
            Times smaller at which that is done.
        light
            Sigma in pixels at which the photo's light is read.
        smooth
            Sigma in pixels over which the result is averaged.
        """
        cv2 = load_cv2()
        drawing, photo, seen = self.drawn(cloth, shrink)
        drawing = drawing * light_ratio(photo, drawing, seen, light / shrink)
        ours, theirs = _contrasts(drawing, photo, seen, axes=1)
        search = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        search.setFinestScale(1)
        # Off the piece both are the same: nothing there draws the cloth along.
        found = search.calc(theirs[..., 0], np.where(seen, ours[..., 0], theirs[..., 0]), None)
        weight = seen.astype(np.float32)
        sigma = smooth / shrink
        total = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), np.float32(0.05))
        flow = cv2.GaussianBlur(found * weight[..., None], (0, 0), sigma) / total[..., None]
        height, width = self.seen.shape
        flow = flow * np.float32(width / seen.shape[1])
        return self.carried(cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR))

    def carried(self, flow: ImageF32) -> PatternLayer:
        """Return the piece with the garment read where the flow points."""
        height, width = self.seen.shape
        x = flow[..., 0] + np.arange(width, dtype=np.float32)
        y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
        cv2 = load_cv2()
        moved = cv2.remap(self.grid, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return replace(self, grid=np.asarray(moved, np.float32))


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
        both.append(
            cv2.GaussianBlur(small, (0, 0), sigma / shrink, borderType=cv2.BORDER_CONSTANT)
        )
    ratio = np.clip((both[0] + 1e-3) / (both[1] + 1e-3), *_LIGHTS).astype(np.float32)
    return np.asarray(cv2.resize(ratio, (width, height), interpolation=cv2.INTER_LINEAR))


def _contrasts(
    drawing: ImageF32, photo: ImageF32, seen: _Mask, axes: int = 2
) -> tuple[ImageU8, ImageU8]:
    """Return two pictures along the axes in which the pattern's colours differ, (h, w, axes)."""
    colours = drawing[seen]
    colours = colours[:: max(1, len(colours) // 5000)]
    middle = colours.mean(axis=0)
    away = colours - middle
    values, vectors = np.linalg.eigh(np.einsum("ni,nj->ij", away, away) / len(away))
    levels, least = _CONTRAST
    scale = levels / max(float(np.sqrt(max(values[-1], 0))), least)
    ways = (vectors[:, ::-1][:, :axes] * scale).astype(np.float32)
    offset = np.float32(128) - np.einsum("c,ca->a", middle, ways)
    cv2 = load_cv2()
    matrix = np.concatenate([ways.T, offset[:, None]], axis=1).astype(np.float32)
    one, other = (
        np.clip(cv2.transform(image, matrix), 0, 255).astype(np.uint8).reshape(*seen.shape, axes)
        for image in (drawing, photo)
    )
    return one, other
