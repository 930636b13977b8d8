"""The plot of ``cvfast landmarks --stability``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cvfast.typing import ImageU8

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

    from cvfast.cli.stability import FaceRecord, Series

__all__ = ["stability_plot"]

_SHARP = 2  # drawn so much larger, then shrunk
_WIDTH, _HEAD, _PANEL, _LEFT, _RIGHT, _GAP = 1100, 56, 210, 76, 24, 62
_BEFORE, _AFTER = (214, 120, 40), (30, 100, 190)
_INK, _GRID, _PAPER = (40, 40, 44), (224, 224, 228), (255, 255, 255)
_MOST_FACES = 4

Line = tuple[Sequence[float], Sequence[float], tuple[int, int, int]]


def stability_plot(
    title: str, faces: Sequence[FaceRecord], figures: Sequence[dict[str, Any]]
) -> ImageU8:
    """Draw jitter over time and the head's path, before and after, of the first faces.

    Returns
    -------
    numpy.ndarray
        (height, 1100, 3) uint8.
    """
    from PIL import Image, ImageDraw

    shown = list(zip(faces, figures, strict=True))[:_MOST_FACES]
    height = _HEAD + 2 * (_PANEL + _GAP) * len(shown)
    sheet = Image.new("RGB", (_WIDTH * _SHARP, height * _SHARP), _PAPER)
    pen = ImageDraw.Draw(sheet)
    _text(pen, (_LEFT, 18), title, size=17)
    key = _WIDTH - _RIGHT - 330
    for x, color, name in ((key, _BEFORE, "fit in every frame"), (key + 180, _AFTER, "tracked")):
        pen.line(_scaled([(x, 28), (x + 28, 28)]), color, 3 * _SHARP)
        _text(pen, (x + 36, 20), name)
    top = _HEAD
    for face, measured in shown:
        jitter = [_deviations(face.before, _BEFORE), _deviations(face.after, _AFTER)]
        told = [measured[name]["jitter"] for name in ("before", "after")]
        words = " and ".join("-" if value is None else f"{value:.3f}" for value in told)
        _panel(pen, top, f"face {face.number}: jitter, px (RMS {words})", jitter, floor=0.0)
        top += _PANEL + _GAP
        told = [measured[name]["lag"] for name in ("before", "after")]
        words = " and ".join("-" if value is None else f"{value:.2f}" for value in told)
        paths: list[Line] = [
            (face.times, [at[axis] - series.path[0][axis] for at in series.path], color)
            for axis in (0, 1)
            for series, color in ((face.before, _BEFORE), (face.after, _AFTER))
        ]
        _panel(
            pen, top, f"face {face.number}: path across and down, px (lag {words} frames)", paths
        )
        top += _PANEL + _GAP
    return np.asarray(sheet.reduce(_SHARP))


def _deviations(series: Series, color: tuple[int, int, int]) -> Line:
    times = [seconds for seconds, _ in series.all.deviations]
    return times, [pixels for _, pixels in series.all.deviations], color


def _panel(
    pen: ImageDraw, top: int, title: str, lines: list[Line], *, floor: float | None = None
) -> None:
    """Draw lines in axes of their own, seconds to the right."""
    _text(pen, (_LEFT, top), title, size=14)
    times = [at for line in lines for at in line[0]] or [0.0]
    values = [value for line in lines for value in line[1]] or [0.0]
    low, high = min(values) if floor is None else floor, max(values)
    high = high if high - low > 1e-3 else low + 1e-3
    first, last = min(times), max(max(times), min(times) + 1e-3)
    upper, lower = top + 26, top + _PANEL

    def place(at: float, value: float) -> tuple[float, float]:
        x = _LEFT + (at - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT)
        return x, lower - (value - low) / (high - low) * (lower - upper)

    for value in _ticks(low, high):
        y = place(first, value)[1]
        pen.line(_scaled([(_LEFT, y), (_WIDTH - _RIGHT, y)]), _GRID, _SHARP)
        _text(pen, (_LEFT - 8, y), f"{value:g}", anchor="rm")
    for at in _ticks(first, last):
        x = place(at, low)[0]
        pen.line(_scaled([(x, lower), (x, lower + 4)]), _INK, _SHARP)
        _text(pen, (x, lower + 7), f"{at:g} s", anchor="ma")
    pen.line(_scaled([(_LEFT, lower), (_WIDTH - _RIGHT, lower)]), _INK, _SHARP)
    for times_of, values_of, color in lines:
        spots = [place(*spot) for spot in zip(times_of, values_of, strict=True)]
        if len(spots) > 1:
            pen.line(_scaled(spots), color, round(1.5 * _SHARP), joint="curve")


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers from low to high, three to seven of them."""
    rough = (high - low) / 4
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(power * next(factor for factor in (1, 2, 5, 10) if factor * power >= rough))
    start = int(np.ceil(low / step - 1e-9))
    return [round(k * step, 10) for k in range(start, int(np.floor(high / step + 1e-9)) + 1)]


def _scaled(spots: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x * _SHARP, y * _SHARP) for x, y in spots]


def _text(
    pen: ImageDraw, at: tuple[float, float], words: str, *, size: int = 13, anchor: str = "la"
) -> None:
    from PIL import ImageFont

    font = ImageFont.load_default(size=size * _SHARP)
    pen.text(_scaled([at])[0], words, _INK, font, anchor)
