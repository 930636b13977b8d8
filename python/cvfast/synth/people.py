"""Made people: whole bodies with made clothes, and exact labels, joints and flow.

They are drawn from meshes and numbers; nobody's photo is in them. They are synthetic: what is
learnt or measured on them is not yet known of photos.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from cvfast.people.pose import Pose
from cvfast.synth.base import Reals
from cvfast.synth.body import Body, body_patches, pose_body
from cvfast.synth.dressing import Atlas, Scene, build_scene, make_atlas
from cvfast.synth.expression import draw_expression
from cvfast.synth.garment_shape import LOWER
from cvfast.synth.garments import (
    GarmentSpec,
    MadeGarment,
    cut_of,
    make_garment,
    random_garment,
)
from cvfast.synth.identity import Identity
from cvfast.synth.light import draw_light
from cvfast.synth.patches import Patch
from cvfast.synth.render import Camera, PosedHead, View, posed_head
from cvfast.synth.render import Pose as HeadPose
from cvfast.synth.seeds import check_seed
from cvfast.synth.skeleton import Build, Stance, draw_build, draw_stance
from cvfast.synth.studio import BACKGROUNDS, studio
from cvfast.synth.worn import (
    draw_folds,
    hem_height,
    sleeve_end,
    trousers_end,
    worn_patches,
)
from cvfast.typing import ImageF32, ImageU8

__all__ = ["MadePerson", "PersonSpec", "make_person", "random_person"]

_SALT = 0xB0D1
_LIGHTS = ("soft", "front", "side", "hard", "top")
FRAMES = {"hips": (9.2, 10.8), "knees": (11.6, 13.4), "feet": (18.0, 18.8)}


@dataclass(frozen=True)
class PersonSpec:
    """All about a made person but for the garment that is tried on.

    Parameters
    ----------
    identity : int
        Whose head it is.
    seed : int
        Of everything that is not named here.
    build : Build
        Proportions.
    stance : Stance
        How the body stands.
    head : cvfast.synth.render.Pose
        How the head is turned.
    expression, light, background : str
        Kinds: of `cvfast.synth.expression.EXPRESSIONS`, `cvfast.synth.light.LIGHTS` and
        `cvfast.synth.studio.BACKGROUNDS`.
    upper, lower : GarmentSpec
        What they wear.
    tucked : bool
        Whether the top is tucked in.
    hair : float
        Length of locks before the shoulders, in units of half a face; 0: none.
    folds : float
        Depth of the clothes' folds in units.
    top, bottom : float
        Heights in units that the picture's upper and lower edges show.
    shift : float
        How far right of the middle the person stands, as a share of the picture's width.
    grain : float
        Standard deviation of the camera's noise in levels.
    """

    identity: int
    seed: int
    build: Build
    stance: Stance
    head: HeadPose
    expression: str
    light: str
    background: str
    upper: GarmentSpec
    lower: GarmentSpec
    tucked: bool = False
    hair: float = 0.0
    folds: float = 0.06
    top: float = -1.9
    bottom: float = 10.0
    shift: float = 0.0
    grain: float = 1.5


@dataclass(frozen=True)
class MadePerson:
    """A made person and all that is known of them.

    Parameters
    ----------
    image : ndarray
        (h, w, 3) uint8.
    labels : ndarray
        (h, w) uint8 parts in cvfast's set (`cvfast.people.labels`).
    pose : Pose
        coco18; joints outside the picture are missing.
    garment : MadeGarment
        The flat garment.
    flow : ndarray
        (h, w, 2) float32: of each pixel that shows the garment, its point x, y in the flat picture;
        NaN elsewhere.
    spec : PersonSpec
        How they were made.
    """

    image: ImageU8
    labels: ImageU8
    pose: Pose
    garment: MadeGarment
    flow: ImageF32
    spec: PersonSpec

    @property
    def worn(self) -> ImageU8:
        """Where the garment is seen, (h, w) uint8, 0 or 1."""
        return np.asarray(np.isfinite(self.flow[..., 0]), np.uint8)


def random_person(seed: int) -> PersonSpec:
    """Draw a person; the same number gives the same one.

    Raises
    ------
    ValueError
        A negative number.

    Examples
    --------
    >>> random_person(4) == random_person(4)
    True
    """
    check_seed(seed)
    rng = np.random.default_rng([_SALT, seed])
    identity = int(rng.integers(0, 1000))
    look = Identity(identity).look
    stance = draw_stance(rng)
    yaw, pitch, roll = rng.normal(0, (0.2, 0.09, 0.06))
    head = HeadPose(
        float(np.clip(yaw + 0.5 * stance.turn, -0.6, 0.6)),
        float(np.clip(pitch, -0.25, 0.25)),
        float(np.clip(roll, -0.2, 0.2)),
    )
    lower = "skirt" if look.build < 0.9 and rng.random() < 0.3 else "trousers"
    frame = str(rng.choice(tuple(FRAMES), p=(0.5, 0.22, 0.28)))
    long = look.hair_style in {"long", "fringe"} and rng.random() < 0.75
    return PersonSpec(
        identity=identity,
        seed=seed,
        build=draw_build(rng, look.build > 0.9),
        stance=stance,
        head=head,
        expression=str(rng.choice(("neutral", "smile", "grin"), p=(0.5, 0.35, 0.15))),
        light=str(rng.choice(_LIGHTS, p=(0.45, 0.25, 0.12, 0.1, 0.08))),
        background=str(rng.choice(BACKGROUNDS, p=(0.4, 0.2, 0.2, 0.2))),
        upper=random_garment(int(rng.integers(0, 2**31))),
        lower=random_garment(int(rng.integers(0, 2**31)), lower),
        tucked=bool(rng.random() < 0.2),
        hair=float(rng.uniform(0.8, 3.4)) if long else 0.0,
        folds=float(rng.uniform(0.05, 0.14)),
        top=float(rng.uniform(-2.5, -1.9)),
        bottom=float(rng.uniform(*FRAMES[frame])),
        shift=float(np.clip(rng.normal(0, 0.02), -0.06, 0.06)),
        grain=float(rng.uniform(0, 3)),
    )


def make_person(
    spec: PersonSpec,
    garment: GarmentSpec | MadeGarment | None = None,
    *,
    size: tuple[int, int] = (768, 1024),
) -> MadePerson:
    """Make the picture of a person.

    The same person in another garment is the same but for the garment: the truth that photos lack.

    Parameters
    ----------
    spec
        The person.
    garment
        What they wear instead of the spec's upper or, for trousers and skirts, lower one; the flow
        is this one's. A spec is made as a flat picture of `size`.
    size
        Width and height in pixels, 24 to 4096 each.

    Raises
    ------
    ValueError
        A size out of range.

    Examples
    --------
    >>> person = make_person(random_person(2), size=(96, 128))
    >>> person.image.shape, person.labels.dtype.name, person.pose.scheme
    ((128, 96, 3), 'uint8', 'coco18')
    >>> other = make_person(person.spec, random_garment(8, "tank"), size=(96, 128))
    >>> bool((other.image[:4] == person.image[:4]).all())
    True
    """
    if not all(24 <= side <= 4096 for side in size):
        raise ValueError(f"size: expected sides of 24 to 4096 pixels, got {size}")
    tried = _flat(spec.upper if garment is None else garment, size)
    slot = "lower" if tried.kind in LOWER else "upper"
    other = "lower" if slot == "upper" else "upper"
    small = (min(size[0], 384), min(size[1], 512))
    clothes = {slot: tried, other: _flat(getattr(spec, other), small)}
    view = _view(spec, size)
    head = _head(spec.identity, spec.seed, spec.expression, spec.head, spec.light)
    body = pose_body(spec.build, spec.stance)
    patches = _patches(spec, body, clothes, view)
    shoe = 0.8 * _stream(spec, 4).uniform(15, 200, 3)
    atlas = make_atlas(Identity(spec.identity), clothes, shoe, view.camera.scale * view.fineness,
                       _stream(spec, 5))  # fmt: skip
    light = draw_light(spec.light, _stream(spec, 2))
    scene = build_scene(head, patches, atlas, light, shadow=int(np.clip(size[1] // 2, 96, 224)))
    labels, flow = _told(scene, atlas, view, slot)
    fine = scene.draw(view.samples, view.fine, atlas)
    color, _ = fine.shade(scene.values, atlas.texels, atlas.parts, threads=1)
    cover = view.mean((fine.index >= 0).astype(np.float32))[..., 0]
    image = _photograph(spec, view, view.mean(color), cover, labels)
    pose = _pose(view, head.points, body.joints)
    dressed = replace(spec, lower=tried.spec) if slot == "lower" else replace(
        spec, upper=tried.spec)  # fmt: skip
    return MadePerson(image, labels, pose, tried, flow, dressed)


def _patches(
    spec: PersonSpec, body: Body, clothes: dict[str, MadeGarment], view: View
) -> list[Patch]:
    """Return the surfaces of body and clothes; skin that clothes cover is left out."""
    detail = float(np.clip(view.camera.scale / 60, 0.45, 1.1))
    cuts = {name: cut_of(cloth.spec) for name, cloth in clothes.items()}
    hem = hem_height(body, cuts["upper"], tucked=spec.tucked)
    patches = body_patches(
        body,
        detail,
        hair=spec.hair,
        sleeves=sleeve_end(body, cuts["upper"]),
        trousers=trousers_end(body, cuts["lower"]),
    )
    folds = draw_folds(_stream(spec, 3), spec.folds)
    for name in ("lower", "upper"):
        patches += worn_patches(body, cuts[name], folds, detail, tucked=spec.tucked, hem=hem)
    return patches


def _told(scene: Scene, atlas: Atlas, view: View, slot: str) -> tuple[ImageU8, ImageF32]:
    """Return what each pixel's centre shows: its label, and its point in the flat garment."""
    plain = scene.draw(view.pixels, view.size, atlas)
    _, head_parts = plain.shade(scene.values, atlas.texels, atlas.parts, threads=1)
    labels, worn = scene.parts(plain, head_parts)
    flow = plain.values(np.ascontiguousarray(scene.values[:, :2]), threads=1)
    share = np.float32(atlas.garments[slot][1])
    flow -= np.array([0, atlas.tops[slot]], np.float32)
    flow = (flow + np.float32(0.5)) / share - np.float32(0.5)
    flow[worn != (1 if slot == "upper" else 2)] = np.nan
    return labels, flow


def _flat(garment: GarmentSpec | MadeGarment, size: tuple[int, int]) -> MadeGarment:
    return garment if isinstance(garment, MadeGarment) else _made(garment, size)


@functools.lru_cache(maxsize=4)  # one person's two, in two cuts; large ones take 200 MB each
def _made(garment: GarmentSpec, size: tuple[int, int]) -> MadeGarment:
    """Make a garment, or hand on the one made before; nobody writes to it."""
    made = make_garment(garment, size=size)
    for array in (made.image, made.mask, made.texture, made.front):
        array.flags.writeable = False
    return made


@functools.lru_cache(maxsize=4)
def _head(identity: int, seed: int, expression: str, pose: HeadPose, light: str) -> PosedHead:
    """Pose a head, or hand on the one posed before: people are made in several garments."""
    moves = draw_expression(expression, _draw(seed, 1))
    return posed_head(Identity(identity), moves, pose, draw_light(light, _draw(seed, 2)))


def _draw(seed: int, part: int) -> np.random.Generator:
    return np.random.default_rng([_SALT, seed, part])


def _stream(spec: PersonSpec, part: int) -> np.random.Generator:
    return _draw(spec.seed, part)


def _view(spec: PersonSpec, size: tuple[int, int]) -> View:
    scale = size[1] / (spec.bottom - spec.top)
    center = ((size[0] - 1) / 2 + spec.shift * size[0], -spec.top * scale - 0.5)
    fineness = 2 if size[1] >= 512 else 3 if size[1] >= 128 else 4
    return View(Camera(center, scale, 0.012), size, fineness)


def _photograph(spec: PersonSpec, view: View, color: ImageF32, cover: ImageF32,
                labels: ImageU8) -> ImageU8:  # fmt: skip
    """Put the person before the background and expose for the face."""
    size = view.size
    floor = view.camera.center[1] + 17.0 * view.camera.scale
    levels = studio(spec.background, _stream(spec, 6), size, floor)
    behind = (np.clip(levels, 0, 255) / np.float32(255)) ** 2
    face = color[labels == 13]
    meter = float(face.mean()) if len(face) else 0.25
    gain = np.float32(np.clip((0.3 / max(meter, 0.02)) ** 0.5, 0.7, 1.8))
    linear = color * gain + (1 - cover)[..., None] * behind
    picture = np.sqrt(np.clip(linear, 0, None))
    picture = picture / (1 + np.clip(picture - 0.9, 0, None))
    grain = _stream(spec, 7).standard_normal((size[1], size[0], 1), np.float32)
    picture = picture * np.float32(255) + np.float32(spec.grain) * grain
    return np.asarray(np.clip(picture + np.float32(0.5), 0, 255).astype(np.uint8))


def _pose(view: View, points: Reals, joints: dict[str, Reals]) -> Pose:
    """Return the joints in OpenPose's order."""
    neck = (joints["shoulder_left"] + joints["shoulder_right"]) / 2
    limbs = [
        joints[f"{part}_{side}"]
        for parts in (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))
        for side in ("right", "left")
        for part in parts
    ]
    body = np.stack([points[1], neck, *limbs, points[468], points[473], points[234], points[454]])
    at = view.pixels(body)[:, :2]
    inside = ((at >= -0.5) & (at < np.array(view.size) - 0.5)).all(axis=1)
    return Pose(np.asarray(at), np.asarray(inside, np.float64), "coco18")
