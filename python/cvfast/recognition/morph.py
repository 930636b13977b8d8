"""From one face to another: shape and colour go over together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cvfast.imaging.piecewise import warp_triangles
from cvfast.io.movie import check_movie, write_movie
from cvfast.io.provenance import Mark
from cvfast.recognition.average import AverageFace
from cvfast.recognition.face_frame import triangulate
from cvfast.typing import ImageF32, ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["Morph", "morph_video"]

RATE = 30
_FASTEST = 120


class Morph:
    """Every face between two.

    The points of both are joined by one set of triangles; on the way each point goes straight, both
    pictures are warped to where the points are, and mixed as sRGB levels (Beier and Neely,
    *Feature-based image metamorphosis*, 1992, do the same with lines for points).

    Parameters
    ----------
    first, second
        Two faces of `cvfast.recognition.average`, of one size; a single picture is an average of
        one.

    Raises
    ------
    ValueError
        They differ in size.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.recognition.average import average_face
    >>> from cvfast.synth.faces import make_face
    >>> one, two = (average_face([make_face(n, seed=0).image], size=96) for n in (1, 2))
    >>> Morph(one, two).at(0.5).shape
    (96, 96, 3)
    """

    def __init__(self, first: AverageFace, second: AverageFace) -> None:
        if first.image.shape != second.image.shape:
            raise ValueError(
                f"second: expected {first.image.shape[0]} pixels a side as the first, "
                f"got {second.image.shape[0]}"
            )
        self.first, self.second = first, second
        self._places = first.frame.points, second.frame.points
        self._triangles = triangulate((self._places[0] + self._places[1]) / 2)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.first.image.shape[1], self.first.image.shape[0]

    def at(self, share: float) -> ImageU8:
        """Return the face that has so much of the second, (size, size, 3) uint8.

        Parameters
        ----------
        share
            0 is the first face as it is, 1 the second.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"share: expected a number in [0, 1], got {share}")
        if share in (0, 1):
            return (self.first, self.second)[int(share)].image.copy()
        between = (1 - share) * self._places[0] + share * self._places[1]
        levels: ImageF32 = np.zeros(self.first.image.shape, np.float32)
        for face, places, part in zip(
            (self.first, self.second), self._places, (1 - share, share), strict=True
        ):
            moved, _ = warp_triangles(face.image, places, between, self._triangles, self.size)
            levels += moved * np.float32(part)
        return np.clip(np.rint(levels), 0, 255).astype(np.uint8)


def morph_video(
    path: PathLike,
    first: AverageFace,
    second: AverageFace,
    *,
    seconds: float = 3.0,
    hold: float = 0.5,
    rate: int = RATE,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> int:
    """Write a clip that goes over from one face to the other.

    Starts and stops gently: the share of the second face is half a cosine wave in time.

    Parameters
    ----------
    path
        An .mp4 file, which appears when it is complete.
    first, second
        As for `Morph`; an odd size loses its last row and column.
    seconds
        How long the change takes, up to 600.
    hold
        Seconds for which each face stays before and after it.
    rate
        Frames per second, 1 to 120.
    overwrite
        Replace an existing file.
    progress
        Called with (frames done, total).

    Returns
    -------
    int
        How many frames were written. The file is marked as a composite of pictures.

    Raises
    ------
    ValueError
        Another suffix, or a number out of range.
    OutputExistsError, OutputError
        As for `cvfast.io.movie.write_movie`.
    """
    for name, value in (("seconds", seconds), ("hold", hold)):
        if not 0 <= value <= 600:
            raise ValueError(f"{name}: expected 0 to 600, got {value}")
    if isinstance(rate, bool) or not isinstance(rate, int) or not 1 <= rate <= _FASTEST:
        raise ValueError(f"rate: expected a whole number from 1 to {_FASTEST}, got {rate}")
    morph = Morph(first, second)
    side = morph.size[0] // 2 * 2
    check_movie(path, (side, side))
    shares = _shares(seconds, hold, rate)

    def frames() -> Iterator[ImageU8]:
        for number, share in enumerate(shares):
            yield np.ascontiguousarray(morph.at(share)[:side, :side])
            if progress is not None:
                progress(number + 1, len(shares))

    faces = first.count + second.count
    mark = Mark("compositeCapture", actions=(f"morph=between averages of {faces} faces",))
    return write_movie(path, frames(), size=(side, side), rate=rate, mark=mark, overwrite=overwrite)


def _shares(seconds: float, hold: float, rate: int) -> list[float]:
    """How much of the second face each frame has."""
    rest = round(hold * rate)
    steps = max(2, round(seconds * rate) + 1)
    going: list[float] = ((1 - np.cos(np.linspace(0, np.pi, steps))) / 2).tolist()
    return [0.0] * rest + [0.0, *going[1:-1], 1.0] + [1.0] * rest
