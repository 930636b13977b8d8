"""The report of ``cvfast evaluate detect``: a table, ``metrics.json`` and plots."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import cvfast
from cvfast.cli.report import Report
from cvfast.errors import MissingDependencyError
from cvfast.io.atomic import write_bytes
from cvfast.metrics.annotations import Annotated
from cvfast.metrics.detection import FALSE_ALARMS, THRESHOLDS, Judgement
from cvfast.metrics.facets import as_record

__all__ = ["write_report"]

_MOST_POINTS = 400  # of a curve, in metrics.json


def write_report(
    folder: Path,
    annotations: str,
    pictures: Sequence[Annotated],
    judged: Mapping[str, Judgement],
    report: Report,
) -> None:
    """Print the table, and write ``metrics.json`` and the plots in the folder.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    facts = {
        "annotations": annotations,
        "pictures": len(pictures),
        "faces": sum(int((~picture.ignore).sum()) for picture in pictures),
        "ignored": sum(int(picture.ignore.sum()) for picture in pictures),
    }
    records = {name: _record(judgement) for name, judgement in judged.items()}
    whole = {"cvfast": cvfast.__version__, **facts, "models": records}
    text = json.dumps(whole, indent=1, allow_nan=False) + "\n"
    write_bytes(folder / "metrics.json", text.encode(), overwrite=True)
    if report.json:
        for name, record in records.items():
            told = {key: value for key, value in record.items() if key != "curves"}
            report.result("", **facts, model=name, **told)
    else:
        head = f"{facts['faces']} faces in {facts['pictures']} pictures"
        head += f", {facts['ignored']} more ignored" if facts["ignored"] else ""
        report.result("\n".join([head, *_table(judged)]))
    written = ["metrics.json"]
    try:
        from cvfast.cli.evaluationplots import draw_plots

        written += draw_plots(folder, judged)
    except MissingDependencyError as error:
        report.note(f"no plots: {error}")
    report.note(f"report: {folder} ({', '.join(written)})")


def _record(judgement: Judgement) -> dict[str, Any]:
    """Return one model's figures as plain numbers; what is undefined is None."""
    curves = {
        f"{iou:.2f}": points for iou, points in judgement.curves.items() if iou in (0.5, 0.75)
    }
    return {
        "ap": {f"{iou:.2f}": _plain(value) for iou, value in judgement.average_precision.items()},
        "ap_50_to_95": _plain(judgement.mean),
        "ap_area_50": _plain(judgement.area),
        "detection_rate_at_false_alarms": {
            str(count): _plain(rate) for count, rate in judgement.rate_at.items()
        },
        "fddb_at_false_alarms": {
            name: {str(count): _plain(judgement.fddb_at(name, count)) for count in FALSE_ALARMS}
            for name in ("discrete", "continuous")
        },
        "seconds_a_picture": _plain(judgement.seconds),
        "misses": as_record(judgement.misses),
        "curves": {
            "precision_recall": {
                iou: _points(points.recall, points.precision) for iou, points in curves.items()
            },
            "froc": _points(judgement.rates.false, judgement.rates.rate),
            "fddb_discrete": _points(judgement.discrete.false, judgement.discrete.rate),
            "fddb_continuous": _points(judgement.continuous.false, judgement.continuous.rate),
        },
    }


def _points(across: NDArray[Any], up: NDArray[Any]) -> list[list[float | None]]:
    """Return a curve as pairs, thinned."""
    chosen = np.unique(np.linspace(0, len(across) - 1, _MOST_POINTS).round().astype(int))
    chosen = chosen if len(across) else chosen[:0]
    return [[_plain(float(across[at])), _plain(float(up[at]))] for at in chosen]


def _plain(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else round(value, 6)


def _table(judged: Mapping[str, Judgement]) -> list[str]:
    """Return one column a model, one row a figure."""
    names = [_short(name) for name in judged]
    every = list(judged.values())
    rows: list[tuple[str, list[str]]] = [("", names)]

    def row(title: str, figure: Callable[[Judgement], float | None], digits: int = 3) -> None:
        values = [figure(one) for one in every]
        told = [
            "-" if value is None or math.isnan(value) else f"{value:.{digits}f}" for value in values
        ]
        rows.append((title, told))

    for iou in THRESHOLDS:
        row(f"AP at IoU {iou:.2f}", lambda one, iou=iou: one.average_precision[iou])  # type: ignore[misc]
    row("AP, mean of IoU 0.50 to 0.95", lambda one: one.mean)
    for count in FALSE_ALARMS:
        row(f"found at {count} false alarms", lambda one, count=count: one.rate_at[count])  # type: ignore[misc]
    row("FDDB discrete at 10", lambda one: one.fddb_at("discrete", 10))
    row("FDDB continuous at 10", lambda one: one.fddb_at("continuous", 10))
    row("ms a picture (median)", lambda one: one.seconds and one.seconds * 1e3, 1)
    rows += _misses(every)
    widths = [max(len(told[column]) for _, told in rows) for column in range(len(names))]
    first = max(len(title) for title, _ in rows)
    return [
        f"{title:<{first}}  "
        + "  ".join(f"{value:>{width}}" for value, width in zip(told, widths, strict=True))
        for title, told in rows
    ]


def _misses(every: Sequence[Judgement]) -> list[tuple[str, list[str]]]:
    """Return rows of missed faces, by what is known of them."""
    rows = []
    for number, facet in enumerate(every[0].misses if every else ()):
        for place, group in enumerate(facet.groups):
            told = [f"{one.misses[number].groups[place].rate:.0%}" for one in every]
            rows.append((f"missed, {facet.name} {group.name} ({group.faces})", told))
    return rows


def _short(name: str) -> str:
    """Leave out the folders of a file."""
    head, colon, file = name.partition(":")
    if not colon:
        return head.replace("\\", "/").rpartition("/")[2]
    return head + colon + file.replace("\\", "/").rpartition("/")[2]
