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


class FaceSearch:
    """Looks at one region of a clip's frames after the other; one for each clip.

    Round and round go: the whole frame, squares as long as its shorter side, the whole frame once
    more for a face that fills it, and one of the tiles of half that side. In 1920 x 1080 faces
    from 140 pixels are found every 5th step, from 80 pixels within 5 steps, and from 40 pixels
    (15 tiles) within 75.

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
    squares = tiles(size, shorter, overlap=_SQUARE_OVERLAP) if shorter >= _SMALLEST_TILE else []
    small_side = max(shorter / 2, _SMALLEST_TILE)
    small = itertools.cycle(tiles(size, small_side) if small_side < shorter else [None])
    for tile in small:
        yield whole, False
        for square in squares if len(squares) > 1 else []:
            yield square, False
        yield whole.scaled(1.5), True
        if tile is not None:
            yield tile, False
