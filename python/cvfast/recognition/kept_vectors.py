"""Vectors of faces kept on disk, so that an interrupted judging goes on; for their owner's eyes."""

from __future__ import annotations

import hashlib
from pathlib import Path

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

__all__ = ["KeptVectors", "face_key"]

_FORMAT = "cvfast face vectors 1"
_KEY = 16  # bytes


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
    >>> kept.put(b"0123456789abcdef", np.array([3, 4], np.float32))
    >>> kept.save()
    >>> again = KeptVectors("vectors.safetensors", SimpleNamespace(key="mine 1", dimension=2))
    >>> again.get(b"0123456789abcdef").tolist()
    [3.0, 4.0]
    """

    def __init__(self, path: PathLike, embedder: Embedder) -> None:
        self.path, self.problem = Path(path), ""
        self._dimension = embedder.dimension
        self._facts = {"format": _FORMAT, "cvfast": cvfast.__version__, "embedder": embedder.key}
        self._vectors: dict[bytes, NDArray[np.float32]] = {}
        self._saved = True
        if self.path.exists():
            try:
                self._load()
            except (CvfastError, OSError) as error:
                self.problem = str(error)

    def get(self, key: bytes) -> NDArray[np.float32] | None:
        """Return a face's vector, all nan where no face was found; None where nobody looked."""
        return self._vectors.get(key)

    def put(self, key: bytes, vector: NDArray[np.float32] | None) -> None:
        """Keep a vector; None says that no face was found."""
        nothing = np.full(self._dimension, np.nan, np.float32)
        self._vectors[key] = nothing if vector is None else np.array(vector, np.float32)
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
        keys = np.frombuffer(b"".join(self._vectors), np.uint8).reshape(-1, _KEY)
        table = np.stack(list(self._vectors.values()))
        with atomic_path(self.path, overwrite=True) as temporary:
            temporary.chmod(0o600)  # before there is anything in it
            temporary.write_bytes(tensor_bytes({"keys": keys, "vectors": table}, self._facts))
        self._saved = True

    def _load(self) -> None:
        with open_regular(self.path) as file:
            arrays, facts = parse_tensors(file.read(), self.path)
        if facts != self._facts:
            raise ModelError(f"{self.path}: made by another model or version")
        keys, table = arrays.get("keys"), arrays.get("vectors")
        if (
            keys is None
            or table is None
            or keys.dtype != np.uint8
            or table.dtype != np.float32
            or keys.shape != (len(table), _KEY)
            or table.shape != (len(table), self._dimension)
        ):
            raise ModelError(f"{self.path}: expected keys and vectors of {self._dimension} numbers")
        self._vectors = {key.tobytes(): row.copy() for key, row in zip(keys, table, strict=True)}


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
