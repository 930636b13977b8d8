"""Cascades over patches and pictures, against NumPy; the same windows whatever runs them."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cvfast import _core
from cvfast.kernels.cascade import CascadeKernel, group_rectangles, luma_of

from tests.kernels.cascade_reference import KINDS, made, scene, stages_passed


@pytest.fixture(autouse=True)
def threads_for_small_work():
    _core.set_serial_threshold(0)
    yield
    _core.set_serial_threshold(500e3)


@pytest.mark.parametrize("name", KINDS)
def test_patches_pass_as_many_stages_as_in_numpy(name: str) -> None:
    cascade, patches = made(name)
    expected = stages_passed(cascade, patches)
    assert len(set(expected.tolist())) >= 4
    kernel = CascadeKernel(cascade)
    for threads in (1, 2, 5):
        assert kernel.stages_passed(patches, threads=threads).tolist() == expected.tolist()
    assert kernel.accepts(patches[:7]).tolist() == (expected[:7] == kernel.stages).tolist()
    assert kernel.accepts(patches[:0]).shape == (0,)


@pytest.mark.parametrize("name", KINDS)
def test_windows_are_those_whose_pixels_pass(name: str) -> None:
    """At full size, where pixels are not resampled: every second place, failed ones hiding one."""
    cascade, _ = made(name, share=0.7)
    grey = scene(np.random.default_rng(9), 61, 90)
    kernel = CascadeKernel(cascade)
    width, height = kernel.size
    expected = []
    for y in range(0, 61 - height + 1, 2):
        places = list(range(0, 90 - width + 1, 2))
        patches = np.stack([grey[y : y + height, x : x + width] for x in places])
        hidden = False
        for x, passed in zip(places, kernel.stages_passed(patches), strict=True):
            expected += [(x, y, width, height)] * bool(not hidden and passed == kernel.stages)
            hidden = not hidden and passed == 0
    found = kernel.windows(grey, max_size=kernel.size)
    assert len(expected) > 20
    assert found.boxes.tolist() == [list(box) for box in expected]
    assert np.isfinite(found.sums).all()


def test_strided_pictures_and_threads_give_the_same_windows() -> None:
    cascade, _ = made("tilted", share=0.8)
    grey = scene(np.random.default_rng(5), 240, 320)
    kernel = CascadeKernel(cascade)
    expected = kernel.windows(grey, threads=1)
    assert len(expected.boxes) > 50
    padded = np.zeros((240, 400), np.uint8)
    padded[:, :320] = grey
    for image, threads in ((padded[:, :320], 1), (grey, 2), (grey, 3), (grey[::-1][::-1], 7)):
        again = kernel.windows(image, threads=threads)
        assert np.array_equal(again.boxes, expected.boxes)
        assert np.array_equal(again.sums, expected.sums)


def test_the_same_bytes_on_every_instruction_set() -> None:
    outputs = []
    for isa in _core.available_isas():
        done = subprocess.run(
            [sys.executable, "-m", "tests.kernels.cascade_bytes"],
            capture_output=True,
            text=True,
            env={**os.environ, "CVFAST_ISA": isa},
            cwd=Path(__file__).parents[2],
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout)
    assert outputs[0].count("\n") == 15
    assert set(outputs) == {outputs[0]}


@pytest.mark.parametrize("shape", [(0, 0), (15, 14), (16, 13), (3, 500), (1, 1)])
def test_pictures_smaller_than_the_window_have_none(shape: tuple[int, int]) -> None:
    kernel = CascadeKernel(made("stumps")[0])
    assert kernel.windows(np.full(shape, 9, np.uint8)).boxes.shape == (0, 4)


def test_sizes_are_limited() -> None:
    kernel = CascadeKernel(made("stumps", share=0.9)[0])
    grey = scene(np.random.default_rng(5), 200, 300)
    every = kernel.windows(grey, clip=False).boxes
    some = kernel.windows(grey, min_size=(30, 30), max_size=(60, 60), clip=False).boxes
    inside = (every[:, 2:] >= 30).all(1) & (every[:, 2:] <= 60).all(1)
    assert 0 < len(some) < len(every)
    assert set(map(tuple, some)) == set(map(tuple, every[inside]))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("node_threshold", np.nan, r"node_threshold\[0\]: expected finite numbers, got nan"),
        ("stage_thresholds", np.inf, r"stage_thresholds\[0\]: expected finite numbers"),
        ("leaf_values", np.nan, r"leaf_values\[0\]"),
        ("node_feature", 999, r"node_feature\[0\]: expected a feature's number, got 999"),
        ("node_right", 3, r"node_right\[0\]: expected a later node"),
        ("node_left", -9, r"node_left\[0\]"),
        ("tree_nodes", 0, r"tree_nodes\[0\]: expected 1 to 256 nodes"),
        ("stage_trees", 1 << 30, r"stage_trees\[0\]: expected 1 tree or more"),
        ("feature_rects", 40, r"feature_rects\[0\]: expected rectangles inside the window"),
        ("feature_weights", -np.inf, r"feature_weights\[0\]"),
    ],
)
def test_wrong_numbers_are_named(name: str, value: float, message: str) -> None:
    cascade, _ = made("stumps")
    array = getattr(cascade, name).copy()
    array.flat[0] = value
    with pytest.raises(ValueError, match=message):
        CascadeKernel(dataclasses.replace(cascade, **{name: array}))


def test_wrong_arguments_are_named() -> None:
    cascade, patches = made("stumps")
    kernel = CascadeKernel(cascade)
    grey = np.zeros((40, 40), np.uint8)
    with pytest.raises(TypeError, match="grey: expected dtype uint8, got float32"):
        kernel.windows(grey.astype(np.float32))
    with pytest.raises(ValueError, match=r"grey: expected shape \(height, width\)"):
        kernel.windows(np.zeros((4, 4, 3), np.uint8))
    for factor in (1.0, 0.5, np.nan, np.inf, -2):
        with pytest.raises(ValueError, match=r"scale_factor: expected 1\.001 or more, got"):
            kernel.windows(grey, scale_factor=factor)
    with pytest.raises(ValueError, match="min_size, max_size"):
        kernel.windows(grey, min_size=(-1, 0))
    with pytest.raises(ValueError, match=r"patches: expected shape \(N, 16, 14\)"):
        kernel.stages_passed(patches[:, 1:])
    with pytest.raises(TypeError, match="patches: expected a uint8 array"):
        kernel.stages_passed(patches.astype(np.int32))
    with pytest.raises(TypeError, match="leaf_values: expected a float32 array, got float64"):
        CascadeKernel(
            dataclasses.replace(cascade, leaf_values=cascade.leaf_values.astype(np.float64))
        )
    with pytest.raises(ValueError, match=r"node_left: expected shape|node_right: expected shape"):
        CascadeKernel(dataclasses.replace(cascade, node_right=cascade.node_right[1:]))


def test_boxes_are_grouped() -> None:
    boxes = [(10, 10, 20, 20), (90, 90, 20, 20), (11, 10, 20, 20), (12, 11, 21, 21)]
    groups = group_rectangles(boxes, 2)
    assert groups.boxes.tolist() == [[11, 10, 20, 20]]
    assert groups.counts.tolist() == [3]
    assert group_rectangles([], 3).boxes.shape == (0, 4)
    assert group_rectangles(boxes, 0).boxes.tolist() == [list(box) for box in boxes]
    with pytest.raises(ValueError, match="eps"):
        group_rectangles(boxes, 1, eps=-1)
    with pytest.raises(TypeError, match="boxes: expected integers"):
        group_rectangles(np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"boxes\[0\]"):
        group_rectangles([(0, 0, -5, 5)], 1)


def test_grey_is_rounded_as_opencv_does() -> None:
    import cv2

    rgb = np.random.default_rng(1).integers(0, 256, (300, 301, 3), np.uint8)
    assert np.array_equal(luma_of(rgb), cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
