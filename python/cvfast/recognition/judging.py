"""One model judged on a set of faces: pairs drawn, curve, folds, ranks, and its own threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.faces.embedding import Embedder, Threshold
from cvfast.metrics.scores import Scores
from cvfast.metrics.verification import (
    Answers,
    FoldAccuracy,
    OpenSet,
    Operation,
    Pairs,
    Rate,
    Resampled,
    Roc,
    answers_of,
    cmc,
    draw_pairs,
    join_answers,
    make_pairs,
    rates_at_ranks,
    rates_of_strangers,
    resample_people,
    roc,
    ten_fold,
)
from cvfast.recognition.embedding_sets import pair_distances

__all__ = ["FARS", "FPIRS", "RANKS", "Judged", "Plan", "judge_model", "judge_scores", "plan_trials"]

FARS = (0.1, 0.01, 0.001, 0.0001)
RANKS = (1, 5, 10)
FPIRS = (0.1, 0.01)
_FOLDS, _PER_FOLD = 10, 300
_RESAMPLES = 200
_ROWS = 256  # of a matrix of distances at a time
Whole = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Plan:
    """What is compared with what: the same for every model.

    Parameters
    ----------
    people
        (N,) who each face is.
    curve
        Pairs for ROC and rates.
    folds
        Pairs for accuracy, or None where there are too few people.
    gallery, probes
        Faces for ranks: the first of each person, and the others; empty where the set prescribes
        its pairs.
    enrolled, knocking
        Faces for the open set: the first of each of half the people; all others of these, and all
        of the other half, who are strangers.
    """

    people: Sequence[str]
    curve: Pairs
    folds: Pairs | None
    gallery: Whole
    probes: Whole
    enrolled: Whole
    knocking: Whole


@dataclass(frozen=True, eq=False)
class Judged:
    """One model's figures; what does not apply is None or empty.

    Parameters
    ----------
    curve, tar
        The ROC, and the true accept rate at each of `FARS`.
    intervals
        Of AUC, EER and `tar`, people drawn again.
    folds
        Verification accuracy.
    scores, fold_scores
        The distances behind `curve` and `folds`.
    ranks, cmc
        Closed set: shares at `RANKS` (those under the number of people), and the whole
        characteristic.
    open_set
        Open set, at each of `FPIRS`.
    threshold, own
        The model's own threshold, and what it does on this set.
    """

    curve: Roc
    tar: Mapping[float, Rate]
    intervals: Resampled | None
    folds: FoldAccuracy | None
    scores: Scores
    fold_scores: Scores | None
    ranks: Mapping[int, Rate]
    cmc: NDArray[np.float64]
    open_set: Mapping[float, OpenSet]
    threshold: Threshold | None
    own: Operation | None


def plan_trials(
    people: Sequence[str], pairs: Pairs | None = None, *, most: int = 100_000, seed: int = 0
) -> Plan:
    """Decide what is compared with what.

    Parameters
    ----------
    people
        Who each of N faces is.
    pairs
        The pairs that the set prescribes, if it does.
    most
        Pairs of each kind for the curve, at most.
    seed
        The same seed, the same plan.

    Raises
    ------
    MediaError
        The faces make no pairs of one of the kinds.

    Examples
    --------
    >>> plan = plan_trials(["ann", "ann", "bob", "bob", "cy", "cy"])
    >>> len(plan.curve), plan.gallery.tolist(), plan.probes.tolist()
    (15, [0, 2, 4], [1, 3, 5])
    """
    if pairs is not None:
        if pairs.same.all() or not pairs.same.any():
            raise MediaError("expected pairs of one person and of different people; one is missing")
        nothing = np.zeros(0, np.int64)
        several = len(np.unique(pairs.fold)) > 1
        return Plan(people, pairs, pairs if several else None, *([nothing] * 4))
    try:
        curve = draw_pairs(people, most=most, seed=seed)
    except ValueError as error:
        raise MediaError(f"too few faces to judge on: {error}") from error
    first: dict[str, int] = {}
    for at, person in enumerate(people):
        first.setdefault(person, at)
    gallery = np.array(list(first.values()), np.int64)
    probes = np.setdiff1d(np.arange(len(people)), gallery)
    order = np.random.default_rng(seed).permutation(len(gallery))
    enrolled = np.sort(gallery[order[: (len(gallery) + 1) // 2]])
    knocking = np.setdiff1d(np.arange(len(people)), enrolled)
    return Plan(people, curve, _fold_pairs(people, seed), gallery, probes, enrolled, knocking)


def judge_model(plan: Plan, vectors: NDArray[np.float32], embedder: Embedder) -> Judged:
    """Judge a model.

    Parameters
    ----------
    plan
        What is compared.
    vectors
        (N, D) float32: the model's, of the plan's faces.
    embedder
        The model.
    """
    people = plan.people
    scores = _scores(plan.curve, vectors, embedder)
    curve = roc(scores.distances, scores.same)
    first, second = ([people[at] for at in side] for side in (plan.curve.first, plan.curve.second))
    fold_scores = None if plan.folds is None else _scores(plan.folds, vectors, embedder)
    ranks: dict[int, Rate] = {}
    matches = np.zeros(0)
    named: dict[float, OpenSet] = {}
    if len(plan.probes):
        found = _answers(embedder, vectors, people, plan.probes, plan.gallery).rank
        ranks = rates_at_ranks(found, [k for k in RANKS if k == 1 or k < len(plan.gallery)])
        matches = cmc(found, len(plan.gallery))
    if len(plan.knocking):
        answers = _answers(embedder, vectors, people, plan.knocking, plan.enrolled)
        named = {rate: rates_of_strangers(answers, rate) for rate in FPIRS}
    return Judged(
        curve,
        {far_wanted: curve.tar_at(far_wanted) for far_wanted in FARS},
        resample_people(
            scores.distances, scores.same, first, second, fars=FARS, resamples=_RESAMPLES
        ),
        _accuracy(fold_scores),
        scores,
        fold_scores,
        ranks,
        matches,
        named,
        embedder.threshold,
        curve.at_threshold(embedder.threshold.distance),
    )


def judge_scores(scores: Scores) -> Judged:
    """Judge somebody else's distances.

    Examples
    --------
    >>> scores = Scores(np.array([0.1, 0.9]), np.array([True, False]))
    >>> judge_scores(scores).curve.auc
    1.0
    """
    curve = roc(scores.distances, scores.same)
    tar = {far: curve.tar_at(far) for far in FARS}
    folds = scores if scores.fold is not None and len(np.unique(scores.fold)) > 1 else None
    nothing = np.zeros(0)
    return Judged(curve, tar, None, _accuracy(folds), scores, folds, {}, nothing, {}, None, None)


def _accuracy(scores: Scores | None) -> FoldAccuracy | None:
    if scores is None or scores.fold is None:
        return None
    try:
        return ten_fold(scores.distances, scores.same, scores.fold)
    except ValueError:  # one kind of pairs is missing but for one fold: no threshold to pick
        return None


def _scores(pairs: Pairs, vectors: NDArray[np.float32], embedder: Embedder) -> Scores:
    distances = pair_distances(embedder, vectors, pairs.first, pairs.second)
    return Scores(distances, pairs.same, pairs.fold)


def _answers(
    embedder: Embedder,
    vectors: NDArray[np.float32],
    people: Sequence[str],
    probes: Whole,
    gallery: Whole,
) -> Answers:
    """Ask a gallery in parts: the distances of all probes to all of it may not fit in memory."""
    known, enrolled = [people[at] for at in gallery], vectors[gallery]
    parts = []
    for start in range(0, len(probes), _ROWS):
        some = probes[start : start + _ROWS]
        apart = embedder.distances(vectors[some], enrolled)
        parts.append(answers_of(apart, known, [people[at] for at in some]))
    return join_answers(parts)


def _fold_pairs(people: Sequence[str], seed: int) -> Pairs | None:
    """Return pairs in ten folds, or in as many as there are people for."""
    for folds in range(_FOLDS, 1, -1):
        try:
            return make_pairs(people, folds=folds, per_fold=_PER_FOLD, seed=seed)
        except ValueError:  # too few people for so many folds
            continue
    return None
