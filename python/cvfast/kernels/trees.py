"""Ensembles of regression trees: run on a picture, read from dlib's files, trained."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.arrays import check_image, real_array
from cvfast.typing import ImageF32, ImageU8

__all__ = ["ShapeModel", "ShapePredictor", "StageTrees", "parse_shape_predictor", "train_stage"]

Ints = NDArray[np.int32]
_FRAMES = "shape (N, 4), left, top, right, bottom a row"


@dataclass(frozen=True, eq=False)
class ShapeModel:
    """The numbers of an ensemble of regression trees.

    P points, T stages of K trees with S = 2^depth - 1 splits each, F pixels a stage. Shapes are in
    a frame whose (0, 0) and (1, 1) are the first and last pixel of a face's box.

    Attributes
    ----------
    initial
        (P, 2) float32: the shape to start from.
    anchors
        (T, F) int32: each pixel's anchor point.
    deltas
        (T, F, 2) float32: where the pixel lies from there, in the initial shape's frame.
    pixels
        (T, K, S, 2) int32: the two pixels that a split compares.
    thresholds
        (T, K, S) float32: with a larger difference a split i goes on to split 2i + 1, else 2i + 2.
    leaves
        (T, K, S + 1, 2P) float32: what is added to the shape.
    """

    initial: ImageF32
    anchors: Ints
    deltas: ImageF32
    pixels: Ints
    thresholds: ImageF32
    leaves: ImageF32

    def __post_init__(self) -> None:
        for field in fields(self):
            kind = np.int32 if field.name in ("anchors", "pixels") else np.float32
            array = np.ascontiguousarray(getattr(self, field.name), kind)
            object.__setattr__(self, field.name, array)
        points = self.initial.shape[0] if self.initial.ndim else 0
        stages, features = self.anchors.shape if self.anchors.ndim == 2 else (0, 0)
        trees, splits = self.thresholds.shape[1:] if self.thresholds.ndim == 3 else (0, 0)
        wanted = {
            "initial": (points, 2),
            "anchors": (stages, features),
            "deltas": (stages, features, 2),
            "pixels": (stages, trees, splits, 2),
            "thresholds": (stages, trees, splits),
            "leaves": (stages, trees, splits + 1, 2 * points),
        }
        for name, shape in wanted.items():
            got = getattr(self, name).shape
            if got != shape or 0 in shape:
                raise ValueError(f"{name}: expected shape {shape} of at least 1 each, got {got}")

    def __repr__(self) -> str:
        stages, trees, splits = self.thresholds.shape
        depth = (splits + 1).bit_length() - 1
        return f"ShapeModel({len(self.initial)} points, {stages} x {trees} trees of depth {depth})"


class ShapePredictor:
    """Moves the points of a shape onto faces (Kazemi and Sullivan, CVPR 2014), as dlib does.

    Parameters
    ----------
    model
        The trees; copied.

    Raises
    ------
    ValueError
        Numbers that are not finite, points or pixels that are not there, a number of splits that
        is not 2^depth - 1.

    Examples
    --------
    >>> import numpy as np
    >>> still = ShapeModel(
    ...     initial=[(0.5, 0.25)],
    ...     anchors=[[0]],
    ...     deltas=[[(0, 0)]],
    ...     pixels=[[[(0, 0)]]],
    ...     thresholds=[[[0]]],
    ...     leaves=[[[(0, 0), (0.25, 0)]]],
    ... )
    >>> ShapePredictor(still).fit(np.zeros((9, 9), np.uint8), [(0, 0, 8, 8)]).tolist()
    [[[6.0, 2.0]]]
    """

    __slots__ = ("_core", "_points")

    def __init__(self, model: ShapeModel) -> None:
        self._points = len(model.initial)
        values = {field.name: getattr(model, field.name) for field in fields(model)}
        self._core = _core.ShapePredictor(**values)

    def fit(
        self,
        image: ImageU8,
        frames: ArrayLike,
        *,
        starts: ArrayLike | None = None,
        rounded: bool = False,
        threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Find the shape in each frame. The same bytes for every number of threads.

        Parameters
        ----------
        image
            (height, width) or (height, width, 3) uint8, of which the mean of the channels counts,
            rounded down; rows may be strided. Outside it is black.
        frames
            (N, 4) the first and last pixel of each face's box: left, top, right, bottom. Of a box
            x0 <= x < x1 these are x0, y0, x1 - 1, y1 - 1; a ``dlib.rectangle`` counts just so.
        starts
            (N, P, 2) shapes to start from, in pixels; None: the model's own.
        rounded
            To whole pixels, as dlib does.
        threads
            At most so many threads; None: :func:`cvfast.get_num_threads`.

        Returns
        -------
        (N, P, 2) float64, in pixels.

        Raises
        ------
        TypeError, ValueError
            Wrong dtype, shape or layout, numbers that are not finite.
        """
        check_image("image", image)
        if image.dtype != np.uint8:
            raise TypeError(f"image: expected dtype uint8, got {image.dtype}")
        if image.ndim == 3 and image.shape[2] != 3:
            raise ValueError(
                f"image: expected shape (height, width) or (height, width, 3), got {image.shape}"
            )
        boxes = real_array("frames", frames, (None, 4), _FRAMES)
        begin: ImageF32 | None = None
        if starts is not None:
            shapes = real_array(
                "starts", starts, (len(boxes), self._points, 2), "one shape a frame, points x, y"
            )
            begin = to_frames(shapes, boxes)
        out = np.empty((len(boxes), self._points, 2))
        self._core.fit(image, boxes, begin, bool(rounded), out, thread_count(threads))
        return out


def to_frames(shapes: NDArray[Any], frames: NDArray[np.float64]) -> ImageF32:
    """Shapes (N, P, 2) in pixels, as seen in their frames (N, 4), float32."""
    sides = frames[:, None, 2:] - frames[:, None, :2]
    if not (np.abs(sides) > 0).all():
        raise ValueError("frames: expected sides above 0 where shapes are given")
    return np.ascontiguousarray((shapes - frames[:, None, :2]) / sides, np.float32)


def parse_shape_predictor(data: bytes) -> ShapeModel:
    """Parse what ``dlib.shape_predictor`` saves (dlib 18.10 and later).

    Raises
    ------
    ValueError
        Damaged or something else: the byte, what was expected, and what was found.
    """
    return ShapeModel(*_core.read_shape_predictor(data))


@dataclass(frozen=True, eq=False)
class StageTrees:
    """One stage's trees: `pixels`, `thresholds` and `leaves` of `ShapeModel`, without its T."""

    pixels: Ints
    thresholds: ImageF32
    leaves: ImageF32


def train_stage(
    pictures: ImageU8,
    picture: ArrayLike,
    frames: ArrayLike,
    targets: ImageF32,
    shapes: ImageF32,
    *,
    initial: ImageF32,
    anchors: ArrayLike,
    deltas: ArrayLike,
    trees: int,
    depth: int,
    candidates: int = 20,
    nearness: float = 0.1,
    shrinkage: float = 0.1,
    seed: int = 0,
    threads: int | None = None,
) -> StageTrees:
    """Learn one stage of trees by gradient boosting, and move the shapes as it does.

    As in the paper, a split is the best of some at random, with near pairs of pixels likelier; its
    threshold is the difference that one of the samples has. The same bytes for every number of
    threads. Each tree's leaves are multiples of one step, -127 to 127 of them.

    Parameters
    ----------
    pictures
        (M, height, width) uint8, contiguous.
    picture
        (N,) each sample's picture.
    frames
        (N, 4) as for `ShapePredictor.fit`.
    targets
        (N, P, 2) float32: the true shapes, in their frames.
    shapes
        (N, P, 2) float32, contiguous: where they are found so far; changed in place.
    initial, anchors, deltas
        As in `ShapeModel`, of this stage: (P, 2), (F,), (F, 2).
    trees, depth
        How many, and how many splits deep, 1 to 10.
    candidates
        Splits tried a node.
    nearness
        Pairs of pixels a distance d apart are taken with probability exp(-d / nearness).
    shrinkage
        Share of the mean error that a leaf takes away, over 0 and up to 1.
    seed
        Of all choices.

    Raises
    ------
    TypeError, ValueError
        Wrong dtypes, shapes or values.
    """
    points = len(initial)
    boxes, which = _check_samples(pictures, picture, frames, targets, shapes, points)
    first, away = _check_pixels(anchors, deltas)
    if trees < 1 or not 1 <= depth <= 10:
        raise ValueError(f"trees, depth: expected 1 or more, and 1 to 10, got {trees}, {depth}")
    splits = 2**depth - 1
    made = StageTrees(
        np.zeros((trees, splits, 2), np.int32),
        np.zeros((trees, splits), np.float32),
        np.zeros((trees, splits + 1, 2 * points), np.float32),
    )
    _core.train_stage(
        pictures,
        which,
        boxes,
        targets,
        shapes,
        np.ascontiguousarray(initial, np.float32),
        first,
        away,
        candidates,
        nearness,
        shrinkage,
        seed,
        made.pixels,
        made.thresholds,
        made.leaves,
        thread_count(threads),
    )
    return made


def _check_pixels(anchors: ArrayLike, deltas: ArrayLike) -> tuple[Ints, ImageF32]:
    first = np.ascontiguousarray(anchors, np.int32)
    away = np.ascontiguousarray(deltas, np.float32)
    if first.ndim != 1 or away.shape != (len(first), 2):
        raise ValueError(f"deltas: expected shape {(len(first), 2)}, got {away.shape}")
    return first, away


def _check_samples(
    pictures: ImageU8,
    picture: ArrayLike,
    frames: ArrayLike,
    targets: ImageF32,
    shapes: ImageF32,
    points: int,
) -> tuple[NDArray[np.float64], Ints]:
    """Check the samples of a training; return their frames and pictures."""
    for name, array, kind in (
        ("pictures", pictures, np.uint8),
        ("targets", targets, np.float32),
        ("shapes", shapes, np.float32),
    ):
        if array.dtype != kind or array.ndim != 3 or not array.flags.c_contiguous:
            raise TypeError(f"{name}: expected a contiguous array of 3 dimensions of {kind}")
    boxes = real_array("frames", frames, (None, 4), _FRAMES)
    count = len(boxes)
    for name, array in (("targets", targets), ("shapes", shapes)):
        if array.shape != (count, points, 2):
            raise ValueError(f"{name}: expected shape {(count, points, 2)}, got {array.shape}")
    which = np.ascontiguousarray(picture, np.int32)
    if which.shape != (count,):
        raise ValueError(f"picture: expected shape {(count,)}, got {which.shape}")
    return boxes, which
