"""Files of mask networks: safetensors, the layers' weights as 16-bit floats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cvfast.errors import ModelError
from cvfast.models.model_bytes import model_bytes
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.models.xseg_layers import xseg_layers
from cvfast.typing import ImageF32
from cvfast.typing import Path as PathLike

__all__ = ["XSegWeights", "read_xseg", "weight_shapes", "write_xseg"]

FORMAT = "cvfast xseg 1"
_MOST_BYTES = 256 << 20
_MOST_WIDTH = 4096
_MOST_SIZE = 1024
_MOST_WEIGHT = 65504.0  # of a 16-bit float


@dataclass(frozen=True, eq=False)
class XSegWeights:
    """A trained mask network.

    Parameters
    ----------
    size
        Pixels of its pictures' sides.
    widths
        Channels a level; see `cvfast.models.xseg_layers.xseg_layers`.
    layers
        float32 weights and biases by name, shaped as `weight_shapes` says.

    Attributes
    ----------
    digest
        BLAKE2 of all that, in hex.

    Raises
    ------
    ValueError
        What is given does not fit together.
    """

    size: int
    widths: tuple[int, ...]
    layers: Mapping[str, ImageF32]
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        if not (2 <= len(self.widths) <= 8 and all(1 <= w <= _MOST_WIDTH for w in self.widths)):
            raise ValueError(f"widths: expected 2 to 8 of 1 to {_MOST_WIDTH}, got {self.widths}")
        whole = 1 << len(self.widths)
        if not (whole <= self.size <= _MOST_SIZE and self.size % whole == 0):
            raise ValueError(
                f"size: expected a multiple of {whole} up to {_MOST_SIZE}, got {self.size}"
            )
        shapes = weight_shapes(self.widths)
        if set(self.layers) != set(shapes):
            raise ValueError(f"layers: expected {sorted(shapes)}, got {sorted(self.layers)}")
        digest = hashlib.blake2b(f"{FORMAT} {self.size} {self.widths}".encode(), digest_size=16)
        for name, shape in shapes.items():
            array = self.layers[name]
            if array.shape != shape or array.dtype != np.float32:
                raise ValueError(
                    f"{name}: expected float32 {shape}, got {array.dtype} {array.shape}"
                )
            if not np.isfinite(array).all():
                raise ValueError(f"{name}: expected finite weights")
            with np.errstate(over="ignore"):  # the same before and after a file has rounded them
                digest.update(np.ascontiguousarray(array, np.float16).tobytes())
        object.__setattr__(self, "digest", digest.hexdigest())


def weight_shapes(widths: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of each layer's weights and biases.

    Examples
    --------
    >>> weight_shapes((8, 16))["down0.weight"]
    (8, 12, 3, 3)
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for name, layer in xseg_layers(widths).items():
        shapes[f"{name}.weight"] = (layer.outside, layer.inside, layer.size, layer.size)
        shapes[f"{name}.bias"] = (layer.outside,)
    return shapes


def write_xseg(
    path: PathLike,
    weights: XSegWeights,
    *,
    overwrite: bool = False,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write a network; its weights are rounded to 16 bits.

    Parameters
    ----------
    path
        The file.
    weights
        The network.
    overwrite
        Replace a file.
    notes
        Whatever else to say in the header, such as what it was trained on.

    Raises
    ------
    ValueError
        A weight is too large for 16 bits.
    OutputError
        See `cvfast.io.atomic.write_bytes`.
    """
    for name, array in weights.layers.items():
        if np.abs(array).max() > _MOST_WEIGHT:
            raise ValueError(f"{name}: expected weights up to {_MOST_WEIGHT} for 16 bits")
    halves = {name: array.astype(np.float16) for name, array in weights.layers.items()}
    facts = {
        "format": FORMAT,
        "size": str(weights.size),
        "widths": json.dumps(list(weights.widths)),
    }
    write_tensors(path, halves, {**(notes or {}), **facts}, overwrite=overwrite)


def read_xseg(path: PathLike) -> XSegWeights:
    """Read a network.

    Raises
    ------
    ModelError
        The file cannot be read, is no mask network, or does not fit together.
    """
    arrays, facts = parse_tensors(model_bytes(path, _MOST_BYTES), path)
    if facts.get("format") != FORMAT:
        raise ModelError(
            f"{path}: expected a mask network ({FORMAT}), got {facts.get('format', 'none')!r}"
        )
    try:
        widths = json.loads(facts["widths"])
        if not isinstance(widths, list) or not all(type(width) is int for width in widths):
            raise ValueError(f"widths: expected whole numbers, got {widths!r}")
        if any(array.dtype.kind != "f" for array in arrays.values()):
            raise ValueError("expected floats alone")
        with np.errstate(over="ignore"):
            layers = {name: array.astype(np.float32) for name, array in arrays.items()}
        return XSegWeights(int(facts["size"]), tuple(widths), layers)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{path}: expected a mask network, got a damaged one: {error}") from error
