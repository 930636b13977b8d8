"""Looking for new faces in a clip, a little in each frame."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from cvfast.faces.blazeface import BlazeFace, tiles, whole_picture
from cvfast.faces.types import Faces
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader
from cvfast.typing import ArrayLike

__all__ = ["FaceSearch"]

_SMALLEST_TILE = 320.0
_SQUARE_OVERLAP = 0.2
_FILLED = 0.6  # of the longer side: a face that fills the shorter one is too large for most looks


class FaceSearch:
    """Looks at one region of a clip's frames after the other; one for each clip.

    Every other look is at the whole frame. Between these go squares as long as its shorter side, in
    frames that are nearly square the frame from further off, and one tile of half that side. In
    1920 x 1080 faces from 140 pixels are found in two steps, from 80 pixels in 6, and from 40
    pixels (15 tiles) in 90.

    Parameters
    ----------
    detector
        The models; may be shared.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.faces.search import FaceSearch
    >>> search = FaceSearch(BlazeFace())
    >>> search.step(PixelReader.of(np.zeros((48, 64, 3), np.uint8)))
    Faces(0 in 64x48)
    """

    def __init__(self, detector: BlazeFace) -> None:
        self._detector = detector
        self._plan: Iterator[tuple[RotatedBox, bool]] = iter(())
        self._size: tuple[int, int] | None = None

    def reset(self) -> None:
        """Begin with the whole frame again, as after a cut."""
        self._size = None

    def step(self, reader: PixelReader, known: ArrayLike = ()) -> Faces:
        """Look at the next region: one model call, about 2 ms, where there is no new face.

        Parameters
        ----------
        reader
            The frame.
        known
            ``(N, 4)`` boxes of the faces that are followed already: they cost nothing.

        Returns
        -------
        Faces
            New ones only, each confirmed by the mesh (1 to 6 model calls more).
        """
        if 0 in reader.size:
            return Faces.none(reader.size)
        if reader.size != self._size:
            self._plan, self._size = _plan(reader.size), reader.size
        region, close = next(self._plan)
        return self._detector.look(reader, region, known=known, close=close)


def _plan(size: tuple[int, int]) -> Iterator[tuple[RotatedBox, bool]]:
    """Regions without end, and whether each is for the close-range model."""
    whole, shorter = whole_picture(size), float(min(size))
    between = [(square, False) for square in tiles(size, shorter, overlap=_SQUARE_OVERLAP)]
    if len(between) == 1 or shorter < _SMALLEST_TILE:
        between = []
    if shorter > _FILLED * max(size):
        between.append((whole.scaled(1.5), True))
    side = max(shorter / 2, _SMALLEST_TILE)
    small = itertools.cycle(tiles(size, side) if side < shorter else [whole])
    while True:
        for region in [*between, (next(small), False)]:
            yield whole, False
            yield region
