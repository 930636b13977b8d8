"""Running an ONNX model with onnxruntime (the extra ``onnx``), whoever made it."""

from __future__ import annotations

import functools
import hashlib
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError, MissingDependencyError, ModelError
from cvfast.io.opening import open_regular
from cvfast.models.onnx_file import has_external_data
from cvfast.typing import Path as PathLike

__all__ = ["OnnxSession", "Shape"]

# Sides of a tensor: a number, or None for one that is free.
Shape: TypeAlias = tuple[int | None, ...]

MOST_BYTES = 1 << 31  # protocol buffers end there
MOST_MEMORY = 4 << 30  # of all bounded sessions of a process together
_INSTALL = "pip install 'cvfast[onnx]'"


class OnnxSession:
    """A model from an ONNX file, checked before it runs; may be used from several threads.

    The file is not trusted: its size is capped, data in other files and operators from elsewhere
    are refused, and it has to have the float32 inputs and outputs that are asked for. What it
    computes, and how long that takes, is up to it.

    Parameters
    ----------
    path
        The file.
    inputs, outputs
        Shape by name. Names of one letter such as ``"*"`` match any: ``{"*": shape}`` asks for one
        input whatever it is called. None takes them as they are (float32 all the same).
    threads
        Threads of one call.
    most_bytes
        Largest file to read.
    bounded
        Give the model at most 4 GiB of memory (all such sessions of a process together), and
        compute nothing of it on loading: a small file can ask for arrays of any size.

    Attributes
    ----------
    inputs, outputs
        Names, in the order of `run`.
    input_shapes, output_shapes
        Their shapes in the file.
    sha256
        Of the file, in hex.
    metadata
        What its authors wrote into it, by name.

    Raises
    ------
    ModelError
        The file is missing, too large, damaged, or not as described.
    MissingDependencyError
        onnxruntime is not installed.
    """

    def __init__(
        self,
        path: PathLike,
        *,
        inputs: Mapping[str, Shape] | None,
        outputs: Mapping[str, Shape] | None,
        threads: int = 1,
        most_bytes: int = MOST_BYTES,
        bounded: bool = False,
    ) -> None:
        if threads < 1:
            raise ValueError(f"threads: expected at least 1, got {threads}")
        self.path = Path(path)
        data = _content(self.path, most_bytes)
        self.sha256 = hashlib.sha256(data).hexdigest()
        self._session = _session(self.path, data, threads, bounded=bounded)
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        given, made = self._session.get_inputs(), self._session.get_outputs()
        self.inputs = _checked(self.path, "inputs", given, inputs)
        self.outputs = _checked(self.path, "outputs", made, outputs)
        self.input_shapes = _shapes(given, self.inputs)
        self.output_shapes = _shapes(made, self.outputs)

    def __repr__(self) -> str:
        return f"OnnxSession({self.path.name!r}: {', '.join(self.inputs)})"

    def run(self, *arrays: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Run the model on its inputs, in order; return its outputs, in order.

        Raises
        ------
        ModelError
            The model fails on them.
        """
        try:
            results: list[Any] = self._session.run(
                list(self.outputs), dict(zip(self.inputs, arrays, strict=True))
            )
        except Exception as error:  # onnxruntime's own classes, which are not exported
            raise ModelError(
                f"{self.path}: this model failed on inputs of shape "
                f"{[array.shape for array in arrays]}: {_first_line(error)}"
            ) from error
        return results


def _content(path: Path, most_bytes: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > most_bytes:
            raise ModelError(
                f"{path}: expected a model of at most {most_bytes:,} bytes, got {size:,}"
            )
        with open_regular(path) as file:
            data = file.read()
    except MediaError as error:  # a pipe or a device
        raise ModelError(str(error)) from error
    except OSError as error:
        raise ModelError(f"{path}: model file cannot be read ({error.strerror})") from error
    try:
        external = has_external_data(data)
    except ValueError as error:
        raise ModelError(
            f"{path}: expected an ONNX model, which this is not, or it is damaged ({error})"
        ) from error
    if external:
        raise ModelError(
            f"{path}: expected a model in one file, got one with data in other files; save it anew "
            "with onnx.save(model, path, save_as_external_data=False)"
        )
    return data


def _session(path: Path, data: bytes, threads: int, *, bounded: bool) -> Any:
    try:
        ort = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise MissingDependencyError(
            f"{path.name}: ONNX models need onnxruntime ({error}): {_INSTALL}"
        ) from error
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 4  # errors are raised; nothing is printed
    # Constants are folded outside of the bounded memory.
    unwanted = ["ConstantFolding"] if bounded else None
    if bounded:
        _bound_memory(ort)
        options.add_session_config_entry("session.use_env_allocators", "1")
    try:
        return ort.InferenceSession(
            data, options, providers=["CPUExecutionProvider"], disabled_optimizers=unwanted
        )
    except Exception as error:  # onnxruntime's own classes, which are not exported
        raise ModelError(
            f"{path}: onnxruntime cannot load this model: {_first_line(error)}"
        ) from error


@functools.cache  # onnxruntime has one such allocator for the whole process
def _bound_memory(ort: Any) -> None:
    kind = ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    place = ort.OrtMemoryInfo("Cpu", kind, 0, ort.OrtMemType.DEFAULT)
    ort.create_and_register_allocator(place, ort.OrtArenaCfg({"max_mem": MOST_MEMORY}))


def _shapes(tensors: Sequence[Any], names: Sequence[str]) -> tuple[Shape, ...]:
    shapes = {
        tensor.name: tuple(side if isinstance(side, int) else None for side in tensor.shape)
        for tensor in tensors
    }
    return tuple(shapes[name] for name in names)


def _checked(
    path: Path, kind: str, found: Sequence[Any], expected: Mapping[str, Shape] | None
) -> tuple[str, ...]:
    """Return the names in the expected order; raise unless they, types and shapes fit."""
    shapes = {tensor.name: (tensor.type, tuple(tensor.shape)) for tensor in found}
    if expected is None:
        expected = dict(zip(shapes, _shapes(found, tuple(shapes)), strict=True))
    names = tuple(shapes) if set(expected) == {"*"} and len(shapes) == 1 else tuple(expected)
    wanted = dict(zip(names, expected.values(), strict=True))
    fits = set(names) == set(shapes) and all(
        shapes[name][0] == "tensor(float)" and _fits(shapes[name][1], wanted[name])
        for name in names
    )
    if not fits:
        asked = ", ".join(f"{name} {_shown(shape)} tensor(float)" for name, shape in wanted.items())
        got = ", ".join(
            f"{name} {_shown(shape)} {type_}" for name, (type_, shape) in shapes.items()
        )
        raise ModelError(f"{path}: expected the {kind} {asked}; got {got}")
    return names


def _fits(shape: tuple[Any, ...], wanted: Shape) -> bool:
    """Whether sides agree: a side that must be free has no number in the file."""
    return len(shape) == len(wanted) and all(
        isinstance(side, int) == (want is not None) and (want is None or side == want)
        for side, want in zip(shape, wanted, strict=True)
    )


def _shown(shape: Sequence[Any]) -> str:
    return "x".join("?" if not isinstance(side, int) else str(side) for side in shape)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
