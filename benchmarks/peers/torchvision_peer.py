"""torchvision's suppression, on tensors made beforehand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torchvision
from numpy.typing import NDArray


def set_threads(threads: int) -> None:
    torch.set_num_threads(threads)


def nms(
    boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: NDArray[np.float64]
) -> Callable[[], NDArray[np.int64]]:
    tensors, threshold = (torch.from_numpy(boxes), torch.from_numpy(scores)), float(iou)
    return lambda: torchvision.ops.nms(*tensors, threshold).numpy()


def batched_nms(
    boxes: NDArray[np.float32],
    scores: NDArray[np.float32],
    classes: NDArray[np.int64],
    iou: NDArray[np.float64],
) -> Callable[[], NDArray[np.int64]]:
    tensors = (torch.from_numpy(boxes), torch.from_numpy(scores), torch.from_numpy(classes))
    return lambda: torchvision.ops.batched_nms(*tensors, float(iou)).numpy()
