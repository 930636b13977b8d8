"""Several detectors on one photo: what each found, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np

from cvfast.errors import MissingDependencyError, ModelError
from cvfast.faces.detectors import Spec
from cvfast.faces.types import Faces
from cvfast.geometry.sampling import PixelReader
from cvfast.typing import Image

__all__ = ["Trial", "Trials"]

# What is the model's own fault, and not the photo's.
_BROKEN = (MissingDependencyError, ModelError, ImportError)


@dataclass(frozen=True)
class Trial:
    """What one model found in one photo.

    Parameters
    ----------
    model
        The model as it was named.
    faces
        None if the model does not work here.
    seconds
        Time taken, without that for loading the model.
    error
        Why it does not work.
    """

    model: str
    faces: Faces | None
    seconds: float = 0.0
    error: Exception | None = None


class Trials:
    """Detectors that look at one photo after the other.

    Parameters
    ----------
    specs
        The detectors.
    min_score, max_faces
        As for `cvfast.detect`.
    timed
        Times are asked for: every model is loaded before its first photo.
    """

    def __init__(
        self,
        specs: Sequence[Spec],
        *,
        min_score: float = 0.5,
        max_faces: int | None = None,
        timed: bool = True,
    ) -> None:
        self._specs, self._min_score, self._max_faces = tuple(specs), min_score, max_faces
        self._ready: set[Spec] = set() if timed else set(specs)
        self.broken: dict[str, Exception] = {}

    def run(self, image: Image, models: Container[str] | None = None) -> list[Trial]:
        """Let every detector, or those named, look at a photo.

        Raises
        ------
        ModelError, MissingDependencyError
            None of them works here; the first one's error.
        """
        reader = PixelReader.of(image)
        wanted = [spec for spec in self._specs if models is None or str(spec) in models]
        trials = [self._one(spec, reader) for spec in wanted]
        if len(self.broken) == len(self._specs):
            raise next(iter(self.broken.values()))
        return trials

    def _one(self, spec: Spec, reader: PixelReader) -> Trial:
        name = str(spec)
        if name in self.broken:
            return Trial(name, None, error=self.broken[name])
        try:
            if spec not in self._ready:  # loading is not finding
                blank = PixelReader.of(np.zeros((64, 64), np.uint8))
                spec.call("find", blank, min_score=self._min_score)
                self._ready.add(spec)
            start = time.perf_counter()
            faces = spec.call("find", reader, min_score=self._min_score)[: self._max_faces]
            return Trial(name, faces, time.perf_counter() - start)
        except _BROKEN as error:
            self.broken[name] = error
            return Trial(name, None, error=error)
