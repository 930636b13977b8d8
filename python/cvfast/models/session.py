"""Running a TFLite model with LiteRT."""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cvfast.errors import MissingDependencyError, ModelError
from cvfast.models.registry import model_path
from cvfast.typing import ImageF32

__all__ = ["Session"]

_creating = threading.Lock()


class Session:
    """A bundled model, ready to run; the same session serves all threads.

    Each thread gets an interpreter of its own on its first call, and so does a forked child, so
    calls never wait for each other. The weights are mapped from the file and shared.

    Parameters
    ----------
    name
        A name from `cvfast.models.registry.MODELS`.
    num_threads
        Threads one call may use. These models are too small to gain much from more than one.

    Raises
    ------
    ModelError
        The file is missing or altered, or LiteRT cannot load it.
    MissingDependencyError
        The package ai-edge-litert is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.models.session import Session
    >>> iris = Session("iris")
    >>> iris.input_shape
    (1, 64, 64, 3)
    >>> contour, ring = iris.run(np.zeros((1, 64, 64, 3), np.float32))
    >>> contour.shape, ring.shape
    ((1, 213), (1, 15))
    """

    def __init__(self, name: str, *, num_threads: int = 1) -> None:
        if num_threads < 1:
            raise ValueError(f"num_threads: expected at least 1, got {num_threads}")
        self.name = name
        self.num_threads = num_threads
        self._path = model_path(name)
        self._local = threading.local()
        self.input_shape: tuple[int, ...] = self._loaded().shape

    def __repr__(self) -> str:
        return f"Session({self.name!r}, num_threads={self.num_threads})"

    def run(self, batch: ImageF32) -> tuple[ImageF32, ...]:
        """Run the model once.

        Parameters
        ----------
        batch
            float32 array of `input_shape`.

        Returns
        -------
        tuple of numpy.ndarray
            The outputs, float32, in the file's order; copies that stay valid.

        Raises
        ------
        ValueError
            Wrong shape or dtype.
        """
        if batch.shape != self.input_shape or batch.dtype != np.float32:
            raise ValueError(
                f"batch: expected float32 of shape {self.input_shape}, "
                f"got {batch.dtype} of shape {batch.shape}"
            )

        def copy(tensor: ImageF32) -> None:
            tensor[...] = batch

        return self.run_on(copy)

    def run_on(self, write: Callable[[ImageF32], None]) -> tuple[ImageF32, ...]:
        """Run the model once on what ``write`` puts into its input, without a copy.

        Parameters
        ----------
        write
            Called with the model's own input, float32 of `input_shape`, to be filled; it must not
            keep the array.

        Returns
        -------
        tuple of numpy.ndarray
            As `run`.

        Examples
        --------
        >>> from cvfast.models.session import Session
        >>> contour, ring = Session("iris").run_on(lambda tensor: tensor.fill(0.5))
        >>> ring.shape
        (1, 15)
        """
        loaded = self._loaded()
        write(loaded.input())
        loaded.interpreter.invoke()
        return tuple(loaded.interpreter.get_tensor(index) for index in loaded.outputs)

    def _loaded(self) -> _Loaded:
        # A forked child must not use (or free) an interpreter whose worker threads did not follow
        # it, so the parent's one is kept under the parent's process id and left alone.
        owned: dict[int, _Loaded] = self._local.__dict__.setdefault("by_process", {})
        loaded = owned.get(os.getpid())
        if loaded is None:
            loaded = owned[os.getpid()] = _Loaded.of(_create(self._path, self.num_threads))
        return loaded


@dataclass(frozen=True, slots=True)
class _Loaded:
    """An interpreter, with what takes long to ask it for in every run."""

    interpreter: Any
    shape: tuple[int, ...]
    input: Callable[[], ImageF32]
    outputs: tuple[int, ...]

    @classmethod
    def of(cls, interpreter: Any) -> _Loaded:
        (entry,) = interpreter.get_input_details()
        outputs = tuple(int(output["index"]) for output in interpreter.get_output_details())
        shape = tuple(int(side) for side in entry["shape"])
        return cls(interpreter, shape, interpreter.tensor(entry["index"]), outputs)


def _create(path: Path, num_threads: int) -> Any:
    """Load a model file into a fresh interpreter."""
    try:
        litert = importlib.import_module("ai_edge_litert.interpreter")
    except ImportError as error:
        raise MissingDependencyError(
            f"face models need the package ai-edge-litert ({error}): pip install ai-edge-litert"
        ) from error
    with _quiet_stderr():
        try:
            interpreter = litert.Interpreter(model_path=str(path), num_threads=num_threads)
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise ModelError(f"{path}: LiteRT cannot load this model: {error}") from error
    return interpreter


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Drop what LiteRT's C++ prints to descriptor 2 while it loads a model.

    It has no switch for that line ("Created TensorFlow Lite XNNPACK delegate"). The descriptor
    is away for the few milliseconds of loading only.
    """
    with _creating:
        try:
            saved = os.dup(2)
        except OSError:  # stderr is closed: nothing to hide
            yield
            return
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            os.close(null)
