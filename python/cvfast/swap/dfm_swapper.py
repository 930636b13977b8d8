"""Anybody's ``.dfm`` by onnxruntime: checked before it runs, and each time after.

The file is not trusted. Only operators that such networks need may be in it: no loops, no
branches, nothing that makes large arrays out of numbers alone, nothing from other programs. What
they make together has at most 4 GiB.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.models.model_bytes import model_bytes
from cvfast.models.onnx_file import operators
from cvfast.models.onnx_session import MOST_BYTES, OnnxSession
from cvfast.swap.dfm import FACE, FACE_TYPE_KEY, MORPH, OUTPUTS
from cvfast.swap.face_types import FACE_TYPES
from cvfast.swap.swapper import Swapped, Swapper
from cvfast.typing import ImageF32

__all__ = ["DfmSwapper"]

_SIDES = (32, 1024)
_TYPICAL = "whole"  # what most of these models were trained on; the format does not say
_OPERATORS = frozenset(
    [
        "Abs",
        "Add",
        "AveragePool",
        "BatchNormalization",
        "Cast",
        "Clip",
        "Concat",
        "Constant",
        "Conv",
        "ConvTranspose",
        "Cos",
        "DepthToSpace",
        "Div",
        "Equal",
        "Exp",
        "Flatten",
        "Floor",
        "Gather",
        "Gemm",
        "GlobalAveragePool",
        "Greater",
        "GreaterOrEqual",
        "Identity",
        "InstanceNormalization",
        "LeakyRelu",
        "Less",
        "LessOrEqual",
        "MatMul",
        "Max",
        "MaxPool",
        "Min",
        "Mul",
        "Neg",
        "Not",
        "Pad",
        "Pow",
        "PRelu",
        "Reciprocal",
        "ReduceMean",
        "ReduceSum",
        "Relu",
        "Reshape",
        "Shape",
        "Sigmoid",
        "Slice",
        "Softmax",
        "Split",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Sum",
        "Tanh",
        "Transpose",
        "Unsqueeze",
        "Where",
    ]
)


class DfmSwapper(Swapper):
    """A ``.dfm``.

    Parameters
    ----------
    path
        The file.
    threads
        Threads of a call.
    face_type
        Where the file does not say what it was trained on; None takes ``"whole"``.

    Raises
    ------
    ModelError
        The file is missing, too large, damaged, or not what a ``.dfm`` is.
    """

    def __init__(self, path: Path, *, threads: int = 1, face_type: str | None = None) -> None:
        self._path = path
        _refuse_operators(path)
        session = OnnxSession(path, inputs=None, outputs=None, threads=threads, bounded=True)
        self.has_morph = len(session.inputs) == 2
        if session.inputs not in ((FACE,), (FACE, MORPH)) or session.outputs != OUTPUTS:
            raise ModelError(
                f"{path}: expected a .dfm with the inputs {FACE} (and {MORPH}) and the outputs "
                f"{', '.join(OUTPUTS)}, got {', '.join(session.inputs)} and "
                f"{', '.join(session.outputs)}"
            )
        shape = session.input_shapes[0]
        side = shape[1] if len(shape) == 4 else None
        if side is None or shape[1:] != (side, side, 3) or not _SIDES[0] <= side <= _SIDES[1]:
            raise ModelError(
                f"{path}: {FACE}: expected (N, n, n, 3) with n from {_SIDES[0]} to {_SIDES[1]}, "
                f"got {shape}"
            )
        if self.has_morph and session.input_shapes[1] not in ((1,), (None,)):
            raise ModelError(f"{path}: {MORPH}: expected (1,), got {session.input_shapes[1]}")
        told = session.metadata.get(FACE_TYPE_KEY)
        self.face_type = told if told in FACE_TYPES else face_type or _TYPICAL
        self.resolution, self.fingerprint, self._session = side, session.sha256, session
        # A file with one face a call is run face by face.
        self._one_by_one = shape[0] is not None

    def _swap(self, faces: ImageF32, morph: float) -> Swapped:
        if self._one_by_one and len(faces) > 1:
            each = [self._swap(face[None], morph) for face in faces]
            return Swapped(
                np.concatenate([one.face for one in each]),
                np.concatenate([one.mask for one in each]),
                np.concatenate([one.target_mask for one in each]),
            )
        given = [np.ascontiguousarray(faces[..., ::-1])]  # BGR
        if self.has_morph:
            given.append(np.array([morph], np.float32))
        target_mask, face, mask = self._session.run(*given)
        square = faces.shape[:3]
        face = self._checked(face, OUTPUTS[1], (*square, 3))
        mask = self._checked(mask, OUTPUTS[2], (*square, 1))[..., 0]
        target_mask = self._checked(target_mask, OUTPUTS[0], (*square, 1))[..., 0]
        return Swapped(np.ascontiguousarray(face[..., ::-1]), mask, target_mask)

    def _checked(
        self, found: NDArray[np.float32], name: str, shape: tuple[int, ...]
    ) -> NDArray[np.float32]:
        if found.shape != shape or not np.isfinite(found).all():
            what = found.shape if found.shape != shape else "NaN or infinity"
            raise ModelError(f"{self._path}: {name}: expected {shape}, finite, got {what}")
        return np.clip(found, 0, 1)


def _refuse_operators(path: Path) -> None:
    try:
        used = operators(model_bytes(path, MOST_BYTES))
    except ValueError as error:
        raise ModelError(
            f"{path}: expected a .dfm (ONNX), which this is not, or it is damaged ({error})"
        ) from error
    odd = sorted(f"{domain}.{name}".lstrip(".") for domain, name in used
                 if domain or name not in _OPERATORS)  # fmt: skip
    if odd:
        raise ModelError(
            f"{path}: expected a .dfm made of the operators that swap networks need, got "
            f"{', '.join(odd[:5])} too: such a file is not run"
        )
