"""Garments warped by known splines: exact truth for whatever finds warps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cvfast.kernels.tps import ThinPlateSpline
from cvfast.synth.base import Reals
from cvfast.synth.garments import MadeGarment, make_garment, random_garment
from cvfast.synth.noise import noise
from cvfast.synth.seeds import check_seed
from cvfast.typing import ImageF32, ImageU8

__all__ = ["KnownWarp", "warp_known"]

_SALT = 0x3A9
OCCLUDERS = ("none", "forearm", "hair")


@dataclass(frozen=True)
class KnownWarp:
    """A flat garment, and the same warped, before something or not.

    Parameters
    ----------
    garment : MadeGarment
        The flat one.
    image : ndarray
        (h, w, 3) uint8: the warped garment on white, with the occluder before it.
    mask : ndarray
        (h, w) float32: where the warped garment is, seen or not (the inner collar left out).
    visible : ndarray
        (h, w) float32: where it is seen.
    occluder : ndarray
        (h, w) float32: where something lies before it.
    flow : ndarray
        (h, w, 2) float32: each pixel's point in the flat picture, NaN outside `mask`.
    landmarks : dict
        The garment's landmarks where the warp took them, (2,) each; the inner collar has none.
    theta : ndarray
        (5, 5, 2) float64: where each control point (row, column; -1 to 1 across the picture)
        samples the flat picture, in the same units.
    """

    garment: MadeGarment
    image: ImageU8
    mask: ImageF32
    visible: ImageF32
    occluder: ImageF32
    flow: ImageF32
    landmarks: dict[str, Reals]
    theta: Reals


def warp_known(
    seed: int,
    *,
    kind: str | None = None,
    size: tuple[int, int] = (192, 256),
    strength: float = 0.12,
    occluder: str = "none",
    garment: MadeGarment | None = None,
) -> KnownWarp:
    """Warp a made garment by a random 5 x 5 thin-plate spline, scale, shift and rotation.

    Parameters
    ----------
    seed
        Which garment and warp.
    kind
        Of the garment; None draws a top.
    size
        Width and height in pixels.
    strength
        Greatest offset of the control points, in half pictures; 0.12 leaves an identity IoU near
        0.7. Warps that fold are drawn again, weaker.
    occluder
        "none", "forearm" or "hair".
    garment
        To warp this one; its size counts then.

    Raises
    ------
    ValueError
        No such occluder; a strength out of [0, 0.4]; a negative seed.

    Examples
    --------
    >>> warp = warp_known(3, size=(96, 128))
    >>> warp.flow.shape, warp.theta.shape, bool((warp.visible == warp.mask).all())
    ((128, 96, 2), (5, 5, 2), True)
    """
    if occluder not in OCCLUDERS:
        raise ValueError(f"occluder: expected one of {', '.join(OCCLUDERS)}, got {occluder!r}")
    if not 0 <= strength <= 0.4:
        raise ValueError(f"strength: expected a number in [0, 0.4], got {strength}")
    check_seed(seed)
    rng = np.random.default_rng([_SALT, seed])
    flat = make_garment(random_garment(seed, kind), size=size) if garment is None else garment
    size = flat.image.shape[1], flat.image.shape[0]
    for attempt in range(12):
        theta = _draw(rng, strength * 0.85**attempt)
        points, spline = _sources(theta, size)
        if _unfolded(points):
            break
    mask = _sample(flat.front, points)
    color = _sample(flat.texture.astype(np.float32), points)
    flow = np.where(mask[..., None] > 0.5, points, np.float32(np.nan)).astype(np.float32)
    cover, paint = _occlude(occluder, rng, mask, size)
    levels = 255 + mask[..., None] * (color - 255)
    levels += cover[..., None] * (paint - levels)
    marks = {name: _inverse(spline, at, size) for name, at in flat.landmarks.items()}
    image = np.clip(levels + 0.5, 0, 255).astype(np.uint8)
    return KnownWarp(flat, image, mask, mask * (1 - cover), cover, flow, marks, theta)


def _draw(rng: np.random.Generator, strength: float) -> Reals:
    """Where the control points sample, (5, 5, 2) in half pictures."""
    y, x = np.mgrid[-1:1:5j, -1:1:5j]
    grid = np.stack([x, y], axis=-1)
    offsets = rng.uniform(-strength, strength, (5, 5, 2))
    turn, scale = rng.uniform(-0.12, 0.12), rng.uniform(0.95, 1.25, 2)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.asarray((grid + offsets) @ matrix.T * scale + rng.uniform(-0.08, 0.08, 2))


def _to_pixels(points: Reals, size: tuple[int, int]) -> Reals:
    return np.asarray((points + 1) / 2 * (np.array(size, np.float64) - 1))


def _sources(theta: Reals, size: tuple[int, int]) -> tuple[ImageF32, ThinPlateSpline]:
    """Each pixel's point in the flat picture, (h, w, 2), and the spline that gives it."""
    y, x = np.mgrid[-1:1:5j, -1:1:5j]
    grid = _to_pixels(np.stack([x, y], axis=-1).reshape(-1, 2), size)
    spline = ThinPlateSpline(grid, _to_pixels(theta.reshape(-1, 2), size))
    v, u = np.mgrid[: size[1], : size[0]]
    pixels = np.stack([u, v], axis=-1).reshape(-1, 2).astype(np.float64)
    points = np.asarray(spline.transform(pixels), np.float32)
    return points.reshape(size[1], size[0], 2), spline


def _unfolded(points: ImageF32) -> bool:
    """Whether the map keeps its sense everywhere."""
    dx, dy = np.diff(points, axis=1)[:-1], np.diff(points, axis=0)[:, :-1]
    return bool((dx[..., 0] * dy[..., 1] - dx[..., 1] * dy[..., 0]).min() > 0.08)


def _sample(picture: ImageF32, points: ImageF32) -> ImageF32:
    import cv2

    x, y = np.ascontiguousarray(points[..., 0]), np.ascontiguousarray(points[..., 1])
    inside = cv2.INTER_LINEAR
    return np.asarray(
        cv2.remap(picture, x, y, inside, borderMode=cv2.BORDER_CONSTANT, borderValue=0), np.float32
    )


def _inverse(spline: ThinPlateSpline, target: Reals, size: tuple[int, int]) -> Reals:
    """Return the pixel whose source is `target`: damped Newton steps with differences."""
    at = np.array(target, np.float64)
    for _ in range(60):
        here = np.asarray(spline.transform(at + np.array([[0, 0], [0.5, 0], [0, 0.5]])))
        jacobian = np.column_stack([here[1] - here[0], here[2] - here[0]]) * 2
        step = np.linalg.solve(jacobian, target - here[0])
        step *= min(1.0, 0.1 * max(size) / (np.hypot(*step) + 1e-12))
        at += step
        if np.hypot(*step) < 1e-6:
            break
    return np.asarray(at)


def _occlude(name: str, rng: np.random.Generator, mask: ImageF32,
             size: tuple[int, int]) -> tuple[ImageF32, ImageF32]:  # fmt: skip
    """Opacity (h, w) and colour (h, w, 3) of what lies before the garment."""
    from cvfast.kernels.mask import polygon_mask

    height, width = mask.shape
    paint: ImageF32 = np.zeros((height, width, 3), np.float32)
    if name == "none":
        return np.zeros_like(mask), paint
    rows, columns = np.nonzero(mask > 0.5)
    low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()])
    span, side = high - low, 1 if rng.random() < 0.5 else -1
    grain = noise(rng, size, (max(width / 40, 1.5), max(height / 8, 1.5)))
    if name == "forearm":
        tone = np.array([rng.uniform(90, 235), 0, 0])
        paint[:] = (tone[0], 0.78 * tone[0], 0.64 * tone[0])
        middle = low + span * (0.5, rng.uniform(0.42, 0.68))
        reach = span[0] * np.array([0.5, rng.uniform(-0.12, 0.12)])
        wide = 0.065 * span[0] * np.array([1.25, 0.8])
        a, b = middle + side * reach * 0.8, middle - side * reach * rng.uniform(0.1, 0.4)
        off = np.array([-(b - a)[1], (b - a)[0]]) / np.hypot(*(b - a))
        hand = b + 0.09 * span[0] * np.column_stack([np.cos(t := np.arange(16) * np.pi / 8),
                                                     0.8 * np.sin(t)])  # fmt: skip
        arm = np.array([a + off * wide[0], b + off * wide[1], b - off * wide[1], a - off * wide[0]])
        cover = polygon_mask(size, [arm, hand])
    else:
        paint[:] = rng.uniform(20, 110) * np.array([1, 0.75, 0.55])
        middle = np.array([low[0] + span[0] * (0.5 + side * 0.17), low[1] + 0.1 * span[1]])
        t = np.arange(24) * np.pi / 12
        ragged = 1 + 0.08 * rng.normal(size=24)
        lock = np.column_stack([0.085 * np.cos(t), rng.uniform(0.26, 0.4) * np.sin(t)])
        cover = polygon_mask(size, [middle + lock * ragged[:, None] * span])
    paint += 12 * grain[..., None]
    return cover, np.clip(paint, 0, 255)
