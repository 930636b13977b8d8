"""The sheet of ``cvfast detect --compare``: the same photo once for each model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvfast.cli.trials import Trial
from cvfast.faces.types import Faces
from cvfast.geometry.sampling import as_rgb
from cvfast.kernels.nms import iou
from cvfast.typing import Image, ImageU8

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

__all__ = ["FALSE", "FOUND", "MISSED", "TRUTH", "Row", "comparison_sheet", "panel_corner"]

Color = tuple[int, int, int]
# Green, orange, red and blue that colour-blind eyes tell apart by brightness, too.
FOUND: Color = (60, 235, 110)
FALSE: Color = (255, 150, 0)
MISSED: Color = (235, 30, 60)
TRUTH: Color = (70, 130, 255)
_INK, _FAINT, _PAPER, _EMPTY = (40, 40, 44), (120, 120, 126), (255, 255, 255), (236, 236, 239)
_SIDE, _GAP, _CAPTION, _TITLE, _MOST_COLUMNS = 400, 16, 50, 36, 4
_KEY = 34
_ENLARGE = 4.0  # small pictures at most
_SAME = 0.3  # IoU with the truth from which a box is a hit: models draw faces with other margins


@dataclass(frozen=True)
class Row:
    """One photo and what each model found in it.

    Parameters
    ----------
    title
        Its name.
    picture
        RGB uint8, small: see `Row.of`.
    trials
        What each model found, in the photo's own pixels.
    truth
        ``(N, 4)`` boxes of the faces that are there, in the photo's own pixels; None: unknown.
    """

    title: str
    picture: ImageU8
    trials: Sequence[Trial]
    truth: NDArray[np.float64] | None

    @classmethod
    def of(
        cls, title: str, image: Image, trials: Sequence[Trial], truth: NDArray[np.float64] | None
    ) -> Row:
        """Take a photo of any size; it is kept as small as its panels."""
        from PIL import Image as Pillow

        picture = Pillow.fromarray(as_rgb(image))
        scale = min(_ENLARGE, _SIDE / max(picture.size))
        size = tuple(max(1, round(side * scale)) for side in picture.size)
        small = picture.resize((size[0], size[1]), Pillow.Resampling.LANCZOS)
        return cls(title, np.asarray(small), trials, truth)

    @property
    def columns(self) -> int:
        """How many panels stand side by side."""
        lines = math.ceil(len(self.trials) / _MOST_COLUMNS)
        return math.ceil(len(self.trials) / lines)

    @property
    def height(self) -> int:
        """Of the whole row, with its title."""
        lines = math.ceil(len(self.trials) / self.columns)
        return _TITLE + lines * (_CAPTION + int(self.picture.shape[0]) + _GAP)


def panel_corner(rows: Sequence[Row], row: int, panel: int) -> tuple[int, int]:
    """Return where the upper left pixel of a panel's picture is on the sheet."""
    this = rows[row]
    line, column = divmod(panel, this.columns)
    top = _KEY + sum(before.height for before in rows[:row]) + _TITLE
    y = top + line * (_CAPTION + int(this.picture.shape[0]) + _GAP) + _CAPTION
    return _GAP + column * (_SIDE + _GAP), y


def comparison_sheet(rows: Sequence[Row]) -> ImageU8:
    """Draw a row of panels for each photo: boxes, counts and time of every model.

    Returns
    -------
    numpy.ndarray
        (height, width, 3) uint8.
    """
    from PIL import Image as Pillow
    from PIL import ImageDraw

    width = _GAP + max(row.columns for row in rows) * (_SIDE + _GAP)
    height = _KEY + sum(row.height for row in rows)
    sheet = Pillow.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    _key(pen, with_truth=any(row.truth is not None for row in rows))
    for number, row in enumerate(rows):
        left, top = panel_corner(rows, number, 0)
        _text(pen, (left, top - _CAPTION - _TITLE + 8), row.title, width - 2 * _GAP, size=17)
        for panel, trial in enumerate(row.trials):
            corner = panel_corner(rows, number, panel)
            sheet.paste(Pillow.fromarray(_panel(row, trial)), corner)
            _caption(pen, (corner[0], corner[1] - _CAPTION), row, trial)
    return np.asarray(sheet)


def _panel(row: Row, trial: Trial) -> ImageU8:
    """Draw one model's boxes on the small picture."""
    from PIL import Image as Pillow
    from PIL import ImageDraw

    if trial.faces is None:
        return np.full_like(row.picture, _EMPTY)
    picture = Pillow.fromarray(row.picture)
    pen = ImageDraw.Draw(picture)
    scale = np.tile(np.array(picture.size) / np.maximum(trial.faces.size, 1), 2)
    hit, seen = _hits(trial.faces, row.truth)
    for box, found in zip([] if row.truth is None else row.truth, seen, strict=True):
        _box(pen, box * scale, TRUTH if found else MISSED, 1 if found else 3)
    for box, score, right in zip(trial.faces.boxes, trial.faces.scores, hit, strict=True):
        _box(pen, box * scale, FOUND if right else FALSE, 2)
        x, y = box[0] * scale[0], box[3] * scale[1]
        if (box[2] - box[0]) * scale[0] >= 30:
            _text(pen, (x + 1, y + 2), f"{score:.2f}", 60, size=12, color=_PAPER, edge=1)
    return np.asarray(picture)


def _hits(
    faces: Faces, truth: NDArray[np.float64] | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which boxes are on a face that is there, and which of these have a box."""
    if truth is None:
        return np.ones(len(faces), bool), np.zeros(0, bool)
    same = iou(faces.boxes.astype(np.float64), truth) >= _SAME
    return np.any(same, axis=1), np.any(same, axis=0)


def _caption(pen: ImageDraw, at: tuple[int, int], row: Row, trial: Trial) -> None:
    name = trial.model.partition(":")
    shown = name[0] + name[1] + name[2].replace("\\", "/").rpartition("/")[2]
    _text(pen, (at[0], at[1] + 2), shown, _SIDE, size=19)
    if trial.faces is None:
        _text(pen, (at[0], at[1] + 28), f"{trial.error}", _SIDE, size=14, color=MISSED)
        return
    count = len(trial.faces)
    words, color = f"{count or 'no'} face{'' if count == 1 else 's'}", _FAINT if count else MISSED
    if row.truth is not None:
        hit, seen = _hits(trial.faces, row.truth)
        told = f"{seen.sum()} of {len(seen)} found" if len(seen) else "no face to find"
        words = f"{told}, {(~hit).sum()} false"
        color = _FAINT if seen.all() and hit.all() else MISSED
    _text(pen, (at[0], at[1] + 28), f"{words}; {_time(trial.seconds)}", _SIDE, color=color)


def _key(pen: ImageDraw, *, with_truth: bool) -> None:
    """Tell what the colours mean."""
    entries = [(FOUND, "found")]
    if with_truth:
        entries = [
            (FOUND, "found"),
            (FALSE, "found where there is no face"),
            (TRUTH, "annotated"),
            (MISSED, "annotated and missed"),
        ]
    x = float(_GAP)
    for color, words in entries:
        pen.rectangle((x, 12, x + 16, 26), outline=color, width=3)
        x += 24
        _text(pen, (x, 11), words, _SIDE)
        x += _font(14).getlength(words) + 24


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def _box(pen: ImageDraw, box: NDArray[np.float64], color: Color, width: int) -> None:
    # A box counts pixels: its last column is x1 - 1.
    x0, y0, x1, y1 = (float(value) for value in box)
    corners = (round(x0), round(y0), max(round(x0), round(x1) - 1), max(round(y0), round(y1) - 1))
    pen.rectangle(corners, outline=color, width=width)


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.load_default(size=size)


def _text(
    pen: ImageDraw,
    at: tuple[float, float],
    words: str,
    width: float,
    *,
    size: int = 14,
    color: Color = _INK,
    edge: int = 0,
) -> None:
    """Write one line, cut to a width."""
    font, line = _font(size), " ".join(words.split())
    if font.getlength(line) > width:
        while line and font.getlength(line + "...") > width:
            line = line[:-1]
        line += "..."
    pen.text(at, line, color, font, stroke_width=edge, stroke_fill=_INK)
