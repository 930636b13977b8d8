from __future__ import annotations

import os
import subprocess
import sys

import cvfast
import numpy as np
import pytest
from cvfast.kernels.trees import ShapeModel, ShapePredictor, parse_shape_predictor, train_stage


def any_model(rng: np.random.Generator, points: int = 5, depth: int = 3) -> ShapeModel:
    stages, trees, features, splits = 3, 7, 20, 2**depth - 1
    return ShapeModel(
        rng.uniform(0.1, 0.9, (points, 2)),
        rng.integers(0, points, (stages, features)),
        rng.normal(0, 0.2, (stages, features, 2)),
        rng.integers(0, features, (stages, trees, splits, 2)),
        rng.normal(0, 30, (stages, trees, splits)),
        rng.normal(0, 0.02, (stages, trees, splits + 1, 2 * points)),
    )


def reference(
    model: ShapeModel, image: np.ndarray, frame: np.ndarray, start: np.ndarray | None = None
) -> np.ndarray:
    """The paper, step by step; positions in double, shapes in single precision as dlib has them."""
    grey = image if image.ndim == 2 else image.sum(axis=2, dtype=int) // 3
    low, size = frame[:2], frame[2:] - frame[:2]
    shape = model.initial if start is None else ((start - low) / size).astype(np.float32)
    for stage in range(len(model.anchors)):
        a, b = (
            (s.astype(float) - s.mean(axis=0, dtype=float)) @ (1, 1j)
            for s in (model.initial, shape)
        )
        turn = np.vdot(a, b) / np.vdot(a, a)
        c, s = np.float32(turn.real), np.float32(turn.imag)
        dx, dy = model.deltas[stage].T
        anchors = shape[model.anchors[stage]]
        at = np.stack([c * dx - s * dy, s * dx + c * dy], axis=1) + anchors
        x, y = np.floor(low + size * at.astype(float) + 0.5).astype(int).T
        inside = (x >= 0) & (x < grey.shape[1]) & (y >= 0) & (y < grey.shape[0])
        seen = np.where(inside, grey[y.clip(0, len(grey) - 1), x.clip(0, grey.shape[1] - 1)], 0)
        seen = seen.astype(int)
        for tree in range(model.leaves.shape[1]):
            node, splits = 0, model.thresholds.shape[2]
            while node < splits:
                first, second = model.pixels[stage, tree, node]
                more = seen[first] - seen[second] > model.thresholds[stage, tree, node]
                node = 2 * node + (1 if more else 2)
            shape = shape + model.leaves[stage, tree, node - splits].reshape(-1, 2)
    return low + size * shape.astype(float)


@pytest.mark.parametrize("seed", range(8))
def test_points_are_those_of_the_reference(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = any_model(rng, points=int(rng.integers(1, 9)), depth=int(rng.integers(1, 6)))
    shape = (40, 50, 3) if seed % 2 else (40, 50)
    image = rng.integers(0, 256, shape, np.uint8)
    image = image[::-1] if seed % 3 == 0 else image
    frames = np.array([(5, 4, 40, 33), (-10, -8, 20, 25), (300, 300, 350, 340), (9, 9, 9.5, 9.5)])
    predictor = ShapePredictor(model)
    expected = np.array([reference(model, image, frame) for frame in frames])
    found = predictor.fit(image, frames)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_array_equal(predictor.fit(image, frames, rounded=True), np.floor(found + 0.5))
    starts = rng.uniform(0, 40, expected.shape)
    expected = np.array(
        [reference(model, image, f, s) for f, s in zip(frames, starts, strict=True)]
    )
    np.testing.assert_allclose(predictor.fit(image, frames, starts=starts), expected, atol=1e-4)


def test_no_faces() -> None:
    predictor = ShapePredictor(any_model(np.random.default_rng(0)))
    assert predictor.fit(np.zeros((9, 9), np.uint8), np.zeros((0, 4))).shape == (0, 5, 2)


def discs(rng: np.random.Generator, count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of 32 x 32 with two bright discs, and where these are."""
    y, x = np.mgrid[:32, :32]
    points = np.stack([rng.uniform(7, 13, (count, 2)), rng.uniform(19, 25, (count, 2))], axis=1)
    near = np.hypot(x[:, :, None, None] - points[..., 0], y[:, :, None, None] - points[..., 1]) < 4
    pixels = np.where(near.any(axis=3), 200, 40) + rng.normal(0, 4, (32, 32, count))
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)).astype(np.uint8), points


def trained(threads: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(3)
    pixels, points = discs(rng)
    frames = np.tile([0.0, 0, 31, 31], (len(points), 1))
    targets = (points / 31).astype(np.float32)
    initial = targets.mean(axis=0)
    shapes = np.ascontiguousarray(np.broadcast_to(initial, targets.shape))
    anchors = rng.integers(0, 2, 80)
    deltas = rng.uniform(-0.3, 0.3, (80, 2))
    which = np.arange(len(points))
    trees = train_stage(
        pixels, which, frames, targets, shapes, initial=initial, anchors=anchors, deltas=deltas,
        trees=30, depth=3, nearness=0.3, seed=1, threads=threads,
    )  # fmt: skip
    model = ShapeModel(
        initial, anchors[None], deltas[None], trees.pixels[None], trees.thresholds[None],
        trees.leaves[None],
    )  # fmt: skip
    found = np.concatenate(
        [ShapePredictor(model).fit(p, f[None]) for p, f in zip(pixels, frames, strict=True)]
    )
    np.testing.assert_allclose(found, shapes * 31, atol=1e-3)
    before = np.abs(initial * 31 - points).mean()
    assert np.abs(found - points).mean() < before / 3
    return trees.pixels, trees.thresholds, trees.leaves


def test_a_stage_learns_the_same_on_any_threads() -> None:
    expected = trained(1)
    for threads in (2, 5):
        for one, other in zip(expected, trained(threads), strict=True):
            np.testing.assert_array_equal(one, other)


def test_leaves_are_whole_steps() -> None:
    *_, leaves = trained(1)
    for tree in leaves:
        steps = tree / (np.abs(tree).max() / np.float32(127))
        np.testing.assert_array_equal(steps, np.rint(steps))


CHILD = """
import hashlib, sys
import numpy as np
from cvfast import _core
sys.path.insert(0, sys.argv[1])
from test_trees import any_model, ShapePredictor, trained
_core.set_serial_threshold(0)
digest = hashlib.sha256()
for array in trained(2):
    digest.update(array)
for case in range(50):
    rng = np.random.default_rng(case)
    predictor = ShapePredictor(any_model(rng))
    image = rng.integers(0, 256, (60, 70, 3), np.uint8)
    frames = rng.uniform(-20, 90, (9, 4))
    found = [predictor.fit(image, frames, threads=t).tobytes() for t in (1, 2, 3, 7, 64)]
    assert len(set(found)) == 1, case
    digest.update(found[0])
print(digest.hexdigest())
"""


def test_same_bytes_on_every_instruction_set_and_thread_count() -> None:
    folder = os.path.dirname(__file__)  # noqa: PTH120
    digests = set()
    for isa in cvfast.available_isas():
        environment = {**os.environ, "CVFAST_ISA": isa}
        words = [sys.executable, "-c", CHILD, folder]
        run = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        digests.add(run.stdout)
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"initial": [(np.nan, 0)] * 5}, r"initial\[0\]: expected finite numbers, got nan"),
        ({"anchors": np.full((3, 20), 5)}, r"anchors\[0\]: expected 0 to 4, got 5"),
        ({"pixels": np.full((3, 7, 7, 2), -1)}, r"pixels\[0\]: expected 0 to 19, got -1"),
        ({"thresholds": np.full((3, 7, 7), np.inf)}, r"thresholds\[0\]: expected finite"),
        ({"leaves": np.zeros((3, 7, 8, 9))}, r"leaves: expected shape \(3, 7, 8, 10\)"),
        ({"deltas": np.zeros((0, 20, 2))}, r"deltas: expected shape \(3, 20, 2\)"),
    ],
)
def test_wrong_models(change: dict[str, object], message: str) -> None:
    good = any_model(np.random.default_rng(0))
    fields = {name: getattr(good, name) for name in good.__dataclass_fields__}
    with pytest.raises(ValueError, match=message):
        ShapePredictor(ShapeModel(**{**fields, **change}))


def test_trees_that_are_not_complete() -> None:
    good = any_model(np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"pixels: expected 294 numbers, got 252"):
        ShapePredictor(
            ShapeModel(
                good.initial,
                good.anchors,
                good.deltas,
                good.pixels[:, :, :6],
                good.thresholds[:, :, :6],
                good.leaves[:, :, :7],
            )
        )


def test_wrong_arguments() -> None:
    predictor = ShapePredictor(any_model(np.random.default_rng(0)))
    image = np.zeros((9, 9), np.uint8)
    with pytest.raises(TypeError, match="image: expected dtype uint8, got float32"):
        predictor.fit(image.astype(np.float32), [(0, 0, 8, 8)])
    with pytest.raises(ValueError, match=r"image: expected shape .*got \(9, 9, 2\)"):
        predictor.fit(np.zeros((9, 9, 2), np.uint8), [(0, 0, 8, 8)])
    with pytest.raises(ValueError, match=r"frames\[0\]: expected finite numbers, got nan"):
        predictor.fit(image, [(0, 0, 8, np.nan)])
    with pytest.raises(ValueError, match="frames: expected shape"):
        predictor.fit(image, [(0, 0, 8)])
    with pytest.raises(ValueError, match="starts: expected one shape a frame"):
        predictor.fit(image, [(0, 0, 8, 8)], starts=np.zeros((1, 4, 2)))
    with pytest.raises(ValueError, match="frames: expected sides above 0"):
        predictor.fit(image, [(0, 0, 0, 8)], starts=np.zeros((1, 5, 2)))


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\x02", b"not a model at all", bytes(99)])
def test_other_files_are_no_shape_predictor(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"shape_predictor, byte \d+: "):
        parse_shape_predictor(data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"picture": [99] * 60}, r"picture\[0\]: expected 0 to 59, got 99"),
        ({"trees": 0}, "trees, depth: expected"),
        ({"depth": 11}, "trees, depth: expected"),
        ({"candidates": 0}, "candidates: expected 1 to 1000, got 0"),
        ({"shrinkage": 0.0}, "shrinkage: expected 1e-06 to 1, got 0"),
        ({"anchors": [2] * 9}, r"anchors\[0\]: expected 0 to 1, got 2"),
        ({"deltas": np.zeros((9, 3))}, "deltas: expected shape"),
        ({"targets": np.full((60, 2, 2), np.nan, np.float32)}, "finite numbers"),
    ],
)
def test_wrong_training(change: dict[str, object], message: str) -> None:
    pixels, points = discs(np.random.default_rng(0))
    arguments: dict[str, object] = {
        "pictures": pixels,
        "picture": np.arange(60),
        "frames": np.tile([0.0, 0, 31, 31], (60, 1)),
        "targets": points.astype(np.float32),
        "shapes": points.astype(np.float32),
        "initial": points[0],
        "anchors": [0] * 9,
        "deltas": np.zeros((9, 2)),
        "trees": 1,
        "depth": 1,
        **change,
    }
    positional = [arguments.pop(n) for n in ("pictures", "picture", "frames", "targets", "shapes")]
    with pytest.raises(ValueError, match=message):
        train_stage(*positional, **arguments)
