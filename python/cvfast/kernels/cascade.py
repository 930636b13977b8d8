"""Boosted cascades run over pictures: the windows that OpenCV's CascadeClassifier accepts."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.arrays import check_image
from cvfast.typing import ImageU8

__all__ = ["CascadeKernel", "Groups", "Windows", "group_rectangles", "luma_of"]

# Red, green and blue in 1/32768, as OpenCV rounds ITU-R BT.601.
_RED, _GREEN, _BLUE, _SHIFT = 9798, 19235, 3735, 15


class CascadeArrays(Protocol):
    """What a cascade is made of; `cvfast.models.cascade_file.Cascade` says what each one is."""

    @property
    def kind(self) -> str: ...
    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def stage_thresholds(self) -> NDArray[np.float32]: ...
    @property
    def stage_trees(self) -> NDArray[np.int32]: ...
    @property
    def tree_nodes(self) -> NDArray[np.int32]: ...
    @property
    def node_left(self) -> NDArray[np.int32]: ...
    @property
    def node_right(self) -> NDArray[np.int32]: ...
    @property
    def node_feature(self) -> NDArray[np.int32]: ...
    @property
    def node_threshold(self) -> NDArray[np.float32]: ...
    @property
    def node_subset(self) -> NDArray[np.int32]: ...
    @property
    def leaf_values(self) -> NDArray[np.float32]: ...
    @property
    def feature_rects(self) -> NDArray[np.int32]: ...
    @property
    def feature_weights(self) -> NDArray[np.float32]: ...
    @property
    def feature_tilted(self) -> NDArray[np.bool_]: ...


class Windows(NamedTuple):
    """Windows that a cascade accepts, by size, then row, then column.

    Attributes
    ----------
    boxes
        (N, 4) int32: x, y, width, height in pixels of the picture.
    sums
        (N,) float64: the last stage's sum, over its threshold; OpenCV's levelWeights.
    """

    boxes: NDArray[np.int32]
    sums: NDArray[np.float64]


class Groups(NamedTuple):
    """Boxes that lie alike, averaged.

    Attributes
    ----------
    boxes
        (N, 4) int32: x, y, width, height.
    counts
        (N,) int32: boxes in the group.
    """

    boxes: NDArray[np.int32]
    counts: NDArray[np.int32]


class CascadeKernel:
    """A cascade ready to run; the arrays are copied, and calls from several threads are safe.

    Decisions are those of OpenCV 4 (Viola, Jones, *Rapid Object Detection using a Boosted Cascade
    of Simple Features*, 2001; Lienhart, Maydt, 2002; Liao et al., 2007), window by window: its
    sizes, its rounding, its order of sums. The same on every instruction set and for every number
    of threads.

    Parameters
    ----------
    cascade
        A `cvfast.models.cascade_file.Cascade` or anything with its arrays.

    Raises
    ------
    TypeError, ValueError
        Wrong dtypes or shapes; indices, rectangles or numbers out of place.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.models.cascade_file import read_cascade
    >>> from cvfast.models.registry import model_path
    >>> kernel = CascadeKernel(read_cascade(model_path("cascade_frontal")))
    >>> kernel.windows(np.zeros((90, 120), np.uint8)).boxes.shape
    (0, 4)
    """

    __slots__ = ("_core", "size", "stages")

    def __init__(self, cascade: CascadeArrays) -> None:
        if cascade.kind not in ("haar", "lbp"):
            raise ValueError(f"kind: expected 'haar' or 'lbp', got {cascade.kind!r}")
        width, height = self.size = cascade.size
        self.stages = len(cascade.stage_trees)
        trees, nodes = len(cascade.tree_nodes), len(cascade.node_left)
        features, rects = len(cascade.feature_rects), 3 if cascade.kind == "haar" else 1
        expected: dict[str, tuple[Any, tuple[int, ...]]] = {
            "stage_thresholds": (np.float32, (self.stages,)),
            "stage_trees": (np.int32, (self.stages,)),
            "tree_nodes": (np.int32, (trees,)),
            "node_left": (np.int32, (nodes,)),
            "node_right": (np.int32, (nodes,)),
            "node_feature": (np.int32, (nodes,)),
            "node_threshold": (np.float32, (nodes,)),
            "node_subset": (np.int32, (nodes, 8)),
            "leaf_values": (np.float32, (len(cascade.leaf_values),)),
            "feature_rects": (np.int32, (features, rects, 4)),
            "feature_weights": (np.float32, (features, 3)),
            "feature_tilted": (np.bool_, (features,)),
        }
        arrays = [_array(cascade, name, *wanted) for name, wanted in expected.items()]
        self._core = _core.Cascade(cascade.kind == "lbp", width, height, *arrays)

    def __repr__(self) -> str:
        return f"CascadeKernel({self.size[0]}x{self.size[1]}, {self.stages} stages)"

    def windows(
        self,
        grey: ImageU8,
        *,
        scale_factor: float = 1.1,
        min_size: tuple[int, int] = (0, 0),
        max_size: tuple[int, int] = (0, 0),
        clip: bool = True,
        threads: int | None = None,
    ) -> Windows:
        """Return the windows of all sizes that every stage accepts.

        What OpenCV's ``detectMultiScale(grey, scale_factor, 0, 0, min_size, max_size)`` returns:
        the picture is made smaller in steps of `scale_factor`, and looked at in every second pixel
        up to half size, in every pixel then.

        Parameters
        ----------
        grey
            (height, width) uint8, rows may be strided; smaller than a window, it has none.
        scale_factor
            From a size to the next, 1.001 or more.
        min_size, max_size
            Width and height of windows in the picture. (0, 0): no limit.
        clip
            Cut off what rounding puts outside the picture, a pixel or so, as OpenCV does after it
            has grouped the windows.
        threads
            At most so many threads; None: :func:`cvfast.get_num_threads`.

        Raises
        ------
        TypeError, ValueError
            Wrong dtype, shape or layout, or values out of range.
        """
        check_image("grey", grey)
        if grey.dtype != np.uint8:
            raise TypeError(f"grey: expected dtype uint8, got {grey.dtype}")
        if grey.ndim != 2:
            raise ValueError(f"grey: expected shape (height, width), got {grey.shape}")
        limits = (*min_size, *max_size)
        if len(limits) != 4 or not all(0 <= side < 1 << 31 for side in limits):
            raise ValueError(f"min_size, max_size: expected (width, height), got {limits}")
        boxes, sums = self._core.windows(grey, float(scale_factor), *limits, thread_count(threads))
        if clip:
            np.minimum(boxes[:, 2], grey.shape[1] - boxes[:, 0], out=boxes[:, 2])
            np.minimum(boxes[:, 3], grey.shape[0] - boxes[:, 1], out=boxes[:, 3])
        return Windows(boxes, sums)

    def stages_passed(self, patches: ImageU8, *, threads: int | None = None) -> NDArray[np.int32]:
        """Return for each picture of the window's size how many stages accept it.

        Parameters
        ----------
        patches
            (N, height, width) uint8.
        threads
            At most so many threads; None: :func:`cvfast.get_num_threads`.

        Returns
        -------
        (N,) int32: 0 where the first stage refuses; -1 where a picture has so little contrast that
        a Haar cascade does not look at it.

        Raises
        ------
        TypeError, ValueError
            Wrong dtype or shape.
        """
        if not isinstance(patches, np.ndarray) or patches.dtype != np.uint8:
            kind = getattr(patches, "dtype", type(patches).__name__)
            raise TypeError(f"patches: expected a uint8 array, got {kind}")
        width, height = self.size
        if patches.ndim != 3 or patches.shape[1:] != (height, width):
            raise ValueError(f"patches: expected shape (N, {height}, {width}), got {patches.shape}")
        passed = np.empty(len(patches), np.int32)
        self._core.stages_passed(np.ascontiguousarray(patches), passed, thread_count(threads))
        return passed

    def accepts(self, patches: ImageU8, *, threads: int | None = None) -> NDArray[np.bool_]:
        """Return whether all stages accept each picture; see `stages_passed`."""
        accepted: NDArray[np.bool_] = self.stages_passed(patches, threads=threads) == self.stages
        return accepted


def group_rectangles(boxes: ArrayLike, min_neighbors: int = 3, *, eps: float = 0.2) -> Groups:
    """Average boxes that lie alike: OpenCV's groupRectangles.

    Boxes are alike where all four sides lie within eps / 2 of the smaller width plus the smaller
    height; chains of such boxes make a group.

    Parameters
    ----------
    boxes
        (N, 4) integers x, y, width, height.
    min_neighbors
        Groups of so many boxes or fewer are dropped, and then small groups inside large ones. With
        0 every box stays, counted as one.
    eps
        In [0, 1].

    Returns
    -------
    Groups
        Mean boxes, rounded, in the order of their first members.

    Raises
    ------
    TypeError, ValueError
        Not integers, another shape, or values out of range.

    Examples
    --------
    >>> group_rectangles([(10, 10, 20, 20), (11, 10, 20, 20), (50, 9, 30, 30)], 1)
    Groups(boxes=array([[10, 10, 20, 20]], dtype=int32), counts=array([2], dtype=int32))
    """
    array = np.asarray(boxes)
    if array.size == 0:
        array = np.empty((0, 4), np.int32)
    if array.dtype.kind not in "iu":
        raise TypeError(f"boxes: expected integers, got dtype {array.dtype}")
    if array.ndim != 2 or array.shape[1] != 4:
        raise ValueError(f"boxes: expected shape (N, 4), got {array.shape}")
    if array.size and (array.min() < -(1 << 31) or array.max() >= 1 << 31):
        raise ValueError("boxes: expected numbers of 32 bits")
    packed = np.ascontiguousarray(array, np.int32)
    return Groups(*_core.group_rectangles(packed, int(min_neighbors), float(eps)))


def luma_of(rgb: ImageU8) -> ImageU8:
    """Return the grey picture that OpenCV's cvtColor makes of an RGB one.

    Its weights are finer than those of `cvfast.geometry.sampling.luma_of`, whose grey is one off
    here and there: enough to decide some windows otherwise than OpenCV does.

    Parameters
    ----------
    rgb
        (height, width, 3) uint8.

    Returns
    -------
    (height, width) uint8.

    Examples
    --------
    >>> import numpy as np
    >>> luma_of(np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8))
    array([[ 76, 150,  29]], dtype=uint8)
    """
    check_image("rgb", rgb)
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"rgb: expected (height, width, 3) uint8, got {rgb.shape} {rgb.dtype}")
    red, green, blue = (rgb[..., channel].astype(np.uint32) for channel in range(3))
    total = red * _RED + green * _GREEN + blue * _BLUE + (1 << (_SHIFT - 1))
    return (total >> _SHIFT).astype(np.uint8)


def _array(cascade: CascadeArrays, name: str, dtype: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    array = getattr(cascade, name)
    if not isinstance(array, np.ndarray) or array.dtype != dtype:
        kind = getattr(array, "dtype", type(array).__name__)
        raise TypeError(f"{name}: expected a {np.dtype(dtype)} array, got {kind}")
    if array.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {array.shape}")
    return np.ascontiguousarray(array)
