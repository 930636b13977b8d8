"""The plots of ``cvfast recognize explain``, as PNG (the extra ``plot``)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvfast.io.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cvfast.recognition.explain import ShownFace
    from cvfast.recognition.explain_layers import LayerAnswer

__all__ = ["layers_plot", "map_plot", "spectrum_plot"]

_THUMBNAILS = 80  # more faces than these are dots
_LABELS = 20  # people that get a colour of their own
_LONGEST = 24  # characters of a name in the legend, which must leave room for the map
_NOBODY = "#dddddd"


def spectrum_plot(shares: NDArray[np.float64], enough: int) -> bytes:
    """Plot the share of each component, and of all up to it."""
    figure = new_figure(7, 3.2)
    axes = figure.add_subplot()
    numbers = np.arange(1, len(shares) + 1)
    axes.bar(numbers, 100 * shares, color="#1f449c", label="each component")
    axes.plot(numbers, 100 * np.cumsum(shares), color="#b3161b", label="all up to it")
    axes.axvline(enough, color="grey", linestyle=":", label=f"90 %: {enough} components")
    axes.set_xlabel("component")
    axes.set_ylabel("% of the variance")
    axes.set_ylim(0, 102)
    axes.legend(loc="center right")
    return _png(figure)


def map_plot(faces: Sequence[ShownFace], scores: NDArray[np.float64]) -> bytes:
    """Plot faces at their first two coordinates, (n, 2), framed in their people's colours."""
    figure = new_figure(8, 6)
    axes = figure.add_subplot()
    people = sorted({face.person for face in faces if face.person is not None})
    colors = dict(zip(people[:_LABELS], _colors(len(people)), strict=False))
    shown = [colors.get(face.person or "", _NOBODY) for face in faces]
    axes.scatter(scores[:, 0], scores[:, 1], s=24, c=shown)
    if len(faces) <= _THUMBNAILS:
        for face, place, color in zip(faces, scores, shown, strict=True):
            _thumbnail(axes, face, place, color)
    for person, color in colors.items():
        axes.scatter([], [], c=color, label=_plain(person))
    if colors:
        more = f"{len(colors)} of {len(people)} people" if len(people) > len(colors) else None
        figure.legend(loc="outside right upper", frameon=False, title=more)
    axes.margins(0.1)
    axes.set_xlabel("coordinate along component 1")
    axes.set_ylabel("coordinate along component 2")
    return _png(figure)


def layers_plot(answers: Sequence[LayerAnswer]) -> bytes | None:
    """Plot how much each layer says of who it is; None where nobody has two faces."""
    names = [answer.name for answer in answers if answer.ratio is not None]
    ratios = [answer.ratio for answer in answers if answer.ratio is not None]
    if not names:
        return None
    figure = new_figure(7, 3.2)
    axes = figure.add_subplot()
    bars = axes.bar(names, [ratio - 1 for ratio in ratios], bottom=1, color="#1f449c")
    axes.bar_label(bars, [f"{ratio:.2f}" for ratio in ratios])
    axes.axhline(1, color="black", linewidth=1)
    axes.margins(y=0.15)
    axes.set_ylabel("between people / within one")
    return _png(figure)


def _thumbnail(axes: Any, face: ShownFace, place: NDArray[np.float64], color: str) -> None:
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    picture = OffsetImage(face.aligned, zoom=26 / face.aligned.shape[0])
    frame = {"edgecolor": color, "linewidth": 1.5, "boxstyle": "square,pad=0.1"}
    axes.add_artist(AnnotationBbox(picture, (place[0], place[1]), bboxprops=frame, pad=0.1))


def _colors(count: int) -> list[str]:
    """Colours that differ, as many as have labels."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    table = colormaps["tab10" if count <= 10 else "tab20"]
    return [to_hex(table(number)) for number in range(min(count, _LABELS))]


def _plain(name: str) -> str:
    """Return a short name in which matplotlib sees no formula, and which the legend shows."""
    name = "".join(one if one.isprintable() else " " for one in name)
    name = name if len(name) <= _LONGEST else name[: _LONGEST - 3] + "..."
    return ("\u200b" + name if name.startswith("_") else name).replace("$", r"\$")


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
