"""Made scenes: a background and any number of faces in it, near and far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cvfast.faces.schemes import convert
from cvfast.synth.background import scenery
from cvfast.synth.base import Reals
from cvfast.synth.expression import draw_expression
from cvfast.synth.faces import Facts, box_of, draw_kinds, draw_pose
from cvfast.synth.identity import Identity
from cvfast.synth.lens import photograph
from cvfast.synth.light import Light, draw_light
from cvfast.synth.occlusion import cover_glasses, draw_occlusion, hidden_share
from cvfast.synth.render import Camera, render
from cvfast.typing import ImageF32, ImageU8

__all__ = ["MadeScene", "SceneFace", "make_scene"]

_SALT = 0x5CE


@dataclass(frozen=True)
class SceneFace:
    """A face of a scene: its box, its 68 points, and how it was made.

    Parameters
    ----------
    box : ndarray
        (4,) float32.
    points68 : ndarray
        (68, 2) float32.
    points478 : ndarray
        (478, 3) float32.
    facts : Facts
        How it was made.
    """

    box: ImageF32
    points68: ImageF32
    points478: ImageF32
    facts: Facts


@dataclass(frozen=True)
class MadeScene:
    """A made scene.

    Parameters
    ----------
    image : ndarray
        (h, w, 3) uint8.
    faces : tuple of SceneFace
        From back to front.
    mask : ndarray
        (h, w) uint8, as a made face's.
    """

    image: ImageU8
    faces: tuple[SceneFace, ...]
    mask: ImageU8


def make_scene(
    seed: int,
    *,
    size: tuple[int, int] = (640, 480),
    faces: int | tuple[int, int] = (0, 6),
    identities: tuple[int, ...] | range = range(1000),
    smallest: float = 20.0,
    spoil: bool = True,
) -> MadeScene:
    """Make a scene.

    Parameters
    ----------
    seed
        Which scene, from 0 on; the same arguments give the same bytes.
    size
        Width and height in pixels, 64 to 4096 each.
    faces
        How many faces, or the least and the most. Fewer come where there is no room.
    identities
        Who may be in it.
    smallest
        Least height of a face, hairline to chin, in pixels.
    spoil
        False leaves out exposure, blur, noise and JPEG.

    Raises
    ------
    ValueError
        An argument out of range.

    Examples
    --------
    >>> scene = make_scene(4, size=(160, 120), faces=2)
    >>> scene.image.shape, len(scene.faces)
    ((120, 160, 3), 2)
    """
    fewest, most = (faces, faces) if isinstance(faces, int) else faces
    if not 0 <= fewest <= most <= 100:
        raise ValueError(f"faces: expected least and most within 0 to 100, got {faces}")
    if not all(64 <= side <= 4096 for side in size):
        raise ValueError(f"size: expected sides of 64 to 4096 pixels, got {size}")
    if len(identities) == 0:
        raise ValueError("identities: expected at least one, got none")
    rng = np.random.default_rng([_SALT, seed])
    picture = _Scene(size, scenery(np.random.default_rng([_SALT, seed, 1]), size))
    count = int(rng.integers(fewest, most + 1))
    crowd = min(1.0, 2.2 / np.sqrt(max(count, 1)))
    largest = max(smallest, 0.62 * min(size) * crowd)
    heights = np.sort(np.exp(rng.uniform(np.log(smallest), np.log(largest), count)))
    light = str(draw_kinds(rng)[1])
    shining = draw_light(light, np.random.default_rng([_SALT, seed, 2]))
    for number, height in enumerate(heights):
        stream = np.random.default_rng([_SALT, seed, 3, number])
        center = _place(stream, size, float(height), picture.faces)
        if center is not None:
            who = Identity(int(identities[int(stream.integers(0, len(identities)))]))
            picture.add(who, seed, center, float(height), (light, shining), stream)
    image = photograph(picture.linear, np.random.default_rng([_SALT, seed, 4]), spoil=spoil,
                       unit=0.1 * min(size))  # fmt: skip
    return MadeScene(image, tuple(picture.faces), picture.mask)


def _place(
    rng: np.random.Generator, size: tuple[int, int], height: float, taken: list[SceneFace]
) -> tuple[float, float] | None:
    """Find room for a face; None where there is none."""
    for _ in range(40):
        reach = 0.62 * height
        low = np.minimum((reach, reach), np.array(size) / 2)
        center = rng.uniform(low, np.array(size) - low)
        free = all(
            abs(center[k] - (face.box[k] + face.box[k + 2]) / 2)
            > (0.75 + 0.35 * k) * (height + face.box[3] - face.box[1]) * 0.62
            for face in taken
            for k in (0,)
        ) or all(
            np.hypot(*(center - (face.box[:2] + face.box[2:]) / 2))
            > 0.8 * (height + 1.2 * (face.box[3] - face.box[1]))
            for face in taken
        )
        if free:
            return float(center[0]), float(center[1])
    return None


class _Scene:
    """A scene in the making, in linear light."""

    def __init__(self, size: tuple[int, int], behind: ImageF32) -> None:
        self.size = size
        self.linear: ImageF32 = (np.clip(behind, 0, 255) / np.float32(255)) ** 2
        self.mask: ImageU8 = np.zeros((size[1], size[0]), np.uint8)
        self.faces: list[SceneFace] = []

    def add(self, who: Identity, seed: int, center: tuple[float, float], height: float,
            light: tuple[str, Light], rng: np.random.Generator) -> None:  # fmt: skip
        """Put a person before what is there."""
        expression, _, occlusion = draw_kinds(rng)
        pose, moves = draw_pose(rng), draw_expression(expression, rng)
        # A window round the head, whole pixels, within the picture.
        x0, y0 = (max(int(c - 1.4 * height), 0) for c in center)
        x1 = min(int(center[0] + 1.4 * height) + 1, self.size[0])
        y1 = min(int(center[1] + 1.6 * height) + 1, self.size[1])
        camera = Camera((center[0] - x0, center[1] - y0), height / 2, float(rng.uniform(0, 0.1)))
        fineness = int(np.clip(-(-110 // height), 2, 6))
        made = render(who, moves, pose, light[1], camera, (x1 - x0, y1 - y0), fineness=fineness)
        here = self.linear[y0:y1, x0:x1]
        below = np.clip((np.arange(y0, y1) - center[1]) / height - 1.2, 0, None)
        fade = 1 - np.clip(below / 0.4, 0, 1) * (y1 < self.size[1])
        cover_share = made.cover * fade[:, None].astype(np.float32)
        here *= (1 - cover_share)[..., None]
        here += made.color * fade[:, None, None].astype(np.float32)
        bright = float(np.sqrt(np.clip((0.5 * light[1].key + light[1].sky).mean(), 0.05, 1.1)))
        before = here.copy()
        cover = draw_occlusion(occlusion, here, made.points, who.look, bright, rng)
        glasses = who.look.glasses and occlusion != "sunglasses"
        if glasses:
            cover = np.maximum(cover, cover_glasses(here, made.points, rng))
        near = _near(made.points, cover.shape)  # a bar ends with its face's window
        here[...] = before + near[..., None] * (here - before)
        cover = cover * near
        part = self.mask[y0:y1, x0:x1]
        shown = cover_share > 0.5
        part[shown] = made.labels[shown]
        part[cover > 0.5] = 8
        points = (made.points + (x0, y0, 0)).astype(np.float32)
        points68 = np.ascontiguousarray(convert(points, "mesh478", "dlib68")[:, :2])
        facts = Facts(who.number, seed, pose, expression, light[0], occlusion,
                      hidden_share(cover, made.points), glasses)  # fmt: skip
        self.faces.append(SceneFace(box_of(points68), points68, points, facts))


def _near(points: Reals, shape: tuple[int, ...]) -> ImageF32:
    """1 round a face, fading out to 0 at twice its size, (h, w)."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    middle, half = (low + high) / 2, (high - low).max() / 2
    y, x = np.mgrid[: shape[0], : shape[1]]
    away = np.sqrt((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / half
    return np.clip((2.2 - away) / 0.3, 0, 1).astype(np.float32)
