"""What every built wheel must do, whatever the machine: load the core and run one kernel."""

from __future__ import annotations

import cvfast
import numpy as np


def test_the_core_runs() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[30:34, 30:34] = 255

    bigger = cvfast.local_scale(image, [(31.5, 31.5)], [20], [0.4])

    assert (bigger > 127).sum() > (image > 127).sum()
    assert cvfast.build_config()["version"] == cvfast.__version__


def test_boxes_are_suppressed() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 1, 11, 11], [50, 50, 60, 60]], np.float32)
    scores = np.array([0.8, 0.9, 0.7], np.float32)

    assert cvfast.nms(boxes, scores, 0.5).tolist() == [1, 2]
