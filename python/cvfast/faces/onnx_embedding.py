"""Face embeddings in ONNX files that people bring: ArcFace and its relatives."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.faces.alignment import TEMPLATES, read_aligned
from cvfast.faces.embedding import Threshold
from cvfast.faces.types import Landmarks
from cvfast.geometry.sampling import PixelReader
from cvfast.models.onnx_session import OnnxSession
from cvfast.typing import Image, ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["OnnxEmbedder"]

_BATCH = 16  # faces a call, where the model leaves that open
_SIDES = (16, 1024)  # px of the face it takes
_MOST_NUMBERS = 1 << 16  # of a vector
_MOST_BYTES = 1 << 30
_THRESHOLD_KEY = "cvfast_threshold"
_UNMEASURED = Threshold(
    0.6,
    None,
    "a cosine distance common for ArcFace models; nobody measured it for this one: see "
    "`cvfast evaluate recognition`",
)


class OnnxEmbedder:
    """An embedding from an ONNX file; may be used from several threads.

    Faces are turned upright into a template, read as a square of the side that the model takes, and
    handed over as float32 ``(levels - mean) / std``. The model has one input, ``(N, 3, S, S)`` or
    ``(N, S, S, 3)``; its first output, flattened, is the vector, brought to length 1. Distances
    are 1 - cosine. (Deng et al., "ArcFace", CVPR 2019, for the defaults.)

    Parameters
    ----------
    path
        The file, which is not trusted: see `cvfast.models.onnx_session`.
    template
        A name of `cvfast.faces.alignment.TEMPLATES`.
    side
        S where the file leaves it open; None: 112.
    colours
        ``"rgb"`` or ``"bgr"``: the order of the channels.
    mean, std
        How levels 0 to 255 become the model's.
    threshold
        Up to which distance two faces are one person's. None: what the file's metadata say under
        ``cvfast_threshold``, else 0.6, unmeasured.
    threads
        Threads of one call.

    Raises
    ------
    ModelError
        The file is missing, damaged, or no such model.
    MissingDependencyError
        onnxruntime is not installed.
    ValueError
        Another template, colour order or number.

    Examples
    --------
    >>> OnnxEmbedder("gone.onnx")
    Traceback (most recent call last):
    ...
    cvfast.errors.ModelError: gone.onnx: model file cannot be read (No such file or directory)
    """

    def __init__(
        self,
        path: PathLike,
        *,
        template: str = "arcface",
        side: int | None = None,
        colours: str = "rgb",
        mean: float = 127.5,
        std: float = 127.5,
        threshold: float | Threshold | None = None,
        threads: int = 1,
    ) -> None:
        _check_options(template, colours, mean, std)
        self._template = TEMPLATES[template]
        self._colours, self._mean, self._std = colours, mean, std
        self._session = OnnxSession(
            path, inputs=None, outputs=None, threads=threads, most_bytes=_MOST_BYTES
        )
        self._batch, self._side, self._channels_first = _input_layout(self._session, side)
        self._threshold = _threshold(self._session, threshold)
        probe = np.zeros((1, self._side, self._side, 3), np.uint8)
        self._dimension = int(self._run(probe).shape[1])

    @property
    def name(self) -> str:
        """The file's name."""
        return self._session.path.name

    @property
    def key(self) -> str:
        """The file's SHA-256, the alignment, and what the levels become."""
        return (
            f"onnx {self._session.sha256[:16]} {self._template.name} {self._side} "
            f"{self._colours} {self._mean:g} {self._std:g}"
        )

    @property
    def dimension(self) -> int:
        """Numbers a vector, as the model gave them for a black picture."""
        return self._dimension

    @property
    def threshold(self) -> Threshold:
        """The caller's, the file's, or 0.6, which nobody measured."""
        return self._threshold

    def __repr__(self) -> str:
        return f"OnnxEmbedder({self.name!r}: {self._side} px, {self._dimension} numbers)"

    def embed(self, image: Image | PixelReader, faces: Sequence[Landmarks]) -> NDArray[np.float32]:
        """Return the vectors ``(N, D)``, of length 1, of faces in one picture.

        Raises
        ------
        ModelError
            The model fails, or gives no direction: zeros, infinities, NaN.
        """
        return self.embed_aligned(read_aligned(image, faces, self._template, self._side))

    def embed_aligned(self, pixels: ImageU8) -> NDArray[np.float32]:
        """Return the vectors of faces read before, uint8 RGB ``(N, S, S, 3)``."""
        vectors = np.empty((len(pixels), self._dimension), np.float32)
        for begin in range(0, len(pixels), self._batch):
            made = self._run(pixels[begin : begin + self._batch])
            if made.shape[1] != self._dimension:
                raise self._error(f"{self._dimension} numbers a face, got {made.shape[1]}")
            lengths = np.linalg.norm(made.astype(np.float64), axis=1, keepdims=True)
            if not (np.isfinite(lengths).all() and lengths.all()):
                raise self._error("finite numbers that are not all 0")
            vectors[begin : begin + self._batch] = made / lengths
        return vectors

    def distances(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return 1 - cosine, ``(N, M)``, of vectors ``(N, D)`` and ``(M, D)`` of length 1."""
        # Half the squared distance is the same for length 1, and exact for equal vectors.
        from scipy.spatial.distance import cdist

        apart: NDArray[np.float32] = (cdist(a, b, "sqeuclidean") / 2).astype(np.float32)
        return apart

    def _run(self, pixels: ImageU8) -> NDArray[np.float32]:
        """Return what the model makes of up to a batch of faces, flattened."""
        levels = (pixels.astype(np.float32) - np.float32(self._mean)) / np.float32(self._std)
        if self._colours == "bgr":
            levels = levels[..., ::-1]
        if self._channels_first:
            levels = levels.transpose(0, 3, 1, 2)
        fixed = self._session.input_shapes[0][0]
        if fixed is not None and fixed > len(levels):
            blank = np.zeros((fixed - len(levels), *levels.shape[1:]), np.float32)
            levels = np.concatenate([levels, blank])
        made = self._session.run(np.ascontiguousarray(levels))[0]
        if made.ndim < 1 or len(made) != len(levels) or not 0 < made[0].size <= _MOST_NUMBERS:
            raise self._error(f"up to {_MOST_NUMBERS} numbers for each face, got {made.shape}")
        return made.reshape(len(made), -1)[: len(pixels)]

    def _error(self, expected: str) -> ModelError:
        return ModelError(f"{self._session.path}: expected from this model {expected}")


def _check_options(template: str, colours: str, mean: float, std: float) -> None:
    if template not in TEMPLATES:
        raise ValueError(f"template: expected one of {', '.join(TEMPLATES)}, got {template!r}")
    if colours not in ("rgb", "bgr"):
        raise ValueError(f"colours: expected 'rgb' or 'bgr', got {colours!r}")
    if not (math.isfinite(mean) and math.isfinite(std) and std > 0):
        raise ValueError(f"mean, std: expected finite numbers, std above 0, got {mean}, {std}")


def _input_layout(session: OnnxSession, side: int | None) -> tuple[int, int, bool]:
    """Return faces a call, the side of a face, and whether channels come before rows."""
    if side is not None and not _SIDES[0] <= side <= _SIDES[1]:
        raise ValueError(f"side: expected {_SIDES[0]} to {_SIDES[1]}, got {side}")
    shapes = session.input_shapes
    shape = shapes[0] if len(shapes) == 1 else ()
    channels_first = len(shape) == 4 and shape[1] == 3
    sides = (shape[2:] if channels_first else shape[1:3]) if len(shape) == 4 else ()
    known = {one for one in sides if one is not None}
    if not sides or not (channels_first or shape[3] == 3) or len(known) > 1:
        raise ModelError(
            f"{session.path}: expected one input of square faces, Nx3xSxS or NxSxSx3, got {shapes}"
        )
    found = known.pop() if known else side or 112
    if side is not None and found != side:
        raise ModelError(f"{session.path}: expected faces of {side} pixels, got {found}")
    batch = shape[0] if shape[0] is not None else _BATCH
    if not (_SIDES[0] <= found <= _SIDES[1] and 1 <= batch <= 256):
        raise ModelError(
            f"{session.path}: expected faces of {_SIDES[0]} to {_SIDES[1]} pixels, up to 256 a "
            f"call, got {shape}"
        )
    return batch, found, channels_first


def _threshold(session: OnnxSession, given: float | Threshold | None) -> Threshold:
    if isinstance(given, Threshold):
        return given
    if given is not None:
        if not 0 < given < 2:
            raise ValueError(f"threshold: expected a cosine distance in (0, 2), got {given}")
        return Threshold(float(given), None, "given by the caller")
    told = session.metadata.get(_THRESHOLD_KEY)
    if told is None:
        return _UNMEASURED
    try:
        distance = float(told)
    except ValueError:
        distance = math.nan
    if not 0 < distance < 2:
        raise ModelError(
            f"{session.path}: {_THRESHOLD_KEY}: expected a cosine distance in (0, 2), "
            f"got {told[:40]!r}"
        )
    return Threshold(distance, None, f"{_THRESHOLD_KEY} in the metadata of {session.path.name}")
