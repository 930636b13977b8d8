"""Made people who talk: clips with exact landmarks, of nobody."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from cvfast.faces.schemes import convert
from cvfast.io.movie import write_movie
from cvfast.io.provenance import Mark
from cvfast.synth.acting import Acting
from cvfast.synth.background import scenery
from cvfast.synth.base import Reals
from cvfast.synth.expression import Expression
from cvfast.synth.identity import Identity
from cvfast.synth.light import draw_light
from cvfast.synth.occlusion import cover_glasses, draw_occlusion
from cvfast.synth.render import Camera, Pose, render
from cvfast.typing import ImageF32, ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["ClipFace", "ClipFrame", "MadeClip", "write_made_clip"]

_SALT = 0xC11F
_NEAR = 0.1  # strength of perspective
_PASSING = 2.4  # seconds that something takes to pass before the face
_ASIDE = 2.2  # half faces from the middle at which it comes in and goes out
_PASSERS = ("none", "hand", "bars", "thing")


@dataclass(frozen=True)
class ClipFace:
    """A face of one frame and all that is known of it.

    Parameters
    ----------
    points478, points68 : ndarray
        (478, 3) and (68, 2) float32 landmarks in pixels.
    pose : Pose
        Of the head.
    expression : Expression
        What the face does.
    """

    points478: ImageF32
    points68: ImageF32
    pose: Pose
    expression: Expression


@dataclass(frozen=True)
class ClipFrame:
    """A frame: (h, w, 3) uint8, and its faces from left to right."""

    image: ImageU8
    faces: tuple[ClipFace, ...]


@dataclass(frozen=True, kw_only=True)
class MadeClip:
    """A clip to be made; the same settings give the same frames, in any order.

    Parameters
    ----------
    identities : tuple of int
        Who is in it, from left to right.
    seed : int
        Another number is another take: motion, light, background.
    frames : int
        How many.
    size : tuple of int
        Width and height in pixels, even.
    rate : int
        Frames a second.
    light : str
        One of soft, front, side, top, below, back, hard, coloured, dim.
    occlusion : str
        What passes before the faces: none, hand, bars, thing.
    share : float, optional
        Height of a face, hairline to chin, as a share of the picture's height.
    noise : float
        Standard deviation of the camera's noise, in levels.
    variable : bool
        Frames come at uneven times, as from a telephone.
    still : bool
        Nobody moves: only the noise changes.

    Raises
    ------
    ValueError
        A setting out of range.

    Examples
    --------
    >>> clip = MadeClip(identities=(7,), frames=3, size=(96, 72))
    >>> frame = clip.frame(2)
    >>> frame.image.shape, frame.faces[0].points68.shape
    ((72, 96, 3), (68, 2))
    """

    identities: tuple[int, ...]
    seed: int = 0
    frames: int = 120
    size: tuple[int, int] = (640, 480)
    rate: int = 25
    light: str = "soft"
    occlusion: str = "none"
    share: float | None = None
    noise: float = 1.5
    variable: bool = False
    still: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.identities) <= 4:
            raise ValueError(f"identities: expected 1 to 4 people, got {len(self.identities)}")
        for name, value, low, high in (
            ("seed", self.seed, 0, 2**32 - 1),
            ("frames", self.frames, 1, 100_000),
            ("width", self.size[0], 64, 4096),
            ("height", self.size[1], 64, 4096),
            ("rate", self.rate, 1, 240),
            ("share", 0.5 if self.share is None else self.share, 0.1, 0.9),
            ("noise", self.noise, 0, 50),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name}: expected {low} to {high}, got {value}")
        if self.occlusion not in _PASSERS:
            expected = ", ".join(_PASSERS)
            raise ValueError(f"occlusion: expected one of {expected}, got {self.occlusion!r}")
        draw_light(self.light, self.stream(1))

    def stream(self, *part: int) -> np.random.Generator:
        """Return random numbers for one part of the clip."""
        return np.random.default_rng([_SALT, self.seed, *part])

    def times(self) -> list[Fraction]:
        """Return when each frame is shown, in seconds."""
        if not self.variable:
            return [Fraction(number, self.rate) for number in range(self.frames)]
        # From half to one and a half of the usual, in steps of a millisecond.
        steps = self.stream(2).integers(500, 1500, self.frames) // self.rate
        ends = np.concatenate([[0], np.cumsum(steps)[:-1]])
        return [Fraction(int(at), 1000) for at in ends]

    def loudness(self, seconds: float) -> float:
        """Return how loudly the first person speaks, in [0, 1]."""
        return _studio(self).acting[0].loudness(0.0 if self.still else seconds)

    def frame(self, number: int) -> ClipFrame:
        """Make one frame."""
        return _studio(self).frame(number)

    def __iter__(self) -> Iterator[ClipFrame]:
        """Make the frames one after the other."""
        studio = _studio(self)
        return (studio.frame(number) for number in range(self.frames))


def write_made_clip(
    path: PathLike,
    clip: MadeClip,
    *,
    sound: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> int:
    """Write a made clip as MP4, marked as made.

    Parameters
    ----------
    path
        The new file.
    clip
        What is to be seen.
    sound
        Add a hum as loud as the first person speaks.
    overwrite
        Replace an existing file.
    progress
        Called with frames done and all frames.

    Returns
    -------
    int
        Frames written.

    Raises
    ------
    ValueError, OutputExistsError, OutputError
        As for `cvfast.io.movie.write_movie`.
    """

    def pictures() -> Iterator[ImageU8]:
        for number, frame in enumerate(clip):
            yield frame.image
            if progress is not None:
                progress(number + 1, clip.frames)

    people = ",".join(map(str, clip.identities))
    actions = (f"made=synthetic person {people}", f"seed={clip.seed}", f"light={clip.light}")
    return write_movie(
        path,
        pictures(),
        size=clip.size,
        rate=clip.rate,
        mark=Mark("algorithmicMedia", actions=actions),
        overwrite=overwrite,
        times=clip.times() if clip.variable else None,
        loudness=clip.loudness if sound else None,
    )


class _Studio:
    """What stays the same from frame to frame."""

    def __init__(self, clip: MadeClip) -> None:
        self.clip, self.times = clip, clip.times()
        length = float(self.times[-1]) + 1 / clip.rate
        self.acting = [Acting(clip.seed, length, part) for part in range(len(clip.identities))]
        self.people = [Identity(number) for number in clip.identities]
        self.light = draw_light(clip.light, clip.stream(1))
        behind = np.clip(scenery(clip.stream(3), clip.size), 0, 255).astype(np.float32)
        self.behind: ImageF32 = (behind * np.float32(1 / 255)) ** 2
        usual = (0.5, 0.42, 0.34, 0.26)[len(self.people) - 1]
        self.scale = clip.size[1] * (usual if clip.share is None else clip.share) / 2
        self.gain = self._exposure()

    def frame(self, number: int) -> ClipFrame:
        linear = self.behind.copy()
        seconds = 0.0 if self.clip.still else float(self.times[number])
        faces = tuple(self._put(linear, part, seconds) for part in range(len(self.people)))
        picture = np.sqrt(np.clip(linear * self.gain, 0, None))
        picture = np.clip(picture / (1 + np.clip(picture - 0.85, 0, None)), 0, 1) * np.float32(255)
        if self.clip.noise:
            grain = self.clip.stream(4, number).standard_normal(picture.shape, np.float32)
            picture = picture + np.float32(self.clip.noise) * grain
        return ClipFrame(np.clip(picture + np.float32(0.5), 0, 255).astype(np.uint8), faces)

    def _put(self, linear: ImageF32, part: int, seconds: float) -> ClipFace:
        """Put a person before what is there, in place."""
        who, acting = self.people[part], self.acting[part]
        x, y, scale = self._place(part, seconds)
        pose, moves = acting.pose(seconds), acting.expression(seconds)
        width, height = self.clip.size
        # A window round head and shoulders, whole pixels, within the picture.
        x0, y0 = max(int(x - 2.8 * scale), 0), max(int(y - 2.2 * scale), 0)
        x1, y1 = min(int(x + 2.8 * scale) + 1, width), height
        camera = Camera((x - x0, y - y0), scale, _NEAR)
        fineness = 2 if scale >= 30 else 4
        made = render(who, moves, pose, self.light, camera, (x1 - x0, y1 - y0), fineness=fineness)
        here = linear[y0:y1, x0:x1]
        here *= (1 - made.cover)[..., None]
        here += made.color
        if who.look.glasses:
            cover_glasses(here, made.points, self.clip.stream(5, part))
        self._pass_by(here, made.points, part, seconds)
        points = (made.points + np.array([x0, y0, 0])).astype(np.float32)
        points68 = np.ascontiguousarray(convert(points, "mesh478", "dlib68")[:, :2])
        return ClipFace(points, points68, pose, moves)

    def _place(self, part: int, seconds: float) -> tuple[float, float, float]:
        """Return the middle of a face in pixels, and pixels a half face."""
        width, height = self.clip.size
        x, y, near = self.acting[part].place(seconds)
        middle = width * (part + 0.5) / len(self.people)
        return middle + x * self.scale, 0.5 * height + y * self.scale, self.scale * near

    def _pass_by(self, here: ImageF32, points: Reals, part: int, seconds: float) -> None:
        """Draw what passes before a face, from its right to its left, again and again."""
        if self.clip.occlusion == "none":
            return
        aside = _ASIDE * (1 - 2 * (seconds / _PASSING % 1))
        shifted = points + np.array([aside * self.scale, -0.1 * self.scale, 0])
        bright = float(np.sqrt(np.clip((0.5 * self.light.key + self.light.sky).mean(), 0.05, 1.1)))
        look = self.people[part].look
        draw_occlusion(self.clip.occlusion, here, shifted, look, bright, self.clip.stream(6, part))

    def _exposure(self) -> np.float32:
        """Return a gain that makes the faces of the first frame as bright as usual."""
        linear = self.behind.copy()
        skin = []
        for part in range(len(self.people)):
            face = self._put(linear, part, 0.0).points68
            (x0, y0), (x1, y1) = face.min(axis=0), face.max(axis=0)
            skin.append(float(linear[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1].mean()))
        return np.float32((0.25 / max(float(np.mean(skin)), 0.02)) ** 0.55)


@functools.lru_cache(maxsize=4)
def _studio(clip: MadeClip) -> _Studio:
    return _Studio(clip)
