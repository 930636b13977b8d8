"""The report of ``cvfast evaluate recognition``: a table, ``report.json``, distances and plots."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import cvfast
from cvfast.cli.report import Report
from cvfast.cli.verificationtable import false_rejects, table
from cvfast.errors import MissingDependencyError, NothingFoundError
from cvfast.io.atomic import write_bytes
from cvfast.metrics.pairs import Pairs
from cvfast.metrics.scores import Scores, write_scores
from cvfast.metrics.verification import FoldAccuracy, Roc
from cvfast.recognition.judging import FARS, Judged, Plan

__all__ = ["Facts", "write_report"]

_MOST_POINTS = 400  # of a curve, in report.json


class Facts(NamedTuple):
    """What was judged on.

    Parameters
    ----------
    source
        As given.
    names
        The faces that were found.
    people
        How many people's.
    missing
        Faces that were not found, or pictures that could not be read, and why.
    lost_pairs
        Prescribed pairs that were not judged for that.
    several
        Faces whose picture has more than one, of which the largest was taken.
    plan
        What was compared.
    """

    source: str
    names: Sequence[str] = ()
    people: int = 0
    missing: Mapping[str, Exception] = {}
    lost_pairs: int = 0
    several: Sequence[str] = ()
    plan: Plan | None = None


def write_report(folder: Path, facts: Facts, judged: Mapping[str, Judged], report: Report) -> None:
    """Print the table, and write ``report.json``, distances and plots in the folder.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    told = _facts(facts)
    records = {name: _record(one) for name, one in judged.items()}
    whole = {"cvfast": cvfast.__version__, **told, "models": records}
    text = json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes(folder / "report.json", text.encode(), overwrite=True)
    if report.json:
        for name, record in records.items():
            shown = {key: value for key, value in record.items() if key not in ("roc", "cmc")}
            report.result("", **told, model=name, **shown)
    else:
        report.result("\n".join([*_head(facts), *table(judged)]))
    written = ["report.json", *_write_distances(folder, facts, judged)]
    try:
        from cvfast.cli.verificationplots import draw_plots

        written += draw_plots(folder, judged)
    except MissingDependencyError as error:
        report.note(f"no plots: {error}")
    report.note(f"report: {folder} ({', '.join(written)})")


def _facts(facts: Facts) -> dict[str, Any]:
    lost = [name for name, error in facts.missing.items() if isinstance(error, NothingFoundError)]
    return {
        "source": facts.source,
        "faces": len(facts.names),
        "people": facts.people,
        "no_face": lost,
        "several_faces": list(facts.several),
        "unreadable": [name for name in facts.missing if name not in lost],
        "pairs_not_judged": facts.lost_pairs,
    }


def _record(one: Judged) -> dict[str, Any]:
    """Return one model's figures as plain numbers; what is unknown is None."""
    record: dict[str, Any] = {
        "pairs": {"same": one.curve.same, "different": one.curve.different},
        "auc": one.curve.auc,
        "eer": one.curve.eer,
        "intervals": None,
        "tar_at_far": {f"{far:g}": _at(one.curve, far) for far in FARS},
        "accuracy": None if one.folds is None else _accuracy(one.folds),
        "rank": {str(k): rate.record() for k, rate in one.ranks.items()},
        "open_set": {
            f"{far:g}": {
                "threshold": _finite(found.threshold),
                "detected": found.detected.record(),
                "false_alarms": found.false_alarms.record(),
            }
            for far, found in one.open_set.items()
        },
        "own_threshold": _own(one),
        "roc": _points(one.curve),
        "cmc": one.cmc.round(6).tolist(),
    }
    if one.intervals is not None:
        limits = {"auc": list(one.intervals.auc), "eer": list(one.intervals.eer)}
        rates = {f"{far:g}": list(one.intervals.tar[far]) for far in FARS}
        record["intervals"] = limits | {"tar_at_far": rates, "people": one.intervals.people}
    return record


def _at(curve: Roc, far: float) -> dict[str, Any]:
    found = curve.at_far(far)
    threshold = _finite(found.threshold)
    return {"threshold": threshold, "far": found.far.record(), "tar": found.tar.record()}


def _accuracy(folds: FoldAccuracy) -> dict[str, Any]:
    return {
        "mean": folds.mean,
        "std": folds.std,
        "standard_error": folds.standard_error,
        "accuracies": folds.accuracies.tolist(),
        "thresholds": folds.thresholds.tolist(),
    }


def _own(one: Judged) -> dict[str, Any] | None:
    if one.own is None or one.threshold is None:
        return None
    return {
        "distance": one.threshold.distance,
        "set_for_far": one.threshold.false_accepts,
        "source": one.threshold.source,
        "far": one.own.far.record(),
        "frr": false_rejects(one.own).record(),
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _points(curve: Roc) -> list[list[float]]:
    """Return far and tar, thinned, evenly in the logarithm of far."""
    wanted = np.geomspace(1 / curve.different, 1, _MOST_POINTS)
    chosen = np.unique([0, *(np.searchsorted(curve.far, wanted, side="right") - 1)])
    return [[round(float(curve.far[at]), 8), round(float(curve.tar[at]), 8)] for at in chosen]


def _head(facts: Facts) -> list[str]:
    if not facts.names:
        return []
    told = f"{len(facts.names)} faces of {facts.people} people"
    told += f", {len(facts.missing)} more not judged" if facts.missing else ""
    told += f", {facts.lost_pairs} pairs not judged" if facts.lost_pairs else ""
    return [told]


def _write_distances(folder: Path, facts: Facts, judged: Mapping[str, Judged]) -> list[str]:
    from cvfast.cli.verifying import file_word

    if facts.plan is None:
        return []
    written = []
    for name, one in judged.items():
        if one.threshold is None:  # somebody else's: they have them
            continue
        parts: list[tuple[str, Scores | None, Pairs | None]] = [
            ("scores", one.scores, facts.plan.curve),
            ("folds", one.fold_scores, facts.plan.folds),
        ]
        for word, scores, pairs in parts[: 1 if facts.plan.folds is facts.plan.curve else 2]:
            if scores is None or pairs is None:
                continue
            file = f"{word}-{file_word(name)}.jsonl"
            first, second = (
                [facts.names[at] for at in side] for side in (pairs.first, pairs.second)
            )
            write_scores(folder / file, scores, (first, second), overwrite=True)
            written.append(file)
    return written
