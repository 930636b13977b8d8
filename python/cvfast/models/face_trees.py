"""Landmarks coarse to fine: trees on the whole face, then trees round each part of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.kernels.trees import ShapeModel, ShapePredictor
from cvfast.typing import ImageU8

__all__ = ["FaceTrees", "FineTrees", "part_frames"]

Shapes = NDArray[np.float64]


def part_frames(shapes: Shapes, widen: float) -> Shapes:
    """Return the square frame round each shape, as `ShapePredictor.fit` takes it.

    Parameters
    ----------
    shapes
        (N, P, 2), in pixels.
    widen
        The square's side over the longer side of the points' box.

    Examples
    --------
    >>> import numpy as np
    >>> part_frames(np.array([[(2.0, 4.0), (6.0, 4.0)]]), 1.5).tolist()
    [[1.0, 1.0, 7.0, 7.0]]
    """
    low, high = shapes.min(axis=1), shapes.max(axis=1)
    half = np.maximum((high - low).max(axis=1, keepdims=True), 1.0) * (widen / 2)
    middle = (low + high) / 2
    return np.concatenate([middle - half, middle + half], axis=1)


@dataclass(frozen=True, eq=False)
class FineTrees:
    """Trees for one part of the face.

    Attributes
    ----------
    name
        Such as ``"mouth"``.
    points
        Numbers of its points in the whole shape.
    widen
        See `part_frames`.
    model
        The trees; they start from the points found before.
    """

    name: str
    points: tuple[int, ...]
    widen: float
    model: ShapeModel


@dataclass(frozen=True, eq=False)
class FaceTrees:
    """A landmark model: a coarse ensemble, then fine ones, each started from what came before.

    Attributes
    ----------
    coarse
        Trees for the whole face, in its box.
    fine
        Trees for parts of it, in the order in which they run; () for a file of dlib's.
    side
        Pixels of the face's box when the trees look at it; 0: those of the picture, as dlib does.
    margin
        Side of the picture that they need over the box's.
    """

    coarse: ShapeModel
    fine: tuple[FineTrees, ...] = ()
    side: int = 0
    margin: float = 2.0
    _coarse: ShapePredictor = field(init=False, repr=False)
    _fine: tuple[ShapePredictor, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        count = len(self.coarse.initial)
        for part in self.fine:
            inside = all(0 <= index < count for index in part.points)
            if not inside or len(part.points) != len(part.model.initial):
                raise ValueError(
                    f"{part.name}: expected {len(part.model.initial)} points of {count}, "
                    f"got {list(part.points)}"
                )
        object.__setattr__(self, "_coarse", ShapePredictor(self.coarse))
        parts = tuple(ShapePredictor(part.model) for part in self.fine)
        object.__setattr__(self, "_fine", parts)

    @property
    def count(self) -> int:
        """Number of points."""
        return len(self.coarse.initial)

    @property
    def crop_side(self) -> int:
        """Side in pixels of the picture that the trees look at; 0: any."""
        return round(self.side * self.margin)

    @property
    def crop_frame(self) -> tuple[float, float, float, float]:
        """Where the face's box lies in that picture: its first and last pixel."""
        first = (self.crop_side - self.side) / 2
        return first, first, first + self.side - 1, first + self.side - 1

    def steps(
        self, image: ImageU8, frames: ArrayLike, *, threads: int | None = None
    ) -> Iterator[tuple[str, Shapes]]:
        """Yield what each ensemble is called and where all points (N, P, 2) are after it."""
        shapes = self._coarse.fit(image, frames, rounded=not self.side, threads=threads)
        yield "coarse", shapes.copy()
        for part, predictor in zip(self.fine, self._fine, strict=True):
            begin = shapes[:, list(part.points)]
            around = part_frames(begin, part.widen)
            found = predictor.fit(image, around, starts=begin, threads=threads)
            shapes[:, list(part.points)] = found
            yield part.name, shapes.copy()

    def fit(self, image: ImageU8, frames: ArrayLike, *, threads: int | None = None) -> Shapes:
        """Return where the points of each face are, (N, P, 2) in pixels.

        Parameters
        ----------
        image, frames, threads
            As for :meth:`cvfast.kernels.trees.ShapePredictor.fit`.
        """
        *_, (_, shapes) = self.steps(image, frames, threads=threads)
        return shapes
