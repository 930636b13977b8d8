"""Boosted cascades as files: OpenCV's XML of version 2.4 and later, read and written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.io.atomic import write_bytes
from cvfast.models.cascade_xml import Element, read_elements
from cvfast.typing import Path as PathLike

__all__ = ["Cascade", "read_cascade", "write_cascade"]

Ints = NDArray[np.int32]
Floats = NDArray[np.float32]

LARGEST_WINDOW = 1024
_CATEGORIES = 256  # codes of an LBP feature, a bit each in 8 integers
_FEATURES = {"HAAR": "haar", "LBP": "lbp"}
_NEW, _OLD = "opencv-cascade-classifier", "opencv-haar-classifier"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Cascade:
    """A boosted cascade: stages of small trees over Haar or LBP features of a window.

    Parameters
    ----------
    kind
        ``"haar"`` or ``"lbp"``.
    size
        Width and height of the window in pixels.
    stage_thresholds
        (S,) float32 as in the file; running it subtracts 1e-5, as OpenCV does.
    stage_trees
        (S,) int32: trees a stage.
    tree_nodes
        (T,) int32: inner nodes a tree; 1 is a stump.
    node_left, node_right
        (N,) int32: over 0 the inner node of that number in its tree, always a later one; else minus
        the number of a leaf.
    node_feature
        (N,) int32: the feature a node looks at.
    node_threshold
        (N,) float32: Haar values below it go left. Zeros for LBP.
    node_subset
        (N, 8) int32: LBP codes whose bit is set go left. Zeros for Haar.
    leaf_values
        (L,) float32: for each tree its nodes + 1, in order.
    feature_rects
        Haar (F, 3, 4) int32 x, y, w, h, unused ones zeros; LBP (F, 1, 4), the first of 3 x 3 cells.
    feature_weights
        (F, 3) float32; zeros for LBP.
    feature_tilted
        (F,) bool: rectangles turned by 45 degrees (Lienhart, Maydt, 2002).
    """

    kind: str
    size: tuple[int, int]
    stage_thresholds: Floats
    stage_trees: Ints
    tree_nodes: Ints
    node_left: Ints
    node_right: Ints
    node_feature: Ints
    node_threshold: Floats
    node_subset: Ints
    leaf_values: Floats
    feature_rects: Ints
    feature_weights: Floats
    feature_tilted: NDArray[np.bool_]

    def __repr__(self) -> str:
        width, height = self.size
        return (
            f"Cascade({self.kind}, {width}x{height}, {len(self.stage_trees)} stages, "
            f"{len(self.tree_nodes)} trees, {len(self.feature_rects)} features)"
        )


def read_cascade(path: PathLike) -> Cascade:
    """Read a cascade that OpenCV's trainer or `write_cascade` wrote.

    Parameters
    ----------
    path : str or path
        XML of OpenCV 2.4 or later with boosted stages of Haar or LBP features.

    Returns
    -------
    Cascade
        All indices and rectangles of it checked.

    Raises
    ------
    ModelError
        No such file, not such XML, another kind of features, or numbers that cannot be; the
        message names the file, and the line where there is one.

    Examples
    --------
    >>> from cvfast.models.cascade_file import read_cascade
    >>> from cvfast.models.registry import model_path
    >>> read_cascade(model_path("cascade_frontal"))
    Cascade(haar, 24x24, 25 stages, 2913 trees, 2913 features)
    """
    root = _cascade_element(read_elements(Path(path)))
    kind, size = _kind(root), _size(root)
    features = root.child("features").children
    rects, weights, tilted = _read_features(kind, size, features)
    stages = root.child("stages").children
    if not stages:
        raise root.child("stages").wrong("at least one stage", "none")
    trees = [_items(stage, "weakClassifiers", "one tree or more") for stage in stages]
    nodes = [_read_tree(kind, len(features), tree) for stage in trees for tree in stage]
    numbers = np.array([row for tree in nodes for row in tree.rows], np.float64)
    haar, count = kind == "haar", len(numbers)
    left, right, chosen = (np.array(numbers[:, column], np.int32) for column in range(3))
    return Cascade(
        kind=kind,
        size=size,
        stage_thresholds=np.array(
            [_one_real(s.child("stageThreshold")) for s in stages], np.float32
        ),
        stage_trees=np.array([len(stage) for stage in trees], np.int32),
        tree_nodes=np.array([len(tree.rows) for tree in nodes], np.int32),
        node_left=left,
        node_right=right,
        node_feature=chosen,
        node_threshold=np.array(numbers[:, 3] if haar else np.zeros(count), np.float32),
        node_subset=np.array(np.zeros((count, 8)) if haar else numbers[:, 3:], np.int32),
        leaf_values=np.array([leaf for tree in nodes for leaf in tree.leaves], np.float32),
        feature_rects=rects,
        feature_weights=weights,
        feature_tilted=tilted,
    )


def _cascade_element(root: Element) -> Element:
    """Return the element of the cascade, whatever its name."""
    if root.name != "opencv_storage" or not root.children:
        raise root.wrong("<opencv_storage> with a cascade in it", f"<{root.name}>")
    cascade = root.children[0]
    if cascade.type_id == _OLD:
        raise cascade.wrong(
            "a cascade of OpenCV 2.4 or later",
            "version 2.1; convert it with OpenCV 2.4's tools",
        )
    if cascade.type_id not in ("", _NEW):  # some published files leave it out
        raise cascade.wrong(f'type_id="{_NEW}"', repr(cascade.type_id))
    return cascade


def _kind(root: Element) -> str:
    stage = root.child("stageType")
    if stage.text.strip() != "BOOST":
        raise stage.wrong("BOOST", repr(stage.text.strip()))
    feature = root.child("featureType")
    kind = _FEATURES.get(feature.text.strip())
    if kind is None:
        raise feature.wrong("HAAR or LBP (others, such as HOG, are not read)", feature.text.strip())
    parameters = root.child("featureParams")
    count = parameters.child("maxCatCount").integer()
    if count != (_CATEGORIES if kind == "lbp" else 0):
        raise parameters.wrong(f"maxCatCount {_CATEGORIES} for LBP, 0 for HAAR", count)
    return kind


def _size(root: Element) -> tuple[int, int]:
    sides = []
    for name in ("width", "height"):
        side = root.child(name).integer()
        if not 3 <= side <= LARGEST_WINDOW:
            raise root.child(name).wrong(f"a window of 3 to {LARGEST_WINDOW} pixels", side)
        sides.append(side)
    return sides[0], sides[1]


def _items(parent: Element, name: str, expected: str) -> list[Element]:
    found = parent.child(name)
    if not found.children:
        raise found.wrong(expected, "none")
    return found.children


def _one_real(element: Element) -> float:
    numbers = element.reals()
    if len(numbers) != 1:
        raise element.wrong("one number", f"{len(numbers)} numbers")
    return numbers[0]


@dataclass(slots=True)
class _Tree:
    rows: list[list[float]]  # left, right, feature, threshold or 8 words of codes
    leaves: list[float]


def _read_tree(kind: str, features: int, tree: Element) -> _Tree:
    element = tree.child("internalNodes")
    numbers: list[float] = [*element.integers()] if kind == "lbp" else element.reals()
    step = 11 if kind == "lbp" else 4
    count = len(numbers) // step
    if count < 1 or count * step != len(numbers):
        raise element.wrong(f"{step} numbers a node", f"{len(numbers)} numbers")
    rows = [numbers[i * step : i * step + step] for i in range(count)]
    leaves = tree.child("leafValues").reals()
    if len(leaves) != count + 1:
        raise tree.child("leafValues").wrong(f"{count + 1} leaves", len(leaves))
    for index, row in enumerate(rows):
        for child in row[:2]:
            if child != int(child) or not (-count <= child <= 0 or index < child < count):
                raise element.wrong("children that are leaves or later nodes of the tree", child)
        if row[2] != int(row[2]) or not 0 <= row[2] < features:
            raise element.wrong(f"a feature of 0 to {features - 1}", row[2])
    return _Tree(rows, leaves)


def _read_features(
    kind: str, size: tuple[int, int], features: list[Element]
) -> tuple[Ints, Floats, NDArray[np.bool_]]:
    count = len(features)
    rects = np.zeros((count, 3 if kind == "haar" else 1, 4), np.int32)
    weights = np.zeros((count, 3), np.float32)
    tilted = np.zeros(count, np.bool_)
    for i, feature in enumerate(features):
        if kind == "lbp":
            element = feature.child("rect")
            rect = element.integers()
            if len(rect) != 4 or not cells_fit(rect, size):
                raise element.wrong(f"x y w h whose 3 x 3 cells fit {size[0]}x{size[1]}", rect)
            rects[i, 0] = rect
            continue
        lean = feature.find("tilted")
        tilted[i] = lean is not None and lean.integer() != 0
        items = _items(feature, "rects", "one rectangle or more")
        if len(items) > 3:
            raise feature.wrong("at most 3 rectangles", len(items))
        for j, item in enumerate(items):
            numbers = item.reals()
            if len(numbers) != 5 or not rectangle_fits(numbers[:4], size, bool(tilted[i])):
                lying = "tilted x y w h" if tilted[i] else "x y w h"
                raise item.wrong(f"{lying} inside {size[0]}x{size[1]}, and a weight", numbers)
            rects[i, j], weights[i, j] = numbers[:4], numbers[4]
    return rects, weights, tilted


def rectangle_fits(rect: list[float], size: tuple[int, int], tilted: bool) -> bool:
    """Return whether a rectangle of a Haar feature lies inside a window."""
    x, y, w, h = rect
    if any(side != int(side) or not 0 <= side <= LARGEST_WINDOW for side in rect):
        return False
    if tilted:  # from its top corner w down to the right and h down to the left
        return x - h >= 0 and x + w <= size[0] and y + w + h <= size[1]
    return x + w <= size[0] and y + h <= size[1]


def cells_fit(rect: list[int], size: tuple[int, int]) -> bool:
    """Return whether the 3 x 3 cells of an LBP feature lie inside a window."""
    x, y, w, h = rect
    return x >= 0 and y >= 0 and w > 0 and h > 0 and x + 3 * w <= size[0] and y + 3 * h <= size[1]


def write_cascade(
    path: PathLike, cascade: Cascade, *, overwrite: bool = False, comment: str | None = None
) -> None:
    """Write a cascade as XML that OpenCV (contrib) loads and `read_cascade` reads back the same.

    Parameters
    ----------
    path : str or path
        The file to write.
    cascade
        What to write.
    overwrite
        Replace an existing file.
    comment
        Put at the beginning, such as a licence.

    Raises
    ------
    ValueError
        A comment with ``--`` in it, which XML does not allow.
    OutputError
        As for `cvfast.io.atomic.atomic_path`.
    """
    if comment is not None and ("--" in comment or comment.endswith("-")):
        raise ValueError("comment: expected text without '--', which XML does not allow")
    head = ['<?xml version="1.0"?>', *([f"<!--\n{comment}\n-->"] if comment else [])]
    lines = [*head, "<opencv_storage>", *_cascade_lines(cascade), "</opencv_storage>", ""]
    write_bytes(path, "\n".join(lines).encode(), overwrite=overwrite)


def _cascade_lines(cascade: Cascade) -> Iterator[str]:
    haar = cascade.kind == "haar"
    yield f'<cascade type_id="{_NEW}"><stageType>BOOST</stageType>'
    yield f"  <featureType>{'HAAR' if haar else 'LBP'}</featureType>"
    yield f"  <height>{cascade.size[1]}</height>\n  <width>{cascade.size[0]}</width>"
    yield "  <stageParams>"
    yield f"    <maxWeakCount>{max(cascade.stage_trees)}</maxWeakCount></stageParams>"
    yield "  <featureParams>"
    yield f"    <maxCatCount>{0 if haar else _CATEGORIES}</maxCatCount></featureParams>"
    yield f"  <stageNum>{len(cascade.stage_trees)}</stageNum>\n  <stages>"
    yield from _stage_lines(cascade)
    yield "  </stages>\n  <features>"
    for rects, weights, tilted in zip(
        cascade.feature_rects, cascade.feature_weights, cascade.feature_tilted, strict=True
    ):
        if not haar:
            yield f"    <_>\n      <rect>\n        {_integers(rects[0])}</rect></_>"
            continue
        yield "    <_>\n      <rects>"
        for rect, weight in zip(rects, weights, strict=True):
            if rect.any() or weight != 0:
                yield f"        <_>\n          {_integers(rect)} {_real(weight)}</_>"
        yield f"      </rects>\n      <tilted>{int(tilted)}</tilted></_>"
    yield "  </features></cascade>"


def _stage_lines(cascade: Cascade) -> Iterator[str]:
    tree = node = leaf = 0
    for threshold, trees in zip(cascade.stage_thresholds, cascade.stage_trees, strict=True):
        yield f"    <_>\n      <maxWeakCount>{trees}</maxWeakCount>"
        yield f"      <stageThreshold>{_real(threshold)}</stageThreshold>\n      <weakClassifiers>"
        for _ in range(trees):
            count = int(cascade.tree_nodes[tree])
            rows = "\n            ".join(_node(cascade, node + k) for k in range(count))
            leaves = " ".join(_real(x) for x in cascade.leaf_values[leaf : leaf + count + 1])
            yield f"        <_>\n          <internalNodes>\n            {rows}</internalNodes>"
            yield f"          <leafValues>\n            {leaves}</leafValues></_>"
            tree, node, leaf = tree + 1, node + count, leaf + count + 1
        yield "      </weakClassifiers></_>"


def _node(cascade: Cascade, node: int) -> str:
    place = f"{cascade.node_left[node]} {cascade.node_right[node]} {cascade.node_feature[node]}"
    if cascade.kind == "lbp":
        return f"{place} {_integers(cascade.node_subset[node])}"
    return f"{place} {_real(cascade.node_threshold[node])}"


def _integers(numbers: Ints) -> str:
    return " ".join(str(int(number)) for number in numbers)


def _real(number: np.float32) -> str:
    """Return 17 digits: what every reader rounds back to the same double, and float32."""
    return f"{float(number):.16e}"
