from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
from pathlib import Path

import cvfast
import numpy as np
import pytest
from cvfast import _core, batched_nms, iou, nms, soft_nms
from hypothesis import given, settings
from hypothesis import strategies as st

GOLDEN = Path(__file__).parents[1] / "golden"


def _load_sets():
    spec = importlib.util.spec_from_file_location("nms_sets", GOLDEN / "nms_sets.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["nms_sets"] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


nms_sets = _load_sets()


def _random_boxes(seed, n, *, side=300.0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    corners, sides = rng.uniform(0, side, (n, 2)), rng.uniform(5, 60, (n, 2))
    return np.concatenate([corners, corners + sides], axis=1).astype(dtype), rng.permutation(
        n
    ).astype(dtype)


def _plain_iou(a, b):
    """Intersection over union in the given dtype, NaN for 0 / 0."""
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.clip(bottom_right - top_left, 0, None).prod(axis=2, dtype=a.dtype)
    area_a, area_b = (a[:, 2:] - a[:, :2]).prod(axis=1), (b[:, 2:] - b[:, :2]).prod(axis=1)
    with np.errstate(all="ignore"):
        return inter / (area_a[:, None] + area_b[None] - inter)


def _plain_nms(boxes, scores, threshold):
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        overlaps = _plain_iou(boxes[i : i + 1], boxes[kept])[0]
        if not (overlaps.astype(np.float64) > threshold).any():
            kept.append(i)
    return np.array(kept, np.int64)


def _plain_soft_nms(boxes, scores, decay, score_threshold):
    boxes, left = boxes.astype(np.float64), scores.astype(np.float64)
    overlaps = np.nan_to_num(_plain_iou(boxes, boxes))
    waiting = np.ones(len(left), bool)
    chosen, lowered = [], []
    while waiting.any():
        best = int(np.argmax(np.where(waiting, left, -1)))
        if left[best] < score_threshold:
            break
        waiting[best] = False
        chosen.append(best)
        lowered.append(left[best])
        left = np.where(waiting, left * decay(overlaps[best]), left)
    return np.array(chosen, np.int64), np.array(lowered)


def test_ten_thousand_sets_as_torchvision():
    golden = json.loads((GOLDEN / "nms.json").read_text(encoding="utf-8"))
    assert len(golden["nms"]) == nms_sets.SETS
    wrong, wrong_per_class = [], []
    for start in range(0, nms_sets.SETS, nms_sets.BLOCK):
        digest = hashlib.blake2b(digest_size=8)
        for index in range(start, start + nms_sets.BLOCK):
            item = nms_sets.make_set(index)
            digest.update(item.digest())
            kept = nms(item.boxes, item.scores, item.threshold)
            if nms_sets.shown(kept) != golden["nms"][index]:
                wrong.append(index)
            if index % 5 == 0:
                kept = batched_nms(item.boxes, item.scores, item.classes, item.threshold)
                if nms_sets.shown(kept) != golden["batched_nms"][index // 5]:
                    wrong_per_class.append(index)
        assert digest.hexdigest() == golden["inputs"][start // nms_sets.BLOCK], (
            f"sets from {start}: not the numbers that torchvision was given"
        )
    assert (wrong, wrong_per_class) == ([], [])


@pytest.mark.parametrize("n", [1, 15, 16, 17, 127, 128, 129, 191, 192, 193, 208, 500, 2500])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9])
def test_every_path_agrees_with_the_definition(n, threshold):
    for dtype in (np.float32, np.float64):
        boxes, scores = _random_boxes(n, n, side=40 * np.sqrt(n), dtype=dtype)
        assert nms(boxes, scores, threshold).tolist() == (
            _plain_nms(boxes, scores, threshold).tolist()
        )


def _thin(rng, n):
    sides = np.where(rng.random((n, 1)) < 0.5, [[400.0, 1.0]], [[1.0, 400.0]])
    return rng.uniform(0, 500, (n, 2)), sides * rng.uniform(1, 2, (n, 2))


def _all_scales(rng, n):
    scale = 10 ** rng.uniform(-12, 12, (n, 1))
    return rng.uniform(-1, 1, (n, 2)) * scale, rng.uniform(0, 1, (n, 2)) * scale


def _tiny(rng, n):  # areas near the smallest normal float32
    return rng.uniform(0, 4e-18, (n, 2)), rng.uniform(0, 1e-18, (n, 2))


def _giant_among_small(rng, n):
    sides = rng.uniform(1, 2, (n, 2))
    sides[n // 2] = 1e6
    return rng.uniform(0, 200, (n, 2)), sides


def _huge(rng, n):  # areas over the largest float32
    return rng.uniform(-1e30, 1e30, (n, 2)), rng.uniform(0, 1e29, (n, 2))


def _points(rng, n):
    return np.full((n, 2), 3.0), np.zeros((n, 2))


def _dense(rng, n):
    return rng.uniform(0, 0.5, (n, 2)), rng.uniform(1, 1.5, (n, 2))


@pytest.mark.parametrize(
    "make", [_thin, _all_scales, _tiny, _giant_among_small, _huge, _points, _dense]
)
@pytest.mark.parametrize("threshold", [0.0, 1e-7, 0.05, 0.5, 0.97, 1.0])
def test_odd_sizes_agree_with_the_definition(make, threshold):
    rng = np.random.default_rng(3)
    corners, sides = make(rng, 700)
    boxes = np.concatenate([corners, corners + sides], axis=1).astype(np.float32)
    scores = rng.permutation(700).astype(np.float64)
    with np.errstate(all="ignore"):
        want = _plain_nms(boxes, scores, threshold)
    assert nms(boxes, scores, threshold).tolist() == want.tolist()


@pytest.mark.parametrize("scores_dtype", [np.float32, np.float64])
def test_scores_are_ordered_in_their_own_dtype(scores_dtype):
    boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 4]], np.float32)
    scores = np.array([0.5, 0.5 + 2**-30], scores_dtype)  # a tie in float32
    assert nms(boxes, scores).tolist() == [0 if scores_dtype == np.float32 else 1]


def test_zeros_of_either_sign_tie():
    boxes = np.array([[0.0, 0, 1, 1], [2, 0, 3, 1], [4, 0, 5, 1]])
    assert nms(boxes, np.array([-0.0, 0.0, -1.0])).tolist() == [0, 1, 2]


def test_threshold_is_compared_in_float64():
    # float32(0.1) is above 0.1, so that an IoU of float32(0.1) exceeds a threshold of 0.1.
    boxes = np.array([[0, 0, 10, 1], [0, 0, 1, 1]], np.float32)
    assert nms(boxes, [1.0, 0.5], 0.1).tolist() == [0]
    assert nms(boxes, [1.0, 0.5], float(np.float32(0.1))).tolist() == [0, 1]


@st.composite
def _sets(draw):
    n = draw(st.integers(0, 40))
    scale = draw(st.sampled_from([1.0, 0.125, 1000.0]))
    number = st.integers(0, 24)
    rows = draw(st.lists(st.tuples(number, number, number, number), min_size=n, max_size=n))
    boxes = np.array([[x, y, x + w, y + h] for x, y, w, h in rows], np.float64).reshape(n, 4)
    order = draw(st.permutations(range(n)))
    return boxes * scale, np.array(order, np.float64).reshape(n)


@given(_sets(), st.sampled_from([0.0, 0.2, 0.5, 0.8, 1.0]), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_what_suppression_means(item, threshold, random):
    boxes, scores = item
    kept = nms(boxes, scores, threshold)
    assert np.all(np.diff(scores[kept]) < 0)
    overlaps = np.nan_to_num(_plain_iou(boxes, boxes))
    among = overlaps[np.ix_(kept, kept)]
    np.fill_diagonal(among, 0)
    assert not (among > threshold).any()
    for gone in set(range(len(boxes))) - set(kept.tolist()):
        better = kept[scores[kept] > scores[gone]]
        assert (overlaps[gone, better] > threshold).any()
    shuffled = np.array(random.sample(range(len(boxes)), len(boxes)), np.int64)
    again = nms(boxes[shuffled], scores[shuffled], threshold)
    assert shuffled[again].tolist() == kept.tolist()
    assert nms(boxes * 4, scores, threshold).tolist() == kept.tolist()


def test_many_boxes_on_one_spot_and_far_apart_stay_quick():
    n = 100_000
    same = np.tile(np.array([[1, 2, 30, 40]], np.float32), (n, 1))
    scores = np.arange(n, dtype=np.float32)
    assert nms(same, scores).tolist() == [n - 1]
    points = np.zeros((n, 4), np.float32)
    assert len(nms(points, scores)) == n
    apart = np.zeros((n, 4))
    apart[:, 0] = np.arange(n) * 3
    apart += [0, 0, 2, 2]
    apart[:, 2] += apart[:, 0]
    assert len(nms(apart, scores, 0.0)) == n


def test_batched_nms_is_nms_per_class():
    for n in (5, 100, 129, 3000):
        boxes, _ = _random_boxes(n, n)
        rng = np.random.default_rng(n)
        scores = np.floor(rng.random(n) * 20).astype(np.float32)
        classes = rng.choice([-(2**62), -1, 0, 7, 2**40], n)
        merged = np.concatenate(
            [
                rows[nms(boxes[rows], scores[rows], 0.3)]
                for rows in (np.flatnonzero(classes == c) for c in np.unique(classes))
            ]
        )
        want = sorted(merged.tolist(), key=lambda i: (-scores[i], i))
        assert batched_nms(boxes, scores, classes, 0.3).tolist() == want
        narrow = (classes > 0).astype(np.uint8)
        assert batched_nms(boxes, scores, narrow).tolist() == (
            batched_nms(boxes, scores, narrow.astype(np.int64)).tolist()
        )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_iou_agrees_with_float64(dtype):
    a, _ = _random_boxes(1, 70, dtype=dtype)
    b, _ = _random_boxes(2, 1300, dtype=dtype)
    got = iou(a, b)
    assert got.dtype == dtype
    assert got.shape == (70, 1300)
    want = _plain_iou(a.astype(np.float64), b.astype(np.float64))
    # The sides are differences, so their relative errors grow with place / side.
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-4 if dtype == np.float32 else 1e-12)
    same = _plain_iou(a, b)
    np.testing.assert_array_equal(got, same)


def test_iou_of_empty_and_mixed_boxes():
    boxes = np.array([[0, 0, 2, 2], [1, 1, 1, 1]], np.float32)
    assert iou(boxes, boxes.astype(np.float64)).tolist() == [[1, 0], [0, 0]]
    assert iou(boxes, boxes.astype(np.float64)).dtype == np.float64
    assert iou(boxes, np.empty((0, 4), np.float32)).shape == (2, 0)
    assert iou([], boxes).shape == (0, 2)
    strided = np.zeros((2, 8), np.float32)
    strided[:, ::2] = boxes
    np.testing.assert_array_equal(iou(strided[:, ::2], boxes), iou(boxes, boxes))


@pytest.mark.parametrize("method", ["gaussian", "linear"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 40, 300])
def test_soft_nms_agrees_with_float64(method, dtype, n):
    boxes, _ = _random_boxes(n, n, side=150)
    scores = np.random.default_rng(n).random(n).astype(dtype)
    for sigma, threshold, least in ((0.5, 0.5, 1e-3), (0.1, 0.2, 0.05), (2.0, 0.0, 0.0)):

        def decay(x, sigma=sigma, threshold=threshold):
            linear = np.where(x > threshold, 1 - x, 1)
            return np.exp(-(x**2) / sigma) if method == "gaussian" else linear

        kept, lowered = soft_nms(
            boxes,
            scores,
            method=method,
            sigma=sigma,
            iou_threshold=threshold,
            score_threshold=least,
        )
        want, want_scores = _plain_soft_nms(boxes, scores, decay, least)
        assert kept.tolist() == want.tolist()
        assert lowered.dtype == dtype
        np.testing.assert_allclose(
            lowered, want_scores, rtol=1e-6 if dtype == np.float32 else 1e-12
        )


def test_soft_nms_ties_and_exact_copies():
    boxes = np.array([[0, 0, 4, 4], [0, 0, 4, 4], [9, 9, 10, 10]], np.float64)
    kept, scores = soft_nms(boxes, np.array([0.5, 0.5, 0.5]), sigma=0.5)
    assert kept.tolist() == [0, 2, 1]
    np.testing.assert_allclose(scores, [0.5, 0.5, 0.5 * np.exp(-2)], rtol=1e-14)
    kept, _ = soft_nms(boxes, np.array([0.5, 0.5, 1e-4]), method="linear")
    assert kept.tolist() == [0]
    _, scores = soft_nms(boxes, np.ones(3), sigma=1e-300)
    assert scores.tolist() == [1, 1]


def test_no_boxes():
    for dtype in (np.float32, np.float64):
        boxes, scores = np.empty((0, 4), dtype), np.empty(0, dtype)
        for kept in (nms(boxes, scores), batched_nms(boxes, scores, []), nms([], [])):
            assert (kept.dtype, kept.shape) == (np.int64, (0,))
        kept, lowered = soft_nms(boxes, scores)
        assert (kept.dtype, kept.shape, lowered.dtype, lowered.shape) == (
            np.int64, (0,), dtype, (0,),
        )  # fmt: skip


BOX = np.array([[0.0, 0, 1, 1], [2, 2, 3, 3]])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nms(BOX.astype(int), [1.0, 2.0]), TypeError,
         r"boxes: expected dtype float32 or float64, got int64; numpy.asarray\(boxes, dtype="),
        (lambda: nms(BOX, [1, 2]), TypeError, "scores: expected dtype float32 or float64, got int"),
        (lambda: nms(BOX.astype(np.float16), [1.0, 2.0]), TypeError, "boxes: .* got float16"),
        (lambda: nms(BOX[:, :3], [1.0, 2.0]), ValueError, r"boxes: expected shape \(N, 4\)"),
        (lambda: nms([[0.0, 0, 1, 1], [1.0]], [1.0]), ValueError, "boxes: expected equally long"),
        (lambda: nms(BOX, [1.0]), ValueError, r"scores: expected shape \(2,\), one a box, got"),
        (lambda: nms(BOX * [1, 1, -1, 1], [1.0, 2.0]), ValueError,
         r"boxes\[0\]: expected x1 at least its x0 0, got -1"),
        (lambda: nms([[0.0, 0, 1, 1], [0, 5, 1, 4]], [1.0, 2.0]), ValueError,
         r"boxes\[1\]: expected y1 at least its y0 5, got 4"),
        (lambda: nms(BOX * np.nan, [1.0, 2.0]), ValueError,
         r"boxes\[0\]: expected finite numbers, got -?nan"),
        (lambda: nms(BOX, [1.0, np.inf]), ValueError,
         r"scores\[1\]: expected finite numbers, got inf"),
        (lambda: nms(BOX, [1.0, 2.0], 1.5), ValueError,
         r"iou_threshold: expected a number in \[0, 1\], got 1.5"),
        (lambda: nms(BOX, [1.0, 2.0], float("nan")), ValueError, "iou_threshold: expected"),
        (lambda: nms(BOX, [1.0, 2.0], "0.5"), TypeError, "iou_threshold: expected a number, got s"),
        (lambda: batched_nms(BOX, [1.0, 2.0], [0.0, 1.0]), TypeError, "classes: expected integers"),
        (lambda: batched_nms(BOX, [1.0, 2.0], [0]), ValueError, r"classes: expected shape \(2,\)"),
        (lambda: soft_nms(BOX, [1.0, 2.0], sigma=0), ValueError, "sigma: expected a finite .* 0"),
        (lambda: soft_nms(BOX, [1.0, 2.0], method="hard"), ValueError,
         "method: expected 'gaussian' or 'linear', got 'hard'"),
        (lambda: soft_nms(BOX, [1.0, 2.0], score_threshold=-1), ValueError,
         "score_threshold: expected a finite number of at least 0, got -1"),
        (lambda: soft_nms(BOX, [1.0, 2.0], iou_threshold=2), ValueError, "iou_threshold: expected"),
        (lambda: iou(BOX, BOX - np.array([0, 0, 5, 0])), ValueError,
         r"b\[0\]: expected x1 at least"),
        (lambda: iou(np.array([[0, 0, 1e30, 1e30]], np.float32), BOX.astype(np.float32)),
         ValueError, r"a\[0\]: expected a box of which its dtype can hold twice the area, got inf"),
        (lambda: iou(np.array([[0, 0, 1.8e19, 1.8e19]], np.float32), BOX.astype(np.float32)),
         ValueError, r"a\[0\]: expected a box of which its .* got 3.24"),
        (lambda: nms(BOX, [1.0, 2.0], 10**400), ValueError, "iou_threshold: expected a number tha"),
        (lambda: batched_nms(BOX, [1.0, 2.0], [[1], [1, 2]]), ValueError, "classes: expected equa"),
    ],
)  # fmt: skip
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_names_are_lazy_and_core_has_them():
    assert cvfast.nms is nms
    assert {"iou", "nms", "batched_nms", "soft_nms"} <= set(cvfast.__all__)
    assert _core.nms(BOX, np.ones(2), None, 0.5).tolist() == [0, 1]


@pytest.mark.parametrize(
    "boxes",
    [
        BOX.tolist(),
        np.asfortranarray(BOX),
        BOX[::-1][::-1],
        np.frombuffer(b"\0" + BOX.tobytes(), np.uint8)[1:].view(np.float64).reshape(2, 4),
        BOX.view(np.dtype(np.float64, metadata={"unit": "px"})),
        np.ma.masked_array(BOX),
    ],
)
@pytest.mark.parametrize("threshold", [0.5, np.float32(0.5), np.float64(0.5), 0, True])
def test_any_layout_gives_the_same(boxes, threshold):
    scores, classes = np.array([0.5, 0.7]), np.array([1, 2], np.int16)
    assert nms(boxes, scores, threshold).tolist() == [1, 0]
    assert batched_nms(boxes, scores, classes, threshold).tolist() == [1, 0]
    assert batched_nms(boxes, scores, classes.astype(np.int64), threshold).tolist() == [1, 0]
    assert soft_nms(boxes, scores, iou_threshold=threshold, sigma=1)[0].tolist() == [1, 0]
    assert iou(boxes, BOX).tolist() == [[1, 0], [0, 1]]


def test_classes_are_asked_for():
    with pytest.raises(TypeError, match="classes: expected integers, got dtype object"):
        batched_nms(BOX, [1.0, 2.0], None)
