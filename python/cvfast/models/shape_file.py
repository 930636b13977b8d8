"""Files of landmark trees: dlib's shape_predictor, and our own in the safetensors layout.

Ours holds each ensemble under its name ("coarse", "mouth", ...): ``initial`` and ``deltas`` as
float32, ``anchors`` and ``pixels`` as 16-bit numbers, ``thresholds`` as int16, ``leaves`` as int8
with one float32 step a tree. That is exact for what `cvfast.training.shape` trains.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.kernels.trees import ShapeModel, parse_shape_predictor
from cvfast.models.face_trees import FaceTrees, FineTrees
from cvfast.models.model_bytes import model_bytes
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.typing import Path as PathLike

__all__ = ["pack", "read_shape_file", "unpack", "write_shape_file"]

FORMAT = "cvfast face trees 1"
_MOST_BYTES = 512 << 20
_STEPS = 127
_DLIB = b"\x01\x01"  # its version; the length that a safetensors file begins with is even
Arrays = dict[str, NDArray[Any]]


def read_shape_file(path: PathLike) -> FaceTrees:
    """Read landmark trees: a .dat of dlib's (18.10 or later) or a file that cvfast wrote.

    Raises
    ------
    ModelError
        Missing, too large (over 512 MiB), damaged, or something else.

    Examples
    --------
    >>> from cvfast.models.shape_file import read_shape_file
    >>> read_shape_file("gone.dat")
    Traceback (most recent call last):
    cvfast.errors.ModelError: gone.dat: cannot be read: No such file or directory
    """
    shown = Path(path)
    data = model_bytes(shown, _MOST_BYTES)
    try:
        if data[8:9] == b"{" and not data.startswith(_DLIB):
            arrays, metadata = parse_tensors(data, shown)
            return _from_tensors(arrays, metadata)
        return FaceTrees(parse_shape_predictor(data))
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(
            f"{shown}: expected a shape_predictor of dlib's or landmark trees of cvfast's: {error}"
        ) from error


def write_shape_file(
    path: PathLike,
    model: FaceTrees,
    *,
    overwrite: bool = False,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write landmark trees in cvfast's own format.

    Parameters
    ----------
    path
        The file.
    model
        Trees whose leaves are whole multiples of a step, as `cvfast.training.shape` makes them;
        others are rounded to 127 steps a tree.
    overwrite
        Replace a file.
    notes
        Whatever else to say in the header, such as the command that made it.

    Raises
    ------
    OutputError
        See `cvfast.io.atomic.write_bytes`.
    """
    arrays = {f"coarse.{name}": array for name, array in pack(model.coarse).items()}
    parts = []
    for part in model.fine:
        arrays |= {f"{part.name}.{name}": array for name, array in pack(part.model).items()}
        parts.append({"name": part.name, "points": list(part.points), "widen": part.widen})
    told = {
        "format": FORMAT,
        "side": str(model.side),
        "margin": repr(float(model.margin)),
        "fine": json.dumps(parts),
        **(notes or {}),
    }
    write_tensors(path, arrays, told, overwrite=overwrite)


def pack(model: ShapeModel) -> Arrays:
    """Return the arrays as a file holds them."""
    most = np.abs(model.leaves).max(axis=(2, 3), keepdims=True)
    steps = np.where(most > 0, most / np.float32(_STEPS), np.float32(1)).astype(np.float32)
    return {
        "initial": model.initial,
        "anchors": model.anchors.astype(np.uint16),
        "deltas": model.deltas,
        "pixels": model.pixels.astype(np.uint16),
        "thresholds": np.clip(np.floor(model.thresholds), -256, 256).astype(np.int16),
        "leaves": np.rint(model.leaves / steps).astype(np.int8),
        "steps": steps[:, :, 0, 0],
    }


def unpack(arrays: Mapping[str, NDArray[Any]], name: str) -> ShapeModel:
    """Return the ensemble that `pack` made and a file holds under ``name``."""
    of = {key: arrays[f"{name}.{key}"] for key in ("initial", "anchors", "deltas", "pixels")}
    leaves, steps = arrays[f"{name}.leaves"], arrays[f"{name}.steps"]
    if leaves.dtype != np.int8 or leaves.ndim != 4 or steps.shape != leaves.shape[:2]:
        raise ValueError(f"{name}.leaves: expected int8 and a step a tree, got {leaves.dtype}")
    return ShapeModel(
        **of,
        thresholds=arrays[f"{name}.thresholds"].astype(np.float32),
        leaves=leaves.astype(np.float32) * steps.astype(np.float32)[:, :, None, None],
    )


def _from_tensors(arrays: Arrays, metadata: Mapping[str, str]) -> FaceTrees:
    if metadata.get("format") != FORMAT:
        raise ValueError(f"format: expected {FORMAT!r}, got {metadata.get('format')!r}")
    side, margin = int(metadata["side"]), float(metadata["margin"])
    if not (16 <= side <= 1024 and 1 <= margin <= 4):
        raise ValueError(f"side, margin: expected 16 to 1024, 1 to 4, got {side}, {margin}")
    fine = []
    for part in json.loads(metadata["fine"]):
        points = tuple(int(index) for index in part["points"])
        widen = float(part["widen"])
        if not 0.1 <= widen <= 10:
            raise ValueError(f"widen: expected 0.1 to 10, got {widen}")
        fine.append(FineTrees(str(part["name"]), points, widen, unpack(arrays, str(part["name"]))))
    return FaceTrees(unpack(arrays, "coarse"), tuple(fine), side, margin)
