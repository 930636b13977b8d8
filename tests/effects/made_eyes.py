"""Synthetic eyes: drawn, not photographed, so that every pixel's part of the eye is known.

A pair of eyes with shaded scleras, fibrous irises, limbal rings, pupils off their centres,
reflections, lids with lashes and skin round them. They resemble eyes well enough for the iris model
to find them, and are drawn with several samples a pixel, so that edges are as soft as a camera's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from cvfast.faces.schemes import GROUPS
from cvfast.faces.types import Landmarks

IRISES = {  # inner and outer colour
    "dark": ((62, 40, 26), (44, 29, 21)),
    "brown": ((112, 72, 38), (84, 54, 34)),
    "hazel": ((150, 112, 56), (112, 110, 72)),
    "green": ((140, 142, 84), (98, 124, 92)),
    "blue": ((150, 168, 180), (92, 128, 166)),
    "grey": ((168, 172, 174), (126, 136, 146)),
}
LIGHTS = {
    "day": (1.0, 1.0, 1.0),
    "warm": (1.12, 0.98, 0.74),
    "cool": (0.84, 0.98, 1.14),
    "dim": (0.55, 0.52, 0.47),
    "rose": (1.1, 0.86, 1.0),
}
_BALL = 2.05  # the eyeball's radius in iris radii
_HALF = 2.55  # half the eye's width
_APART = 10.8  # between the eyes


@dataclass(frozen=True)
class Scene:
    """What to draw; lengths in iris radii unless said.

    ``gaze`` is the angle in degrees to the right and down, ``opening`` lid opening over eye width,
    ``noise`` the sensor's sigma in levels of 255, ``shift`` moves everything, in pixels.
    """

    radius: float = 16.0  # pixels
    iris: str = "brown"
    light: str = "day"
    opening: float = 0.32
    gaze: tuple[float, float] = (0.0, 0.0)
    pupil: float = 0.4
    noise: float = 1.0
    tilt: float = 0.0  # degrees
    shift: tuple[float, float] = (0.0, 0.0)
    seed: int = 0


@dataclass(frozen=True)
class MadeEyes:
    """A picture (float32 RGB in [0, 1]), its landmarks, and whose each pixel is.

    ``iris`` is what can be seen of the irises outside pupils and highlights; a pixel belongs to the
    part that has most of it.
    """

    image: np.ndarray
    landmarks: Landmarks
    iris: np.ndarray
    pupil: np.ndarray
    highlight: np.ndarray
    sclera: np.ndarray
    scene: Scene = field(repr=False)


def make_eyes(scene: Scene) -> MadeEyes:
    """Draw a scene."""
    r = scene.radius
    samples = 4 if r <= 16 else 3 if r <= 32 else 2
    width, height = math.ceil(r * (_APART + 2 * 3.4)), math.ceil(r * 5.6)
    width, height = width + width % 2, height + height % 2
    middle = np.array([(width - 1) / 2, (height - 1) / 2]) + scene.shift
    grid = [(np.arange(n * samples) + 0.5) / samples - 0.5 for n in (width, height)]
    angle = math.radians(scene.tilt)
    x, y = grid[0][None, :] - middle[0], grid[1][:, None] - middle[1]
    # The head's own frame, in iris radii.
    u = (x * math.cos(angle) + y * math.sin(angle)) / r
    v = (-x * math.sin(angle) + y * math.cos(angle)) / r
    right_side = u < 0
    eyes = _Eyes(np.where(right_side, u + _APART / 2, _APART / 2 - u), v, right_side, scene)
    picture, parts = eyes.draw()
    picture = picture * np.array(LIGHTS[scene.light])
    picture = _blurred(_reduced(np.clip(picture, 0, 1), samples))
    rng = np.random.default_rng(scene.seed)
    picture += rng.normal(0, scene.noise / 255, picture.shape)
    shares = np.stack([_reduced(part.astype(float), samples) for part in parts])
    owner = np.vstack([shares, 1 - shares.sum(axis=0, keepdims=True)]).argmax(axis=0)
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return MadeEyes(
        np.clip(picture, 0, 1).astype(np.float32),
        _landmarks(eyes, turn * r, middle),
        *(owner == part for part in range(4)),
        scene,
    )


def perturbed(made: MadeEyes, sigma: float, seed: int = 0) -> Landmarks:
    """Return the landmarks, each moved by ``sigma`` pixels."""
    marks = made.landmarks
    points = marks.points.copy()
    points[:, :2] += np.random.default_rng(seed).normal(0, sigma, (len(points), 2))
    return Landmarks(points, "mesh478", 1.0, marks.box)


class _Eyes:
    """Both eyes in one pair of coordinates: a from the outer to the inner corner, v downwards."""

    def __init__(self, a, v, right_side, scene: Scene) -> None:
        self.a, self.v, self.right_side, self.scene = a, v, right_side, scene
        self.sign = np.where(right_side, 1.0, -1.0)  # of the picture's x in a

    def lids(self, a):
        """Upper and lower lid at a place between the corners."""
        opening = self.scene.opening * 2 * _HALF
        t = np.clip(a / _HALF, -1, 1)
        tilt = 0.08 * a
        upper = tilt - 0.6 * opening * (1 - np.abs(t) ** 2.3) * (1 - 0.12 * t)
        lower = tilt + 0.4 * opening * (1 - np.abs(t) ** 2.1) * (1 - 0.05 * t)
        return upper, lower

    def iris(self, sign: float):
        """Centre (a, v) and axes: the columns of a matrix from the iris's plane."""
        right, down = (math.radians(angle) for angle in self.scene.gaze)
        x, y = math.sin(right) * sign, math.sin(down)
        away = math.hypot(x, y)
        centre = np.array([x, y]) * _BALL * 0.86
        squeeze = np.eye(2)
        if away > 1e-9:
            axis = np.array([x, y]) / away
            squeeze += (math.sqrt(1 - away**2) - 1) * np.outer(axis, axis)
        return centre, squeeze

    def draw(self):
        a, v, scene = self.a, self.v, self.scene
        upper, lower = self.lids(a)
        inside = (v > upper) & (v < lower) & (np.abs(a) < _HALF)
        picture = self._skin(upper, lower)
        white = self._sclera(upper)
        p, q = np.empty_like(white[..., 0]), np.empty_like(white[..., 0])
        for sign in (1.0, -1.0):
            centre, squeeze = self.iris(sign)
            back = np.linalg.inv(squeeze)
            here = self.sign == sign
            da, dv = a - centre[0], v - centre[1]
            p = np.where(here, back[0, 0] * da + back[0, 1] * dv, p)
            q = np.where(here, back[1, 0] * da + back[1, 1] * dv, q)
        rho = np.hypot(p, q)
        off = np.hypot(p - 0.03, q + 0.02)  # pupils sit a little towards the nose
        colour = self._iris(p, q, rho)
        dark = np.clip((off - scene.pupil) / 0.05 + 0.5, 0, 1)[..., None]
        colour = np.array([0.035, 0.03, 0.03]) * (1 - dark) + colour * dark
        edge = np.clip((1 - rho) / 0.05 + 0.5, 0, 1)[..., None]
        ball = white * (1 - edge) + colour * edge
        # The upper lid's shadow.
        ball = ball * (0.62 + 0.38 * np.clip((v - upper) / 0.55, 0, 1))[..., None]
        # Reflections stand where the light is, the same in both eyes.
        x = np.where(self.right_side, p, -p)
        window = (np.abs(x + 0.3) < 0.17) & (np.abs(q + 0.34) < 0.14)
        spot = np.hypot(x - 0.34, q - 0.3) < 0.08
        bright = (window | spot) & (rho < 1)
        ball = np.where(bright[..., None], np.array([0.97, 0.97, 0.97]), ball)
        picture = np.where(inside[..., None], ball, picture)
        lashes = self._lashes(upper)
        picture = picture * (1 - 0.85 * lashes[..., None])
        seen = inside & (lashes < 0.5)
        disc = seen & (rho < 1) & ~bright
        pupil = disc & (off < scene.pupil)
        return picture, (disc & ~pupil, pupil, seen & bright, seen & (rho >= 1))

    def _skin(self, upper, lower):
        a, v = self.a, self.v
        near = np.exp(-((np.abs(a) / 2.4) ** 4))
        above, below = (
            np.exp(-(((v - upper + 0.1) / 0.5) ** 2)),
            np.exp(-(((v - lower) / 0.4) ** 2)),
        )
        shade = 1 - near * (0.25 * above + 0.1 * below)
        crease = np.exp(-(((v - upper + 0.75) / 0.09) ** 2)) * (np.abs(a) < _HALF)
        brow = np.clip(1.2 - ((v + 2.35 + 0.05 * a**2) / 0.3) ** 2 - (a / 2.9) ** 4, 0, 1)
        skin = np.array([0.83, 0.63, 0.53]) * (shade * (1 - 0.3 * crease))[..., None]
        return skin * (1 - 0.6 * brow[..., None])

    def _sclera(self, upper):
        a, v = self.a, self.v
        shade = 1 - 0.3 * (a / _HALF) ** 2 - 0.06 * (v / 0.8) ** 2
        pink = np.clip((np.abs(a) - 1.5) / 1.0, 0, 1)[..., None]
        white = np.array([0.86, 0.84, 0.82]) * (1 - pink) + np.array([0.84, 0.68, 0.64]) * pink
        return white * np.clip(shade, 0.3, 1)[..., None]

    def _iris(self, p, q, rho):
        rng = np.random.default_rng(self.scene.seed + 1)
        theta = np.arctan2(q, p)
        fibre = np.zeros_like(rho)
        for order in (5, 9, 14, 23, 37, 53):
            phase, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 1.2)
            fibre += np.cos(order * theta + phase + bend * rho * 3) / 2.4
        inner, outer = (np.array(colour) / 255 for colour in IRISES[self.scene.iris])
        mix = np.clip((rho - 0.45) / 0.3 + 0.12 * fibre, 0, 1)[..., None]
        colour = inner * (1 - mix) + outer * mix
        collar = 0.12 * np.exp(-(((rho - 0.55) / 0.08) ** 2))
        ring = np.clip((rho - 0.8) / 0.2, 0, 1) ** 1.5
        tone = (1 + 0.16 * fibre + collar) * (1 - 0.5 * ring)
        return colour * np.clip(tone, 0.3, 1.6)[..., None]

    def _lashes(self, upper):
        """How much of each sample a lash covers."""
        near = (np.abs(self.a) < _HALF + 0.3) & (np.abs(self.v - upper) < 1)
        a, v = self.a[near], self.v[near]
        rng = np.random.default_rng(self.scene.seed + 2)
        covered = np.exp(-(((v - upper[near]) / 0.07) ** 2)) * (np.abs(a) < _HALF)
        for root in np.linspace(-2.3, 2.0, 22) + rng.normal(0, 0.05, 22):
            # Seen from the front they start over the eye and bend up.
            start = float(self.lids(np.float64(root))[0]) + rng.uniform(0.1, 0.3)
            length, lean = rng.uniform(0.6, 0.9), -0.35 + 0.3 * root / _HALF
            along = (start - v) / length
            line = root + lean * along**2 * length
            hair = np.clip(1.5 - np.abs(a - line) / 0.028, 0, 1) * ((along > 0) & (along < 1))
            covered = np.maximum(covered, hair * (1 - 0.6 * np.clip(along, 0, 1)))
        lashes = np.zeros_like(self.a)
        lashes[near] = np.clip(covered, 0, 1)
        return lashes


def _landmarks(eyes: _Eyes, turn, middle) -> Landmarks:
    """Return the eyes' 42 points where they were drawn; the others stand in the middle."""
    points = np.zeros((478, 3), np.float32)
    points[:, :2] = middle
    along = np.linspace(-1, 1, 9)
    for side, sign, iris in (("right", 1.0, 468), ("left", -1.0, 473)):
        a = _HALF * along * sign
        upper, lower = eyes.lids(a)
        contour = np.concatenate(
            [np.stack([a, upper], 1), np.stack([a[::-1], lower[::-1]], 1)[1:-1]]
        )
        centre, squeeze = eyes.iris(sign)
        # Towards the nose, up, outwards, down, as the model gives them.
        ring = centre + np.array([(1, 0), (0, -1), (-1, 0), (0, 1)]) @ squeeze.T
        for ids, local in (
            (GROUPS["mesh478"][f"{side}_eye"], contour),
            (range(iris, iris + 5), np.vstack([centre, ring])),
        ):
            x = (local[:, 0] - _APART / 2) * sign
            points[list(ids), :2] = np.stack([x, local[:, 1]], 1) @ turn.T + middle
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    return Landmarks(points, "mesh478", 1.0, np.concatenate([low, high]))


def _reduced(values, samples: int):
    height, width = values.shape[0] // samples, values.shape[1] // samples
    return values.reshape(height, samples, width, samples, *values.shape[2:]).mean(axis=(1, 3))


def _blurred(picture):
    """Blur as a lens does, by about half a pixel."""
    framed = np.pad(picture, ((1, 1), (1, 1), (0, 0)), mode="edge")
    rows = 0.7 * framed[1:-1] + 0.15 * (framed[:-2] + framed[2:])
    return 0.7 * rows[:, 1:-1] + 0.15 * (rows[:, :-2] + rows[:, 2:])
