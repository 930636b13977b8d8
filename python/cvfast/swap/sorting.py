"""Sorting the face pictures of a folder by what they show; every step can be undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import NothingFoundError
from cvfast.swap.best_faces import balanced, sharpest
from cvfast.swap.chains import CHAIN_SIDE, chain_by_histogram, chain_by_pixels, dissimilarity
from cvfast.swap.face_table import FaceTable, read_table
from cvfast.swap.misalignment import landmark_distances
from cvfast.swap.new_names import Names
from cvfast.swap.pixel_measures import FacePixels, measured
from cvfast.swap.rename_log import Move, Step, rename_log, trash_of
from cvfast.typing import Indices, Progress
from cvfast.typing import Path as PathLike

__all__ = ["METHODS", "Method", "Sorted", "sort_faces", "undo_sorting"]


@dataclass(frozen=True, slots=True)
class Arranged:
    """Faces in their new order, and those rejected, as numbers of a table's rows."""

    table: FaceTable
    order: Indices
    rejected: Indices


Arrange = Callable[[FaceTable, int, Progress | None], Arranged]


@dataclass(frozen=True, slots=True)
class Method:
    """A way of sorting.

    Parameters
    ----------
    text
        What comes first.
    arrange
        Called with the table, the number of faces wanted, and a progress.
    """

    text: str
    arrange: Arrange


@dataclass(frozen=True, slots=True)
class Sorted:
    """What came of sorting.

    Parameters
    ----------
    step
        What was renamed; None if all faces had their names already.
    finished
        A step that a killed process had left half done, and that was finished first.
    kept, rejected
        How many faces are in the folder, and how many went to the trash.
    skipped
        Pictures that were left alone, and why.
    trash
        Where rejected faces are.
    """

    step: Step | None
    finished: Step | None
    kept: int
    rejected: int
    skipped: tuple[tuple[Path, str], ...]
    trash: Path


def sort_faces(
    folder: PathLike,
    by: str,
    *,
    target: int = 2000,
    reverse: bool = False,
    progress: Progress | None = None,
) -> Sorted:
    """Rename a folder's faces so that their names are in order.

    A face is then called by its place and its first name (``00000_00417_0.jpg``); ``original``
    gives the first names back. Which frame and face it is stands in its record. Rejected faces go
    to the folder's trash beside it. What a killed process left half done is finished first.

    Parameters
    ----------
    folder
        Of face pictures.
    by
        A name in `METHODS`.
    target
        How many faces ``best`` and ``best-fast`` keep.
    reverse
        The other way round.
    progress
        Called with pictures read and their number; more than once from the start where a method
        reads more than once.

    Raises
    ------
    ValueError
        An unknown method, or a target under 1.
    NothingFoundError
        There are no faces.
    OutputError, MediaError
        The folder cannot be written, or another process is sorting it.
    """
    if by not in METHODS:
        raise ValueError(f"by: expected one of {', '.join(METHODS)}, got {by!r}")
    if target < 1:
        raise ValueError(f"target: expected at least 1, got {target}")
    with rename_log(folder) as log:
        finished = log.settle()
        table = read_table(folder, first_names=log.originals(), progress=progress)
        done = METHODS[by].arrange(table, target, progress)
        order = done.order[::-1] if reverse else done.order
        names = Names(folder, log.trash)
        moves = [
            _move(names, done.table, row, None if by == "original" else place)
            for place, row in enumerate(order)
        ]
        moves += [_move(names, done.table, row, rejected=True) for row in done.rejected]
        step = log.do(f"sort by {by}", moves)
    return Sorted(
        step, finished, len(order), len(done.rejected), done.table.skipped, trash_of(folder)
    )


def undo_sorting(folder: PathLike) -> Step:
    """Give the faces the names they had before the newest step (of sorting or cleaning).

    Raises
    ------
    NothingFoundError
        There is nothing to undo.
    OutputExistsError
        Another file has such a name now; nothing was renamed.
    """
    with rename_log(folder) as log:
        step = log.undo()
    if step is None:
        raise NothingFoundError(f"{folder}: nothing was sorted here, or all of it is undone")
    return step


def _move(
    names: Names, table: FaceTable, row: int, place: int | None = None, *, rejected: bool = False
) -> Move:
    beginning = "" if place is None else f"{place:05d}_"
    return names.move(table.paths[row], table.stems[row], beginning, rejected=rejected)


def _plain(score: Callable[[FaceTable], NDArray[np.floating]]) -> Arrange:
    """Sort by what the records say, lowest first."""

    def arrange(table: FaceTable, target: int, progress: Progress | None) -> Arranged:
        return _kept(table, np.argsort(score(table), kind="stable"))

    return arrange


def _seen(measure: Callable[[FacePixels], float], *, highest: bool = False) -> Arrange:
    """Sort by what the pixels show."""

    def arrange(table: FaceTable, target: int, progress: Progress | None) -> Arranged:
        read, values = measured(table, measure, progress)
        score = np.array(values, np.float64)
        return _kept(read, np.argsort(-score if highest else score, kind="stable"))

    return arrange


def _kept(table: FaceTable, order: Indices) -> Arranged:
    return Arranged(table, order, np.empty(0, np.int64))


def _by_histogram(table: FaceTable, target: int, progress: Progress | None) -> Arranged:
    read, histograms = measured(table, FacePixels.colour_histogram, progress)
    return _kept(read, chain_by_histogram(np.array(histograms), progress))


def _by_pixels(table: FaceTable, target: int, progress: Progress | None) -> Arranged:
    read, small = measured(table, lambda face: face.small(CHAIN_SIDE), progress)
    return _kept(read, chain_by_pixels(np.array(small), progress))


def _by_dissimilarity(table: FaceTable, target: int, progress: Progress | None) -> Arranged:
    read, histograms = measured(table, FacePixels.grey_histogram, progress)
    return _kept(read, np.argsort(-dissimilarity(np.array(histograms)), kind="stable"))


def _by_origin(table: FaceTable, target: int, progress: Progress | None) -> Arranged:
    return _kept(table, _order(range(len(table)), table))


def _alone(table: FaceTable, target: int, progress: Progress | None) -> Arranged:
    """Reject all faces of frames that have more than one."""
    counts = Counter(frame[:2] for frame in table.frames)
    alone = np.array([counts[frame[:2]] == 1 for frame in table.frames])
    return Arranged(table, _order(np.flatnonzero(alone), table), np.flatnonzero(~alone))


def _order(rows: Iterable[int], table: FaceTable) -> Indices:
    return np.array(sorted(rows, key=lambda row: (table.frames[row], row)), np.int64)


def _best(table: FaceTable, target: int, progress: Progress | None) -> Arranged:
    def measure(face: FacePixels) -> tuple[float, NDArray[np.float32]]:
        return face.sharpness(), face.grey_histogram()

    read, values = measured(table, measure, progress)
    merit = np.array([value[0] for value in values])
    histograms = np.array([value[1] for value in values])
    poses = read.poses()
    looked = sharpest(poses[:, 0], merit, target)
    chosen = balanced(poses[looked, 0], poses[looked, 1], histograms[looked], target)
    return _chosen(read, looked[chosen])


def _best_fast(table: FaceTable, target: int, progress: Progress | None) -> Arranged:
    looked = sharpest(table.poses()[:, 0], table.areas, target)
    few, histograms = measured(table.take(looked), FacePixels.grey_histogram, progress)
    poses = few.poses()
    chosen = balanced(poses[:, 0], poses[:, 1], np.array(histograms), target)
    at = {path: row for row, path in enumerate(table.paths)}
    unread = {path for path, _ in few.skipped}
    rest = table.take([at[path] for path in table.paths if path not in unread], few.skipped)
    at = {path: row for row, path in enumerate(rest.paths)}
    return _chosen(rest, np.array([at[few.paths[row]] for row in chosen], np.int64))


def _chosen(table: FaceTable, order: Indices) -> Arranged:
    rejected = np.setdiff1d(np.arange(len(table)), order)
    return Arranged(table, order, rejected)


METHODS: dict[str, Method] = {
    "blur": Method("the sharpest (CPBD) first", _seen(FacePixels.sharpness, highest=True)),
    "motion-blur": Method(
        "most fine detail (variance of a Laplacian) first", _seen(FacePixels.detail, highest=True)
    ),
    "yaw": Method("from turned to the picture's left to right", _plain(lambda t: t.poses()[:, 0])),
    "pitch": Method("from looking down to up", _plain(lambda t: t.poses()[:, 1])),
    "size": Method("the largest in its frame first", _plain(lambda t: -t.areas)),
    "hist": Method("each followed by the most alike in colours", _by_histogram),
    "hist-dissim": Method("the most unlike all others in grey levels first", _by_dissimilarity),
    "brightness": Method("the darkest first", _seen(FacePixels.brightness)),
    "hue": Method("from magenta over red to yellow and on", _seen(FacePixels.hue)),
    "black": Method("those with least black first", _seen(FacePixels.black)),
    "original": Method("by clip, frame and face, under their first names", _by_origin),
    "one-face": Method("faces alone in their frame; the others are rejected", _alone),
    "absdiff": Method("each followed by the most alike in pixels", _by_pixels),
    "best": Method("a balanced set over yaw and pitch, the sharpest; the others are rejected",
                   _best),
    "best-fast": Method("the same by size instead of sharpness", _best_fast),
    "distance": Method("the best aligned first", _plain(landmark_distances)),
}  # fmt: skip
"""The ways of sorting by name."""
