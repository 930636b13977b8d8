"""The windows and groups that OpenCV's CascadeClassifier finds; make_cascade.py has asked it."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path

import numpy as np
from cvfast import iou
from cvfast.kernels.cascade import CascadeKernel, group_rectangles
from cvfast.models.cascade_file import read_cascade
from cvfast.models.registry import model_path

from tests.golden.cascade_images import digest, images

HERE = Path(__file__).parent


def unpacked(text: str) -> np.ndarray:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<i2").reshape(4, -1).T


def corners(boxes: np.ndarray) -> np.ndarray:
    return np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]]).astype(np.float64)


def clipped(boxes: np.ndarray, image: np.ndarray) -> np.ndarray:
    size = np.array(image.shape[::-1])
    return np.hstack([boxes[:, :2], np.minimum(boxes[:, 2:], size - boxes[:, :2])])


def test_windows_and_groups_are_opencvs() -> None:
    golden = json.loads((HERE / "cascade.json").read_text())["images"]
    files = {"bundled": model_path("cascade_frontal")}
    files |= {name: HERE / f"cascade_{name}.xml" for name in ("tilted", "lbp", "tree")}
    kernels = {name: CascadeKernel(read_cascade(path)) for name, path in files.items()}
    agreeing = total = 0
    counts: dict[str, int] = dict.fromkeys(files, 0)
    right_groups: list[bool] = []
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
            groups = np.array(expected[name]["groups"]).reshape(-1, 4)
            mine = clipped(group_rectangles(boxes, 3).boxes, grey)
            right_groups.append(same_groups(mine, groups))
    assert len(golden) == 105
    assert all(count > 500 for count in counts.values()), counts
    assert agreeing >= 0.999 * total, f"{total - agreeing} of {total} windows differ"
    assert np.mean(right_groups) >= 0.99


def same_groups(ours: np.ndarray, theirs: np.ndarray) -> bool:
    if len(ours) != len(theirs):
        return False
    return not len(ours) or bool((iou(corners(ours), corners(theirs)).max(1) >= 0.95).all())
