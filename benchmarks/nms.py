"""Overlapping boxes: nms, batched_nms, soft_nms and iou against those that people use.

The boxes, float32, come from numpy.random.default_rng(n), scores are uniform in [0, 1):

- dense: max(5, n / 100) objects, their centres uniform in a square of 200 px times the root of
  their number; each box round one of them, its centre off by a normal 4 px along each axis and its
  sides uniform in [40, 60).
- sparse: centres uniform in a square of 120 px times the root of n, sides uniform in [20, 80).

Peers that want float64 or lists get them before the clock starts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import cvfast
import numpy as np
from numpy.typing import NDArray

from benchmarks.case import Case, Limit, Run, Target
from benchmarks.peer import ChildPeer

__all__ = ["cases"]

IOU, SIGMA, LEAST = 0.5, 0.5, 1e-3
Boxes = NDArray[np.float32]


def cases(quick: bool, threads: int) -> Iterator[Case]:
    """Yield the cases of this family."""
    for n in (100, 1000) if quick else (100, 1000, 10_000, 100_000):
        for kind in ("dense", "sparse"):
            yield _nms(kind, n)
    for n in (1000,) if quick else (1000, 10_000):
        yield _batched(n)
    for n in (100,) if quick else (100, 1000, 3000):
        for kind in ("dense", "sparse"):
            yield _soft(kind, n)
    yield _iou(100 if quick else 1000)


def make(kind: str, n: int) -> tuple[Boxes, NDArray[np.float32]]:
    """Return boxes and scores, as the head of this file says."""
    rng = np.random.default_rng(n)
    if kind == "dense":
        objects = max(5, n // 100)
        places = rng.uniform(0, 200 * np.sqrt(objects), (objects, 2))
        centers = places[rng.integers(0, objects, n)] + rng.normal(0, 4, (n, 2))
        sides = rng.uniform(40, 60, (n, 2))
    else:
        centers, sides = rng.uniform(0, 120 * np.sqrt(n), (n, 2)), rng.uniform(20, 80, (n, 2))
    boxes = np.concatenate([centers - sides / 2, centers + sides / 2], axis=1)
    return boxes.astype(np.float32), rng.random(n).astype(np.float32)


def _nms(kind: str, n: int) -> Case:
    import cv2
    import lsnms
    import powerboxes

    boxes, scores = make(kind, n)
    wide, wide_scores = boxes.astype(np.float64), scores.astype(np.float64)
    runs: dict[str, Run] = {
        "cvfast": lambda: cvfast.nms(boxes, scores, IOU),
        "lsnms": lambda: lsnms.nms(wide, wide_scores, iou_threshold=IOU, score_threshold=0.0),
        "argsort": lambda: np.argsort(scores),
    }
    if (kind, n) != ("sparse", 100_000):  # half a minute a call
        runs["torchvision"] = ChildPeer("torchvision", "nms", boxes=boxes, scores=scores, iou=IOU)
    if n <= 10_000:
        rectangles, values = _rectangles(boxes), scores.tolist()
        runs["powerboxes"] = lambda: powerboxes.nms(wide, wide_scores, IOU, 0.0)
        runs["numpy loop"] = lambda: _numpy_nms(boxes, scores)
        runs["cv2, whole numbers"] = lambda: cv2.dnn.NMSBoxes(rectangles, values, 0.0, IOU)
    targets: list[Target] = []
    if n >= 10_000:
        targets.append(Target("lsnms", 8.0))
        targets += [Target("torchvision", 40.0)] if "torchvision" in runs else []
    elif kind == "sparse" and n == 1000:
        targets += [Target("lsnms", 8.0), Target("torchvision", 25.0)]
    if n == 100 or (n == 1000 and kind == "dense"):
        targets.append(Target("powerboxes", 1.0 if n == 100 else 1.5))
    return Case(
        family="nms",
        name=f"nms {kind} {n}",
        runs=runs,
        agree=_same_indices({"argsort", "cv2, whole numbers"}, ordered={"torchvision"}),
        targets=tuple(targets),
        limits=(Limit("argsort", 20.0 if (kind, n) == ("sparse", 100_000) else None),),
    )


def _batched(n: int) -> Case:
    boxes, scores = make("dense", n)
    classes = np.random.default_rng(n + 1).integers(0, 80, n)
    return Case(
        family="nms",
        name=f"batched_nms dense {n}, 80 classes",
        runs={
            "cvfast": lambda: cvfast.batched_nms(boxes, scores, classes, IOU),
            "torchvision": ChildPeer(
                "torchvision", "batched_nms", boxes=boxes, scores=scores, classes=classes, iou=IOU
            ),
            "argsort": lambda: np.argsort(scores),
        },
        agree=_same_indices({"argsort"}, ordered=set()),  # it leaves ties in any order
        targets=(Target("torchvision", 8.0),) if n == 10_000 else (),
        limits=(Limit("argsort"),),
    )


def _soft(kind: str, n: int) -> Case:
    import cv2
    import ensemble_boxes

    boxes, scores = make(kind, n)
    rectangles, values = _rectangles(boxes), scores.tolist()
    whole = np.array([(x, y, x + w, y + h) for x, y, w, h in rectangles], np.float32)
    side = float(whole.max()) + 1
    unit = [np.clip(whole.astype(np.float64) / side, 0, 1)]
    labels, several = [np.zeros(n)], [scores.astype(np.float64)]
    gaussian = cv2.dnn.SoftNMSMethod_SOFTNMS_GAUSSIAN

    def check(outputs: Mapping[str, Any]) -> str:
        kept, lowered = outputs["cvfast"]
        others, indices = outputs["cv2"]
        assert kept.tolist() == np.ravel(indices).tolist(), "cv2 selects other boxes"
        error = float(np.abs(np.ravel(others) / lowered - 1).max())
        assert error <= 1e-5, f"scores of cv2 differ by {error:.1e}"
        return f"cv2's boxes, scores within {error:.0e}"

    runs: dict[str, Run] = {
        "cvfast": lambda: cvfast.soft_nms(whole, scores, sigma=SIGMA, score_threshold=LEAST),
        "cv2": lambda: cv2.dnn.softNMSBoxes(
            rectangles, values, LEAST, IOU, sigma=SIGMA, method=gaussian
        ),
    }
    if n <= 1000:
        runs["ensemble-boxes"] = lambda: ensemble_boxes.soft_nms(
            unit, several, labels, method=2, iou_thr=IOU, sigma=SIGMA, thresh=LEAST
        )
    return Case(
        family="nms",
        name=f"soft_nms {kind} {n}",
        runs=runs,
        agree=check,
        targets=(Target("cv2", 10.0),) if n == 1000 else (),
    )


def _iou(n: int) -> Case:
    import powerboxes

    boxes, _ = make("dense", n)
    wide = boxes.astype(np.float64)

    def check(outputs: Mapping[str, Any]) -> str:
        ours = outputs["cvfast"]
        error = float(np.abs(1 - outputs["powerboxes"] - ours).max())
        assert np.array_equal(ours, outputs["numpy"]), "numpy in float32 differs"
        assert error < 1e-4, f"powerboxes in float64 differs by {error:.1e}"
        return f"numpy's bits; powerboxes in float64 within {error:.0e}"

    return Case(
        family="nms",
        name=f"iou {n} x {n}",
        runs={
            "cvfast": lambda: cvfast.iou(boxes, boxes),
            "numpy": lambda: _numpy_iou(boxes, boxes),
            "powerboxes": lambda: powerboxes.iou_distance(wide, wide),
        },
        agree=check,
    )


def _rectangles(boxes: Boxes) -> list[tuple[int, int, int, int]]:
    """Return x, y, width, height in whole numbers, all that cv2's binding takes."""
    corners = np.rint(boxes).astype(int).tolist()
    return [(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in corners]


def _same_indices(without: set[str], ordered: set[str]) -> Callable[[Mapping[str, Any]], str]:
    """Return a check: the same boxes, and for some also in the same order."""

    def check(outputs: Mapping[str, Any]) -> str:
        ours = outputs["cvfast"]
        for name, output in outputs.items():
            if name in without or name == "cvfast":
                continue
            other = np.asarray(output)
            if name not in ordered:
                # float64 may see an overlap on the other side of the threshold.
                differ = len(np.setxor1d(ours, other))
                assert differ <= max(1, len(ours) // 1000), f"{name}: {differ} other boxes"
            else:
                assert np.array_equal(ours, other), f"{name} keeps other boxes"
        return "torchvision's indices" if "torchvision" in outputs else "the same boxes"

    return check


def _numpy_iou(a: Boxes, b: Boxes) -> Boxes:
    inter = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    np.maximum(inter, 0, out=inter)
    shared = inter[..., 0] * inter[..., 1]
    area_a = (a[:, 2] - a[:, 0]) * (a[:, 3] - a[:, 1])
    area_b = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    overlaps: Boxes = shared / (area_a[:, None] + area_b[None] - shared)
    return overlaps


def _numpy_nms(boxes: Boxes, scores: NDArray[np.float32]) -> NDArray[np.int64]:
    order = np.argsort(-scores, kind="stable")
    kept = []
    while order.size:
        kept.append(order[0])
        order = order[1:][_numpy_iou(boxes[order[:1]], boxes[order[1:]])[0] <= IOU]
    return np.array(kept, np.int64)
