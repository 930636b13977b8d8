"""Garments on a body: the flat cut laid round trunk and limbs, so that the flow is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cvfast.people.labels import LABEL_SETS
from cvfast.synth.base import Reals, step
from cvfast.synth.body import Body, arm_radius, leg_radius, profile, trunk_points
from cvfast.synth.garment_shape import Cut, half_widths
from cvfast.synth.noise import noise
from cvfast.synth.patches import Patch
from cvfast.synth.skeleton import NECK_POINT
from cvfast.typing import ImageF32

__all__ = [
    "Folds",
    "draw_folds",
    "garment_scale",
    "hem_height",
    "sleeve_end",
    "trousers_end",
    "worn_patches",
]

_IDS = LABEL_SETS["cvfast"]
WAIST = 6.5  # height of a waistband on the usual body


@dataclass(frozen=True)
class Folds:
    """How a person's clothes fold, whatever they wear.

    Parameters
    ----------
    trunk, sleeves, legs : ndarray
        (h, w) about 0; over the trunk's heights, each arm's and leg's length.
    strength : float
        In units.
    """

    trunk: ImageF32
    sleeves: tuple[ImageF32, ImageF32]
    legs: tuple[ImageF32, ImageF32]
    strength: float


def draw_folds(rng: np.random.Generator, strength: float) -> Folds:
    """Draw folds."""
    hanging = noise(rng, (48, 96), (6.5, 40)) + 0.7 * noise(rng, (48, 96), (13, 9))
    hanging += 0.3 * noise(rng, (48, 96), (5, 5))
    fields = [
        noise(rng, (16, 64), (10, 4.5)) + 0.6 * noise(rng, (16, 64), (4, 9)) for _ in range(4)
    ]
    return Folds(hanging, (fields[0], fields[1]), (fields[2], fields[3]), strength)


def garment_scale(body: Body) -> float:
    """Units on this body of a unit of a flat garment."""
    return float(0.4 + 0.6 * body.build.shoulders / 1.72)


def sleeve_end(body: Body, cut: Cut) -> float:
    """Return how far down the arms a garment's sleeves reach in units; -1 where it has none."""
    if cut.sleeve is None:
        return -1.0
    (tip, _), (outer, _) = cut.sleeve.corners
    long = float(np.hypot(*(outer - tip)))
    return min(garment_scale(body) * long - 0.3, body.arms["left"].length + 0.3)


def hem_height(body: Body, cut: Cut, *, tucked: bool) -> float:
    """Return the height to which a top lies over what is worn below; 0 where it is tucked in."""
    return 0.0 if tucked else NECK_POINT + 0.02 + garment_scale(body) * cut.bottom


def trousers_end(body: Body, cut: Cut) -> float:
    """Return the height at which trousers end; -1 for all else."""
    if cut.kind != "trousers":
        return -1.0
    low = _lower_height(body, cut, np.array([cut.landmarks["crotch"][1]]))[0]
    ankle = float(body.joints["ankle_left"][1])
    share = (cut.bottom - cut.landmarks["crotch"][1]) / (10.4 - cut.landmarks["crotch"][1])
    return float(low + share * (ankle + 0.25 - low))


def _lookup(field: ImageF32, v: Reals, u: Reals) -> Reals:
    """Sample a field at shares down and across, bilinearly."""
    h, w = field.shape
    y, x = np.clip(v, 0, 1) * (h - 1.001), np.clip(u, 0, 1) * (w - 1.001)
    i, j = y.astype(np.int64), x.astype(np.int64)
    a, b = y - i, x - j
    top = field[i, j] + b * (field[i, j + 1] - field[i, j])
    low = field[i + 1, j] + b * (field[i + 1, j + 1] - field[i + 1, j])
    return np.asarray(top + a * (low - top), np.float64)


def worn_patches(body: Body, cut: Cut, folds: Folds, detail: float = 1.0, *,
                 tucked: bool = False, hem: float = 0.0) -> list[Patch]:  # fmt: skip
    """Return a garment's patches; their places are points of the cut, in its units.

    Parameters
    ----------
    body, cut, folds
        Who wears what.
    detail
        Share of the usual number of vertices a unit.
    tucked
        Whether a top's end lies under trousers or skirt.
    hem
        Height to which a top lies over trousers or skirt.
    """
    if cut.kind == "trousers":
        return [_leg(body, cut, folds, side, detail, hem) for side in ("left", "right")]
    if cut.kind == "skirt":
        return [_skirt(body, cut, folds, detail, hem)]
    patches = [_trunk(body, cut, folds, detail, tucked=tucked)]
    if cut.sleeve is not None:
        patches += [_sleeve(body, cut, folds, side, detail, tucked) for side in ("left", "right")]
    return patches


def _count(base: float, detail: float) -> int:
    return max(5, round(base * detail))


def _cloth(body: Body, cut: Cut, folds: Folds, flat: Reals, t: Reals, tucked: bool) -> Reals:
    """Where points of a top's panel (height in the cut, share of its half width) come to lie."""
    scale = garment_scale(body)
    y = NECK_POINT + 0.02 + flat * scale
    wide, deep, _ = profile(body.build, y)
    loose = half_widths(cut, flat) * scale / 1.25 - wide
    below = np.asarray(step(flat, 1.6, 3.2))
    ease = 0.07 + below * np.clip(loose - 0.05, 0, 0.42)
    if tucked:
        waist = NECK_POINT + (WAIST - NECK_POINT) * body.build.tall
        ease = 0.07 + (ease - 0.07) * step(y, waist + 0.1, waist - 1.2)
    # Cloth hangs from chest and belly: it does not follow the body in again.
    hang = below * np.clip(1.02 - deep + 0.3 * body.build.bust, 0, 0.4) * (0.3 if tucked else 0.8)
    fold = _lookup(folds.trunk, (y - 1.0) / 9.5, 0.5 + 0.5 * t)
    fall = 0.35 + 0.65 * np.asarray(step(flat, 0.3, 5.0))
    amount = folds.strength * fold * fall
    wider, deeper = ease + 0.5 * amount, ease + hang + amount
    return trunk_points(body, y, t, np.maximum(wider, 0.03), np.maximum(deeper, 0.03))


def _trunk(body: Body, cut: Cut, folds: Folds, detail: float, *, tucked: bool) -> Patch:
    rows, columns = _count(56, detail), 2 * _count(20, detail) + 1
    start = -0.5 if cut.kind == "shirt" else 0.0
    end = cut.bottom + 0.35
    if tucked:
        waist = (WAIST - NECK_POINT) * body.build.tall
        end = min(end, (waist + 0.3) / garment_scale(body))
    flat = np.linspace(start, end, rows)[:, None] * np.ones(columns)
    t = np.ones((rows, 1)) * np.linspace(-1, 1, columns)
    points = _cloth(body, cut, folds, flat, t, tucked)
    places = np.stack([t * half_widths(cut, flat), flat], axis=-1)
    return Patch(points, places, "upper", _IDS["upper"], 0.015, 0.25, 0.1 if tucked else 0.2)


def _sleeve(body: Body, cut: Cut, folds: Folds, side: str, detail: float,
            tucked: bool) -> Patch:  # fmt: skip
    sleeve, sign = cut.sleeve, 1 if side == "left" else -1
    assert sleeve is not None  # noqa: S101
    scale, limb = garment_scale(body), body.arms[side]
    tip, pit = sleeve.corners[0]
    end = sleeve_end(body, cut)
    s = np.linspace(0, 1, _count(14 + 4 * end, detail))
    t = np.linspace(0, 1, _count(17, detail))
    grid_s, grid_t = np.meshgrid(s, t, indexing="ij")
    flat = sleeve.at(grid_s, grid_t)
    # The armhole lies on the trunk's outline; from there the cloth goes over to a tube.
    height = tip[1] + t * (pit[1] - tip[1])
    hole = _cloth(body, cut, folds, height, np.full_like(t, float(sign)), tucked)
    distance = -0.05 + s * (end + 0.05)
    centers, out, front = limb.frames(distance)
    width = np.sqrt(((sleeve.at(s, np.zeros_like(s)) - sleeve.at(s, np.ones_like(s))) ** 2).sum(1))
    arm = arm_radius(body.build, np.maximum(distance, 0))
    radius = np.clip(width * scale / np.pi, arm + 0.05, arm + 0.4)
    radius = radius * (0.8 + 0.2 * step(distance, 0.0, 1.1))  # no puff beside the shoulder
    number = 0 if side == "left" else 1
    fold = _lookup(folds.sleeves[number], grid_s * end / 7, grid_t)
    thick = radius[:, None] * (1 + 0.8 * folds.strength * fold)
    angles = np.pi * t
    tube = (
        centers[:, None]
        + (thick * np.cos(angles))[..., None] * out[:, None]
        + (thick * np.sin(angles))[..., None] * front[:, None]
    )
    share = np.asarray(step(s, 0.0, min(0.95, 1.15 / max(end, 0.5))))[:, None, None]
    points = hole[None] + share * (tube - hole[None])
    places = np.stack([sign * flat[..., 0], flat[..., 1]], axis=-1)
    return Patch(points, places, "upper", _IDS[f"{side}_sleeve"], 0.015, 0.25, 0.1)


def _lower_height(body: Body, cut: Cut, flat: Reals) -> Reals:
    """Heights of a lower garment's rows, to the crotch and on."""
    tall = body.build.tall
    waist = NECK_POINT + (WAIST - NECK_POINT) * tall
    crotch = NECK_POINT + (8.75 - NECK_POINT) * tall
    return waist + flat * (crotch - waist) / 2.9


def _under(y: Reals, hem: float) -> Reals:
    """How much nearer a lower garment counts: what a top covers must not come through.

    Where a top is tucked in (`hem` 0), it is the top that must not.
    """
    if hem == 0:
        return np.full(y.shape, 0.4)
    return np.asarray(0.1 - 0.6 * step(y, hem + 0.6, hem + 0.25))


def _leg(body: Body, cut: Cut, folds: Folds, side: str, detail: float,
         hem: float) -> Patch:  # fmt: skip
    sign = 1 if side == "left" else -1
    limb, scale = body.legs[side], garment_scale(body)
    crotch = float(cut.landmarks["crotch"][1])
    rows, columns = _count(60, detail), _count(21, detail)
    upper = np.linspace(0, crotch, rows // 3, endpoint=False)
    flat = np.concatenate([upper, np.linspace(crotch, cut.bottom + 0.1, rows - rows // 3)])
    t = np.linspace(0, 1, columns)  # from the middle or inner seam outwards
    grid_y, grid_t = np.meshgrid(flat, t, indexing="ij")
    y = _lower_height(body, cut, np.minimum(grid_y, crotch + 1.5))
    fold = _lookup(folds.legs[0 if sign > 0 else 1], grid_y / 11, grid_t)
    top = trunk_points(body, y, sign * grid_t, 0.06, 0.07 + 0.3 * folds.strength * fold)
    start = float(_lower_height(body, cut, np.array([crotch]))[0] - limb.start[1])
    distance = start + (flat - crotch) * (limb.length + 0.25 - start) / (10.4 - crotch)
    centers, out, front = limb.frames(np.clip(distance, 0.05, limb.length + 0.35))
    inner = np.interp(flat, cut.rows, cut.inner)
    width = half_widths(cut, flat) - inner
    leg = leg_radius(body.build, np.maximum(distance, 0))
    radius = np.clip(width * scale / np.pi, leg + 0.06, leg + 0.4)
    thick = radius[:, None] * (1 + 0.9 * folds.strength * fold)
    angles = np.pi * (1 - t)
    tube = (
        centers[:, None]
        + (thick * np.cos(angles))[..., None] * out[:, None]
        + (thick * np.sin(angles))[..., None] * front[:, None]
    )
    share = np.asarray(step(flat, crotch - 1.0, crotch + 0.15))[:, None, None]
    points = top + share * (tube - top)
    x = sign * (inner[:, None] + grid_t * width[:, None])
    return Patch(points, np.stack([x, grid_y], axis=-1), "lower", _IDS["trousers"], 0.015, 0.25,
                 _under(points[..., 1], hem))  # fmt: skip


def _skirt(body: Body, cut: Cut, folds: Folds, detail: float, hem: float) -> Patch:
    rows, columns = _count(44, detail), 2 * _count(18, detail) + 1
    flat = np.linspace(0, cut.bottom + 0.3, rows)[:, None] * np.ones(columns)
    t = np.ones((rows, 1)) * np.linspace(-1, 1, columns)
    scale = garment_scale(body)
    y = _lower_height(body, cut, flat)
    wide = profile(body.build, y)[0]
    half = half_widths(cut, flat)
    out = np.clip(half * scale / 1.22 - wide, 0.07, 2.5)
    out = np.maximum.accumulate(np.maximum(out, 0.07) + wide, axis=0) - wide
    fold = _lookup(folds.trunk, 1 - flat / 9, 0.5 + 0.5 * t)
    amount = folds.strength * fold * (0.2 + 1.6 * flat / cut.bottom)
    points = trunk_points(body, y, t, out + 0.4 * amount, 0.1 + 0.6 * out + amount)
    places = np.stack([t * half, flat], axis=-1)
    return Patch(points, places, "lower", _IDS["skirt"], 0.015, 0.25,
                 _under(points[..., 1], hem))  # fmt: skip
