"""Distances of judged pairs as JSON Lines: ours written, anybody's read.

::

    {"same": true, "distance": 0.41, "fold": 0, "first": "ann/1.jpg", "second": "ann/2.jpg"}

Only ``same`` and ``distance`` are required; ``fold`` is in all lines or in none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.io.atomic import write_bytes
from cvfast.metrics.annotations import Lines
from cvfast.typing import Path as PathLike

__all__ = ["Scores", "read_scores", "write_scores"]


@dataclass(frozen=True, eq=False)
class Scores:
    """How far apart the faces of each pair are.

    Parameters
    ----------
    distances
        (N,) float64, smaller is more alike.
    same
        (N,) bool.
    fold
        (N,) int64, or None where there are no folds.
    """

    distances: NDArray[np.float64]
    same: NDArray[np.bool_]
    fold: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.distances)


def read_scores(path: PathLike) -> Scores:
    r"""Read distances, a line a pair.

    Raises
    ------
    MediaError
        The file cannot be read, a line does not hold what it should (the message names it), or
        there are pairs of one kind only.
    LimitError
        Over 512 MB.

    Examples
    --------
    >>> from pathlib import Path
    >>> lines = '{"same": true, "distance": 0.25}\n{"same": false, "distance": 3}\n'
    >>> _ = Path("theirs.jsonl").write_text(lines)
    >>> read_scores("theirs.jsonl").distances.tolist()
    [0.25, 3.0]
    """
    lines = Lines(path)
    distances, same, folds = [], [], []
    for line in lines:
        record = _record(lines, line)
        distances.append(float(record["distance"]))
        same.append(record["same"])
        if "fold" in record:
            folds.append(record["fold"])
        if len(folds) not in (0, len(same)):
            raise lines.error("a fold in all lines or in none", line)
    if all(same) or not any(same):
        raise lines.error("pairs of one person and of different people", f"{len(same)} of one kind")
    return Scores(np.array(distances), np.array(same), np.array(folds, np.int64) if folds else None)


def write_scores(
    path: PathLike,
    scores: Scores,
    names: tuple[Sequence[str], Sequence[str]] | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write distances, a line a pair, perhaps with the names of the two faces.

    Raises
    ------
    OutputError
        The file cannot be written, or is there.
    """
    lines = []
    for at, (distance, same) in enumerate(zip(scores.distances, scores.same, strict=True)):
        record: dict[str, Any] = {"same": bool(same), "distance": float(distance)}
        if scores.fold is not None:
            record["fold"] = int(scores.fold[at])
        if names is not None:
            record |= {"first": names[0][at], "second": names[1][at]}
        lines.append(json.dumps(record, ensure_ascii=False, allow_nan=False))
    write_bytes(path, "".join(line + "\n" for line in lines).encode(), overwrite=overwrite)


def _record(lines: Lines, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        raise lines.error("one JSON object a line, with same and distance", line)
    if not isinstance(record.get("same"), bool):
        raise lines.error("same: true or false", record.get("same"))
    distance: Any = record.get("distance")
    try:
        good = type(distance) in (int, float) and math.isfinite(distance)
    except OverflowError:  # a whole number beyond any float
        good = False
    if not good:
        raise lines.error("distance: a finite number", distance)
    fold = record.get("fold", 0)
    if type(fold) is not int or not 0 <= fold < 1 << 31:
        raise lines.error("fold: a whole number from 0 on", fold)
    return record
