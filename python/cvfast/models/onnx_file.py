"""A look into an ONNX file before anything else may: files it points to, operators it uses.

Only the few fields of the format on the way to a tensor are followed (onnx.proto, version 1).
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["has_external_data", "operators"]

# Message -> field number -> message in it.
_FIELDS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_OPERATOR, _DOMAIN = 4, 7  # of a node
_DEEPEST = 64
_LONGEST = 100  # bytes of an operator's name


def has_external_data(data: bytes) -> bool:
    """Return whether a tensor of the model lies in another file.

    Raises
    ------
    ValueError
        The bytes are no protocol buffer, or nested too deep.

    Examples
    --------
    >>> has_external_data(b"")
    False
    """
    return _external(memoryview(data), "model", 0)


def operators(data: bytes) -> set[tuple[str, str]]:
    """Return the operators of a model, inner graphs and functions included: (domain, name).

    The domain of ONNX's own operators is the empty string.

    Raises
    ------
    ValueError
        The bytes are no protocol buffer, or nested too deep.

    Examples
    --------
    >>> operators(b"")
    set()
    """
    found: set[tuple[str, str]] = set()
    _operators(memoryview(data), "model", 0, found)
    return found


def _operators(data: memoryview, kind: str, depth: int, found: set[tuple[str, str]]) -> None:
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    texts = {_OPERATOR: "", _DOMAIN: ""}
    for number, content in _fields(data):
        if not isinstance(content, memoryview):
            continue
        if kind == "node" and number in texts:
            texts[number] = bytes(content[:_LONGEST]).decode("utf-8", "replace")
        inner = _FIELDS[kind].get(number)
        if inner and inner not in ("tensor", "sparse"):
            _operators(content, inner, depth + 1, found)
    if kind == "node":
        domain = texts[_DOMAIN]
        found.add(("" if domain == "ai.onnx" else domain, texts[_OPERATOR]))


def _external(data: memoryview, kind: str, depth: int) -> bool:
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    for number, content in _fields(data):
        if kind == "tensor" and number in (_EXTERNAL_DATA, _DATA_LOCATION) and content != 0:
            return True
        inner = _FIELDS[kind].get(number)
        if inner and isinstance(content, memoryview) and _external(content, inner, depth + 1):
            return True
    return False


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError("no protocol buffer")
        if length > len(data) - at:
            raise ValueError("cut off")
        yield key >> 3, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("cut off")
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError("no protocol buffer")
