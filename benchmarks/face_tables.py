"""The tables of docs/performance.md about finding faces and whose they are, from the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from benchmarks.video_tables import against, judged, line

__all__ = ["TABLES"]

Row = dict[str, Any]


def cascade(results: Row) -> str:
    """A line for each size, number of threads and peer."""
    return "\n".join(against(_with_threads(results["rows"]), "cascade, all windows"))


def match(results: Row) -> str:
    """A line for each size of picture and template, and peer."""
    return "\n".join(against(_with_threads(results["rows"]), "template matching"))


def boost(results: Row) -> str:
    """A line for each implementation."""
    lines = ["| boosting, 50 rounds | seconds | times the peer |", "|---|--:|--:|"]
    for name, seconds in results["seconds"].items():
        ratio = results["times_the_peer"].get(name)
        told = "-" if ratio is None else judged(f"{ratio:.0f}x", ratio >= results["asked"])
        lines.append(line([name, f"{seconds:.3g}", told]))
    return "\n".join(lines)


def landmarks(results: Row) -> str:
    """A line for each model."""
    lines = ["| landmarks of one face | ms | median |", "|---|--:|--:|"]
    for name, spent in results["milliseconds"].items():
        lines.append(line([name, f"{spent['min']:.3g}", f"{spent['median']:.3g}"]))
    return "\n".join(lines)


def eigenfaces(results: Row) -> str:
    """A line for each case and peer."""
    return "\n".join(against(_with_threads(results["rows"]), "eigenfaces"))


def eigenfaces_opencv(results: Row) -> str:
    """A line for each case."""
    return "\n".join(against(results["rows"], "eigenfaces"))


def embedding(results: Row) -> str:
    """A line for each case and peer."""
    return "\n".join(against(_with_threads(results["rows"]), "face embedding"))


def deepface(results: Row) -> str:
    """A line for each net, on one thread and on two."""
    lines = ["| one face | ms | median | 2 threads | median |", "|---|--:|--:|--:|--:|"]
    for name, one in results["threads_1"].items():
        spent = (one, results["threads_2"][name])
        cells = [f"{times[kind]:.3g}" for times in spent for kind in ("min_ms", "median_ms")]
        lines.append(line([name, *cells]))
    return "\n".join(lines)


def _with_threads(rows: Iterable[Row]) -> list[Row]:
    many = {1: "", 2: ", 2 threads"}
    return [row | {"case": row["case"] + many[row["threads"]]} for row in rows]


TABLES: dict[str, Callable[[Row], str]] = {
    function.__name__: function
    for function in (
        cascade, boost, match, landmarks, eigenfaces, eigenfaces_opencv, embedding, deepface,
    )
}  # fmt: skip
