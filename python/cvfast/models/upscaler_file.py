"""Files of the networks that enlarge faces: safetensors, the weights as 16-bit floats."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cvfast.errors import ModelError
from cvfast.models.model_bytes import model_bytes
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.typing import ImageF32
from cvfast.typing import Path as PathLike

__all__ = ["UpscalerWeights", "read_upscaler", "weight_shapes", "write_upscaler"]

FORMAT = "cvfast upscaler 1"
_MOST_BYTES = 64 << 20
_MOST_CHANNELS, _MOST_BLOCKS = 256, 32
_MOST_WEIGHT = 65504.0  # of a 16-bit float


@dataclass(frozen=True, eq=False)
class UpscalerWeights:
    """A trained network.

    Parameters
    ----------
    channels, blocks
        Its size.
    layers
        float32 weights and biases by name, shaped as `weight_shapes` says.
    notes
        What the file says of its training.

    Attributes
    ----------
    digest
        BLAKE2 of all but the notes, in hex.

    Raises
    ------
    ValueError
        What is given does not fit together.
    """

    channels: int
    blocks: int
    layers: Mapping[str, ImageF32]
    notes: Mapping[str, str] = field(default_factory=dict)
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        shapes = weight_shapes(self.channels, self.blocks)
        if set(self.layers) != set(shapes):
            raise ValueError(f"layers: expected {sorted(shapes)}, got {sorted(self.layers)}")
        size = f"{FORMAT} {self.channels} {self.blocks}"
        digest = hashlib.blake2b(size.encode(), digest_size=16)
        for name, shape in shapes.items():
            array = self.layers[name]
            if array.shape != shape or array.dtype != np.float32:
                raise ValueError(
                    f"{name}: expected float32 {shape}, got {array.dtype} {array.shape}"
                )
            if not np.abs(array).max() <= _MOST_WEIGHT:
                raise ValueError(f"{name}: expected finite weights of at most {_MOST_WEIGHT:g}")
            digest.update(np.ascontiguousarray(array, np.float16).tobytes())
        object.__setattr__(self, "digest", digest.hexdigest())


def weight_shapes(channels: int, blocks: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of each layer's weights and biases.

    Raises
    ------
    ValueError
        Out of range.

    Examples
    --------
    >>> weight_shapes(32, 4)["tail2.weight"]
    (12, 32, 3, 3)
    """
    if not 1 <= channels <= _MOST_CHANNELS or not 0 <= blocks <= _MOST_BLOCKS:
        raise ValueError(
            f"channels, blocks: expected 1 to {_MOST_CHANNELS} and 0 to {_MOST_BLOCKS}, got "
            f"{channels} and {blocks}"
        )
    ends = {"head": (channels, 5), "tail2": (12, channels), "tail4": (48, channels)}
    for number in range(blocks):
        ends[f"first{number}"] = ends[f"second{number}"] = (channels, channels)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, (outside, inside) in sorted(ends.items()):
        shapes[f"{name}.weight"] = (outside, inside, 3, 3)
        shapes[f"{name}.bias"] = (outside,)
    return shapes


def write_upscaler(path: PathLike, weights: UpscalerWeights, *, overwrite: bool = False) -> None:
    """Write a network; its weights are rounded to 16 bits.

    Raises
    ------
    OutputError
        See `cvfast.io.atomic.write_bytes`.
    """
    halves = {name: array.astype(np.float16) for name, array in weights.layers.items()}
    facts = {
        "format": FORMAT,
        "channels": str(weights.channels),
        "blocks": str(weights.blocks),
    }
    write_tensors(path, halves, {**weights.notes, **facts}, overwrite=overwrite)


def read_upscaler(path: PathLike) -> UpscalerWeights:
    """Read a network.

    Raises
    ------
    ModelError
        The file cannot be read, is no such network, or does not fit together.
    """
    arrays, facts = parse_tensors(model_bytes(path, _MOST_BYTES), path)
    if facts.get("format") != FORMAT:
        raise ModelError(
            f"{path}: expected a network that enlarges faces ({FORMAT}), got "
            f"{facts.get('format', 'none')!r}"
        )
    notes = {name: text for name, text in facts.items() if name not in ("format",)}
    try:
        channels, blocks = (int(notes.pop(name)) for name in ("channels", "blocks"))
        layers = {name: array.astype(np.float32) for name, array in arrays.items()}
        return UpscalerWeights(channels, blocks, layers, notes)
    except (KeyError, ValueError) as error:
        raise ModelError(
            f"{path}: expected a network that enlarges faces, got a damaged one: {error}"
        ) from error
