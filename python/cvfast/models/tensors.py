"""The safetensors layout, as far as NumPy arrays need it: a length, a JSON header, the numbers."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.io.atomic import write_bytes
from cvfast.typing import Path as PathLike

__all__ = ["parse_tensors", "tensor_bytes", "write_tensors"]

Arrays = dict[str, NDArray[Any]]
_MOST_HEADER = 1 << 20
_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2"} | {
    "I8": "|i1",
    "U8": "|u1",
    "U16": "<u2",
}
_NAMES = {np.dtype(kind): name for name, kind in _DTYPES.items()}


def tensor_bytes(arrays: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """Lay arrays out as a safetensors file; the same bytes for the same arrays.

    Examples
    --------
    >>> import numpy as np
    >>> data = tensor_bytes({"a": np.arange(3, dtype=np.int16)}, {"who": "me"})
    >>> arrays, metadata = parse_tensors(data, "here")
    >>> arrays["a"].tolist(), metadata
    ([0, 1, 2], {'who': 'me'})
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    parts, offset = [], 0
    for name, array in arrays.items():
        data = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        header[name] = {
            "dtype": _NAMES[array.dtype.newbyteorder("<")],
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(data)],
        }
        parts.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + b"".join(parts)


def write_tensors(
    path: PathLike,
    arrays: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str],
    *,
    overwrite: bool = False,
) -> None:
    """Write a safetensors file, whole or not at all."""
    write_bytes(path, tensor_bytes(arrays, metadata), overwrite=overwrite)


def parse_tensors(data: bytes, path: PathLike) -> tuple[Arrays, dict[str, str]]:
    """Read what a safetensors file holds; every number in it is checked against its length.

    Parameters
    ----------
    data
        The whole file.
    path
        Its name, for messages.

    Returns
    -------
    arrays, metadata
        Read-only views of `data`.

    Raises
    ------
    ModelError
        Truncated, or not of this layout.
    """
    shown = Path(path)
    if len(data) < 8:
        raise ModelError(f"{shown}: expected a safetensors file, got {len(data)} bytes")
    (length,) = struct.unpack("<Q", data[:8])
    if not 2 <= length <= min(len(data) - 8, _MOST_HEADER):
        raise ModelError(f"{shown}: expected a safetensors header in the file, got {length} bytes")
    try:
        header = json.loads(data[8 : 8 + length])
        metadata = {str(k): str(v) for k, v in header.pop("__metadata__", {}).items()}
        entries = {str(name): _entry(entry) for name, entry in header.items()}
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ModelError(f"{shown}: the safetensors header cannot be read: {error}") from error
    body = memoryview(data)[8 + length :]
    arrays = {}
    for name, (kind, shape, begin, end) in entries.items():
        expected = math.prod(shape) * np.dtype(kind).itemsize
        if not 0 <= begin <= end <= len(body) or end - begin != expected:
            raise ModelError(
                f"{shown}: {name}: expected {expected} bytes in a body of {len(body)}, got "
                f"{begin} to {end}; the file is damaged or cut short"
            )
        arrays[name] = np.frombuffer(body[begin:end], kind).reshape(shape)
    return arrays, metadata


def _entry(entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    kind = _DTYPES.get(str(entry["dtype"]))
    if kind is None:
        raise ValueError(f"expected a dtype of {', '.join(_DTYPES)}, got {entry['dtype']!r}")
    shape, offsets = entry["shape"], entry["data_offsets"]
    numbers = [*shape, *offsets]
    if not all(type(value) is int and 0 <= value < 1 << 40 for value in numbers):
        raise ValueError(f"expected whole numbers as shape and offsets, got {numbers}")
    if len(shape) > 8 or len(offsets) != 2:
        raise ValueError(f"expected at most 8 sides and 2 offsets, got {numbers}")
    # What is empty has no bytes that are missing, but NumPy refuses such sides all the same.
    if 0 in shape and math.prod(side or 1 for side in shape) >= 1 << 40:
        raise ValueError(f"expected a shape of less than 2^40 numbers, got {shape}")
    return kind, tuple(shape), offsets[0], offsets[1]
