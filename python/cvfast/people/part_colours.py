"""Telling materials apart by colour: histograms learnt from the picture itself, step by step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.people.skin import SkinModel
from cvfast.typing import ImageF32, ImageU8

__all__ = ["ColourBins", "Materials", "learn_materials"]

_BINS = 20  # a side of the histograms
_ROUNDS = 4
_MIX = 0.02  # share of a flat histogram in each, so that no colour is impossible
_COLOUR_POWER = 0.7
_WINDOW = 5  # pixels


@dataclass(frozen=True, eq=False)
class ColourBins:
    """The pixels of a picture as cells of a colour histogram.

    Parameters
    ----------
    cells
        (h, w) int32, the cell of each pixel's Lab colour.
    """

    cells: NDArray[np.int32]

    @classmethod
    def of(cls, lab: ImageU8) -> ColourBins:
        """Sort the pixels of a picture in 8-bit Lab, (h, w, 3).

        Lightness takes the whole range; a and b, which hardly leave the middle, a finer one.
        """
        light = lab[..., 0].astype(np.int32) * _BINS // 256
        a, b = (
            np.clip(
                (lab[..., channel].astype(np.int32) - 128) * _BINS // 128 + _BINS // 2, 0, _BINS - 1
            )
            for channel in (1, 2)
        )
        return cls((light * _BINS + a) * _BINS + b)

    def log_likelihood(self, weights: ImageF32) -> NDArray[np.float32]:
        """Log density of the colours of pixels with these weights, one value a cell.

        It is smoothed, and tempered: neighbours share their colours, so a pixel's colour counts for
        less than a whole observation.
        """
        from scipy.ndimage import gaussian_filter1d

        counts = np.bincount(
            self.cells.ravel(), weights=weights.ravel().astype(np.float64), minlength=_BINS**3
        )
        cube = counts.reshape(_BINS, _BINS, _BINS)
        for axis, sigma in ((0, 1.0), (1, 0.8), (2, 0.8)):
            cube = gaussian_filter1d(cube, sigma, axis=axis, mode="nearest")
        total = max(float(cube.sum()), 1e-9)
        density = (1 - _MIX) * cube.ravel() / total + _MIX / _BINS**3
        tempered: NDArray[np.float32] = (_COLOUR_POWER * np.log(density)).astype(np.float32)
        return tempered

    def look_up(self, values: NDArray[np.float32]) -> ImageF32:
        """Value of each pixel's cell, (h, w) float32."""
        found: ImageF32 = values[self.cells]
        return found


@dataclass(frozen=True, eq=False)
class Materials:
    """What pixels show.

    Parameters
    ----------
    belonging
        (h, w) float32 by material; they add up to 1 in each pixel.
    colours
        (h, w) float32 by material: the log likelihood of the pixel's colour.
    """

    belonging: dict[str, ImageF32]
    colours: dict[str, ImageF32]

    def ratio(self, one: str, other: str) -> ImageF32:
        """Log likelihood of each pixel's colour as one material over another, (h, w) float32."""
        ratio: ImageF32 = self.colours[one] - self.colours[other]
        return ratio


def learn_materials(
    image: ImageU8,
    priors: dict[str, ImageF32],
    skin: SkinModel,
    *,
    trust: dict[str, ImageF32] | None = None,
    rounds: int = _ROUNDS,
    start: dict[str, ImageF32] | None = None,
) -> Materials:
    """Find which material each pixel shows by place and colour together.

    Expectation maximisation: the colours of each material are a histogram, filled with the pixels
    that belong to it so far; pixels belong to materials by place (the priors) times colour (the
    histograms), averaged with their neighbours (cost-volume filtering: Hosni et al., 2013).
    Skin also has to look like the face.

    Parameters
    ----------
    image
        (h, w, 3) uint8.
    priors
        From `cvfast.people.part_priors.part_priors`.
    skin
        The skin of the face.
    trust
        How much pixels count when the colours of a material are learnt, (h, w) float32 by
        material; 1 by default.
    rounds
        How often histograms and pixels are computed from one another.
    start
        What pixels belong to at first; the priors by default.

    Returns
    -------
    Materials
        What each pixel belongs to, and what its colour alone says.
    """
    cv2 = load_cv2()
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    bins = ColourBins.of(lab)
    skin_cost = np.clip(skin.distance_lab(lab.astype(np.float32)) - 3, 0, 12 if skin.learnt else 6)
    belonging = dict(priors if start is None else start)
    colours: dict[str, ImageF32] = {}
    log_priors = {name: np.log(prior + np.float32(1e-6)) for name, prior in priors.items()}
    for _ in range(rounds):
        for name in priors:
            weights = np.square(belonging[name])
            if trust is not None and name in trust:
                weights = weights * trust[name]
            colours[name] = bins.look_up(bins.log_likelihood(weights))
        colours["skin"] = colours["skin"] - np.float32(0.25) * skin_cost
        belonging = _posterior({name: colours[name] + log_priors[name] for name in priors})
    return Materials(belonging, colours)


def _posterior(scores: dict[str, ImageF32]) -> dict[str, ImageF32]:
    """Probabilities from log scores, averaged over small windows."""
    cv2 = load_cv2()
    planes = np.stack(list(scores.values()))
    planes -= planes.max(axis=0)
    np.exp(planes, out=planes)
    planes /= planes.sum(axis=0)
    side = (_WINDOW, _WINDOW)
    smooth = [np.maximum(cv2.blur(plane, side), np.float32(1e-4)) for plane in planes]
    return dict(zip(scores, smooth, strict=True))
