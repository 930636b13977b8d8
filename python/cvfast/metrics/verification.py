"""Judging face recognition: the names that the rest of the package uses, in one place.

`roc` and its rates say how well distances tell one person's pairs from others', `make_pairs` and
`ten_fold` give verification accuracy, `rank_k` and `open_set` say who is found in a gallery.
"""

from __future__ import annotations

from cvfast.metrics.bootstrap import Resampled, resample_people
from cvfast.metrics.folds import FoldAccuracy, best_threshold, ten_fold
from cvfast.metrics.intervals import Rate, clopper_pearson
from cvfast.metrics.pairs import Pairs, draw_pairs, make_pairs
from cvfast.metrics.ranks import (
    Answers,
    OpenSet,
    answers_of,
    cmc,
    join_answers,
    open_set,
    rank_k,
    ranks_of,
    rates_at_ranks,
    rates_of_strangers,
)
from cvfast.metrics.roc import Operation, Roc, roc

__all__ = [
    "Answers",
    "FoldAccuracy",
    "OpenSet",
    "Operation",
    "Pairs",
    "Rate",
    "Resampled",
    "Roc",
    "answers_of",
    "best_threshold",
    "clopper_pearson",
    "cmc",
    "draw_pairs",
    "join_answers",
    "make_pairs",
    "open_set",
    "rank_k",
    "ranks_of",
    "rates_at_ranks",
    "rates_of_strangers",
    "resample_people",
    "roc",
    "ten_fold",
]
