"""Files of trained DeepFace nets: safetensors, the layers' weights as 16-bit floats.

Each layer has ``NAME.weight`` and ``NAME.bias`` (C1, C3, L4, L5, L6, F7; F8 knows the people of
the training and is left out), beside ``mean``, a mean face, ``scale``, by which features are
multiplied before they are brought to length 1, and ``head``, the weights of the distance where it
has any.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.models.deepface_layers import LAYERS, feature_count, layer_shapes
from cvfast.models.model_bytes import model_bytes
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.typing import ImageF32
from cvfast.typing import Path as PathLike

__all__ = ["HEADS", "DeepFaceWeights", "read_deepface", "weight_shapes", "write_deepface"]

FORMAT = "cvfast deepface 1"
HEADS = ("cosine", "chi2", "siamese")
_MOST_BYTES = 2 << 30
_MOST_WEIGHT = 65504.0  # of a 16-bit float


@dataclass(frozen=True, eq=False)
class DeepFaceWeights:
    """A trained net, all of it but F8.

    Parameters
    ----------
    size, width
        See `cvfast.models.deepface_layers.layer_shapes`.
    layers
        float32 mean face, weights and biases by name, shaped as `weight_shapes` says.
    scale
        (features,) float32: one over each feature's largest value in the training, 0 for features
        that never were above 0.
    head
        ``"cosine"``, ``"chi2"`` or ``"siamese"``: the distance.
    head_weights
        (features,) float32, none below 0; None for ``"cosine"``.
    distance, false_accepts, source
        The threshold, the share of pairs of different people that passed it (None: not measured),
        and on which pairs.
    """

    size: int
    width: float
    layers: Mapping[str, ImageF32]
    scale: ImageF32
    head: str
    head_weights: ImageF32 | None
    distance: float
    false_accepts: float | None
    source: str
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        shapes = weight_shapes(self.size, self.width)
        if set(self.layers) != set(shapes):
            raise ValueError(f"layers: expected {sorted(shapes)}, got {sorted(self.layers)}")
        arrays = {**self.layers, "scale": self.scale}
        shapes["scale"] = (feature_count(self.width),)
        if self.head not in HEADS:
            raise ValueError(f"head: expected one of {', '.join(HEADS)}, got {self.head!r}")
        if (self.head == "cosine") != (self.head_weights is None):
            raise ValueError(f"head: expected weights for chi2 and siamese alone, got {self.head}")
        if self.head_weights is not None:
            arrays["head"], shapes["head"] = self.head_weights, shapes["scale"]
        for name, array in arrays.items():
            if array.shape != shapes[name] or array.dtype != np.float32:
                raise ValueError(
                    f"{name}: expected float32 {shapes[name]}, got {array.dtype} {array.shape}"
                )
            if not np.isfinite(array).all():
                raise ValueError(f"{name}: expected finite weights")
        for name in {"scale", "head"} & set(arrays):
            if (arrays[name] < 0).any():
                raise ValueError(f"{name}: expected no weight below 0")
        if not math.isfinite(self.distance) or self.distance < 0:
            raise ValueError(f"distance: expected a number from 0 on, got {self.distance}")
        if self.false_accepts is not None and not 0 <= self.false_accepts <= 1:
            raise ValueError(f"false_accepts: expected 0 to 1, got {self.false_accepts}")
        object.__setattr__(self, "digest", _digest(arrays, self.head))


def weight_shapes(size: int, width: float) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the mean face and of each layer's weights and biases, F8 left out.

    Examples
    --------
    >>> weight_shapes(152, 1.0)["L4.weight"]
    (3025, 16, 1296)
    """
    maps, channels, side = layer_shapes(size, width), 3, size
    shapes: dict[str, tuple[int, ...]] = {"mean": (3, size, size)}
    for layer in LAYERS:
        out, side, _ = maps[layer.name]
        if layer.kind == "conv":
            shapes[f"{layer.name}.weight"] = (out, channels, layer.side, layer.side)
            shapes[f"{layer.name}.bias"] = (out,)
        elif layer.kind == "local":
            shapes[f"{layer.name}.weight"] = (side**2, out, layer.side**2 * channels)
            shapes[f"{layer.name}.bias"] = (side**2, out, 1)
        channels = out
    shapes["F7.weight"] = (feature_count(width), channels * side**2)
    shapes["F7.bias"] = (feature_count(width),)
    return shapes


def write_deepface(
    path: PathLike,
    weights: DeepFaceWeights,
    *,
    overwrite: bool = False,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write a net; its layers are rounded to 16 bits.

    Parameters
    ----------
    path
        The file.
    weights
        The net.
    overwrite
        Replace a file.
    notes
        Whatever else to say in the header, such as the command that made it.

    Raises
    ------
    ValueError
        A weight is too large for 16 bits.
    OutputError
        See `cvfast.io.atomic.write_bytes`.
    """
    arrays: dict[str, NDArray[Any]] = {}
    for name, array in weights.layers.items():
        if np.abs(array).max(initial=0) > _MOST_WEIGHT:
            raise ValueError(f"{name}: expected weights up to {_MOST_WEIGHT:g}")
        arrays[name] = array.astype(np.float16)
    arrays["scale"] = weights.scale
    if weights.head_weights is not None:
        arrays["head"] = weights.head_weights
    names = ("size", "width", "head", "distance", "false_accepts", "source")
    settings = {name: getattr(weights, name) for name in names}
    told = {**(notes or {}), "format": FORMAT, "settings": json.dumps(settings)}
    write_tensors(path, arrays, told, overwrite=overwrite)


def read_deepface(path: PathLike) -> DeepFaceWeights:
    """Read a net that `write_deepface` wrote.

    Raises
    ------
    ModelError
        Missing, too large (over 2 GiB), damaged, or something else.

    Examples
    --------
    >>> read_deepface("gone.safetensors")
    Traceback (most recent call last):
    cvfast.errors.ModelError: gone.safetensors: cannot be read: No such file or directory
    """
    shown = Path(path)
    arrays, metadata = parse_tensors(model_bytes(shown, _MOST_BYTES), shown)
    if metadata.get("format") != FORMAT:
        raise ModelError(
            f"{shown}: expected a net of cvfast train deepface (format {FORMAT!r}), "
            f"got {metadata.get('format', 'another safetensors file')!r}"
        )
    try:
        told = json.loads(metadata["settings"])
        size, width = _number(told, "size", int), float(_number(told, "width", int, float))
        accepts = told["false_accepts"]
        return DeepFaceWeights(
            size,
            width,
            {name: _floats(arrays, name) for name in weight_shapes(size, width)},
            _floats(arrays, "scale"),
            str(told["head"]),
            _floats(arrays, "head") if "head" in arrays else None,
            float(_number(told, "distance", int, float)),
            None if accepts is None else float(_number(told, "false_accepts", int, float)),
            str(told["source"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise ModelError(f"{shown}: not a whole net of cvfast train deepface: {error}") from error


def _number(told: Mapping[str, Any], name: str, *kinds: type) -> Any:
    value = told[name]
    if type(value) not in kinds:
        raise TypeError(f"{name}: expected a number, got {value!r}")
    return value


def _floats(arrays: Mapping[str, NDArray[Any]], name: str) -> ImageF32:
    array = arrays[name]
    if array.dtype.kind != "f":
        raise TypeError(f"{name}: expected floats, got {array.dtype}")
    return array.astype(np.float32)


def _digest(arrays: Mapping[str, ImageF32], head: str) -> str:
    """Name the weights, the same before and after a file has rounded them."""
    total = hashlib.sha256(head.encode())
    for name in sorted(arrays):
        kind = np.float32 if name in ("scale", "head") else np.float16
        with np.errstate(over="ignore"):
            total.update(name.encode() + np.ascontiguousarray(arrays[name], kind).tobytes())
    return total.hexdigest()[:16]
