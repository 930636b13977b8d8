"""ROC, rates and their intervals, folds, ranks and strangers: against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.metrics.intervals import clopper_pearson, rate_of
from cvfast.metrics.verification import (
    best_threshold,
    cmc,
    open_set,
    rank_k,
    ranks_of,
    resample_people,
    roc,
    ten_fold,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score, roc_curve

PAIRS = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=2, max_size=60).filter(
    lambda pairs: len({same for _, same in pairs}) == 2
)


def _scores(seed, count, steps):
    random = np.random.default_rng(seed)
    same = np.arange(count) % 3 == 0
    values = np.where(same, 0.4, 1.0) + random.normal(0, 0.3, count)
    return (np.round(values * steps) / steps if steps else values), same


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("steps", [0, 4, 50])  # with few steps, many pairs tie
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_curve_is_scikit_learns(seed, steps, dtype):
    values, same = _scores(seed, 900, steps)
    values = values.astype(dtype)
    far, tar, thresholds = roc_curve(same, -values, drop_intermediate=False)

    curve = roc(values, same)

    np.testing.assert_array_equal(curve.far, far)
    np.testing.assert_array_equal(curve.tar, tar)
    np.testing.assert_array_equal(curve.thresholds, -thresholds)
    assert curve.auc == pytest.approx(roc_auc_score(same, -values), abs=1e-12)


@given(PAIRS)
@settings(deadline=None)
def test_auc_is_a_probability_and_the_rates_rise(pairs):
    values, same = np.array([value for value, _ in pairs]), np.array([s for _, s in pairs])
    nearer = values[same][:, None] - values[~same]

    curve = roc(values, same)

    assert curve.auc == pytest.approx(np.mean((nearer < 0) + 0.5 * (nearer == 0)), abs=1e-12)
    assert (np.diff(curve.far) >= 0).all()
    assert (np.diff(curve.tar) >= 0).all()
    assert (curve.far[0], curve.tar[0], curve.far[-1], curve.tar[-1]) == (0, 0, 1, 1)
    for threshold, far, tar in zip(curve.thresholds, curve.far, curve.tar, strict=True):
        assert far == (values[~same] <= threshold).mean()
        assert tar == (values[same] <= threshold).mean()
    assert 0 <= curve.eer <= 1
    swapped = roc(-values, ~same)  # the same judge with the kinds exchanged
    assert swapped.eer == pytest.approx(curve.eer, abs=1e-12)


def test_equal_error_by_hand():
    # Points (0, 0) (0, 1/2) (1/2, 1/2) (1/2, 1) (1, 1): far = 1 - tar on the level part.
    assert roc([1, 2, 3, 4], [True, False, True, False]).eer == 0.5
    # (0, 0) (0, 2/3) (1/4, 2/3) (1/2, 1): the line from (1/4, 2/3) to (1/2, 1) starts at far < frr
    # and they meet where 1/4 + t/4 = 1/3 - t/3, t = 1/7.
    curve = roc([1, 2, 3, 4, 4, 5, 5], [True, True, False, True, False, False, False])
    assert curve.eer == pytest.approx(1 / 4 + 1 / 28)
    assert roc([1, 1], [True, False]).eer == 0.5
    assert roc([2, 1], [True, False]).eer == 1


@pytest.mark.parametrize(("hits", "total"), [(0, 7), (7, 7), (3, 11), (1, 3000), (2999, 3000)])
def test_intervals_are_scipys_exact_ones(hits, total):
    wanted = binomtest(hits, total).proportion_ci(confidence_level=0.95, method="exact")

    assert clopper_pearson(hits, total) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_intervals_of_nothing_and_of_nonsense():
    assert clopper_pearson(0, 0) == (0, 1)
    nothing = rate_of(0, 0)
    assert (nothing.value, nothing.low, str(nothing)) == (None, None, "-")
    assert nothing.record()["note"] == "nothing to count"
    with pytest.raises(ValueError, match="hits: expected a number from 0 to 3, got 4"):
        clopper_pearson(4, 3)


def test_a_rate_is_told_only_where_it_was_measured():
    same = np.arange(1100) < 100
    curve = roc(np.arange(1100) / 1100, same)  # 1000 pairs of different people

    well, hardly, never = curve.tar_at(0.01), curve.tar_at(0.001), curve.tar_at(0.0001)

    assert (well.value, well.note) == (1.0, "")
    assert (hardly.value, hardly.total) == (1.0, 100)
    assert hardly.note.endswith("10000 would measure a rate of 0.001 well")
    assert (never.value, never.low, never.high) == (None, None, None)
    assert never.note.endswith("a rate of 0.0001 needs at least 10000")
    assert curve.at_far(0.0001).threshold is None


def test_the_threshold_for_a_rate():
    values, same = _scores(0, 3000, 30)
    curve = roc(values, same)
    for far in (0.1, 0.01, 0.03):
        found = curve.at_far(far)
        assert found.far.value == (values[~same] <= found.threshold).mean() <= far
        assert found.tar.value == (values[same] <= found.threshold).mean()
        higher = values[values > found.threshold].min()
        assert (values[~same] <= higher).mean() > far
        wanted = binomtest(found.far.hits, found.far.total).proportion_ci(method="exact")
        assert (found.far.low, found.far.high) == pytest.approx((wanted.low, wanted.high))
        again = curve.at_threshold(found.threshold)
        assert (again.far.hits, again.tar.hits) == (found.far.hits, found.tar.hits)
    assert curve.at_threshold(-9).far.hits == 0
    assert curve.at_threshold(np.inf).tar.value == 1


def test_a_rate_of_exactly_one_pair_in_so_many():
    for count in (10, 30, 70, 1000):
        curve = roc(np.arange(count + 1), np.arange(count + 1) == 1)
        assert curve.at_far(1 / count).far.hits == 1


@pytest.mark.parametrize(
    ("distances", "same", "said"),
    [
        ([1, 2], [True], "same: expected one a distance"),
        ([1, 2], [1, 0], "same: expected true or false"),
        ([1, np.nan], [True, False], "distances: expected finite numbers"),
        ([1, 2], [True, True], "same: expected pairs of one person and of different people, got 2"),
        ([], np.zeros(0, bool), "same: expected pairs of one person"),
    ],
)
def test_what_is_no_set_of_pairs(distances, same, said):
    with pytest.raises(ValueError, match=said):
        roc(distances, same)


@pytest.mark.parametrize("far", [0, -0.1, 1.1, np.nan])
def test_rates_out_of_range(far):
    with pytest.raises(ValueError, match="far: expected a number in"):
        roc([1, 2], [True, False]).tar_at(far)
    with pytest.raises(ValueError, match="threshold: expected a number, got nan"):
        roc([1, 2], [True, False]).at_threshold(np.nan)


def test_people_vary_more_than_pairs():
    random = np.random.default_rng(5)
    people, faces = 25, 8
    who = np.repeat(np.arange(people), faces)
    spread = random.uniform(0.1, 1.4, people)  # some people are easy, some are hard
    one, other = np.triu_indices(len(who), 1)
    same = who[one] == who[other]
    values = np.where(same, spread[who[one]], 1) + random.normal(0, 0.2, len(one))

    found = resample_people(values, same, who[one], who[other], fars=[0.1], resamples=200)

    curve = roc(values, same)
    assert found.people == people
    assert found.auc[0] < curve.auc < found.auc[1]
    assert found.eer[0] < curve.eer < found.eer[1]
    rate = curve.tar_at(0.1)
    assert found.tar[0.1][0] < rate.value < found.tar[0.1][1]
    assert found.tar[0.1][1] - found.tar[0.1][0] > 2 * (rate.high - rate.low)
    again = resample_people(values, same, who[one], who[other], fars=[0.1], resamples=200)
    other_seed = resample_people(values, same, who[one], who[other], resamples=200, seed=1)
    assert again == found
    assert other_seed.auc != found.auc


def test_too_few_people_to_draw_from():
    who = list(range(9))
    first, second = [*who, *who[1:]], [*who, *who[:-1]]
    same = [a == b for a, b in zip(first, second, strict=True)]
    assert resample_people(np.arange(17), same, first, second) is None
    alone = [0] * 10  # of all pairs of one person, and of ten people, seldom one kind is missing
    found = resample_people(
        [*alone, *range(1, 10)],
        [True] * 10 + [False] * 9,
        [*range(10), *[0] * 9],
        [*range(10), *range(1, 10)],
        resamples=20,
    )
    assert found is not None
    assert found.auc == (1, 1)
    with pytest.raises(ValueError, match="expected people a pair that agree with same"):
        resample_people([0.1, 0.9], [True, False], ["a", "a"], ["b", "b"])


def test_the_best_threshold_by_trying_all():
    for seed in range(20):
        random = np.random.default_rng(seed)
        values, same = random.integers(0, 9, 30), random.random(30) < 0.5
        tried = [-1, *np.arange(0, 9.5, 0.5)]
        best = max(np.mean((values <= t) == same) for t in tried)
        assert np.mean((values <= best_threshold(values, same)) == same) == best


def test_folds_by_hand():
    # Without fold 0 the best threshold is 2.5, without fold 1 it is 4.5.
    values = [4, 5, 4, 5, 2, 3, 2, 3]
    same = [True, False] * 4
    fold = [0] * 4 + [1] * 4

    found = ten_fold(values, same, fold)

    assert found.thresholds.tolist() == [2.5, 4.5]
    assert found.accuracies.tolist() == [0.5, 0.5]
    assert (found.mean, found.std) == (0.5, 0)
    mixed = ten_fold([*values, 1], [*same, True], [*fold, 2])
    assert mixed.accuracies[2] == 1
    assert mixed.std == pytest.approx(np.std(mixed.accuracies, ddof=1))
    assert mixed.standard_error == pytest.approx(mixed.std / np.sqrt(3))


@pytest.mark.parametrize(
    ("fold", "said"), [([0, 0], "two folds or more"), ([0.5, 1], "whole number"), ([0], "whole")]
)
def test_what_is_no_set_of_folds(fold, said):
    with pytest.raises(ValueError, match=said):
        ten_fold([1, 2], [True, False], fold)


def test_ranks_by_hand():
    gallery = ["ann", "bob", "ann", "cy"]
    far = [
        [0.9, 0.2, 0.1, 0.5],  # ann, by her second picture
        [0.3, 0.4, 0.8, 0.6],  # bob, after ann
        [0.7, 0.2, 0.9, 0.2],  # cy, level with bob: no recognition
    ]
    who = ["ann", "bob", "cy"]

    assert ranks_of(far, gallery, who).tolist() == [1, 2, 2]
    found = rank_k(far, gallery, who, (1, 2))
    assert {k: rate.hits for k, rate in found.items()} == {1: 1, 2: 3}
    assert (found[1].low, found[1].high) == pytest.approx(clopper_pearson(1, 3))
    assert cmc([1, 2, 2], 3) == pytest.approx([1 / 3, 1, 1])
    with pytest.raises(ValueError, match="got 'dan'; strangers are judged by open_set"):
        ranks_of(far, gallery, ["ann", "bob", "dan"])
    with pytest.raises(ValueError, match=r"expected shape \(probes, gallery\) \(3, 4\)"):
        ranks_of(np.zeros((4, 3)), gallery, who)
    with pytest.raises(ValueError, match="ks: expected ranks from 1 on, got 0"):
        rank_k(far, gallery, who, (0, 1))


@pytest.mark.parametrize("share", [0.05, 0.1, 0.5, 1.0])
def test_strangers_by_trying_all_thresholds(share):
    random = np.random.default_rng(3)
    gallery = list(range(10))
    who = [*(n % 10 for n in range(100)), *([99] * 40)]
    far = random.uniform(0.3, 1, (140, 10))
    far[np.arange(100), who[:100]] -= random.uniform(0, 0.6, 100)

    found = open_set(far, gallery, who, share)

    best = 0
    for threshold in np.unique(far):
        if (far[100:].min(axis=1) <= threshold).mean() <= share:
            named = (far[:100].argmin(axis=1) == who[:100]) & (far[:100].min(axis=1) <= threshold)
            best = max(best, named.sum())
    assert found.detected.hits == best
    assert found.false_alarms.value <= share
    assert found.detected.total == 100
    assert found.false_alarms.total == 40


def test_too_few_strangers():
    found = open_set([[0.1, 0.5], [0.7, 0.6]], ["ann", "bob"], ["ann", "dan"], 0.1)
    assert found.threshold is None
    assert found.detected.value is None
    assert found.detected.note == "1 probes of strangers; a rate of 0.1 needs at least 10"
    with pytest.raises(ValueError, match="false_alarms: expected a number in"):
        open_set([[0.1]], ["ann"], ["ann"], 0)
