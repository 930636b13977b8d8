"""Draws docs/images/translation-folds.png: a drag under Gustafsson's weight and under ours.

Both maps tell where an output pixel comes from. A grid drawn at those source points shows what
the picture does: where the map folds, its lines turn back and one source place is seen twice.

python docs/draw_folds.py OUT.png
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Weight = Callable[[NDArray[np.float64]], NDArray[np.float64]]
RADIUS = 100.0
DRAG = np.array([45.0, 0.0])  # under 0.55 R, where the paper's weight folds
SIDE, SCALE = 260, 3  # drawn larger, then reduced: smooth lines
CENTER = (SIDE - 1) / 2
INK, PAPER, RIM, FOLD = (40, 60, 90), (255, 255, 255), (170, 170, 170), (240, 120, 80)


def papers_weight(squared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight in the paper for squared distances from the centre."""
    inside = np.maximum(RADIUS**2 - squared, 0)
    return (inside / (inside + DRAG @ DRAG)) ** 2


def our_weight(squared: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weight of `cvfast.local_translate`."""
    return np.maximum(1 - squared / RADIUS**2, 0) ** 2


def main() -> None:
    """Draw both, side by side."""
    panels = [panel(papers_weight), panel(our_weight)]
    sheet = Image.new("RGB", (2 * SIDE + 20, SIDE), PAPER)
    for index, drawn in enumerate(panels):
        sheet.paste(drawn, (index * (SIDE + 20), 0))
    sheet.quantize(64).save(sys.argv[1], optimize=True)


def panel(weight: Weight) -> Image.Image:
    """Draw what one weight does to a grid."""
    y, x = np.mgrid[0 : SIDE * SCALE, 0 : SIDE * SCALE] / SCALE
    offset = np.stack([x - CENTER, y - CENTER])
    factor = weight((offset**2).sum(axis=0))
    source = offset - factor * DRAG[:, None, None]
    # Lines 13 px apart in the source; the width is the same on the page wherever they run.
    shown = np.full((*x.shape, 3), PAPER, np.uint8)
    # The map folds where the source runs backwards along the drag.
    shown[np.gradient(source[0], axis=1) < 0] = FOLD
    for axis in (0, 1):
        phase = source[axis] / 13
        steepness = np.hypot(*np.gradient(phase))
        near = np.abs(phase - np.round(phase)) < 1.6 * np.maximum(steepness, 1e-4)
        shown[near] = INK
    drawn = Image.fromarray(shown)
    rim = [(CENTER - RADIUS) * SCALE] * 2 + [(CENTER + RADIUS) * SCALE] * 2
    ImageDraw.Draw(drawn).ellipse(rim, outline=RIM, width=2 * SCALE)
    return drawn.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    main()
