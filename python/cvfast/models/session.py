"""Running a TFLite model with LiteRT."""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
from collections.abc import Iterator
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
        self.input_shape: tuple[int, ...] = tuple(
            int(side) for side in self._interpreter().get_input_details()[0]["shape"]
        )

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
        interpreter = self._interpreter()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], batch)
        interpreter.invoke()
        return tuple(
            interpreter.get_tensor(output["index"]) for output in interpreter.get_output_details()
        )

    def _interpreter(self) -> Any:
        # A forked child must not use (or free) an interpreter whose worker threads did not follow
        # it, so the parent's one is kept under the parent's process id and left alone.
        owned: dict[int, Any] = self._local.__dict__.setdefault("by_process", {})
        interpreter = owned.get(os.getpid())
        if interpreter is None:
            interpreter = owned[os.getpid()] = _create(self._path, self.num_threads)
        return interpreter


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
