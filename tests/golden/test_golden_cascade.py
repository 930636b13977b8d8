"""The windows and groups that OpenCV's CascadeClassifier finds; make_cascade.py has asked it.

As of 4.14.0.94 all 206,635 windows agree, and the groups of all 8 cascades on all 105 pictures.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from cvfast import iou
from cvfast.kernels.cascade import CascadeKernel, group_rectangles
from cvfast.models.cascade_file import read_cascade

from tests.golden.cascade_images import cascades, digest, images, unpacked

HERE = Path(__file__).parent


def corners(boxes: np.ndarray) -> np.ndarray:
    return np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]).astype(np.float64)


def clipped(boxes: np.ndarray, image: np.ndarray) -> np.ndarray:
    size = np.array(image.shape[::-1])
    return np.hstack([boxes[:, :2], np.minimum(boxes[:, 2:], size - boxes[:, :2])])


def test_windows_and_groups_are_opencvs() -> None:
    golden = json.loads((HERE / "cascade.json").read_text())["images"]
    kernels = {name: CascadeKernel(read_cascade(path)) for name, path in cascades().items()}
    agreeing = total = 0
    counts: dict[str, int] = dict.fromkeys(kernels, 0)
    right_groups: dict[str, list[bool]] = {name: [] for name in kernels}
    for image_name, grey in images():
        expected = golden[image_name]
        assert expected["pixels"] == digest(grey), f"{image_name}: these are other pixels"
        for name, kernel in kernels.items():
            theirs = {tuple(box) for box in unpacked(expected[name]["windows"]).tolist()}
            boxes = kernel.windows(grey, clip=False).boxes
            ours = {tuple(box) for box in clipped(boxes, grey).tolist()}
            agreeing += len(ours & theirs)
            total += len(ours | theirs)
            counts[name] += len(theirs)
            groups = unpacked(expected[name]["groups"])
            mine = clipped(group_rectangles(boxes, 3).boxes, grey)
            right_groups[name].append(same_groups(mine, groups))
    assert len(golden) == 105
    assert all(count > 500 for count in counts.values()), counts
    assert agreeing >= 0.999 * total, f"{total - agreeing} of {total} windows differ"
    shares = {name: float(np.mean(right)) for name, right in right_groups.items()}
    assert min(shares.values()) >= 0.99, shares


def same_groups(ours: np.ndarray, theirs: np.ndarray) -> bool:
    if len(ours) != len(theirs):
        return False
    return not len(ours) or bool((iou(corners(ours), corners(theirs)).max(1) >= 0.95).all())
