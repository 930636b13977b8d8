"""What a training of landmark trees has learned so far, kept in one file after each stage."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import ModelError
from cvfast.kernels.trees import StageTrees
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.training.shape_data import FaceCrops
from cvfast.typing import ImageF32
from cvfast.typing import Path as PathLike

__all__ = ["TreeState"]

Learned = tuple[NDArray[np.int32], ImageF32, StageTrees]
_NAMES = ("anchors", "deltas", "pixels", "thresholds", "leaves")


class TreeState:
    """Finished stages, and where the samples' points were after the last one of each ensemble.

    Parameters
    ----------
    path
        The file; None keeps nothing.
    key
        What faces and options the stages belong to.
    arrays
        As read from the file.
    """

    def __init__(self, path: Path | None, key: str, arrays: dict[str, NDArray[Any]]) -> None:
        self._path, self._key, self._arrays = path, key, arrays

    @classmethod
    def load(cls, path: PathLike | None, faces: Sequence[FaceCrops], options: str) -> TreeState:
        """Read what an earlier run with the same faces and options kept; another's is ignored."""
        if path is None:
            return cls(None, "", {})
        digest = hashlib.sha256(options.encode())
        for crops in faces:
            digest.update(crops.pixels.tobytes())
            digest.update(crops.points.tobytes())
        key, file = digest.hexdigest(), Path(path)
        if not file.exists():
            return cls(file, key, {})
        try:
            arrays, metadata = parse_tensors(file.read_bytes(), file)
        except (OSError, ModelError) as error:
            raise ModelError(f"{error}. Remove it to begin anew.") from error
        return cls(file, key, arrays if metadata.get("key") == key else {})

    @property
    def stages(self) -> int:
        """How many are there."""
        return sum(name.endswith(".leaves") for name in self._arrays)

    def stage(self, name: str, number: int, shapes: ImageF32) -> Learned | None:
        """Return a stage that is there; after the last one of it the samples' points are set."""
        if f"{name}.{number}.leaves" not in self._arrays:
            return None
        anchors, deltas, *trees = (self._arrays[f"{name}.{number}.{key}"] for key in _NAMES)
        if f"{name}.{number + 1}.leaves" not in self._arrays:
            shapes[...] = self._arrays[f"{name}.shapes"]
        return anchors, deltas, StageTrees(*trees)

    def keep(self, name: str, number: int, learned: Learned, shapes: ImageF32) -> None:
        """Add a stage, and where the samples' points are after it; write the file."""
        if self._path is None:
            return
        anchors, deltas, trees = learned
        values = (anchors, deltas, trees.pixels, trees.thresholds, trees.leaves)
        self._arrays |= {
            f"{name}.{number}.{key}": value for key, value in zip(_NAMES, values, strict=True)
        }
        self._arrays[f"{name}.shapes"] = shapes
        write_tensors(self._path, self._arrays, {"key": self._key}, overwrite=True)
