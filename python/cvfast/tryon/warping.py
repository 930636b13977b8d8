"""A flat garment bent into the shape that it has when worn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.kernels.tps import ThinPlateSpline
from cvfast.tryon.distortion import Distortion, distortion
from cvfast.tryon.garment import Garment
from cvfast.tryon.outline import outline_of
from cvfast.tryon.refine_match import Pairs, refine_match
from cvfast.tryon.render import render_map
from cvfast.tryon.shape_match import match_outlines
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Warp", "WarpReport", "warp_garment"]

POINTS = 100  # of each outline, for shape contexts
METHODS = ("auto", "sc+tps", "landmarks", "affine")
# Of the last spline, in squares of half the target's size; the stiffer ones where it folds.
STIFFNESS = (0.003, 0.03, 0.3)
_STEP = 4  # px between the places where a spline is summed; twice as many in large frames


@dataclass(frozen=True)
class WarpReport:
    """How a warp came about.

    Parameters
    ----------
    method : str
        sc+tps, landmarks or affine.
    confidence : float
        0 to 1.
    reasons : tuple of str
        What lowered it, and why a method was given up.
    folded : float
        Share of the garment's pixels where the map folds.
    stretch : float
        How much the most stretched hundredth of the cloth is longer than its middle.
    iou : float
        Overlap of the warped mask and the target.
    """

    method: str
    confidence: float
    reasons: tuple[str, ...]
    folded: float
    stretch: float
    iou: float


@dataclass(frozen=True)
class Warp:
    """Where each pixel of the target frame lies in the garment's picture.

    Parameters
    ----------
    map : ndarray
        (H, W, 2) float32: x, y in the garment's picture for each pixel of the target frame; smooth
        beyond the garment too.
    mask : ndarray
        (H, W) float32 in [0, 1]: the garment's mask, warped.
    report : WarpReport
        How it came about.
    garment : Garment
        What was warped.
    """

    map: ImageF32
    mask: ImageF32
    report: WarpReport
    garment: Garment = field(repr=False)

    def render(
        self, image: ImageU8 | None = None, size: tuple[int, int] | None = None
    ) -> tuple[ImageU8, ImageF32]:
        """Draw the warped garment at any resolution.

        Parameters
        ----------
        image
            The garment's picture, perhaps finer than the one that was matched; None: that one.
        size
            (width, height) of the result; None: the target frame's.

        Returns
        -------
        image, mask
            (h, w, 3) uint8, cloth continued beyond its edge, and (h, w) float32 opacity.
        """
        picture = self.garment.image if image is None else image
        return render_map(self.map, picture, self.garment.mask, size)


def warp_garment(
    garment: Garment,
    target_mask: NDArray[Any],
    landmarks: Mapping[str, ArrayLike] | None = None,
    *,
    method: str = "auto",
    hidden: NDArray[np.bool_] | None = None,
) -> Warp:
    """Bend a flat garment into the shape of a target silhouette.

    Parameters
    ----------
    garment
        From :func:`cvfast.tryon.garment.read_garment`.
    target_mask
        (H, W) bool or float: where the worn garment shall be.
    landmarks
        Points of the target by the garment's names, as far as they are known.
    method
        auto, sc+tps, landmarks or affine.
    hidden
        (H, W) bool: where arms, hands or hair lie before the garment; the silhouette's edge is not
        trusted there.

    Raises
    ------
    ValueError
        An empty mask, an unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    target = np.asarray(target_mask, np.float32)
    if target.ndim != 2:
        raise ValueError(f"target_mask: expected shape (height, width), got {target.shape}")
    anchors = _anchors(garment, landmarks or {}, hidden)
    reasons: list[str] = []
    for name, spline in _attempts(garment, target, hidden, anchors, method, reasons):
        backward = dense_map(spline, (target.shape[1], target.shape[0]))
        mask = warped_mask(garment.mask, backward)
        bent = distortion(backward, mask)
        if bent.bearable or name == "affine" or method == name:
            break
        reasons.append(
            f"{name} folded {bent.folded:.1%} of the cloth and stretched it {bent.stretch:.1f} "
            "times; a stiffer warp is used"
        )
    report = _judged(name, reasons, bent, mask, target, hidden, garment)
    return Warp(backward, mask, report, garment)


def _attempts(
    garment: Garment, target: ImageF32, hidden: NDArray[np.bool_] | None, anchors: Pairs,
    method: str, reasons: list[str],
) -> Iterator[tuple[str, ThinPlateSpline]]:  # fmt: skip
    """Splines from target to source, from the finest to one that cannot fold."""
    pairs = anchors
    if method in {"auto", "sc+tps"} or len(anchors.source) < 3:
        try:
            pairs = _matched(garment, target, hidden, anchors)
        except ValueError as error:
            reasons.append(f"the outlines do not match ({error})")
    if pairs is not anchors and method in {"auto", "sc+tps"}:
        size = float(np.abs(pairs.target - pairs.target.mean(axis=0)).max())
        for stiffness in STIFFNESS if method == "auto" else STIFFNESS[:1]:
            yield "sc+tps", ThinPlateSpline(*pairs, smoothing=stiffness * size**2)
    if len(anchors.source) >= 5 and method in {"auto", "landmarks"}:
        size = float(np.abs(anchors.target - anchors.target.mean(axis=0)).max())
        yield "landmarks", ThinPlateSpline(*anchors, smoothing=0.003 * size**2)
    if len(pairs.source) < 3:
        pairs = _boxes(garment.mask, target)
    yield "affine", ThinPlateSpline(*pairs, smoothing=1e9 * max(target.shape) ** 2)


def _boxes(source: ImageF32, target: ImageF32) -> Pairs:
    """Corners of the masks' bounding boxes."""
    corners = []
    for mask in (source, target):
        rows, columns = np.nonzero(mask > 0.5)
        if len(rows) == 0:
            raise ValueError("target_mask: expected at least one pixel, got none")
        x0, x1, y0, y1 = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
        corners.append(np.array([(x0, y0), (x1, y0), (x0, y1), (x1, y1)], np.float64))
    return Pairs(*corners)


def _judged(
    name: str, reasons: list[str], bent: Distortion, mask: ImageF32, target: ImageF32,
    hidden: NDArray[np.bool_] | None, garment: Garment,
) -> WarpReport:  # fmt: skip
    """Weigh what is known of a warp."""
    seen = np.ones(mask.shape, bool) if hidden is None else ~np.asarray(hidden, bool)
    mine, wanted = (mask > 0.5) & seen, (target > 0.5) & seen
    both, either = int(np.count_nonzero(mine & wanted)), int(np.count_nonzero(mine | wanted))
    iou = both / max(either, 1)
    confidence = {"sc+tps": 1.0, "landmarks": 0.8, "affine": 0.5}[name]
    confidence *= float(np.clip((iou - 0.5) / 0.45, 0.05, 1))
    if iou < 0.9:
        reasons.append(f"the warped garment covers the target to {iou:.0%} only")
    covered = float(np.mean(~seen[target > 0.5])) if (target > 0.5).any() else 0.0
    if covered > 0.25:
        reasons.append(f"{covered:.0%} of the target is hidden")
        confidence *= 0.8
    return WarpReport(name, confidence, tuple(reasons), bent.folded, bent.stretch, iou)


def _anchors(
    garment: Garment, landmarks: Mapping[str, ArrayLike], hidden: NDArray[np.bool_] | None
) -> Pairs:
    """Landmarks that both sides know."""
    names = [name for name in garment.landmarks if name in landmarks]
    source = np.array([garment.landmarks[name] for name in names], np.float64).reshape(-1, 2)
    target = np.array([landmarks[name] for name in names], np.float64).reshape(-1, 2)
    if not np.isfinite(target).all():
        raise ValueError("landmarks: expected finite points x, y")
    return Pairs(source, target)


def _matched(
    garment: Garment, target: ImageF32, hidden: NDArray[np.bool_] | None, anchors: Pairs
) -> Pairs:
    match = match_outlines(
        outline_of(garment.mask, POINTS), outline_of(target, POINTS, hidden=hidden)
    )
    return refine_match(garment.mask, target, Pairs(match.source, match.target), anchors, hidden)


def dense_map(spline: ThinPlateSpline, size: tuple[int, int]) -> ImageF32:
    """Return each pixel's source point, (H, W, 2), from a spline summed on a grid."""
    import cv2

    width, height = size
    step = _STEP if max(size) <= 512 else 2 * _STEP
    nodes = spline.displacement((width + step, height + step), step=step)
    shrink = np.array([[1 / step, 0, 0], [0, 1 / step, 0]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    spread = cv2.warpAffine(nodes, shrink, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    moved = np.asarray(spread, np.float32)
    moved[..., 0] += np.arange(width, dtype=np.float32)
    moved[..., 1] += np.arange(height, dtype=np.float32)[:, None]
    return moved


def warped_mask(mask: ImageF32, backward: ImageF32) -> ImageF32:
    """Return a mask of the source frame as the map moves it."""
    import cv2

    x, y = np.ascontiguousarray(backward[..., 0]), np.ascontiguousarray(backward[..., 1])
    return np.asarray(cv2.remap(mask, x, y, cv2.INTER_LINEAR, borderValue=0), np.float32)
