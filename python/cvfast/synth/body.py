"""A made body's skin: trunk, arms, hands, legs, shoes, long hair, as patches."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cvfast.people.labels import LABEL_SETS
from cvfast.synth.base import Reals
from cvfast.synth.patches import Limb, Patch, ring_points
from cvfast.synth.skeleton import NECK_POINT, Build, Stance, joints, turned

__all__ = ["Body", "arm_radius", "body_patches", "leg_radius", "pose_body", "trunk_points"]

_Y = np.array([0.3, 0.85, 1.1, 1.3, 1.46, 1.66, 1.86, 2.16, 2.6, 3.25, 4.0, 4.8, 5.6, 6.4, 7.2, 8.0,
               8.8, 12.0])  # fmt: skip
_MALE = np.array([0.53, 0.53, 0.57, 0.72, 1.1, 1.52, 1.8, 1.92, 1.93, 1.88, 1.76, 1.62, 1.53, 1.55,
                  1.63, 1.68, 1.68, 1.68])  # fmt: skip
_FEMALE = np.array([0.46, 0.46, 0.5, 0.66, 1.0, 1.38, 1.62, 1.72, 1.72, 1.66, 1.52, 1.34, 1.3, 1.5,
                    1.75, 1.86, 1.8, 1.8])  # fmt: skip
_DEEP = np.array([0.52, 0.52, 0.54, 0.6, 0.68, 0.78, 0.88, 0.98, 1.06, 1.12, 1.06, 0.98, 0.96, 1.0,
                  1.06, 1.1, 1.05, 1.05])  # fmt: skip
_MIDDLE = np.array([0.18, 0.2, 0.24, 0.28, 0.3, 0.32, 0.32, 0.3, 0.28, 0.27, 0.27, 0.28, 0.28, 0.28,
                    0.3, 0.32, 0.32, 0.32])  # fmt: skip
_ARM_AT = np.array([-0.5, -0.42, -0.25, 0.0, 0.8, 1.8, 2.8, 3.2, 3.7, 4.3, 5.2, 5.95, 9.0])
_ARM = np.array([0.02, 0.2, 0.36, 0.45, 0.5, 0.46, 0.385, 0.37, 0.41, 0.38, 0.29, 0.24, 0.24])
_LEG_AT = np.array([0.0, 0.8, 2.2, 3.6, 4.5, 5.2, 6.0, 7.4, 8.6, 9.2, 20.0])
_LEG = np.array([0.9, 0.92, 0.82, 0.64, 0.54, 0.5, 0.54, 0.46, 0.31, 0.3, 0.3])
_IDS = LABEL_SETS["cvfast"]


@dataclass(frozen=True)
class Body:
    """A body as it stands.

    Parameters
    ----------
    build, stance : Build, Stance
        Whose, and how.
    joints : dict
        (3,) each, as `cvfast.synth.skeleton.joints` gives them.
    arms, legs : dict
        Limbs, "left" and "right".
    """

    build: Build
    stance: Stance
    joints: dict[str, Reals]
    arms: dict[str, Limb]
    legs: dict[str, Limb]


def pose_body(build: Build, stance: Stance) -> Body:
    """Put a body into its stance."""
    at = joints(build, stance)
    limbs = {
        kind: {
            side: Limb(at[f"{a}_{side}"], at[f"{b}_{side}"], at[f"{c}_{side}"], sign, soft)
            for side, sign in (("left", 1), ("right", -1))
        }
        for kind, a, b, c, soft in (
            ("arms", "shoulder", "elbow", "wrist", 0.55),
            ("legs", "hip", "knee", "ankle", 0.7),
        )
    }
    return Body(build, stance, at, limbs["arms"], limbs["legs"])


def profile(build: Build, y: Reals) -> tuple[Reals, Reals, Reals]:
    """Return half width, half depth and middle z of the trunk at heights."""
    usual = NECK_POINT + (y - NECK_POINT) / build.tall
    m = build.masculine
    wide = np.interp(usual, _Y, m * _MALE + (1 - m) * _FEMALE)
    deep = np.interp(usual, _Y, _DEEP)
    trunk = np.clip((usual - 1.3) / 1.2, 0, 1)
    wider = 1 + trunk * (build.width * build.shoulders / (1.54 + 0.26 * m) - 1)
    middle = np.exp(-(((usual - 6.2) / 1.5) ** 2))
    wide = wide * wider * (1 + 0.35 * build.belly * middle)
    deep = deep * (0.5 + 0.5 * wider) * (1 + 1.1 * build.belly * middle)
    return wide, deep, np.interp(usual, _Y, _MIDDLE) - 0.5 * build.belly * middle


def trunk_points(body: Body, y: Reals, t: Reals, wider: Reals | float = 0.0,
                 deeper: Reals | float = 0.0) -> Reals:  # fmt: skip
    """Return points of the trunk's visible side as the camera sees it.

    Parameters
    ----------
    body
        The body.
    y
        Heights, any shape.
    t
        As `y`: -1 and 1 are the outlines that the camera sees, 0 the body's front; more goes round.
    wider, deeper
        Units to add to half width and depth.
    """
    build, stance = body.build, body.stance
    wide, deep, middle = profile(build, y)
    wide, deep = wide + wider, deep + deeper
    seen = np.arctan2(deep * np.sin(stance.turn), wide * np.cos(stance.turn))
    eased = t * (1 - 0.2 * (1 - np.minimum(t * t, 1)))
    angle = (np.pi / 2) * eased + seen * eased**2
    across = np.sin(angle)
    power = 2.4
    bulge = np.clip(1 - np.abs(across) ** power, 0, None) ** (1 / power)
    x = wide * across
    z = middle - deep * np.sign(np.cos(angle)) * bulge
    usual = NECK_POINT + (y - NECK_POINT) / build.tall
    breast = np.exp(-(((np.abs(x) - 0.78) / 0.55) ** 2) - ((usual - 4.1) / 0.62) ** 2)
    chest = np.exp(-(((np.abs(x) - 0.8) / 0.7) ** 2) - ((usual - 3.5) / 0.7) ** 2)
    z = z - (build.bust * 1.3 * breast + 0.12 * build.masculine * chest) * (np.cos(angle) > 0)
    return turned(np.stack([x, y, z], axis=-1), stance)


def arm_radius(build: Build, s: Reals) -> Reals:
    """Return how thick an arm is at distances from the shoulder."""
    return np.asarray(np.interp(s / build.reach, _ARM_AT, _ARM) * build.arms)


def leg_radius(build: Build, s: Reals) -> Reals:
    """Return how thick a leg is at distances from the hip."""
    return np.asarray(np.interp(s / build.tall, _LEG_AT, _LEG) * build.legs)


def body_patches(
    body: Body,
    detail: float = 1.0,
    *,
    hair: float = 0.0,
    sleeves: float = -1.0,
    trousers: float = -1.0,
) -> list[Patch]:
    """Return the skin's patches.

    Parameters
    ----------
    body
        The body.
    detail
        Share of the usual number of vertices a unit.
    hair
        Length of locks before the shoulders in units; 0: none.
    sleeves
        How far down the arms sleeves reach in units; negative: there are none.
    trousers
        Height of the trousers' ends; negative: there are none.
    """
    patches = [_trunk(body, detail)]
    for side, sign in (("left", 1), ("right", -1)):
        patches += [_arm(body, side, detail, sleeves), *_hand(body, side, detail)]
        patches += [_leg(body, side, detail, trousers), _shoe(body, side, sign, detail)]
        if hair > 0:
            patches.append(_lock(body, sign, hair, detail))
    return patches


def _count(base: int, detail: float) -> int:
    return max(5, round(base * detail))


def _shares(rows: int, columns: int) -> Reals:
    v, u = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j]
    return np.stack([u, v], axis=-1)


def _trunk(body: Body, detail: float) -> Patch:
    rows, columns = _count(40, detail), 2 * _count(14, detail) + 1
    y = np.concatenate([np.linspace(0.3, 2.7, rows // 2, endpoint=False),
                        np.linspace(2.7, NECK_POINT + 5.6 * body.build.tall,
                                    rows - rows // 2)])  # fmt: skip
    t = np.linspace(-1.05, 1.05, columns)
    points = trunk_points(body, np.broadcast_to(y[:, None], (rows, columns)),
                          np.broadcast_to(t, (rows, columns)))  # fmt: skip
    return Patch(points, _shares(rows, columns), "skin", _IDS["neck"], gloss=0.03)


def _arm(body: Body, side: str, detail: float, sleeves: float) -> Patch:
    limb = body.arms[side]
    # Where a sleeve covers the arm there is none, so that no shoulder shows through the cloth.
    start = -0.5 if sleeves < 0 else max(0.2, min(sleeves - 0.7, limb.length - 0.6))
    s = np.linspace(start, limb.length + 0.05, _count(34, detail))
    centers, out, front = limb.frames(s)
    radius = arm_radius(body.build, s)
    angles = np.linspace(-0.3, np.pi + 0.3, _count(15, detail))
    points = ring_points(centers, out, front, radius, radius, angles)
    return Patch(points, _shares(*points.shape[:2]), "skin", _IDS[f"{side}_arm"], 0.04,
                 centers=centers)  # fmt: skip


def _hand(body: Body, side: str, detail: float) -> list[Patch]:
    sign = 1 if side == "left" else -1
    wrist, tip = body.joints[f"wrist_{side}"], body.joints[f"tip_{side}"]
    limb = Limb(wrist - 0.01 * (tip - wrist), (wrist + tip) / 2, tip, sign, 0.2)
    size = 0.9 + 0.12 * body.build.masculine
    label = _IDS[f"{side}_hand"]
    s = np.linspace(-0.12, 1.0, _count(9, detail)) * limb.length * 0.55
    share = np.linspace(0, 1, len(s))
    centers, out, front = limb.frames(s)
    wide = size * np.interp(share, [0, 0.3, 0.75, 0.93, 1], [0.22, 0.31, 0.38, 0.36, 0.2])
    deep = size * np.interp(share, [0, 0.3, 0.8, 1], [0.21, 0.19, 0.16, 0.08])
    angles = np.linspace(-0.3, np.pi + 0.3, _count(11, detail))
    points = ring_points(centers, out, front, wide, deep, angles)
    patches = [Patch(points, _shares(*points.shape[:2]), "skin", label, 0.04, centers=centers)]
    along = limb.v
    if detail < 0.5:  # too small to be seen: the palm is drawn out instead
        return _mitten(patches[0], along, size)
    knuckle = centers[-2]
    for k, (offset, long) in enumerate(zip((-0.27, -0.09, 0.09, 0.26), (0.75, 0.86, 0.9, 0.72),
                                           strict=True)):  # fmt: skip
        base = knuckle + size * offset * out[-1] - 0.1 * along
        curl = 0.12 * front[-1] + 0.05 * (k - 1.5) * out[-1]
        patches.append(_finger(base, along + curl, size * long, 0.105 * size, label, sign, detail))
    thumb = centers[0] + 0.3 * along - size * 0.22 * out[0] + 0.06 * front[0]
    patches.append(
        _finger(
            thumb,
            along - 0.55 * out[0] + 0.15 * front[0],
            0.85 * size,
            0.13 * size,
            label,
            sign,
            detail,
        )
    )
    return patches


def _mitten(palm: Patch, along: Reals, size: float) -> list[Patch]:
    """Draw a palm out to the fingers' ends."""
    share = np.linspace(0, 1, len(palm.points))[:, None]
    shift = 0.8 * size * np.clip(share - 0.6, 0, None) / 0.4 * along
    return [replace(palm, points=palm.points + shift[:, None], centers=palm.centers + shift)]


def _finger(base: Reals, along: Reals, long: float, thick: float, label: int, sign: int,
            detail: float) -> Patch:  # fmt: skip
    along = along / np.sqrt((along**2).sum())
    limb = Limb(base, base + 0.5 * long * along, base + long * along, sign, 0.1)
    share = np.linspace(0, 1, _count(7, detail))
    centers, out, front = limb.frames(share * long)
    radius = thick * np.sqrt(np.clip(1.02 - share**6, 0.02, 1)) * (1 - 0.25 * share)
    angles = np.linspace(-0.2, np.pi + 0.2, _count(6, detail))
    points = ring_points(centers, out, front, radius, radius, angles)
    return Patch(points, _shares(*points.shape[:2]), "skin", label, 0.04, centers=centers)


def _leg(body: Body, side: str, detail: float, trousers: float) -> Patch:
    limb = body.legs[side]
    start = 0.0 if trousers < 0 else max(0.0, trousers - float(limb.start[1]) - 0.5)
    s = np.linspace(min(start, limb.length - 0.2), limb.length + 0.3, _count(30, detail))
    centers, out, front = limb.frames(s)
    radius = leg_radius(body.build, s)
    angles = np.linspace(-0.3, np.pi + 0.3, _count(15, detail))
    points = ring_points(centers, out, front, radius, radius, angles)
    return Patch(points, _shares(*points.shape[:2]), "skin", _IDS[f"{side}_leg"], 0.03, nearer=-0.6,
                 centers=centers)  # fmt: skip


def _shoe(body: Body, side: str, sign: int, detail: float) -> Patch:
    ankle = body.joints[f"ankle_{side}"]
    polar = np.linspace(0.03, np.pi - 0.03, _count(12, detail))
    around = np.linspace(0, 2 * np.pi, _count(17, detail))
    toe = np.array([0.3 * sign + 0.5 * np.sin(body.stance.turn), 0.62, -0.95])
    center = ankle + 0.45 * toe
    up = np.cos(polar)[:, None] * np.ones_like(around)
    x = np.sin(polar)[:, None] * np.cos(around)
    z = np.sin(polar)[:, None] * np.sin(around)
    points = center + np.stack([0.44 * x + 0.16 * sign * -z, 0.1 - 0.42 * up + 0.2 * -z,
                                0.95 * z], axis=-1)  # fmt: skip
    points[..., 1] = np.minimum(points[..., 1], ankle[1] + 0.78)
    return Patch(points, _shares(*points.shape[:2]), "shoe", _IDS[f"{side}_shoe"], 0.12, 0.5,
                 centers=np.repeat(center[None], len(polar), axis=0))  # fmt: skip


def _lock(body: Body, sign: int, length: float, detail: float) -> Patch:
    """Hair that falls before a shoulder."""
    rows, columns = _count(22, detail), _count(9, detail)
    down = np.linspace(0, 1, rows)
    y = 0.2 + down * (0.7 + length)  # from within the hair round the head
    _, deep, middle = profile(body.build, np.maximum(y, 0.3))
    breast = body.build.bust * 1.2 * np.exp(-(((y - 4.1) / 0.7) ** 2))
    chest = middle - 0.93 * deep - breast - 0.16
    share = np.clip((y - 0.9) / 1.2, 0, 1)  # beside the neck, then before the chest
    front = -0.05 + share * (chest + 0.05)
    x = sign * np.interp(y, [0.2, 0.9, 1.6, 2.4, 6], [0.8, 0.86, 0.98, 1.0, 0.92])
    width = np.interp(down, [0, 0.3, 0.8, 1], [0.16, 0.36, 0.38, 0.1])
    angles = np.linspace(0, np.pi, columns)
    wave = 0.05 * np.sin(2.2 * y + sign)
    points = np.stack([
        (x + wave)[:, None] + width[:, None] * np.cos(angles),
        np.broadcast_to(y[:, None], (rows, columns)),
        front[:, None] - 0.5 * width[:, None] * np.sin(angles),
    ], axis=-1)  # fmt: skip
    return Patch(points, _shares(rows, columns), "hair", _IDS["hair"], 0.1, 0.5, nearer=0.45)
