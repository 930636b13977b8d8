"""What ``cvfast average-face`` draws: averages side by side, and why they look better."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np

from cvfast.io.figures import new_figure
from cvfast.recognition.average import AverageFace
from cvfast.recognition.averageness import MEASURES, Averageness
from cvfast.typing import ImageU8

__all__ = ["caption", "side_by_side", "why_picture"]

_GAP = 0.03  # of an average's side
_MOST_COLUMNS = 6
_BLUE, _ORANGE, _FAINT = "#0072b2", "#d55e00", "#777777"


def side_by_side(averages: Mapping[str, AverageFace]) -> ImageU8:
    """Put groups' averages in rows, each over its name and count; one alone stays as it is.

    Returns
    -------
    (height, width, 3) uint8.
    """
    from PIL import Image, ImageDraw, ImageFont

    if len(averages) == 1:
        return next(iter(averages.values())).image
    side = next(iter(averages.values())).image.shape[0]
    gap, line = max(2, round(_GAP * side)), max(14, round(0.09 * side))
    columns = min(len(averages), _MOST_COLUMNS)
    rows = -(-len(averages) // columns)
    size = gap + columns * (side + gap), rows * (gap + side + line) + gap
    sheet = Image.new("RGB", size, (255, 255, 255))
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=max(10, round(0.055 * side)))
    for number, (name, average) in enumerate(averages.items()):
        row, column = divmod(number, columns)
        left, top = gap + column * (side + gap), gap + row * (gap + side + line)
        sheet.paste(Image.fromarray(average.image), (left, top))
        words, count = " ".join(name.split()), f" ({average.count})"
        while words and font.getlength(words + count) > side:
            words = words[:-1]
        pen.text((left + side / 2, top + side + line / 2), words + count, (40, 40, 44), font, "mm")
    return np.asarray(sheet)


def caption(found: Averageness) -> str:
    """Say in a few sentences what the numbers mean, and what they do not."""

    def fell(name: str) -> str:
        first, last = found.values[name].mean(axis=0)[[0, -1]]
        return f"{100 * (last / max(first, 1e-9) - 1):+.0f} %"

    return (
        f"From one face to the average of {found.faces}: what is one-sided in the picture "
        f"{fell('image_asymmetry')}, in the shape {fell('shape_asymmetry')}; fine contrast of the "
        f"skin (spots, lines) {fell('skin_contrast')}, that of eyes, brows and lips "
        f"{fell('feature_contrast')}. What belongs to one face cancels as more are averaged, "
        "about as 1/sqrt(n) (dashed); what all share stays. So an average has even skin, equal "
        "halves and usual proportions, which people tend to find attractive (Galton 1878; Langlois "
        "and Roggman 1990). Not beauty itself: averages of faces judged attractive are judged "
        "more attractive still (Perrett, May and Yoshikawa 1994). The distance to the mean of "
        "all is 0 at all of them by definition; some smoothness is blur."
    )


def why_picture(found: Averageness) -> ImageU8:
    """Draw the averages, and the measures against the number of faces: mean and spread.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    """
    from PIL import Image

    figure = new_figure(10, 8.8)
    parts: Any = figure.subfigures(3, 1, height_ratios=(1.7, 6.1, 1.0))
    top, middle, bottom = parts
    for axis, count, image in zip(
        np.atleast_1d(top.subplots(1, len(found.counts))), found.counts, found.images, strict=True
    ):
        axis.imshow(image)
        axis.set_title(f"{count} face{'s' if count > 1 else ''}", fontsize=9)
        axis.set_axis_off()
    panels = (
        ("picture minus its mirror image", {"image_asymmetry": "the face"}),
        ("shape against its mirror image", {"shape_asymmetry": "the mesh"}),
        (
            "fine contrast",
            {"skin_contrast": "forehead and cheeks", "feature_contrast": "eyes, brows, lips"},
        ),
        ("distance to the mean shape of all", {"distance_to_mean": "the mesh"}),
    )
    for axis, (title, lines) in zip(middle.subplots(2, 2).reshape(-1), panels, strict=True):
        _panel(axis, found, title, lines)
    bottom.text(0.02, 0.95, textwrap.fill(caption(found), 150), va="top", fontsize=8.5)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    return np.asarray(Image.open(drawn).convert("RGB"))


def _panel(axis: Any, found: Averageness, title: str, lines: Mapping[str, str]) -> None:
    counts = found.counts
    for (name, label), color in zip(lines.items(), (_BLUE, _ORANGE), strict=False):
        mean, spread = found.values[name].mean(axis=0), found.values[name].std(axis=0)
        axis.plot(counts, mean, "o-", color=color, markersize=4, label=label)
        axis.fill_between(counts, mean - spread, mean + spread, color=color, alpha=0.18, lw=0)
    unit = MEASURES[next(iter(lines))]
    first = found.values[next(iter(lines))].mean(axis=0)[0]
    fine = np.geomspace(1, counts[-1], 50)
    axis.plot(fine, first / np.sqrt(fine), "--", color=_FAINT, linewidth=1, label="1/sqrt(n)")
    axis.set_xscale("log", base=2)
    axis.set_xticks(counts, [str(count) for count in counts])
    axis.set_xticks([], minor=True)
    axis.set(title=title, xlabel="faces averaged", ylabel=unit, ylim=(0, None))
    axis.legend(fontsize=8)
    axis.grid(alpha=0.25)
