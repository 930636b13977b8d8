"""Running a swap model: ours by torch, anybody's ``.dfm`` by onnxruntime."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.swap.face_types import FACE_TYPES
from cvfast.typing import ImageF32
from cvfast.typing import Path as PathLike

__all__ = ["FILE", "Swapped", "Swapper", "find_model", "open_swapper"]

FILE = "model.safetensors"


@dataclass(frozen=True, eq=False)
class Swapped:
    """What a swap model makes of faces.

    Parameters
    ----------
    face
        (N, n, n, 3) float32 RGB in [0, 1]: the source's face with the target's expression.
    mask, target_mask
        (N, n, n) float32 in [0, 1]: what is face in it, and in the target.
    """

    face: ImageF32
    mask: NDArray[np.float32]
    target_mask: NDArray[np.float32]


class Swapper(ABC):
    """A model ready to swap.

    Attributes
    ----------
    resolution
        Pixels of the face pictures' sides.
    face_type
        What they show: a name in `cvfast.swap.face_types.FACE_TYPES`.
    has_morph
        Whether ``morph`` changes anything.
    fingerprint
        The file's SHA-256, in hex.
    """

    resolution: int
    face_type: str
    has_morph: bool
    fingerprint: str

    def swap(self, faces: ImageF32, morph: float = 1.0) -> Swapped:
        """Put the source's face on those of the target.

        Parameters
        ----------
        faces
            (N, n, n, 3) float32 RGB in [0, 1], n being `resolution`.
        morph
            From 0, the target's own face, to 1, the source's; for models that morph.

        Raises
        ------
        ValueError
            Faces of another shape, type or range, or ``morph`` out of range.
        ModelError
            The model fails, or gives something else than it should.
        """
        size = self.resolution
        if faces.ndim != 4 or faces.shape[1:] != (size, size, 3) or faces.dtype != np.float32:
            raise ValueError(
                f"faces: expected float32 (N, {size}, {size}, 3), got {faces.dtype} {faces.shape}"
            )
        if not 0 <= morph <= 1:
            raise ValueError(f"morph: expected 0 to 1, got {morph}")
        if len(faces) == 0:
            return Swapped(faces.copy(), *np.zeros((2, 0, size, size), np.float32))
        if not (faces.min() >= 0 and faces.max() <= 1):  # not a number is neither
            raise ValueError("faces: expected values in [0, 1], got others")
        return self._swap(faces, morph)

    @abstractmethod
    def _swap(self, faces: ImageF32, morph: float) -> Swapped: ...


def open_swapper(
    path: PathLike, *, threads: int | None = None, face_type: str | None = None
) -> Swapper:
    """Open a model.

    Parameters
    ----------
    path
        A ``model.safetensors`` of cvfast, the folder that holds one (a workspace, or its model
        folder), or a ``.dfm`` of anybody's.
    threads
        Threads of a call; None: as many as torch takes, and for a ``.dfm`` one. torch has one
        number of threads for the whole process.
    face_type
        What the model was trained on, where its file does not say; else it is compared.

    Raises
    ------
    ModelError
        Missing, damaged, no swap model, or of another face type.
    ValueError
        ``threads`` under 1, or an unknown face type.
    MissingDependencyError
        torch, or onnxruntime, is not installed.

    Examples
    --------
    >>> open_swapper("gone.dfm")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    cvfast.errors.ModelError: gone.dfm: ...
    """
    if threads is not None and threads < 1:
        raise ValueError(f"threads: expected at least 1, got {threads}")
    if face_type is not None and face_type not in FACE_TYPES:
        raise ValueError(f"face_type: expected one of {', '.join(FACE_TYPES)}, got {face_type!r}")
    shown = Path(path)
    swapper: Swapper
    if shown.suffix.lower() in (".dfm", ".onnx"):
        from cvfast.swap.dfm_swapper import DfmSwapper

        swapper = DfmSwapper(shown, threads=threads or 1, face_type=face_type)
    else:
        swapper = _TorchSwapper(find_model(shown), threads)
    if face_type is not None and swapper.face_type != face_type:
        raise ModelError(
            f"{shown}: expected a model of {face_type} faces, got one of {swapper.face_type}: "
            "extract the faces anew at this type, or choose another model"
        )
    return swapper


def find_model(path: PathLike) -> Path:
    """Return the model's file for a file or folder.

    Raises
    ------
    ModelError
        A folder without one.
    """
    shown = Path(path)
    if not shown.is_dir():
        return shown
    for file in (shown / FILE, shown / "model" / FILE):
        if file.is_file():
            return file
    raise ModelError(f"{shown}: holds no {FILE} yet: train one with cvfast swap train")


class _TorchSwapper(Swapper):
    """A model of cvfast's."""

    def __init__(self, path: Path, threads: int | None) -> None:
        from cvfast.swap.model_file import read_model

        options, self._networks, facts = read_model(path)
        self._threads, self._knows = threads, threading.local()
        self._networks.fix()
        self.resolution, self.face_type = options.resolution, options.face_type
        self.has_morph = options.family == "amp"
        self.fingerprint = facts["sha256"]

    def _swap(self, faces: ImageF32, morph: float) -> Swapped:
        import torch

        # OpenMP keeps the number for each thread that calls it: the one that opened the model is
        # seldom the one that runs it, and two threads on one core wait for each other.
        if self._threads is not None and not getattr(self._knows, "set", False):
            torch.set_num_threads(self._threads)
            self._knows.set = True
        with torch.inference_mode():
            # NHWC seen as NCHW is what torch calls channels last: nothing is copied.
            given = torch.from_numpy(np.ascontiguousarray(faces)).permute(0, 3, 1, 2)
            face, mask, target_mask = self._networks.swap(given, morph)
            made = face.permute(0, 2, 3, 1).contiguous().numpy()
            return Swapped(made, mask[:, 0].numpy(), target_mask[:, 0].numpy())
