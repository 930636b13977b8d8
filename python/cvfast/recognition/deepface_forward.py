"""DeepFace's layers in NumPy: what `DeepFaceNet` computes, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from cvfast.models.deepface_layers import LAYERS, SPREAD
from cvfast.typing import ImageF32, ImageU8

__all__ = ["full_layer", "layer_maps"]


def layer_maps(weights: Mapping[str, ImageF32], face: ImageU8) -> dict[str, ImageF32]:
    """Return what each layer answers to a face, C1 to L6.

    Parameters
    ----------
    weights
        Layers and mean face by name, as `cvfast.models.deepface_file.DeepFaceWeights` holds them.
    face
        (size, size, 3) uint8 RGB, aligned.

    Returns
    -------
    dict
        (channels, h, w) float32 by the layer's name.
    """
    mean = weights["mean"].transpose(1, 2, 0)
    shade = face.astype(np.float32) / np.float32(255)
    values: ImageF32 = (shade - mean) / np.float32(SPREAD)
    found = {}
    for layer in LAYERS:
        if layer.kind == "pool":
            values = _pool(values, layer.side, layer.stride)
        else:
            weight, bias = weights[f"{layer.name}.weight"], weights[f"{layer.name}.bias"]
            run = _conv if layer.kind == "conv" else _local
            values = np.maximum(run(values, weight, bias, layer.side, layer.stride), 0)
        found[layer.name] = np.ascontiguousarray(values.transpose(2, 0, 1))
    return found


def full_layer(weights: Mapping[str, ImageF32], maps: ImageF32) -> ImageF32:
    """Return F7 of (N, channels, h, w) maps of L6: (N, features), not yet normalised."""
    rows = maps.reshape(len(maps), -1)
    features: ImageF32 = np.maximum(rows @ weights["F7.weight"].T + weights["F7.bias"], 0)
    return features


def _windows(maps: ImageF32, side: int, stride: int) -> ImageF32:
    """View all windows of maps (h, w, channels): (h', w', channels, side, side)."""
    view: Any = sliding_window_view  # whose stubs know of one axis alone
    windows: ImageF32 = view(maps, (side, side), (0, 1))[::stride, ::stride]
    return windows


def _conv(maps: ImageF32, weight: ImageF32, bias: ImageF32, side: int, stride: int) -> ImageF32:
    windows = _windows(maps, side, stride)
    steps = windows.shape[0]
    rows = windows.reshape(steps * steps, -1)
    return (rows @ weight.reshape(len(weight), -1).T + bias).reshape(steps, steps, -1)


def _local(maps: ImageF32, weight: ImageF32, bias: ImageF32, side: int, stride: int) -> ImageF32:
    windows = _windows(maps, side, stride).transpose(0, 1, 3, 4, 2)
    steps = windows.shape[0]
    columns = windows.reshape(steps * steps, -1, 1)
    return (weight @ columns + bias).reshape(steps, steps, -1)


def _pool(maps: ImageF32, side: int, stride: int) -> ImageF32:
    """Return the largest of each window; the last windows may reach outside."""
    steps = -(-(len(maps) - side) // stride) + 1
    outside = (steps - 1) * stride + side - len(maps)
    ends = ((0, outside), (0, outside), (0, 0))
    padded = np.pad(maps, ends, constant_values=np.float32(-np.inf))
    largest: ImageF32 = _windows(padded, side, stride).max(axis=(3, 4))
    return largest
