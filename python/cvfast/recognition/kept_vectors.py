"""Vectors of faces kept on disk, so that an interrupted judging goes on; for their owner's eyes."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import cvfast
from cvfast.errors import CvfastError, ModelError
from cvfast.faces.embedding import Embedder
from cvfast.io.atomic import atomic_path
from cvfast.io.opening import open_regular
from cvfast.models.tensors import parse_tensors, tensor_bytes
from cvfast.recognition.face_sets import KnownFace
from cvfast.typing import Path as PathLike

__all__ = ["Kept", "KeptVectors", "face_key"]

_FORMAT = "cvfast face vectors 2"
_KEY = 16  # bytes


class Kept(NamedTuple):
    """What is kept of one face.

    Parameters
    ----------
    vector
        (D,) float32; nothing in it counts where `found` is 0.
    found
        Faces in the picture, of which the largest was taken; 0: there was none.
    """

    vector: NDArray[np.float32]
    found: int


class KeptVectors:
    """What one model made of faces: a vector for each, or that there was no face.

    What another model or another version of cvfast made is not taken over.

    Parameters
    ----------
    path
        The file, a safetensors; it need not be there.
    embedder
        The model.

    Attributes
    ----------
    problem : str
        Why the file that is there is of no use; empty if it is.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> kept = KeptVectors("vectors.safetensors", SimpleNamespace(key="mine 1", dimension=2))
    >>> kept.put(b"0123456789abcdef", np.array([3, 4], np.float32), 1)
    >>> kept.save()
    >>> again = KeptVectors("vectors.safetensors", SimpleNamespace(key="mine 1", dimension=2))
    >>> again.get(b"0123456789abcdef").vector.tolist()
    [3.0, 4.0]
    """

    def __init__(self, path: PathLike, embedder: Embedder) -> None:
        self.path, self.problem = Path(path), ""
        self._dimension = embedder.dimension
        self._facts = {"format": _FORMAT, "cvfast": cvfast.__version__, "embedder": embedder.key}
        self._kept: dict[bytes, Kept] = {}
        self._saved = True
        if self.path.exists():
            try:
                self._load()
            except (CvfastError, OSError) as error:
                self.problem = str(error)

    def get(self, key: bytes) -> Kept | None:
        """Return what is kept of a face; None where nobody looked for it."""
        return self._kept.get(key)

    def put(self, key: bytes, vector: NDArray[np.float32] | None, found: int) -> None:
        """Keep a vector and the number of faces in its picture; None and 0: no face."""
        nothing = np.zeros(self._dimension, np.float32)
        self._kept[key] = Kept(nothing if vector is None else np.array(vector, np.float32), found)
        self._saved = False

    def save(self) -> None:
        """Write what is new, readable by its owner alone.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        if self._saved:
            return
        every = self._kept.values()
        arrays: dict[str, NDArray[Any]] = {
            "keys": np.frombuffer(b"".join(self._kept), np.uint8).reshape(-1, _KEY),
            "vectors": np.stack([kept.vector for kept in every]),
            "found": np.array([kept.found for kept in every], np.int32),
        }
        with atomic_path(self.path, overwrite=True) as temporary:
            temporary.chmod(0o600)  # before there is anything in it
            temporary.write_bytes(tensor_bytes(arrays, self._facts))
        self._saved = True

    def _load(self) -> None:
        with open_regular(self.path) as file:
            arrays, facts = parse_tensors(file.read(), self.path)
        if facts != self._facts:
            raise ModelError(f"{self.path}: made by another model or version")
        keys, table, found = (arrays.get(name) for name in ("keys", "vectors", "found"))
        if (
            keys is None
            or table is None
            or found is None
            or keys.dtype != np.uint8
            or table.dtype != np.float32
            or table.ndim != 2
            or table.shape[1] != self._dimension
            or keys.shape != (len(table), _KEY)
            or found.dtype != np.int32
            or found.shape != (len(table),)
            or not np.isfinite(table).all()
        ):
            raise ModelError(f"{self.path}: expected keys and vectors of {self._dimension} numbers")
        self._kept = {
            key.tobytes(): Kept(row.copy(), int(count))
            for key, row, count in zip(keys, table, found, strict=True)
        }


def face_key(face: KnownFace) -> bytes:
    """Tell a face in a state of its file, and where it was marked, from every other.

    Raises
    ------
    OSError
        There is no such picture.
    """
    facts = face.path.stat()
    words = [str(face.path.absolute()), str(facts.st_size), str(facts.st_mtime_ns)]
    digest = hashlib.blake2b("\0".join(words).encode(), digest_size=_KEY)
    if face.landmarks is not None:
        digest.update(b"\0" + face.landmarks.scheme.encode() + face.landmarks.points.tobytes())
    return digest.digest()
