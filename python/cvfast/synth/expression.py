"""What a face does: smile, open mouth, closed eyes, brows; as moves of its 478 points."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from cvfast.synth.base import Reals, base_face, bump, contour, step

__all__ = ["EXPRESSIONS", "Expression", "draw_expression", "express"]


@dataclass(frozen=True)
class Expression:
    """How far each part of a face is moved; 0 is at rest, 1 is far.

    Parameters
    ----------
    smile, jaw, raised, frown, pucker : float
        Smile; open jaw; raised brows; frown; lips drawn together.
    right_lid, left_lid : float
        0 open to 1 closed.
    gaze : tuple of float
        Where the eyes look, x and y in [-1, 1].
    """

    smile: float = 0.0
    jaw: float = 0.0
    raised: float = 0.0
    frown: float = 0.0
    pucker: float = 0.0
    right_lid: float = 0.0
    left_lid: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)


EXPRESSIONS = ("neutral", "smile", "grin", "open", "closed_eyes", "wink", "surprise", "frown",
               "pucker")  # fmt: skip


def draw_expression(name: str, rng: np.random.Generator) -> Expression:
    """Draw one of many smiles, frowns, ..."""
    u = rng.random(6)
    gaze = (float(rng.normal(0, 0.3)), float(rng.normal(0, 0.2)))
    lids = float(0.22 * u[0] ** 2)
    fields: dict[str, float] = {"right_lid": lids, "left_lid": lids}
    jaw, strong = float(u[1]), float(0.4 + 0.6 * u[2])
    made: dict[str, dict[str, float]] = {
        "neutral": {"smile": 0.2 * jaw, "raised": float(0.3 * u[3])},
        "smile": {"smile": 0.3 + 0.4 * strong},
        "grin": {"smile": 0.7 + 0.4 * strong, "jaw": 0.3 * jaw},
        "open": {"jaw": 0.2 + 0.8 * strong, "smile": 0.3 * jaw},
        "closed_eyes": {"right_lid": 1.0, "left_lid": 1.0, "smile": 0.4 * jaw},
        "wink": {"smile": 0.6 * strong, ("right_lid" if u[4] < 0.5 else "left_lid"): 1.0},
        "surprise": {"jaw": 0.8 * strong, "raised": strong, "right_lid": -0.2, "left_lid": -0.2},
        "frown": {"frown": strong, "smile": -0.25 * strong},
        "pucker": {"pucker": strong},
    }
    if name not in made:
        raise ValueError(f"expression: expected one of {', '.join(EXPRESSIONS)}, got {name!r}")
    fields.update(made[name])
    return Expression(gaze=(max(-1.0, min(1.0, gaze[0])), max(-1.0, min(1.0, gaze[1]))), **fields)


def express(points: Reals, expression: Expression) -> Reals:
    """Return a face's 478 points, moved from rest."""
    e, base = expression, base_face()
    moved = points + e.smile * (base.smiling - base.points)
    if e.pucker:
        mouth = bump(base.points, (0, 0.466), 0.42, 0.2)
        moved[:, 0] -= 0.32 * e.pucker * mouth * moved[:, 0]
        moved[:, 2] -= 0.08 * e.pucker * mouth
    brows, inner = _brow_weights()
    moved[:, 1] += -0.09 * e.raised * brows + 0.06 * e.frown * inner
    moved[:, 0] -= 0.05 * e.frown * inner * np.sign(base.points[:, 0])
    if e.jaw:
        moved = _open_jaw(moved, 0.24 * e.jaw)
    for side, closed in (("right", e.right_lid), ("left", e.left_lid)):
        moved += _lid_moves(moved, side, closed + 0.12 * max(e.smile, 0.0))
    return _look(moved, e.gaze)


@functools.cache
def _brow_weights() -> tuple[Reals, Reals]:
    p = base_face().points
    brows = np.maximum(bump(p, (-0.42, -0.66), 0.36, 0.16), bump(p, (0.42, -0.66), 0.36, 0.16))
    inner = np.maximum(bump(p, (-0.22, -0.6), 0.16, 0.14), bump(p, (0.22, -0.6), 0.16, 0.14))
    return brows, inner


@functools.cache
def _jaw_weights() -> Reals:
    """How far each point goes with the jaw, by where it lies in the smiling, open mouth."""
    p = base_face().smiling
    ring = contour("inner_lip")
    half = len(ring) // 2
    upper, lower = p[ring[: half + 1]], p[np.r_[ring[half:], ring[:1]]][::-1]
    line = (np.interp(p[:, 0], upper[:, 0], upper[:, 1])
            + np.interp(p[:, 0], lower[:, 0], lower[:, 1])) / 2  # fmt: skip
    below = p[:, 1] - line
    within = step(np.abs(p[:, 0]), abs(upper[0, 0]), 0.5 * abs(upper[0, 0]))
    lips = step(below, -0.012, 0.012)
    cheek = step(base_face().points[:, 1], 0.15, 0.85)
    corner = 0.5 * within + 0.5
    weight = np.where(within > 0, (0.5 + (lips - 0.5) * within) * corner
                      + (1 - corner) * cheek, cheek)  # fmt: skip
    weight[468:] = 0
    return np.asarray(weight * step(base_face().points[:, 1], -0.05, 0.3), np.float64)


def _open_jaw(points: Reals, angle: float) -> Reals:
    """Turn what hangs on the jaw about its hinge before the ears."""
    weight = _jaw_weights()
    turn = angle * weight
    y, z = points[:, 1] - 0.05, points[:, 2] + 0.1
    moved = points.copy()
    moved[:, 1] = 0.05 + y * np.cos(turn) - z * np.sin(turn)
    moved[:, 2] = -0.1 + y * np.sin(turn) + z * np.cos(turn)
    moved[:, 0] *= 1 - 0.25 * angle * bump(base_face().points, (0, 0.466), 0.42, 0.3)
    return moved


@functools.cache
def _lid_weights(side: str) -> tuple[Reals, Reals]:
    """How far each point follows the points of the upper and of the lower lid."""
    p = base_face().points[:, :2]
    ring = contour(f"{side}_eye")
    half = len(ring) // 2

    def follow(lid: Reals, reach: float) -> Reals:
        square = ((p[:, None] - lid[None]) ** 2).sum(axis=-1)
        near = np.exp(-square / 0.05**2) + 1e-12
        fade = np.exp(-square.min(axis=1) / reach**2)
        weights: Reals = near / near.sum(axis=1, keepdims=True) * fade[:, None]
        return weights

    upper, lower = ring[1:half], ring[half + 1 :]
    above, below = follow(p[upper], 0.09), follow(p[lower], 0.07)
    middle = p[ring].mean(axis=0)[1]
    above *= (p[:, 1] < middle + 0.02)[:, None]
    below *= (p[:, 1] > middle + 0.0)[:, None]
    for weights, fixed, moving in ((above, lower, upper), (below, upper, lower)):
        weights[fixed] = 0
        weights[ring[[0, half]]] = 0
        weights[moving] = np.eye(half - 1)
        weights[468:] = 0
    return above, below


def _lid_moves(points: Reals, side: str, closed: float) -> Reals:
    ring = contour(f"{side}_eye")
    half = len(ring) // 2
    upper, lower = points[ring[1:half]], points[ring[half + 1 :]][::-1]
    above, below = _lid_weights(side)
    closed = min(closed, 1.0)
    down = 0.86 * closed * (lower - upper)
    up = 0.13 * closed * (upper - lower)
    down[:, 2] -= 0.02 * max(closed, 0.0)
    moves: Reals = above @ down + below @ up[::-1]
    return moves


def _look(points: Reals, gaze: tuple[float, float]) -> Reals:
    """Move both irises to where the eyes look, round and as large as each other."""
    moved = points
    for side in ("right", "left"):
        ring, iris = contour(f"{side}_eye"), contour(f"{side}_iris")
        corner = points[ring]
        width = math.dist(corner[0, :2], corner[len(ring) // 2, :2])
        center = points[iris[0]].copy()
        center[0] += 0.16 * width * gaze[0]
        center[1] += 0.07 * width * gaze[1]
        away = points[iris[1:]] - points[iris[0]]
        away[:, 2] = 0
        away *= 0.215 * width / np.sqrt((away**2).sum(axis=1, keepdims=True))
        moved[iris[0]] = center
        moved[iris[1:]] = center + away
    return moved
