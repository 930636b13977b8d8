"""The table of ``cvfast evaluate recognition``: a column a model, a row a figure."""

from __future__ import annotations

from collections.abc import Mapping

from cvfast.metrics.intervals import Rate, rate_of
from cvfast.metrics.verification import Operation
from cvfast.recognition.judging import Judged

__all__ = ["false_rejects", "short_name", "table"]


def table(judged: Mapping[str, Judged]) -> list[str]:
    """Return the lines of the table, and below it what a figure lacks."""
    columns = {short_name(name): _column(one) for name, one in judged.items()}
    titles = list(dict.fromkeys(title for column in columns.values() for title in column))
    rows = [["", *columns]]
    rows += [[title, *(column.get(title, "-") for column in columns.values())] for title in titles]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
        for row in rows
    ]
    return [*lines, *_notes(judged)]


def false_rejects(found: Operation) -> Rate:
    """Return the share of one person's pairs that a threshold refuses."""
    return rate_of(found.tar.total - found.tar.hits, found.tar.total)


def _column(one: Judged) -> dict[str, str]:
    limits = one.intervals
    column = {
        "pairs, same": f"{one.curve.same:,}",
        "pairs, different": f"{one.curve.different:,}",
        "AUC": _with(one.curve.auc, None if limits is None else limits.auc),
        "EER": _with(one.curve.eer, None if limits is None else limits.eer),
    }
    for far, rate in one.tar.items():
        told = _rate(rate)
        if rate.value is not None and limits is not None:
            told = _with(rate.value, limits.tar[far]) + _star(rate)
        column[f"TAR at FAR {far:g}"] = told
    if one.folds is not None:
        told = f"{one.folds.mean:.4f} +- {one.folds.standard_error:.4f}"
        column[f"accuracy in {len(one.folds.accuracies)} folds"] = told
    column |= {f"rank {k}": _rate(rate) for k, rate in one.ranks.items()}
    for share, found in one.open_set.items():
        column[f"named, while {share:.0%} of strangers are"] = _rate(found.detected)
    if one.own is not None and one.threshold is not None:
        wanted = one.threshold.false_accepts
        column["own threshold"] = f"{one.threshold.distance:.4g}"
        column["  set for a FAR of"] = "not told" if wanted is None else f"{wanted:.3g}"
        column["  FAR here"] = _rate(one.own.far)
        column["  FRR here"] = _rate(false_rejects(one.own))
    return column


def _with(value: float, limits: tuple[float, float] | None) -> str:
    return f"{value:.4f}" + (f" ({limits[0]:.4f} to {limits[1]:.4f})" if limits else "")


def _rate(rate: Rate) -> str:
    return f"{rate}{_star(rate)}"


def _star(rate: Rate) -> str:
    return " *" if rate.note and rate.value is not None else ""


def _notes(judged: Mapping[str, Judged]) -> list[str]:
    """Say what the intervals are, and why a figure is missing or marked by a star."""
    rates = [
        rate
        for one in judged.values()
        for rate in (*one.tar.values(), *(found.detected for found in one.open_set.values()))
    ]
    notes = dict.fromkeys(rate.note for rate in rates if rate.note)
    sources = [
        f"{short_name(name)}: its threshold comes from {one.threshold.source}"
        for name, one in judged.items()
        if one.threshold is not None
    ]
    people = any(one.intervals is not None for one in judged.values())
    meaning = "95 % intervals" + (
        ": of AUC, EER and TAR over people, of the others over pairs or probes" if people else ""
    )
    return [meaning, *(f"* {note}" for note in notes), *sources]


def short_name(name: str) -> str:
    """Return a model's name without the folders of its file.

    Examples
    --------
    >>> short_name("lbph:models/mine.safetensors")
    'lbph:mine.safetensors'
    """
    head, colon, file = name.replace("\\", "/").partition(":")
    return head.rpartition("/")[2] + colon + file.rpartition("/")[2]
