"""Known-warp recovery: a warp that is known finds out whatever finds warps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.metrics.regions import endpoint_error, mask_iou
from cvfast.synth.known_warps import KnownWarp, warp_known

__all__ = ["WARP_METHODS", "WarpScore", "judge_known_warp"]

#: What is judged, the two that need no matching first.
WARP_METHODS = ("identity", "box", "warp")


@dataclass(frozen=True, slots=True)
class WarpScore:
    """How well a warp was recovered.

    Parameters
    ----------
    iou
        Of the warped garment's mask and the true one, hidden parts included.
    error
        Mean distance in pixels of the points sampled and the true ones, inside the true mask.
    """

    iou: float
    error: float


def judge_known_warp(
    seed: int,
    *,
    size: tuple[int, int] = (192, 256),
    occluder: str = "none",
    landmarks: bool = False,
) -> dict[str, WarpScore]:
    """Warp a made garment by a known spline and recover that from the silhouette that is seen.

    Parameters
    ----------
    seed
        Which garment and warp, see `cvfast.synth.known_warps.warp_known`.
    size
        Width and height in pixels.
    occluder
        ``"none"``, ``"forearm"`` or ``"hair"`` before the garment.
    landmarks
        Tell the matcher where the garment's landmarks went, too.

    Returns
    -------
    dict
        A score for ``"identity"``, for ``"box"`` (bounding box laid on bounding box), and for
        ``"warp"``, `cvfast.tryon.warping.warp_garment`.

    Examples
    --------
    >>> scores = judge_known_warp(0, size=(96, 128))
    >>> scores["warp"].iou > scores["identity"].iou
    True
    """
    known = warp_known(seed, size=size, occluder=occluder)
    flat = known.garment.mask > 0.5
    maps = {"identity": _identity(size), "box": _box_map(known, flat, size)}
    scores = {name: _score(points, _masked(points, flat), known) for name, points in maps.items()}
    points, mask = _recovered(known, landmarks=landmarks)
    return scores | {"warp": _score(points, mask, known)}


def _recovered(
    known: KnownWarp, *, landmarks: bool
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    from cvfast.tryon.garment import read_garment
    from cvfast.tryon.warping import warp_garment

    garment = read_garment(known.garment.image)
    warp = warp_garment(
        garment,
        known.visible > 0.5,
        known.landmarks if landmarks else None,
        hidden=known.occluder > 0.5,
    )
    return warp.map, warp.mask > 0.5


def _score(points: NDArray[np.floating], mask: NDArray[np.bool_], known: KnownWarp) -> WarpScore:
    truth = known.mask > 0.5
    return WarpScore(mask_iou(mask, truth), endpoint_error(points, known.flow, truth))


def _identity(size: tuple[int, int]) -> NDArray[np.float32]:
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    return np.stack([x, y], axis=-1).astype(np.float32)


def _box_map(
    known: KnownWarp, flat: NDArray[np.bool_], size: tuple[int, int]
) -> NDArray[np.float32]:
    """Points of the affine map that lays the flat garment's box on that of what is seen."""
    low, high = _box(flat)
    seen_low, seen_high = _box(known.visible > 0.5)
    scale = (high - low) / np.maximum(seen_high - seen_low, 1)
    mapped = (_identity(size) - seen_low) * scale + low
    return mapped.astype(np.float32)


def _box(mask: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return np.zeros(2), np.ones(2)
    corners = np.stack([columns, rows], axis=1).astype(np.float64)
    return corners.min(axis=0), corners.max(axis=0)


def _masked(points: NDArray[np.float32], flat: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where points sample the flat garment."""
    x, y = (np.rint(points[..., axis]).astype(np.int64) for axis in (0, 1))
    inside = (x >= 0) & (x < flat.shape[1]) & (y >= 0) & (y < flat.shape[0])
    masked = np.zeros(points.shape[:2], bool)
    masked[inside] = flat[y[inside], x[inside]]
    return masked
