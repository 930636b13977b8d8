"""Made faces: any number of people in any pose and light, with exact landmarks and masks.

They are drawn from a mesh, a painted texture and numbers; nobody's photo is in them (the mesh is
the symmetrised output of the face-mesh model for one public-domain portrait).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cvfast.faces.schemes import convert
from cvfast.synth.background import scenery
from cvfast.synth.base import Reals
from cvfast.synth.expression import EXPRESSIONS, Expression, draw_expression
from cvfast.synth.identity import Identity, split_of
from cvfast.synth.lens import photograph
from cvfast.synth.light import LIGHTS, Light, draw_light
from cvfast.synth.occlusion import OCCLUSIONS, cover_glasses, draw_occlusion, hidden_share
from cvfast.synth.render import Camera, Pose, Rendered, render
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Facts", "Identity", "MadeFace", "Pose", "box_of", "make_face", "split_of"]

_SALT = 0xF0
_LIGHT_CHANCES = (0.34, 0.14, 0.13, 0.08, 0.04, 0.08, 0.11, 0.04, 0.04)
_EXPRESSION_CHANCES = (0.32, 0.2, 0.12, 0.12, 0.05, 0.03, 0.06, 0.06, 0.04)
_OCCLUSION_CHANCES = (0.74, 0.05, 0.04, 0.06, 0.05, 0.02, 0.04)
LIMITS = Pose(np.pi / 3, np.pi / 6, np.pi / 4.5)  # the farthest that is drawn


@dataclass(frozen=True)
class Facts:
    """How a made face was made.

    Parameters
    ----------
    identity, seed : int
        Who, and which picture of that person.
    pose : Pose
        Of the head.
    expression, light, occlusion : str
        Kinds; see `EXPRESSIONS`, `LIGHTS`, `OCCLUSIONS`.
    occluded : float
        Share of the face that something covers.
    glasses : bool
        Whether it wears glasses with clear lenses.
    """

    identity: int
    seed: int
    pose: Pose
    expression: str
    light: str
    occlusion: str
    occluded: float
    glasses: bool


@dataclass(frozen=True)
class MadeFace:
    """A made face and all that is known of it.

    Parameters
    ----------
    image : ndarray
        (h, w, 3) uint8.
    points478 : ndarray
        (478, 3) float32 landmarks of the mesh: pixels, and depth in pixels, smaller is nearer.
    points68 : ndarray
        (68, 2) float32 in dlib's order.
    box : ndarray
        (4,) float32 x0, y0, x1, y1 round the 68 points, 6 % wider on each side.
    mask : ndarray
        (h, w) uint8: 0 background, 1 skin, 2 brows, 3 eyes, 4 lips, 5 inner mouth, 6 hair,
        7 neck and body, 8 what covers the face.
    facts : Facts
        How it was made.
    """

    image: ImageU8
    points478: ImageF32
    points68: ImageF32
    box: ImageF32
    mask: ImageU8
    facts: Facts


def make_face(
    identity: Identity | int,
    *,
    seed: int,
    size: int = 256,
    pose: Pose | tuple[float, float, float] | None = None,
    expression: str | Expression | None = None,
    light: str | None = None,
    occlusion: str | None = None,
    share: float | None = None,
    background: ImageU8 | None = None,
    spoil: bool = True,
) -> MadeFace:
    """Make a picture of one face.

    The same arguments give the same bytes, whatever was made before. What is None is drawn from
    the seed; naming one thing leaves the others as they are.

    Parameters
    ----------
    identity
        Who; a number will do.
    seed
        Which picture, from 0 on.
    size
        Pixels of each side, 16 to 2048.
    pose
        Yaw, pitch and roll in radians: to the picture's right, upwards, clockwise. Drawn: up to
        60, 30 and 40 degrees.
    expression
        One of neutral, smile, grin, open, closed_eyes, wink, surprise, frown, pucker; or an
        `Expression` of your own.
    light
        One of soft, front, side, top, below, back, hard, coloured, dim.
    occlusion
        One of none, hand, scarf, sunglasses, strands, bars, thing.
    share
        Height of the face, hairline to chin, as a share of the picture. Drawn: 0.42 to 0.72.
    background
        (size, size, 3) uint8 to stand before.
    spoil
        False leaves out exposure, blur, noise and JPEG.

    Raises
    ------
    TypeError, ValueError
        An argument of another type, or out of range.

    Examples
    --------
    >>> from cvfast.synth.faces import make_face
    >>> face = make_face(7, seed=1, size=96)
    >>> face.image.shape, face.points68.shape, face.mask.dtype.name
    ((96, 96, 3), (68, 2), 'uint8')
    >>> bool((face.image == make_face(7, seed=1, size=96).image).all())
    True

    To look at it: ``cvfast.io.images.write_image("face.png", face.image)``.
    """
    who = identity if isinstance(identity, Identity) else Identity(identity)
    _check(seed, size, share)
    plan = _plan(who, seed, size, share)
    kind, moves = _expression(expression, plan)
    pose = plan.pose if pose is None else pose if isinstance(pose, Pose) else Pose(*pose)
    lit = plan.light if light is None else light
    over = plan.occlusion if occlusion is None else occlusion
    shining = draw_light(lit, plan.stream(2))
    fineness = max(2, min(8, -(-160 // size)))
    made = render(who, moves, pose, shining, plan.camera, (size, size), fineness=fineness)
    behind = scenery(plan.stream(3), (size, size)) if background is None else background
    if behind.shape != (size, size, 3):
        raise ValueError(f"background: expected shape {(size, size, 3)}, got {behind.shape}")
    linear = before(made, np.asarray(behind, np.float32))
    wearing = plan.glasses and over not in {"sunglasses"}
    cover = _cover(linear, made, who, shining, over, wearing, plan)
    image = photograph(linear, plan.stream(4), spoil=spoil, unit=plan.camera.scale)
    mask = np.where(cover > 0.5, np.uint8(8), made.labels)
    points = made.points.astype(np.float32)
    points68 = np.ascontiguousarray(convert(points, "mesh478", "dlib68")[:, :2])
    facts = Facts(who.number, seed, pose, kind, lit, over, hidden_share(cover, made.points),
                  wearing)  # fmt: skip
    return MadeFace(image, points, points68, box_of(points68), mask, facts)


def box_of(points68: ImageF32) -> ImageF32:
    """Return the box of a face: its 68 points' bounds, 6 % wider on each side, (4,)."""
    low, high = points68.min(axis=0), points68.max(axis=0)
    wider = np.float32(0.06) * (high - low)
    return np.concatenate([low - wider, high + wider]).astype(np.float32)


def before(made: Rendered, behind: ImageF32) -> ImageF32:
    """Put a head before a background of levels, as linear light."""
    linear = np.clip(behind, 0, 255) * np.float32(1 / 255)
    linear *= linear
    linear *= (1 - made.cover)[..., None]
    linear += made.color
    return linear


@dataclass(frozen=True)
class _Plan:
    """What the seed says about a picture."""

    key: tuple[int, int]
    camera: Camera
    pose: Pose
    expression: str
    light: str
    occlusion: str
    glasses: bool

    def stream(self, part: int) -> np.random.Generator:
        """Return random numbers for one part of the picture, whatever the other parts took."""
        return np.random.default_rng([_SALT, *self.key, part])


def _plan(who: Identity, seed: int, size: int, share: float | None) -> _Plan:
    rng = np.random.default_rng([_SALT, who.number, seed])
    drawn = float(rng.uniform(0.42, 0.72))
    scale = size * (drawn if share is None else share) / 2
    room = np.clip(size / 2 - 1.05 * scale, 0, None)
    x, y = rng.uniform(-0.8, 0.8, 2) * room
    middle = (size - 1) / 2
    camera = Camera((middle + x, middle + y), scale, float(rng.uniform(0, 0.16)))
    pose = draw_pose(rng)
    expression, light, occlusion = draw_kinds(rng)
    glasses = bool(rng.random() < (0.85 if who.look.glasses else 0.02))
    return _Plan((who.number, seed), camera, pose, expression, light, occlusion, glasses)


def draw_pose(rng: np.random.Generator) -> Pose:
    """Draw how a head is turned: mostly a little, never beyond `LIMITS`."""
    yaw, pitch, roll = rng.normal(0, (0.36, 0.16, 0.14))
    return Pose(
        float(np.clip(yaw, -LIMITS.yaw, LIMITS.yaw)),
        float(np.clip(pitch, -LIMITS.pitch, LIMITS.pitch)),
        float(np.clip(roll, -LIMITS.roll, LIMITS.roll)),
    )


def draw_kinds(rng: np.random.Generator) -> tuple[str, str, str]:
    """Draw kinds of expression, light and occlusion."""
    return (
        str(rng.choice(EXPRESSIONS, p=_EXPRESSION_CHANCES)),
        str(rng.choice(LIGHTS, p=_LIGHT_CHANCES)),
        str(rng.choice(OCCLUSIONS, p=_OCCLUSION_CHANCES)),
    )


def _expression(wanted: str | Expression | None, plan: _Plan) -> tuple[str, Expression]:
    if isinstance(wanted, Expression):
        return "given", wanted
    kind = plan.expression if wanted is None else wanted
    return kind, draw_expression(kind, plan.stream(1))


def _cover(linear: ImageF32, made: Rendered, who: Identity, light: Light, over: str,
           glasses: bool, plan: _Plan) -> ImageF32:  # fmt: skip
    rng = plan.stream(5)
    bright = float(np.sqrt(np.clip((0.5 * light.key + light.sky).mean(), 0.05, 1.1)))
    cover = draw_occlusion(over, linear, made.points, who.look, bright, rng)
    if glasses:
        cover = np.maximum(cover, cover_glasses(linear, made.points, rng))
    return cover


def _check(seed: int, size: int, share: float | None) -> None:
    for name, value, low, high in (("seed", seed, 0, 2**63 - 1), ("size", size, 16, 2048)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer):
            raise TypeError(f"{name}: expected an int, got {type(value).__name__}")
        if not low <= value <= high:
            raise ValueError(f"{name}: expected {low} to {high}, got {value}")
    if share is not None and not 0.1 <= share <= 3:
        raise ValueError(f"share: expected a number in [0.1, 3], got {share}")
