"""Boosting stumps on all upright Haar features, against scikit-image and scikit-learn.

  python -m benchmarks.boost             minutes; writes results/boost.json
  python -m benchmarks.boost --quick     a window of 12 x 12, seconds; writes nothing

200 patches (lfw_subset at 24 x 24), all 162,336 features, 50 rounds of discrete AdaBoost. Ours:
feature list, integral images, orders and rounds, the whole of it each time. The peer: the
features by skimage.feature.haar_like_feature, then sklearn's AdaBoostClassifier of stumps (one
thread: it has no other). The peer would take minutes, so of its extraction every 10th patch is
timed, and of its rounds (on our values) two; both are then multiplied.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from cvfast.kernels.boost import FeatureBank, Features, haar_features
from cvfast.training.samples import resized
from cvfast.training.stage import Stage, train_stage
from numpy.typing import NDArray

from benchmarks.machine import describe
from benchmarks.program import RESULTS

ROUNDS, TIMED_ROUNDS, EVERY = 50, 2, 10
LEAST = 100.0  # times the peer
Values = NDArray[np.float32]


def patches(side: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return 200 patches and their labels."""
    import skimage.data

    pictures = np.rint(skimage.data.lfw_subset() * 255).astype(np.uint8)
    return np.stack([resized(one, (side, side)) for one in pictures]), np.repeat([1, -1], 100)


def ours(pixels: NDArray[np.uint8], labels: NDArray[np.int64], threads: int) -> Stage:
    """Boost from pixels on."""
    side = pixels.shape[1]
    return boosted(FeatureBank(pixels, haar_features((side, side)), threads=threads), labels)


def boosted(bank: FeatureBank, labels: NDArray[np.int64], rounds: int = ROUNDS) -> Stage:
    """Boost so many rounds, whatever the rates."""
    return train_stage(
        bank, labels, boost="discrete", hit_rate=1.0, false_alarm=-1.0, max_weak=rounds
    )


def peer_places(side: int) -> tuple[Any, Any]:
    """Return scikit-image's features, listed once for all patches."""
    from skimage.feature import haar_like_feature_coord

    return haar_like_feature_coord(side, side)


def peer_features(pixels: NDArray[np.uint8], places: tuple[Any, Any]) -> Values:
    """Return scikit-image's values, (patches, features)."""
    from skimage.feature import haar_like_feature
    from skimage.transform import integral_image

    side, (coordinates, kinds) = pixels.shape[1], places
    return np.stack(
        [
            haar_like_feature(
                integral_image(p), 0, 0, side, side, feature_type=kinds, feature_coord=coordinates
            )
            for p in pixels
        ]
    )


def peer_fit(values: Any, labels: NDArray[np.int64], rounds: int) -> Any:
    """Fit scikit-learn's discrete AdaBoost of stumps."""
    from sklearn.ensemble import AdaBoostClassifier
    from sklearn.tree import DecisionTreeClassifier

    stump = DecisionTreeClassifier(max_depth=1)
    return AdaBoostClassifier(stump, n_estimators=rounds, random_state=0).fit(values, labels)


def agreement(pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> str:
    """Compare training errors on the same values; sklearn's stumps lessen Gini impurity."""
    side = pixels.shape[1]
    every: Features = haar_features((side, side))
    features = every.take(np.arange(0, len(every), 40))
    bank = FeatureBank(pixels, features)
    stage = boosted(bank, labels, 20)
    values = bank.values(np.arange(len(features))).T
    theirs = peer_fit(values, labels, 20)
    own = [one.strong_error for one in stage.rounds]
    other = [float(np.mean(said != labels)) for said in theirs.staged_predict(values)]
    apart = abs(own[-1] - other[-1])
    assert stage.rounds[0].weak_error <= theirs.estimator_errors_[0] + 1e-6
    assert apart <= 0.02, f"training errors after 20 rounds differ by {apart:.3f}"
    first = f"{stage.rounds[0].weak_error:.4f} and {theirs.estimator_errors_[0]:.4f}"
    return f"first weighted error {first}, error after 20 rounds {own[-1]:.3f} and {other[-1]:.3f}"


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Return seconds and the result."""
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="seconds: does it still run?")
    parser.add_argument("--output", type=Path, help="instead of benchmarks/results/boost.json")
    given = parser.parse_args()
    pixels, labels = patches(12 if given.quick else 24)
    agreed = agreement(pixels, labels)
    times = {
        f"cvfast, {threads} thread{'s' if threads > 1 else ''}": min(
            timed(lambda threads=threads: ours(pixels, labels, threads))[0] for _ in range(3)
        )
        for threads in (1, 2)
    }
    listed, places = timed(lambda: peer_places(pixels.shape[1]))
    extract, _ = timed(lambda: peer_features(pixels[::EVERY], places))
    bank = FeatureBank(pixels, haar_features(pixels.shape[1:]), memory=0)
    values = np.ascontiguousarray(bank.values(np.arange(len(bank.features))).T)
    fit, _ = timed(lambda: peer_fit(values, labels, TIMED_ROUNDS))
    times["scikit-image, extraction"] = listed + extract * EVERY
    times["scikit-learn, 50 rounds"] = fit * ROUNDS / TIMED_ROUNDS
    peer = times["scikit-image, extraction"] + times["scikit-learn, 50 rounds"]
    ratios = {name: round(peer / s, 1) for name, s in times.items() if name.startswith("cvfast")}
    record = {
        "machine": describe() | {"command": "python -m benchmarks.boost"},
        "patches": len(pixels),
        "features": len(haar_features(pixels.shape[1:])),
        "seconds": {name: round(seconds, 3) for name, seconds in times.items()},
        "times_the_peer": ratios,
        "asked": LEAST,
        "agreement": agreed,
    }
    print(json.dumps({k: v for k, v in record.items() if k != "machine"}, indent=1))
    path = given.output or (None if given.quick else RESULTS / "boost.json")
    if path is not None:
        path.write_text(json.dumps(record, indent=1) + "\n")
    return int(not given.quick and max(ratios.values()) < LEAST)


if __name__ == "__main__":
    raise SystemExit(main())
