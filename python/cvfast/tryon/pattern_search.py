"""How far a pattern lies from where it is seen: the smooth displacement that explains a photo best.

A stripe looks like the next one, so following the nearest edge goes wrong by whole stripes. Here
every small cell of the photo is compared with the drawn garment at every shift within reach, and
smooth displacements, a few numbers each, are tried against all cells at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageF32, ImageU8

__all__ = ["SLEEVE", "TRUNK", "Displacement", "Prior", "find_displacement"]

_Mask: TypeAlias = NDArray[np.bool_]
_F32: TypeAlias = NDArray[np.float32]
_REACH = 13  # pixels: shifts that are tried
_CELL = 8  # pixels
_COVERED = 0.25  # of a cell, at least
_ROUNDS, _DRAWN, _KEPT = 6, 400, 40
_LEAST = 0.02  # of the prior's deviations: what a round still varies
_BEYOND = 5.0  # levels a pixel beyond the reach


@dataclass(frozen=True, eq=False)
class Prior:
    """What displacements are usual: polynomials in x and y over half the layer's extents.

    Parameters
    ----------
    mean, deviation
        (n, 2) float32 coefficients of 1, x, y, x2, xy, y2, x3, x2y, xy2, y3 (the first n) for the
        shift in x and y, in half widths.
    """

    mean: _F32
    deviation: _F32


@dataclass(frozen=True, eq=False)
class Displacement:
    """A smooth field: each pixel's cloth is drawn so far away from it.

    Parameters
    ----------
    coefficients
        (n, 2), as a prior's.
    centre, half
        (2,) x, y in pixels: where the polynomials' 0 and 1 are.
    likeness
        Mean difference from the photo as a share of that at any shift: lower is better.
    """

    coefficients: _F32
    centre: _F32
    half: _F32
    likeness: float

    def flow(self, size: tuple[int, int], scale: float) -> ImageF32:
        """Return the field at another scale, (h, w, 2) float32 in pixels of that.

        Parameters
        ----------
        size
            Width and height.
        scale
            Pixels of the result a pixel of the search.
        """
        cv2 = load_cv2()
        coarse = max(2, -(-size[0] // 8)), max(2, -(-size[1] // 8))
        x = (np.arange(coarse[0], dtype=np.float32) + 0.5) * (size[0] / coarse[0] / scale) - 0.5
        y = (np.arange(coarse[1], dtype=np.float32) + 0.5) * (size[1] / coarse[1] / scale) - 0.5
        u = np.clip((x - self.centre[0]) / self.half[0], -1.3, 1.3)
        v = np.clip((y - self.centre[1]) / self.half[1], -1.2, 1.2)
        across, down = np.meshgrid(u, v)
        field = _basis(across, down, len(self.coefficients)) @ self.coefficients
        field = (field * (self.half[0] * scale)).astype(np.float32)
        return np.asarray(cv2.resize(field, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _prior(mean: list[list[float]], deviation: list[list[float]]) -> Prior:
    return Prior(np.array(mean, np.float32).T, np.array(deviation, np.float32).T)


# Of made people (seeds 700 to 710). The means are those of cloth round a body: it is seen
# compressed towards both sides, which flat outlines say nothing of.
TRUNK = _prior(
    [[0, -0.25, 0, 0, -0.09, 0.02, 0.105, 0, 0.08, 0],
     [-0.1, 0, 0, 0, 0, 0.11, 0, 0.045, 0, -0.07]],
    [[0.08, 0.06, 0.05, 0.025, 0.06, 0.06, 0.035, 0.035, 0.08, 0.06],
     [0.11, 0.03, 0.19, 0.055, 0.035, 0.13, 0.02, 0.085, 0.03, 0.15]],
)  # fmt: skip
SLEEVE = _prior([[0.0] * 6] * 2, [[0.25, 0.12, 0.12, 0.05, 0.05, 0.05]] * 2)


def find_displacement(drawn: ImageU8, photo: ImageU8, seen: _Mask, prior: Prior) -> Displacement:
    """Search the smooth displacement that brings a drawn garment onto the photo.

    Parameters
    ----------
    drawn, photo
        (h, w, n) uint8, small: half the garment's width some 30 pixels.
    seen
        (h, w) bool: where they are to be alike.
    prior
        The displacements that are usual.

    Notes
    -----
    The cross-entropy method (Rubinstein, 1999) over the coefficients: displacements are drawn from
    a normal distribution, which then takes mean and deviation of the best of them.
    """
    columns, rows = np.flatnonzero(seen.any(axis=0)), np.flatnonzero(seen.any(axis=1))
    box = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    costs, cells = _costs(drawn[box], photo[box], seen[box])
    cells += np.array([columns[0], rows[0]], np.float32)
    left, right = np.percentile(np.nonzero(seen)[1], [2, 98])
    ends = np.array([[left, rows[0]], [right, rows[-1]]], np.float32)
    centre, half = ends.mean(axis=0), np.maximum((ends[1] - ends[0]) / 2, 1)
    at = (cells - centre) / half
    basis = _basis(at[:, 0], at[:, 1], len(prior.mean)) * half[0]
    found, cost = _searched(costs, basis, prior)
    return Displacement(found, centre, half, cost / max(float(costs.mean()), 1e-6))


def _basis(u: _F32, v: _F32, count: int) -> _F32:
    terms = [np.ones_like(u), u, v, u * u, u * v, v * v]
    terms += [u * u * u, u * u * v, u * v * v, v * v * v] if count > len(terms) else []
    return np.stack(terms, axis=-1)


def _costs(drawn: ImageU8, photo: ImageU8, seen: _Mask) -> tuple[_F32, _F32]:
    """Return each cell's mean difference at each shift (shifts, shifts, n), and its centre."""
    cv2 = load_cv2()
    height, width = seen.shape
    across, down = -(-width // _CELL), -(-height // _CELL)
    below, right = down * _CELL - height, across * _CELL - width
    wide = cv2.copyMakeBorder(
        drawn, _REACH, _REACH + below, _REACH, _REACH + right, cv2.BORDER_REPLICATE
    )
    photo = cv2.copyMakeBorder(photo, 0, below, 0, right, cv2.BORDER_REPLICATE)
    shown = cv2.copyMakeBorder(seen.astype(np.uint8) * 255, 0, below, 0, right, cv2.BORDER_CONSTANT)
    share = cv2.resize(shown, (across, down), interpolation=cv2.INTER_AREA)
    kept = share > 255 * _COVERED
    if not kept.any():
        kept = share >= share.max()
    # All shifts in x lie side by side, so that a shift in y is one difference of whole rows.
    side, channels = 2 * _REACH + 1, photo.shape[2]
    beside = np.concatenate([wide[:, x : x + photo.shape[1]] for x in range(side)], axis=1)
    wanted = np.tile(photo, (1, side, 1))
    mask = np.repeat(np.tile(shown, (1, side))[..., None], channels, axis=2)
    small = np.empty((side, down, side * across, channels), np.uint8)
    for y in range(side):
        apart = cv2.absdiff(wanted, beside[y : y + photo.shape[0]])
        cv2.bitwise_and(apart, mask, dst=apart)
        cv2.resize(apart, (side * across, down), dst=small[y], interpolation=cv2.INTER_AREA)
    shifted = small.reshape(side, down, side, across, channels).transpose(0, 2, 1, 3, 4)
    costs = shifted[:, :, kept].sum(axis=-1, dtype=np.float32)
    rows, columns = np.nonzero(kept)
    return costs, (np.stack([columns, rows], axis=1).astype(np.float32) + 0.5) * _CELL - 0.5


def _searched(costs: _F32, basis: _F32, prior: Prior) -> tuple[_F32, float]:
    """Return the best coefficients and their cost."""
    rng = np.random.default_rng(0)
    mean, deviation = prior.mean, prior.deviation
    best, least = mean, np.inf
    for number in range(_ROUNDS):
        count = _DRAWN * (3 if number == 0 else 1)
        tried = rng.standard_normal((count, *mean.shape), np.float32) * deviation + mean
        tried[0], tried[1] = mean, best
        shifts = _fields(basis, tried)
        away = ((tried - prior.mean) / prior.deviation).reshape(count, -1)
        unusual = np.einsum("hi,hi->h", away, away) / away.shape[1]
        cost = _cost_of(costs, shifts) + unusual
        order = np.argsort(cost, kind="stable")[:_KEPT]
        if cost[order[0]] < least:
            best, least = tried[order[0]], float(cost[order[0]])
        top = tried[order]
        mean = top.mean(axis=0)
        deviation = np.maximum(top.std(axis=0), np.float32(_LEAST) * prior.deviation)
    return best, least


def _fields(basis: _F32, coefficients: _F32) -> _F32:
    """Return the shifts of each set of coefficients at each cell, (fields, cells, 2)."""
    count, terms, ways = coefficients.shape
    columns = np.ascontiguousarray(coefficients.transpose(1, 0, 2)).reshape(terms, -1)
    shifts = load_cv2().gemm(np.ascontiguousarray(basis), columns, 1, None, 0)
    return np.ascontiguousarray(shifts.reshape(-1, count, ways).transpose(1, 0, 2))


def _cost_of(costs: _F32, shifts: _F32) -> _F32:
    """Return the mean cost of fields of shifts, (fields, cells, 2), read bilinearly."""
    side, count = len(costs), costs.shape[2]
    at = shifts + np.float32(_REACH)
    inside = np.clip(at, 0, np.float32(side - 1.001))
    whole = inside.astype(np.int32)
    x, y = np.moveaxis(inside - whole, -1, 0)
    start = (whole[..., 1] * side + whole[..., 0]) * count + np.arange(count, dtype=np.int32)
    flat = costs.ravel()
    upper = flat[start] * (1 - x) + flat[start + count] * x
    start += side * count
    lower = flat[start] * (1 - x) + flat[start + count] * x
    beyond = np.abs(at - inside).max(axis=-1)
    cost: _F32 = (upper + y * (lower - upper) + np.float32(_BEYOND) * beyond).mean(axis=1)
    return cost
