"""A bare limb under a sleeve or leg: its outline inside the cloth's, and how light falls on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.limbs import Limb
from cvfast.typing import ImageF32

__all__ = ["BareLimb"]

_Mask: TypeAlias = NDArray[np.bool_]
_F64: TypeAlias = NDArray[np.float64]

_BINS, _ACROSS = 48, 9  # places along the limb, and across it, at which it is measured
_END = 1.3  # of the limb's length: hands lie beyond its last joint
_FEWEST = 40  # pixels of cloth that tell where the limb is
_GAP = 3.0  # pixels without cloth: what lies beyond is cloth of something else
_INSIDE = 0.96  # of the cloth's half width, at most
_LIGHT = (0.72, 1.25)


@dataclass(frozen=True, eq=False)
class BareLimb:
    """The limb that cloth lies round.

    Parameters
    ----------
    limb
        Its joints.
    middle, half
        (48,) float64 pixels: how far aside of the joints' line the limb's middle lies, and its half
        width, at evenly spaced shares of the length from 0 to 1.3.
    first, last
        Shares between which there is cloth.
    """

    limb: Limb
    middle: _F64
    half: _F64
    first: float
    last: float

    @classmethod
    def under(
        cls, cloth: _Mask, limb: Limb, widths: tuple[float, float], end: _Mask | None = None
    ) -> BareLimb | None:
        """Measure the limb under its cloth; None where too little cloth is seen.

        Parameters
        ----------
        cloth
            (H, W) bool: the sleeve.
        limb
            The joints.
        widths
            Half widths in pixels of the bare limb at both ends.
        end
            (H, W) bool: the hand or foot that the cloth ends at; the limb runs into it.
        """
        rows, columns = np.nonzero(cloth)
        if len(rows) < _FEWEST:
            return None
        share, offset = limb.measure_sides(np.column_stack([columns, rows]).astype(np.float64))
        near = (np.abs(offset) < 3 * widths[0]) & (share > -0.05) & (share < _END)
        if np.count_nonzero(near) < _FEWEST:
            return None
        share, offset = share[near], offset[near]
        low, high = _edges(share, offset)
        at = np.linspace(0, _END, _BINS)
        last = float(np.quantile(share, 0.985))
        root = None if end is None else _root(end, limb, last, widths)
        if root is not None:  # the hand tells how thick the limb is, too
            widest = max(widths[0], root[1])
            widths = widest, float(np.clip(root[1], 0.6 * widest, widest))
            root = root[0], widths[1]
        bare = np.interp(at, (0, last), widths)
        middle, half = (low + high) / 2, np.minimum(_INSIDE * (high - low) / 2, bare)
        middle, half = _run_into(middle, half, at, last, root)
        return cls(limb, _smooth(middle), _smooth(half), float(share.min()), last)

    def cover(self, where: _Mask) -> _Mask:
        """Return those pixels of a mask that lie on the limb, up to a little beyond the cloth."""
        out = np.zeros_like(where)
        rows, columns = np.nonzero(where)
        share, across = self._coordinates(rows, columns)
        out[rows, columns] = (np.abs(across) <= 1) & (share > -0.03) & (share <= self.last + 0.12)
        return out

    def light(self, luma: ImageF32, cloth: _Mask, where: _Mask) -> NDArray[np.float32]:
        """Return the light on the limb as the cloth shows it, broadly: 1 is usual.

        Parameters
        ----------
        luma
            (H, W) float32 of the photo.
        cloth
            (H, W) bool: the sleeve.
        where
            (H, W) bool: the pixels to tell about.

        Returns
        -------
        (N,) float32, in the order of ``where``'s pixels.
        """
        if not where.any():
            return np.ones(0, np.float32)
        rows, columns = np.nonzero(cloth)
        share, across = self._coordinates(rows, columns)
        table, weight = np.zeros((2, _BINS, _ACROSS), np.float32)
        inside = np.abs(across) < 1
        places = _cells(share[inside], across[inside])
        np.add.at(table, places, np.log(np.maximum(luma[rows, columns][inside], 0.02)))
        np.add.at(weight, places, 1)
        cv2 = load_cv2()
        usual = float(table.sum() / max(float(weight.sum()), 1.0))
        # Patterns go, and folds; what stays is which side is lit.
        spread = dict(sigmaX=1.3, sigmaY=7.0, borderType=cv2.BORDER_REPLICATE)
        total = cv2.GaussianBlur(weight, (0, 0), **spread) + np.float32(1e-3)
        level = cv2.GaussianBlur(table - weight * np.float32(usual), (0, 0), **spread) / total
        rows, columns = np.nonzero(where)
        share, across = self._coordinates(rows, columns)
        x = np.clip((across + 1) / 2 * _ACROSS - 0.5, 0, _ACROSS - 1).astype(np.float32)
        y = np.clip(share / _END * (_BINS - 1), 0, _BINS - 1).astype(np.float32)
        read = cv2.remap(level.astype(np.float32), x[:, None], y[:, None], cv2.INTER_LINEAR).ravel()
        # Skin is round, and rounder than cloth: it darkens towards its sides.
        rim = 1 - 0.16 * np.clip(np.abs(across), 0, 1) ** 3
        lit: NDArray[np.float32] = (np.clip(np.exp(0.6 * read), *_LIGHT) * rim).astype(np.float32)
        return lit

    def _coordinates(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> tuple[_F64, _F64]:
        """Return shares along the limb, and places across it from -1 to 1."""
        share, offset = self.limb.measure_sides(np.column_stack([columns, rows]).astype(np.float64))
        at = np.linspace(0, _END, _BINS)
        middle, half = np.interp(share, at, self.middle), np.interp(share, at, self.half)
        return share, (offset - middle) / np.maximum(half, 0.5)


def _edges(share: _F64, offset: _F64) -> tuple[_F64, _F64]:
    """Return where cloth begins and ends across the limb, at each place along it."""
    number = np.clip((share / _END * (_BINS - 1)).round().astype(int), 0, _BINS - 1)
    low, high = np.full(_BINS, np.nan), np.full(_BINS, np.nan)
    for place in range(_BINS):
        here = _run_at_axis(np.sort(offset[number == place]))
        if len(here) >= 4:
            low[place], high[place] = np.quantile(here, (0.03, 0.97))
    known = np.flatnonzero(np.isfinite(low))
    at = np.arange(_BINS)
    return np.interp(at, known, low[known]), np.interp(at, known, high[known])


def _run_at_axis(offsets: _F64) -> _F64:
    """Return those of sorted offsets that follow one another without a gap, nearest to 0."""
    if len(offsets) < 2:
        return offsets
    breaks = np.flatnonzero(np.diff(offsets) > _GAP) + 1
    at = int(np.abs(offsets).argmin())
    start = int(breaks[breaks <= at].max(initial=0))
    end = int(breaks[breaks > at].min(initial=len(offsets)))
    return offsets[start:end]


def _root(
    end: _Mask, limb: Limb, last: float, widths: tuple[float, float]
) -> tuple[float, float] | None:
    """Return middle and half width of a hand where the cloth meets it."""
    rows, columns = np.nonzero(end)
    if not len(rows):
        return None
    share, offset = limb.measure_sides(np.column_stack([columns, rows]).astype(np.float64))
    near = (share > last - 0.02) & (share < last + 0.04) & (np.abs(offset) < 2 * widths[0])
    if np.count_nonzero(near) < 8:
        return None
    low, high = np.quantile(offset[near], (0.05, 0.95))
    return float(low + high) / 2, float(high - low) / 2


def _run_into(
    middle: _F64, half: _F64, at: _F64, last: float, root: tuple[float, float] | None
) -> tuple[_F64, _F64]:
    """Let the limb's last fifth run into the hand."""
    if root is None:
        return middle, half
    weight = np.clip((at - last + 0.22) / 0.22, 0, 1)
    weight = weight * weight * (3 - 2 * weight)
    return (1 - weight) * middle + weight * root[0], (1 - weight) * half + weight * root[1]


def _smooth(values: _F64) -> _F64:
    kernel = np.array([1, 4, 6, 4, 1]) / 16
    padded = np.pad(values, 2, mode="edge")
    return np.convolve(padded, kernel, mode="valid")


def _cells(share: _F64, across: _F64) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    row = np.clip((share / _END * (_BINS - 1)).round(), 0, _BINS - 1).astype(np.int64)
    column = np.clip((across + 1) / 2 * _ACROSS, 0, _ACROSS - 1).astype(np.int64)
    return row, column
