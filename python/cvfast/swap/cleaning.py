"""Cleaning a set of faces: a verdict on each, with reasons; what is rejected can be taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.embedding import Embedder
from cvfast.faces.types import Landmarks
from cvfast.swap.face_checks import Check, Masks, checks_with, look_at
from cvfast.swap.face_table import FaceTable, read_table
from cvfast.swap.face_types import FACE_TYPES
from cvfast.swap.main_person import distances_to_main, stranger_distance
from cvfast.swap.new_names import Names
from cvfast.swap.pixel_measures import FacePixels, measured
from cvfast.swap.rename_log import Step, rename_log
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["Judged", "Verdict", "judge_faces", "move_rejected"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one face.

    Parameters
    ----------
    path
        The picture.
    values
        Its numbers by name; None where one could not be told.
    reasons
        Why to reject it; none if it is good.
    badness
        Its worst number over (or under) its threshold: above 1 the face is rejected.
    """

    path: Path
    values: Mapping[str, float | None]
    reasons: tuple[str, ...]
    badness: float

    @property
    def rejected(self) -> bool:
        """Whether there is a reason to reject it."""
        return bool(self.reasons)


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of a folder's faces.

    Parameters
    ----------
    verdicts
        One a face, the worst first.
    checks
        What they were judged by, and with which thresholds.
    skipped
        Pictures that were left alone, and why.
    """

    verdicts: tuple[Verdict, ...]
    checks: tuple[Check, ...]
    skipped: tuple[tuple[Path, str], ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many faces each reason rejects."""
        reasons = dict.fromkeys(check.reason for check in self.checks)
        return {name: sum(name in v.reasons for v in self.verdicts) for name in reasons}


def judge_faces(
    folder: PathLike,
    *,
    embedder: Embedder | None = None,
    masks: Masks | None = None,
    thresholds: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Judged:
    """Judge each face of a folder; nothing is changed.

    Parameters
    ----------
    folder
        Of face pictures.
    embedder
        Tells people apart, as `cvfast.faces.embedders.open_embedder` opens it; None does not judge
        by that. The threshold of ``distance`` is `stranger_distance`'s unless another is given.
    masks
        Tells what of a picture is face, where the record has no mask; None does not judge by that.
    thresholds
        Others than those of `cvfast.swap.face_checks.CHECKS`, by name.
    progress
        Called with faces judged and their number.

    Raises
    ------
    ValueError
        An unknown threshold.
    NothingFoundError
        There are no faces.
    """
    given = dict(thresholds or {})
    checks_with(given)  # refuses what is wrong before any work
    table = read_table(folder)
    vectors: list[NDArray[np.float32]] = []
    sides: list[int] = []

    def measure(face: FacePixels) -> dict[str, float | None]:
        values = look_at(face, masks)
        if embedder is not None:
            vectors.append(embedder.embed(face.pixels, [_landmarks(face)])[0])
        sides.append(face.pixels.shape[0])
        return values

    table, numbers = measured(table, measure, progress)
    of_records = _of_records(table, sides)
    middle = float(np.median([values["sharpness"] or 0.0 for values in numbers])) or 1.0
    apart = None
    if embedder is not None:
        apart = distances_to_main(np.array(vectors), embedder)
        given.setdefault("distance", stranger_distance(apart, embedder))
    checks = checks_with(given)
    verdicts = []
    for row, values in enumerate(numbers):
        values |= of_records[row]
        values["sharpness"] = (values["sharpness"] or 0.0) / middle
        values["distance"] = None if apart is None else float(apart[row])
        verdicts.append(_verdict(table.paths[row], values, checks))
    verdicts.sort(key=lambda verdict: -verdict.badness)  # stable: of equals the first
    return Judged(tuple(verdicts), checks, table.skipped)


def move_rejected(folder: PathLike, verdicts: Sequence[Verdict]) -> Step | None:
    """Move the rejected faces to the folder's trash beside it; None if there are none.

    `cvfast.swap.sorting.undo_sorting` brings them back under their names.

    Raises
    ------
    OutputError, MediaError
        As for `cvfast.swap.sorting.sort_faces`.
    """
    with rename_log(folder) as log:
        log.settle()
        names = Names(folder, log.trash)
        moves = [
            names.move(verdict.path, verdict.path.stem, rejected=True)
            for verdict in verdicts
            if verdict.rejected and verdict.path.is_file()
        ]
        return log.do("clean", moves)


def _landmarks(face: FacePixels) -> Landmarks:
    points = (face.landmarks - 0.5).astype(np.float32)  # from the middle of the first pixel
    return Landmarks(
        points, "dlib68", 1.0, np.concatenate([points.min(axis=0), points.max(axis=0)])
    )


def _of_records(table: FaceTable, sides: Sequence[int]) -> list[dict[str, float | None]]:
    """Return the numbers that need no pixels but the pictures' sides."""
    misfits = table.poses()[:, 3]
    rows: list[dict[str, float | None]] = []
    for row, (points, matrix) in enumerate(zip(table.landmarks, table.matrices, strict=True)):
        scale = float(np.abs(np.linalg.det(matrix[:, :2]))) or np.inf
        square = (sides[row] / FACE_TYPES[table.face_types[row]].side) ** 2 / scale
        out = ((points < 0) | (points > sides[row])).any(axis=1)
        out[:17] = False  # a wide open mouth puts the chin outside of a whole face's square
        out |= (table.source_landmarks[row] < 0).any(axis=1)
        rows.append(
            {
                "misfit": float(misfits[row]),
                "stretch": square / max(float(table.areas[row]), 1e-9),
                "outside": float(out.mean()),
            }
        )
    return rows


def _verdict(path: Path, values: dict[str, float | None], checks: tuple[Check, ...]) -> Verdict:
    reasons: dict[str, None] = {}
    badness = 0.0
    for check in checks:
        value = values[check.name]
        if value is None:
            continue
        excess = check.excess(value)
        badness = max(badness, excess)
        if excess > 1:
            reasons[check.reason] = None
    ordered = {check.name: values[check.name] for check in checks}
    return Verdict(path, ordered, tuple(reasons), badness)
