"""Why one does not slide a network over a picture: windows, multiply-adds and milliseconds.

  python -m benchmarks.sliding            about a minute; writes results/sliding.json, the table
                                          in docs/sliding-window.md and its chart
  python -m benchmarks.sliding --quick    seconds; writes nothing

The astronaut at 640 x 480, one thread. The patch network runs on each window of the pyramid, then
over each of its pictures at once, which gives the same scores; BlazeFace's two networks look once
at the whole picture (and so miss faces under about 1/14 of it, which the others find).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from cvfast.faces.blazeface import whole_picture
from cvfast.faces.sliding import find_sliding, load_patch_net, window_scores
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.pyramid import grey_levels
from cvfast.geometry.sampling import PixelReader, read_crop, read_input
from cvfast.io.images import read_image
from cvfast.models.patch_net import WINDOW, multiply_adds, scores_across
from cvfast.models.registry import model_path
from cvfast.models.session import Session

from benchmarks.machine import describe, limit_threads
from benchmarks.program import ROOT, write
from benchmarks.timing import measure

SIZE = (640, 480)
PAGE, CHART = ROOT / "docs" / "sliding-window.md", ROOT / "docs" / "images" / "sliding-window.svg"
NAIVE, WHOLE = "sliding window, each patch alone", "the same net, fully convolutional"
SHOTS = {"face_detection_short": "BlazeFace, close range", "face_detection_full": "BlazeFace, full"}
BEGIN, END = "<!-- table -->", "<!-- end -->"


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.sliding",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="seconds: does it still run?")
    arguments = parser.parse_args()
    size = (160, 120) if arguments.quick else SIZE
    with limit_threads(1):
        rows = _rows(_picture(size), arguments.quick)
    table = _table(rows)
    print(table)
    if not arguments.quick:
        machine = describe() | {"command": "python -m benchmarks.sliding"}
        write(
            {"machine": machine, "size": size, "rows": rows},
            ROOT / "benchmarks/results/sliding.json",
        )
        _fill(table)
        _draw(rows)
    return 0


def _picture(size: tuple[int, int]) -> np.ndarray:
    path = resources.files("cvfast") / "data" / "astronaut.jpg"
    pixels = read_image(str(path)).pixels
    height = pixels.shape[1] * size[1] / size[0]
    middle = (pixels.shape[1] - 1) / 2
    return read_crop(pixels, RotatedBox(middle, (height - 1) / 2, pixels.shape[1], height), size)


def _rows(image: np.ndarray, quick: bool) -> list[dict[str, Any]]:
    reader = PixelReader.of(image)
    net = load_patch_net(model_path("face_patch"))
    levels = [level.grey for level in grey_levels(reader, (WINDOW, WINDOW))]
    far = max(
        float(np.abs(window_scores(net, g, "windows") - window_scores(net, g, "convolution")).max())
        for g in levels
    )
    assert far < 1e-5, f"the two ways differ by {far}"
    sides = [(grey.shape[1], grey.shape[0]) for grey in levels]
    windows = sum(scores_across(w) * scores_across(h) for w, h in sides)
    costs: dict[str, tuple[int, int]] = {
        NAIVE: (windows, windows * multiply_adds(WINDOW, WINDOW)),
        WHOLE: (windows, sum(multiply_adds(w, h) for w, h in sides)),
    }
    runs = {
        NAIVE: lambda: find_sliding(reader, way="windows"),
        WHOLE: lambda: find_sliding(reader, way="convolution"),
    }
    for name, shown in SHOTS.items():
        session = Session(name)
        costs[shown] = _single_shot(session)
        runs[shown] = lambda session=session: _look(session, reader)
    times = measure(runs, budget=0 if quick else 8, at_least=2 if quick else 5)
    return [
        {"way": name, "windows": costs[name][0], "multiply_adds": costs[name][1]}
        | {"min_ms": times[name].min_ms, "median_ms": times[name].median_ms}
        for name in runs
    ]


def _look(session: Session, reader: PixelReader) -> Any:
    return session.run_on(
        lambda tensor: read_input(reader, whole_picture(reader.size), tensor, levels=(-1, 1))
    )


def _single_shot(session: Session) -> tuple[int, int]:
    """Anchors and multiply-adds of one call, from the file's own list of operators."""
    interpreter = session._loaded().interpreter
    tensors = {tensor["index"]: tensor["shape"] for tensor in interpreter.get_tensor_details()}
    total = 0
    for operator in interpreter._get_ops_details():
        if operator["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            kernel = tensors[operator["inputs"][1]]
            # An output pixel's channel sums a kernel's height x width x channels (depthwise: 1).
            depth = kernel[3] if operator["op_name"] == "CONV_2D" else 1
            total += int(np.prod(tensors[operator["outputs"][0]]) * kernel[1] * kernel[2] * depth)
    anchors = max(int(tensors[output["index"]][1]) for output in interpreter.get_output_details())
    return anchors, total


def _table(rows: list[Mapping[str, Any]]) -> str:
    lines = ["| way | windows | multiply-adds | ms |", "|---|--:|--:|--:|"]
    lines += [
        f"| {row['way']} | {row['windows']:,} | {row['multiply_adds'] / 1e6:,.0f} million "
        f"| {row['min_ms']:.1f} |"
        for row in rows
    ]
    return "\n".join(lines)


def _fill(table: str) -> None:
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", "utf-8")
    print(f"written to {PAGE}")


def _draw(rows: list[dict[str, Any]], path: Path = CHART) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    mpl.rcParams |= {"svg.hashsalt": "cvfast", "font.size": 9}
    figure = Figure(figsize=(9, 2.4), layout="constrained")
    shown = {
        "windows": ("windows", lambda value: f" {value:,}"),
        "multiply_adds": ("multiply-adds, million", lambda value: f" {value / 1e6:,.0f}"),
        "min_ms": ("milliseconds", lambda value: f" {value:,.1f}"),
    }
    for axes, (field, (title, told)) in zip(
        figure.subplots(1, 3, sharey=True), shown.items(), strict=True
    ):
        values = [row[field] for row in rows]
        bars = axes.barh([row["way"] for row in rows], values, color="#1b6ca8")
        axes.bar_label(bars, [told(value) for value in values])
        axes.set_xscale("log")
        axes.set_xlim(min(values) / 2, max(values) * 12)
        axes.xaxis.set_major_locator(NullLocator())
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_title(title)
        axes.invert_yaxis()
        axes.spines[["top", "right", "bottom"]].set_visible(False)
    figure.axes[0].set_ylim(len(rows) - 0.5, -0.5)
    figure.savefig(path, metadata={"Date": None}, facecolor="white")
    print(f"written to {path}")


if __name__ == "__main__":
    sys.exit(main())
