"""Plain values and arrays out of other programs' pickles, without unpickling.

A pickle is a program for a small stack machine, one of whose instructions calls any function of any
module. This reader carries out the instructions that build numbers, texts, lists and dictionaries,
knows by name the few with which NumPy writes an array, and refuses the rest: it imports nothing and
calls nothing. Instructions and their arguments are split by `pickletools`.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError

__all__ = ["pickled_values"]

_MOST_STEPS = 20_000_000
_MARK = object()
_KINDS = frozenset("biuf")  # of numbers in arrays: never objects


@dataclass(frozen=True, slots=True)
class _Global:
    """A name of the allow-list, as far as it stands on the stack; never looked up."""

    name: str


@dataclass(slots=True)
class _Array:
    """An array whose content is still to come."""

    values: NDArray[Any] | None = None


@dataclass(slots=True)
class _Type:
    """A type of numbers whose byte order is still to come."""

    code: str
    order: str = "|"

    def dtype(self) -> np.dtype[Any]:
        kind, digits = self.code[:1], self.code[1:]
        if kind not in _KINDS or digits not in ("1", "2", "4", "8"):
            raise ValueError(f"numbers of type {self.code!r}")
        if self.order not in ("<", ">", "|", "="):
            raise ValueError(f"byte order {self.order!r}")
        return np.dtype(("" if self.order == "|" else self.order) + self.code)


_NAMES = {
    (module, name): short
    for short, name, modules in (
        ("reconstruct", "_reconstruct", ("numpy.core.multiarray", "numpy._core.multiarray")),
        ("scalar", "scalar", ("numpy.core.multiarray", "numpy._core.multiarray")),
        ("frombuffer", "_frombuffer", ("numpy.core.numeric", "numpy._core.numeric")),
        ("ndarray", "ndarray", ("numpy",)),
        ("dtype", "dtype", ("numpy",)),
        ("encode", "encode", ("_codecs",)),
        ("bytes", "bytes", ("builtins", "__builtin__")),
    )
    for module in modules
}


def pickled_values(data: bytes, name: str) -> Any:
    """Return what a pickle holds.

    Parameters
    ----------
    data
        The pickle, of any protocol.
    name
        The file's, for messages.

    Returns
    -------
    object
        None, bool, int, float, str, bytes, list, tuple, dict, numpy.ndarray of numbers, and these
        in each other. One part may stand in several places, so do not walk through all of it.

    Raises
    ------
    MediaError
        It is damaged, or asks for anything else: for a function's call above all.

    Examples
    --------
    >>> import pickle
    >>> pickled_values(pickle.dumps({"a": [1, 2.5, "b"]}), "x.jpg")
    {'a': [1, 2.5, 'b']}
    >>> pickled_values(pickle.dumps(print), "x.jpg")
    Traceback (most recent call last):
    cvfast.errors.MediaError: x.jpg: refused: its pickle asks for builtins.print
    """
    machine = _Machine(name)
    try:
        for step, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if step >= _MOST_STEPS:
                raise ValueError(f"more than {_MOST_STEPS:,} instructions")
            if opcode.name == "STOP":
                return machine.finish()
            machine.carry_out(opcode.name, argument)
    except MediaError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, MemoryError,
            RecursionError, UnicodeError) as error:  # fmt: skip
        raise MediaError(f"{name}: expected an undamaged pickle: {error}") from error
    raise MediaError(f"{name}: expected an undamaged pickle: it ends too early")


class _Machine:
    """The stack, the marks on it, and what was put aside."""

    def __init__(self, name: str) -> None:
        self._name, self._stack, self._memo = name, list[Any](), dict[int, Any]()

    def carry_out(self, name: str, argument: Any) -> None:
        if name in _IGNORED:
            return
        if name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _ARGUMENTS:
            self._stack.append(argument)
        elif name in _MADE:
            self._stack.append(_MADE[name]())
        elif name in ("PUT", "BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._stack[-1]
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._stack[-1]
        elif name in ("GET", "BINGET", "LONG_BINGET"):
            self._stack.append(self._memo[argument])
        elif name in _STEPS:
            _STEPS[name](self)
        elif name == "GLOBAL":
            self._global(*argument.split(" ", 1))
        else:
            raise MediaError(f"{self._name}: refused: its pickle has the instruction {name}")

    def finish(self) -> Any:
        (value,) = self._stack
        if value is _MARK or isinstance(value, (_Global, _Type)):
            raise ValueError("it ends with no value")
        return _plain(value)

    def _pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise ValueError("an instruction finds nothing to work on")
        return _plain(value)

    def _since_mark(self) -> list[Any]:
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise ValueError("a mark is missing")
        values = [_plain(value) for value in self._stack[at + 1 :]]
        del self._stack[at:]
        return values

    def _top(self, kind: type) -> Any:
        if not isinstance(self._stack[-1], kind):
            raise ValueError(f"expected a {kind.__name__} to fill")
        return self._stack[-1]

    def append(self) -> None:
        value = self._pop()
        self._top(list).append(value)

    def appends(self) -> None:
        values = self._since_mark()
        self._top(list).extend(values)

    def set_item(self) -> None:
        value, key = self._pop(), self._pop()
        self._fill([key, value])

    def set_items(self) -> None:
        self._fill(self._since_mark())

    def _fill(self, values: list[Any]) -> None:
        target = self._top(dict)
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, (str, bytes, int, float)):
                raise ValueError(f"a key of type {type(key).__name__}")
            target[key] = value

    def tuple_of(self, count: int) -> None:
        values = [self._pop() for _ in range(count)]
        self._stack.append(tuple(reversed(values)))

    def gather(self, kind: str) -> None:
        values = self._since_mark()
        if kind == "dict":
            self._stack.append({})
            self._fill(values)
        else:
            self._stack.append(values if kind == "list" else tuple(values))

    def pop(self) -> None:
        self._stack.pop()

    def pop_mark(self) -> None:
        self._since_mark()

    def stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        self._global(module, name)

    def _global(self, module: Any, name: Any) -> None:
        short = _NAMES.get((str(module), str(name)))
        if short is None:
            asked = f"{module}.{name}"[:80]
            raise MediaError(f"{self._name}: refused: its pickle asks for {asked}")
        self._stack.append(_Global(short))

    def reduce(self) -> None:
        arguments, called = self._pop(), self._stack.pop()
        if not isinstance(called, _Global) or not isinstance(arguments, tuple):
            raise MediaError(f"{self._name}: refused: its pickle calls what is no name")
        self._stack.append(_CALLS[called.name](*arguments))

    def build(self) -> None:
        state, target = self._pop(), self._stack[-1]
        if isinstance(target, _Type):
            target.order = state[1]
            if any(part is not None for part in state[2:5]):
                raise ValueError("numbers of a compound type")
        elif isinstance(target, _Array):
            _, shape, kind, fortran, content = state
            target.values = _array(content, kind, shape, "F" if fortran else "C")
        else:
            raise MediaError(f"{self._name}: refused: its pickle builds an object")


def _plain(value: Any) -> Any:
    """Return a value ready for a place: an array that is whole as such."""
    return value.values if isinstance(value, _Array) and value.values is not None else value


def _array(content: Any, kind: Any, shape: Any, order: Any) -> NDArray[Any]:
    if not isinstance(content, (bytes, bytearray)) or not isinstance(kind, _Type):
        raise ValueError("an array without its bytes")
    sides = shape if isinstance(shape, tuple) else (shape,)
    if len(sides) > 8 or any(not isinstance(side, int) or side < 0 for side in sides):
        raise ValueError(f"an array of shape {shape}")
    flat = np.frombuffer(bytes(content), kind.dtype())
    values = flat.reshape(sides, order="F" if order == "F" else "C")
    return values.astype(values.dtype.newbyteorder("="))


def _reconstruct(subtype: Any, _shape: Any, _code: Any) -> _Array:
    if subtype != _Global("ndarray"):
        raise ValueError("an array of another class")
    return _Array()


def _scalar(kind: Any, content: Any) -> Any:
    return _array(content, kind, (), "C").item()


def _type(code: Any, *_: Any) -> _Type:
    if not isinstance(code, str):
        raise ValueError("a type of numbers without its name")
    order = code[0] if code[:1] in ("<", ">", "|", "=") else "|"
    return _Type(code.lstrip("<>|="), order)


def _encode(text: Any, encoding: Any) -> bytes:
    """Undo what Python 3 makes of bytes in old protocols."""
    if encoding not in ("latin1", "latin-1") or not isinstance(text, str):
        raise ValueError(f"bytes in encoding {encoding!r}")
    return text.encode("latin-1")


def _no_bytes() -> bytes:
    """Undo what old protocols make of no bytes."""
    return b""


_CALLS: dict[str, Callable[..., Any]] = {
    "reconstruct": _reconstruct,
    "scalar": _scalar,
    "frombuffer": _array,
    "dtype": _type,
    "encode": _encode,
    "bytes": _no_bytes,
}
_IGNORED = frozenset({"PROTO", "FRAME"})
_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "MARK": _MARK}
_ARGUMENTS = frozenset(
    f"{kind}{size}"
    for kind, sizes in {
        "INT": ("",),
        "BININT": ("", "1", "2"),
        "LONG": ("", "1", "4"),
        "FLOAT": ("",),
        "BINFLOAT": ("",),
        "STRING": ("",),
        "BINSTRING": ("",),
        "SHORT_BINSTRING": ("",),
        "UNICODE": ("",),
        "BINUNICODE": ("", "8"),
        "SHORT_BINUNICODE": ("",),
        "BINBYTES": ("", "8"),
        "SHORT_BINBYTES": ("",),
        "BYTEARRAY": ("8",),
    }.items()
    for size in sizes
)
_MADE: dict[str, Callable[[], Any]] = {"EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_TUPLE": tuple}
_STEPS: dict[str, Callable[[_Machine], None]] = {
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "TUPLE1": lambda machine: machine.tuple_of(1),
    "TUPLE2": lambda machine: machine.tuple_of(2),
    "TUPLE3": lambda machine: machine.tuple_of(3),
    "TUPLE": lambda machine: machine.gather("tuple"),
    "LIST": lambda machine: machine.gather("list"),
    "DICT": lambda machine: machine.gather("dict"),
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "STACK_GLOBAL": _Machine.stack_global,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
}
