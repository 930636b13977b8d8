"""Matching and AP against pycocotools on the same boxes."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest
from cvfast.metrics.detection import THRESHOLDS
from cvfast.metrics.matching import match
from cvfast.metrics.precision import average_precision, curve
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

_FAR = 1e11  # an area beyond COCO's range: how it ignores a face that is no crowd


def _world(seed: int, *, whole: bool) -> list[tuple[np.ndarray, ...]]:
    """Pictures with boxes near faces; whole numbers make ties of scores and of overlaps."""
    random = np.random.default_rng(seed)
    pictures = []
    for _ in range(random.integers(1, 10)):
        faces, found = random.integers(0, 8), random.integers(0, 14)
        corner = random.integers(0, 60, (faces, 2)).astype(float)
        truth = np.hstack([corner, corner + random.integers(4, 40, (faces, 2))])
        near = (
            truth[random.integers(0, faces, found)]
            if faces
            else np.tile([0, 0, 9, 9.0], (found, 1))
        )
        boxes = near + random.integers(-4, 5, (found, 4))
        scores = random.integers(0, 6, found) / 5
        if not whole:
            boxes, scores = near + random.normal(0, 2, (found, 4)), random.random(found)
        boxes[:, 2:] = np.maximum(boxes[:, 2:], boxes[:, :2] + 1)
        flags = random.random((2, faces)) < [[0.2], [0.15]]
        pictures.append((boxes, scores, truth, *flags))
    return pictures


def _sides(box: np.ndarray) -> list[float]:
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def _peer(pictures: list[tuple[np.ndarray, ...]]) -> np.ndarray:
    faces, found = [], []
    for number, (boxes, scores, truth, ignore, crowd) in enumerate(pictures, 1):
        for box, spare, many in zip(truth, ignore, crowd, strict=True):
            sides = _sides(box)
            area = _FAR if spare else sides[2] * sides[3]
            faces.append({"id": len(faces) + 1, "image_id": number, "category_id": 1,
                          "bbox": sides, "area": area, "iscrowd": int(many)})  # fmt: skip
        for box, score in zip(boxes, scores, strict=True):
            found.append({"image_id": number, "category_id": 1, "bbox": _sides(box),
                          "score": float(score)})  # fmt: skip
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        images = [{"id": number + 1} for number in range(len(pictures))]
        truth.dataset = {"images": images, "annotations": faces, "categories": [{"id": 1}]}
        truth.createIndex()
        peer = COCOeval(truth, truth.loadRes(found), "bbox")
        peer.params.iouThrs, peer.params.maxDets = np.array(THRESHOLDS), [100]
        peer.params.areaRng, peer.params.areaRngLbl = [[0, 1e10]], ["all"]
        peer.evaluate()
        peer.accumulate()
    precision = peer.eval["precision"][:, :, 0, 0, 0].mean(axis=1)
    return np.where(precision < 0, np.nan, precision)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("seed", range(30))
def test_ap_is_pycocotools(seed: int, whole: bool) -> None:
    pictures = _world(seed, whole=whole)
    matches = [
        match(boxes, scores, truth, thresholds=THRESHOLDS, ignore=ignore, crowd=crowd)
        for boxes, scores, truth, ignore, crowd in pictures
    ]
    ours = [average_precision(curve(matches, row)) for row in range(len(THRESHOLDS))]
    assert sum(len(boxes) for boxes, *_ in pictures)
    np.testing.assert_allclose(ours, _peer(pictures), rtol=0, atol=1e-12)


def test_more_than_a_hundred_detections_are_cut_as_in_coco() -> None:
    boxes = np.tile([0.0, 0, 4, 4], (150, 1))
    assert match(boxes, np.ones(150), boxes[:1], thresholds=[0.5]).face.shape == (1, 100)
    assert match(boxes, np.ones(150), boxes[:1], thresholds=[0.5], most=None).face.shape == (1, 150)


def test_a_face_is_found_once() -> None:
    found = match([[0, 0, 4, 4]] * 3, [0.2, 0.9, 0.5], [[0, 0, 4, 4]], thresholds=[0.5])
    assert found.face.tolist() == [[0, -1, -1]]
    assert found.scores.tolist() == [0.9, 0.5, 0.2]


def test_nothing_found_and_nothing_there() -> None:
    nothing = match([], [], [], thresholds=[0.5])
    assert np.isnan(average_precision(curve([nothing])))
    missed = match([], [], [[0, 0, 1, 1]], thresholds=[0.5])
    assert average_precision(curve([missed])) == 0
    assert average_precision(curve([missed]), continuous=True) == 0


def test_boxes_without_area_match_nothing() -> None:
    found = match([[2, 2, 2, 2]], [0.9], [[0, 0, 4, 4]], thresholds=[0.3])
    assert found.face.tolist() == [[-1]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"scores": [np.nan]}, "scores: expected 1 finite numbers"),
        ({"scores": [0.1, 0.2]}, "scores: expected 1 finite numbers, got 2"),
        ({"boxes": [[0, 0, 1]]}, r"boxes: expected shape \(N, 4\)"),
        ({"faces": [[0, 0, np.inf, 4]]}, "finite"),
        ({"ignore": [True, False]}, "ignore: expected 1 flags, one a face, got 2"),
    ],
)
def test_bad_input(change: dict, message: str) -> None:
    given = {"boxes": [[0, 0, 4, 4]], "scores": [0.5], "faces": [[0, 0, 4, 4]], "ignore": [False]}
    given |= change
    with pytest.raises(ValueError, match=message):
        match(
            given["boxes"],
            given["scores"],
            given["faces"],
            thresholds=[0.5],
            ignore=given["ignore"],
        )
