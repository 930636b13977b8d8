from __future__ import annotations

import itertools

import numpy as np
import pytest
from cvfast.kernels.nms import iou
from cvfast.metrics.annotations import Annotated
from cvfast.metrics.detection import judge
from cvfast.metrics.facets import facets
from cvfast.metrics.jsonlines import Detected
from cvfast.metrics.matching import match
from cvfast.metrics.precision import average_precision, curve
from cvfast.metrics.rates import fddb_rates, froc, rate_at


def _pictures(seed: int, count: int = 4) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    random = np.random.default_rng(seed)
    pictures = []
    for _ in range(count):
        corner = random.uniform(0, 30, (random.integers(0, 4), 2))
        truth = np.hstack([corner, corner + random.uniform(5, 20, (len(corner), 2))])
        found = random.integers(0, 5)
        corner = random.uniform(0, 30, (found, 2))
        boxes = np.hstack([corner, corner + random.uniform(5, 20, (found, 2))])
        boxes[: len(truth)] = truth[:found] + random.normal(0, 1, (min(found, len(truth)), 4))
        pictures.append((boxes, random.integers(0, 5, found) / 4, truth))
    return pictures


def test_froc_counts_by_hand() -> None:
    faces = [[0, 0, 10, 10], [20, 0, 30, 10], [40, 0, 50, 10]]
    boxes = [[0, 0, 10, 10], [20, 0, 30, 10], [60, 0, 70, 10], [80, 0, 90, 10]]
    rates = froc(curve([match(boxes, [0.9, 0.5, 0.5, 0.4], faces, thresholds=[0.5])]))
    assert rates.scores.tolist() == [0.9, 0.5, 0.4]
    assert rates.false.tolist() == [0, 1, 2]
    np.testing.assert_allclose(rates.rate, [1 / 3, 2 / 3, 2 / 3])
    assert [rate_at(rates, count) for count in (0, 1, 99)] == pytest.approx([1 / 3, 2 / 3, 2 / 3])


def test_a_rate_without_detections_is_zero() -> None:
    rates = froc(curve([match([], [], [[0, 0, 1, 1]], thresholds=[0.5])]))
    assert rate_at(rates, 10) == 0


def test_the_whole_area() -> None:
    faces = [[0, 0, 10, 10], [20, 0, 30, 10]]
    boxes = [[0, 0, 10, 10], [60, 0, 70, 10], [20, 0, 30, 10]]
    points = curve([match(boxes, [0.9, 0.8, 0.7], faces, thresholds=[0.5])])
    assert average_precision(points, continuous=True) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


@pytest.mark.parametrize("continuous", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_fddb_is_the_best_of_all_assignments(seed: int, continuous: bool) -> None:
    pictures = _pictures(seed)
    rates = fddb_rates(pictures, continuous=continuous)
    faces = sum(len(truth) for *_, truth in pictures)
    for number, score in enumerate(rates.scores):
        credit, false = 0.0, 0
        for boxes, scores, truth in pictures:
            shared = _best(iou(boxes[scores >= score], truth))
            credit += shared.sum() if continuous else (shared > 0.5).sum()
            false += (scores >= score).sum() - (shared > 0.5).sum()
        assert rates.rate[number] == pytest.approx(credit / faces)
        assert rates.false[number] == false


def _best(overlaps: np.ndarray) -> np.ndarray:
    """Try every way of giving detections to faces."""
    if overlaps.shape[0] > overlaps.shape[1]:
        overlaps = overlaps.T
    rows, columns = overlaps.shape
    ways = itertools.permutations(range(columns), rows)
    return max((overlaps[range(rows), list(way)] for way in ways), key=lambda one: one.sum())


def test_misses_are_grouped_by_what_is_known() -> None:
    boxes = [[0, 0, 30, 20], [0, 0, 90, 60], [0, 0, 5, 5], [0, 0, 500, 500]]
    facts = [
        {"yaw": -0.7, "light": "side", "occluded": 0.3},
        {"yaw": 0.1, "light": "front", "occluded": 0.0},
        {"yaw": 0.0, "light": "front", "occluded": 0.0},
        {"yaw": 0.0, "light": "front", "occluded": 0.0},
    ]
    picture = Annotated.of("a.jpg", boxes, [False, False, False, True], facts)
    found = {one.name: one.groups for one in facets([(picture, [False, True, True, False])])}
    told = {name: [(g.name, g.faces, g.missed) for g in groups] for name, groups in found.items()}
    assert told == {
        "size": [("under 20 px", 1, 0), ("20 to 40 px", 1, 1), ("80 to 160 px", 1, 0)],
        "yaw": [("under 15 deg", 2, 0), ("30 to 45 deg", 1, 1)],
        "light": [("front", 2, 0), ("side", 1, 1)],
        "occluded": [("under 1 %", 2, 0), ("25 to 50 %", 1, 1)],
    }


def test_a_name_for_each_face_makes_no_groups() -> None:
    facts = [{"name": f"face {number}"} for number in range(20)]
    picture = Annotated.of("a.jpg", [[0, 0, 9, 9]] * 20, None, facts)
    assert [one.name for one in facets([(picture, [True] * 20)])] == ["size"]


def test_a_higher_overlap_is_harder() -> None:
    pictures = _pictures(7, 40)
    truth = [Annotated.of(str(n), faces) for n, (_, _, faces) in enumerate(pictures)]
    found = [Detected(str(n), boxes, s) for n, (boxes, s, _) in enumerate(pictures)]
    judged = judge(truth, found)
    values = list(judged.average_precision.values())
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.3 > 0.01 > values[-1]
    assert judged.mean == pytest.approx(np.mean(values[4:]))
    assert judged.seconds is None
    assert sum(group.faces for group in judged.misses[0].groups) == sum(map(len, truth))


def test_ignored_faces_count_nowhere() -> None:
    boxes = np.array([[0.0, 0, 10, 10], [20, 0, 30, 10]])
    found = [Detected("a", boxes, np.array([0.9, 0.8]))]
    judged = judge([Annotated.of("a", boxes.tolist(), [False, True])], found)
    assert set(list(judged.average_precision.values())) == {1.0}
    assert judged.rates.false.tolist() == [0]
    assert judged.discrete.false.tolist() == [0]
    assert [group.faces for group in judged.misses[0].groups] == [1]


def test_other_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="found: expected the same pictures in the same order"):
        judge([Annotated.of("a", [])], [])
