"""Made bodies: proportions, how they stand, where their joints are.

Units are half a face's height (some 9 cm): x to the picture's right, y down, z away from the
camera; the origin lies between the ears, as a made head's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cvfast.synth.base import Reals

__all__ = ["STANCES", "Arm", "Build", "Stance", "draw_build", "draw_stance", "joints"]

STANCES = ("down", "away", "akimbo", "raised", "front", "pocket", "bent", "wide")
_CHANCES = (0.3, 0.2, 0.1, 0.08, 0.12, 0.08, 0.08, 0.04)
PIVOT = 0.28  # z round which the body turns
NECK_POINT = 1.3  # y at which neck and shoulders meet


@dataclass(frozen=True)
class Build:
    """Proportions of a body; 1 is usual.

    Parameters
    ----------
    masculine : float
        0 to 1: narrow hips and wide shoulders.
    shoulders : float
        Half distance of the shoulder joints in units.
    width, belly, bust : float
        Of the trunk, of its middle, and depth of the breast.
    arms, legs : float
        Thickness.
    reach, tall : float
        Length of arms, and of trunk and legs.
    """

    masculine: float = 0.5
    shoulders: float = 1.72
    width: float = 1.0
    belly: float = 0.0
    bust: float = 0.0
    arms: float = 1.0
    legs: float = 1.0
    reach: float = 1.0
    tall: float = 1.0


@dataclass(frozen=True)
class Arm:
    """How an arm is held, in radians.

    Parameters
    ----------
    lift : float
        Of the upper arm in the picture: 0 hangs down, pi/2 points away from the body.
    forward : float
        Of the upper arm, towards the camera.
    bend : float
        Of the elbow in the picture: positive turns the forearm outwards and up, negative inwards.
    reach : float
        Of the forearm, towards the camera.
    """

    lift: float = 0.14
    forward: float = 0.0
    bend: float = 0.05
    reach: float = 0.1


@dataclass(frozen=True)
class Stance:
    """How a body stands.

    Parameters
    ----------
    name : str
        One of `STANCES`.
    left, right : Arm
        The person's own.
    turn, lean : float
        Of the trunk, in radians: to the picture's right; sideways.
    stride : float
        How far apart the feet are, in units.
    """

    name: str = "down"
    left: Arm = Arm()
    right: Arm = Arm()
    turn: float = 0.0
    lean: float = 0.0
    stride: float = 0.9


def draw_build(rng: np.random.Generator, masculine: bool) -> Build:
    """Draw proportions."""
    m = float(np.clip(rng.normal(0.85 if masculine else 0.12, 0.12), 0, 1))
    wide = float(np.clip(rng.normal(1, 0.09), 0.84, 1.25))
    thick = (0.86 + 0.16 * m) * (0.5 + 0.5 * wide)
    return Build(
        masculine=m,
        shoulders=float(1.56 + 0.26 * m + rng.normal(0, 0.05) + 0.15 * (wide - 1)),
        width=wide,
        belly=float(np.clip(rng.normal(0.05, 0.09) + 0.5 * (wide - 1), 0, 0.35)),
        bust=float(max(0.0, rng.normal(0.3, 0.12)) * (1 - m)),
        arms=float(np.clip(thick * rng.normal(1, 0.05), 0.75, 1.25)),
        legs=float(np.clip((0.6 + 0.4 * wide) * rng.normal(1, 0.04), 0.8, 1.25)),
        reach=float(np.clip(rng.normal(0.98, 0.03), 0.9, 1.06)),
        tall=float(np.clip(rng.normal(0.96 + 0.04 * m, 0.03), 0.88, 1.06)),
    )  # fmt: skip


def _arm(name: str, rng: np.random.Generator) -> Arm:
    """Draw an arm of a stance."""
    ranges = {
        "down": ((0.06, 0.2), (-0.1, 0.12), (-0.1, 0.12), (0.05, 0.35)),
        "away": ((0.25, 0.65), (-0.1, 0.2), (-0.15, 0.25), (0.0, 0.3)),
        "akimbo": ((0.6, 0.85), (-0.25, 0.0), (-1.75, -1.45), (0.3, 0.5)),
        "raised": ((1.7, 2.6), (0.0, 0.2), (0.1, 0.8), (0.0, 0.3)),
        "front": ((0.15, 0.4), (0.35, 0.55), (-1.9, -1.3), (0.45, 0.65)),
        "pocket": ((0.25, 0.45), (0.1, 0.25), (-0.75, -0.5), (0.35, 0.55)),
        "bent": ((0.15, 0.4), (0.0, 0.25), (1.5, 2.3), (0.3, 0.6)),
        "wide": ((1.2, 1.6), (-0.1, 0.1), (-0.2, 0.5), (0.0, 0.2)),
    }[name]
    return Arm(*(float(rng.uniform(*span)) for span in ranges))


def draw_stance(rng: np.random.Generator, name: str | None = None) -> Stance:
    """Draw a stance; each arm but for the first may be held otherwise.

    Raises
    ------
    ValueError
        No such stance.
    """
    if name is not None and name not in STANCES:
        raise ValueError(f"stance: expected one of {', '.join(STANCES)}, got {name!r}")
    drawn = str(rng.choice(STANCES, p=_CHANCES)) if name is None else name
    other = drawn if rng.random() < 0.5 else str(rng.choice(("down", "away")))
    arms = [_arm(drawn, rng), _arm(other, rng)]
    if rng.random() < 0.5:
        arms.reverse()
    turn = float(np.clip(rng.normal(0, 0.16), -0.42, 0.42))
    return Stance(drawn, arms[0], arms[1], turn, float(rng.normal(0, 0.025)),
                  float(rng.uniform(0.7, 1.25)))  # fmt: skip


def _direction(lift: float, forward: float, side: int) -> Reals:
    """Return the unit vector of a limb in the body's coordinates."""
    flat = np.cos(forward)
    return np.array([side * np.sin(lift) * flat, np.cos(lift) * flat, -np.sin(forward)])


def turned(points: Reals, stance: Stance) -> Reals:
    """Turn points of the body as it stands."""
    c, s = np.cos(stance.turn), np.sin(stance.turn)
    x, y, z = points[..., 0], points[..., 1], points[..., 2] - PIVOT
    out = np.stack([c * x - s * z, y, s * x + c * z + PIVOT], axis=-1)
    # Leaning bends the trunk about the hips; the head stays where it is.
    out[..., 0] += np.sin(stance.lean) * (y - NECK_POINT)
    return np.asarray(out)


def joints(build: Build, stance: Stance) -> dict[str, Reals]:
    """Return the joints as seen by the camera, (3,) each: shoulder_left, elbow_left and so on."""
    found: dict[str, Reals] = {}
    for name, side, arm in (("left", 1, stance.left), ("right", -1, stance.right)):
        raised = max(0.0, np.sin(min(arm.lift, 2.2)) - 0.2)
        shoulder = np.array([side * (build.shoulders - 0.12 * raised), 2.13 - 0.32 * raised, 0.34])
        elbow = shoulder + 3.2 * build.reach * _direction(arm.lift, arm.forward, side)
        wrist = elbow + 2.72 * build.reach * _direction(arm.lift + arm.bend, arm.reach, side)
        tip = wrist + 1.9 * build.reach * _direction(
            arm.lift + 0.9 * arm.bend, 0.8 * arm.reach, side
        )
        hip = np.array([side * (1.0 - 0.08 * build.masculine), trunk(7.5, build), 0.3])
        spread = 0.5 * stance.stride + 0.32
        knee = np.array([side * (0.55 * hip[0] * side + 0.45 * spread), trunk(12.0, build), 0.2])
        ankle = np.array([side * spread, trunk(16.5, build), 0.42])
        parts = {"shoulder": shoulder, "elbow": elbow, "wrist": wrist, "tip": tip, "hip": hip,
                 "knee": knee, "ankle": ankle}  # fmt: skip
        found |= {f"{part}_{name}": turned(at, stance) for part, at in parts.items()}
    return found


def trunk(y: float, build: Build) -> float:
    """Return the height of a place of the usual body on this one."""
    return NECK_POINT + (y - NECK_POINT) * build.tall
