"""Feature values, and the best cut of many, against plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast import _core
from cvfast.kernels.boost import MOST_PATCHES, FeatureBank, haar_features, lbp_features


@pytest.fixture
def patches() -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.integers(0, 256, (60, 9, 8), np.uint8)


def sums(patch: np.ndarray, rect: np.ndarray, tilted: bool) -> float:
    """Add the pixels of one rectangle, one by one."""
    x, y, w, h = rect.tolist()
    if not tilted:
        return float(patch[y : y + h, x : x + w].sum(dtype=np.int64))
    # A tilted rectangle w x h covers 2 w h pixels: for each step two neighbours along a diagonal.
    total = 0
    for i in range(w):
        for j in range(h):
            column, row = x + i - j, y + i + j
            total += int(patch[row, column - 1]) + int(patch[row + 1, column - 1])
    return float(total)


def haar_value(patch: np.ndarray, features, index: int) -> float:
    inner = patch[1:-1, 1:-1].astype(np.float64)
    scale = 1 / (inner.std() * inner.size)
    parts = zip(features.rects[index], features.weights[index], strict=True)
    return scale * sum(
        float(weight) * sums(patch, rect, bool(features.tilted[index]))
        for rect, weight in parts
        if weight
    )


def test_haar_values_are_the_sums_over_the_deviation(patches):
    features = haar_features((8, 9), "all")
    chosen = np.random.default_rng(0).choice(len(features), 300, replace=False)
    chosen = np.append(chosen, len(features) - 1 - np.arange(60))
    values = FeatureBank(patches, features, memory=0).values(chosen)
    expected = [[haar_value(p, features, i) for p in patches[:5]] for i in chosen]
    np.testing.assert_allclose(values[:, :5], expected, rtol=2e-6, atol=1e-6)


def test_lbp_codes_go_clockwise_from_the_upper_left(patches):
    features = lbp_features((8, 9))
    codes = FeatureBank(patches, features, memory=0).values(np.arange(len(features)))
    for i in range(0, len(features), 7):
        x, y, w, h = features.rects[i, 0].tolist()
        grid = patches[4, y : y + 3 * h, x : x + 3 * w].astype(int).reshape(3, h, 3, w).sum((1, 3))
        around = grid[[0, 0, 0, 1, 2, 2, 2, 1], [0, 1, 2, 2, 2, 1, 0, 0]]
        expected = int("".join("1" if v >= grid[1, 1] else "0" for v in around), 2)
        assert codes[i, 4] == expected


@pytest.mark.parametrize(("mode", "count"), [("basic", 162_336), ("core", 217_070 - 0)])
def test_all_features_of_a_window_are_listed(mode, count):
    features = haar_features((24, 24), mode)
    if mode == "basic":
        assert len(features) == count
    assert len(features) == len(np.unique(np.c_[features.rects.reshape(-1, 12)], axis=0))
    flat = FeatureBank(np.full((1, 24, 24), 9, np.uint8), features, memory=0)
    assert not flat.values(np.arange(0, len(features), 11)).any()


def brute_force(values, weights, labels, rule):
    """Return the least cost of any cut of any feature, in float64."""
    best = np.inf
    for row in values:
        for threshold in np.unique(row)[1:]:
            left = row < threshold
            if rule == "errors":
                wrong = weights[left == (labels > 0)].sum()
                cost = min(wrong, weights.sum() - wrong)
            else:
                cost = 0.0
                for side in (left, ~left):
                    mean = np.average(labels[side], weights=weights[side])
                    cost += (weights[side] * (labels[side] - mean) ** 2).sum()
            best = min(best, cost)
    return best


@pytest.mark.parametrize("rule", ["errors", "squares"])
@pytest.mark.parametrize("memory", [1 << 20, 500])
def test_the_best_cut_is_the_best_of_all(patches, rule, memory):
    features = haar_features((8, 9)).take(np.arange(0, 2000, 9))
    bank = FeatureBank(patches, features, memory=memory)
    rng = np.random.default_rng(1)
    labels = rng.choice([-1, 1], len(patches))
    weights = rng.random(len(patches))
    split = bank.best(weights, labels, rule=rule)
    values = bank.values(np.arange(len(features)))
    np.testing.assert_array_equal(split.left, values[split.feature] < split.threshold)
    own = brute_force(values[[split.feature]], weights, labels, rule)
    assert own == pytest.approx(brute_force(values, weights, labels, rule), rel=1e-6)
    chosen = split.left
    if rule == "errors":
        wrong = weights[chosen == (labels > 0)].sum()
        assert min(wrong, weights.sum() - wrong) == pytest.approx(own, rel=1e-6)


@pytest.mark.parametrize("rule", ["errors", "squares"])
def test_the_best_subset_of_codes(patches, rule):
    features = lbp_features((8, 9))
    bank = FeatureBank(patches, features)
    labels = np.where(patches[:, 4, 4] > 128, 1, -1)
    weights = np.random.default_rng(2).random(len(patches))
    split = bank.best(weights, labels, rule=rule)
    codes = bank.values([split.feature])[0].astype(int)
    np.testing.assert_array_equal(split.left, split.subset[codes])
    # Each code on its better side: no subset of this feature's codes can have fewer errors.
    signed = np.bincount(codes, weights * labels, 256)
    least = (weights.sum() - np.abs(signed).sum()) / 2
    if rule == "errors":
        wrong = weights[split.left == (labels > 0)].sum()
        assert wrong == pytest.approx(least, rel=1e-6)


def test_the_first_of_equal_features_wins_on_any_number_of_threads(patches):
    features = haar_features((8, 9))
    twice = features.take(np.r_[np.arange(500), np.arange(500)])
    labels = np.where(np.arange(60) < 30, 1, -1)
    serial = None
    try:
        _core.set_serial_threshold(0)
        for threads in (1, 2, 7):
            split = FeatureBank(patches, twice, threads=threads).best(np.ones(60), labels)
            assert split.feature < 500
            serial = serial or split.feature
            assert split.feature == serial
    finally:
        _core.set_serial_threshold(20_000)


def test_the_same_first_features_as_scikit_learn(patches):
    """Discrete AdaBoost (SAMME) on the same values: the same error curve."""
    from cvfast.training.stage import train_stage
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    features = haar_features((8, 9)).take(np.arange(0, 2400, 8))
    bank = FeatureBank(patches, features)
    labels = np.where(np.random.default_rng(5).random(60) < 0.5, 1, -1)
    stage = train_stage(bank, labels, boost="discrete", hit_rate=1.0, false_alarm=1e-9, max_weak=8)
    values = bank.values(np.arange(len(features))).T
    # Ours gives both kinds half of the weight.
    start = np.where(labels > 0, 0.5 / (labels > 0).sum(), 0.5 / (labels < 0).sum())
    peer = AdaBoostClassifier(DecisionTreeClassifier(max_depth=1, criterion="gini"), n_estimators=1)
    peer.fit(values, labels, sample_weight=start)
    assert stage.rounds[0].weak_error <= peer.estimator_errors_[0] + 1e-6
    errors = [one.weak_error for one in stage.rounds]
    assert all(0 < error < 0.5 for error in errors)
    assert stage.rounds[-1].strong_error < 0.2


def test_bad_input_is_named(patches):
    features = haar_features((8, 9))
    with pytest.raises(TypeError, match="patches: expected a uint8 array"):
        FeatureBank(patches.astype(np.float32), features)
    with pytest.raises(ValueError, match=r"patches: expected shape \(N, 9, 8\)"):
        FeatureBank(patches[:, 1:], features)
    outside = features.take([0])
    outside.rects[0, 0] = (5, 0, 6, 1)
    with pytest.raises(ValueError, match=r"rects\[0\]: expected rectangles inside"):
        FeatureBank(patches, outside)
    many = np.zeros((MOST_PATCHES + 1, 9, 8), np.uint8)
    with pytest.raises(ValueError, match="patches: expected at most 32767"):
        FeatureBank(many, features)
    unsearched = FeatureBank(many, features.take([0]), memory=0)
    with pytest.raises(ValueError, match="patches: expected at most 32767"):
        unsearched.best(np.ones(len(many)), np.ones(len(many)))
    bank = FeatureBank(patches, features)
    with pytest.raises(ValueError, match=r"features\[0\]: expected an index under"):
        bank.values([len(features)])
    with pytest.raises(ValueError, match="weights: expected shape"):
        bank.best(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match="weights: expected numbers of at least 0"):
        bank.best(np.full(60, np.nan), np.ones(60))
    with pytest.raises(ValueError, match="rule: expected errors or squares"):
        bank.best(np.ones(60), np.ones(60), rule="gini")
    assert bank.best(np.ones(60), np.ones(60)).feature == -1
    with pytest.raises(ValueError, match="mode: expected basic, core or all"):
        haar_features((8, 9), "every")
