"""Clips of one face whose true motion is known, for benchmarks and for looking at.

  python -m benchmarks.clips OUT.mp4                       1080p, 300 frames, a face of 200 px
  python -m benchmarks.clips OUT.mp4 --face 400 --motion still
  python -m benchmarks.clips OUT.mp4 --motion cross --variable

The packaged portrait's head over a textured ground, moved by fractions of a pixel (each frame is
resampled from the portrait anew, with Lanczos), sensor noise in every frame, H.264 and a made tone.
What the face does is written to OUT.json. The reference's clip A is a face of 200 px, clip B one of
400 px (outer eye corners 256 px apart). The same arguments give the same pictures.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["MOTIONS", "ClipFacts", "Motion", "cached_clip", "make_clip", "pictures"]

# The face in the packaged portrait: where the mesh's box has its middle, and how wide it is.
FACE_CENTER, FACE_WIDTH = np.array([225.0, 122.7]), 94.27
_HEAD = (84, 0, 366, 256)  # the part of the portrait that is shown
_FEATHER = 14.0  # portrait pixels over which it fades into the ground
_NOISE_FIELDS = 5
_SOUND_RATE = 48_000

Picture = NDArray[np.uint8]
MOTIONS = ("still", "sway", "cross", "leave")


@dataclass(frozen=True)
class Motion:
    """Where the middle of the face is, in face widths from the middle of the frame.

    ``still``: nowhere else. ``sway``: a head that wanders, at most 0.8 widths a second. ``cross``:
    one width a second from side to side. ``leave``: out of the frame at a third of the clip, and
    back at two thirds.
    """

    name: str
    reach: float  # widths to either side that keep the face inside the frame
    length: float  # seconds of the clip

    def at(self, seconds: float) -> tuple[float, float]:
        if self.name == "still":
            return 0.0, 0.0
        if self.name == "sway":
            across, down = math.sin(1.9 * seconds), math.sin(1.3 * seconds + 1)
            return 0.4 * across, 0.12 * down
        if self.name == "cross":
            return _zigzag(seconds - self.reach, self.reach), 0.0
        third = self.length / 3
        away = min(1.0, max(0.0, 2 * min(seconds - 0.8 * third, 2.2 * third - seconds)))
        return away * (2 * self.reach + 4), 0.0


@dataclass(frozen=True)
class ClipFacts:
    """What a made clip shows.

    Attributes
    ----------
    size, frames, rate, face, motion, noise, crf, seed, audio, variable
        As asked for.
    scale
        Pixels of the frame per pixel of the portrait.
    seconds
        (frames,) times of the frames.
    centers
        (frames, 2) where `FACE_CENTER` is, in pixels of the frame.
    making_seconds
        What making the clip took.
    """

    size: tuple[int, int]
    frames: int
    rate: int
    face: int
    motion: str
    noise: float
    crf: float
    seed: int
    audio: bool
    variable: bool
    scale: float
    seconds: NDArray[np.float64]
    centers: NDArray[np.float64]
    making_seconds: float = 0.0

    def points(self, index: int, portrait_points: ArrayLike) -> NDArray[np.float64]:
        """Return where points of the portrait, (N, 2), are in a frame."""
        at: NDArray[np.float64] = np.asarray(portrait_points, np.float64) - FACE_CENTER
        return at * self.scale + self.centers[index]

    def to_json(self) -> dict[str, Any]:
        named = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return named | {"seconds": self.seconds.tolist(), "centers": self.centers.tolist()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> ClipFacts:
        arrays = {name: np.array(stored[name]) for name in ("seconds", "centers")}
        return cls(**stored | arrays | {"size": tuple(stored["size"])})


def make_clip(path: Path | str, **options: Any) -> ClipFacts:
    """Make a clip and, beside it, its facts as JSON. Options as for `plan`."""
    began = time.perf_counter()
    facts = plan(**options)
    _encode(Path(path), facts)
    facts = dataclasses.replace(facts, making_seconds=round(time.perf_counter() - began, 2))
    Path(path).with_suffix(".json").write_text(json.dumps(facts.to_json()) + "\n", "utf-8")
    return facts


def cached_clip(folder: Path | str, **options: Any) -> tuple[Path, ClipFacts]:
    """Return a clip of the folder, making it if it is not there yet."""
    asked = {name: getattr(plan(**options), name) for name in _OPTIONS}
    key = hashlib.sha256(json.dumps(asked).encode() + Path(__file__).read_bytes()).hexdigest()[:8]
    name = f"{asked['motion']}-{asked['face']}-{asked['size'][1]}p-{asked['frames']}-{key}.mp4"
    path = Path(folder, name)
    facts = path.with_suffix(".json")
    if not facts.exists():  # it is written last
        path.parent.mkdir(parents=True, exist_ok=True)
        return path, make_clip(path, **options)
    return path, ClipFacts.from_json(json.loads(facts.read_text("utf-8")))


def plan(
    *,
    size: tuple[int, int] = (1920, 1080),
    frames: int = 300,
    rate: int = 30,
    face: int = 200,
    motion: str = "sway",
    noise: float = 2.0,
    crf: float = 18,
    seed: int = 0,
    audio: bool = True,
    variable: bool = False,
) -> ClipFacts:
    """Return the facts of a clip that is not made yet.

    Parameters
    ----------
    size
        Width and height, even.
    face
        Width of the face in pixels.
    motion
        One of `MOTIONS`.
    noise
        Standard deviation of what is added to every sample of R, G and B, in 8-bit levels.
    crf
        Of x264, preset veryfast.
    audio
        Add a tone (AAC).
    variable
        Let the frames' times wander by up to a third of a frame; the face is where it is then.
    """
    if motion not in MOTIONS:
        raise ValueError(f"motion: expected one of {', '.join(MOTIONS)}, got {motion!r}")
    times = np.arange(frames) / rate
    if variable:
        wander = np.random.default_rng(seed + 1).uniform(-1 / 3, 1 / 3, frames) / rate
        times = np.rint((times + wander - wander[0] + 1 / rate) * _ticks(rate)) / _ticks(rate)
        times -= times[0]
    reach = max(0.0, size[0] / 2 / face - 0.75)
    path = Motion(motion, reach, frames / rate)
    middle = (np.array(size) - 1) / 2
    centers = np.array([path.at(float(at)) for at in times]) * face + middle
    return ClipFacts(
        size=size,
        frames=frames,
        rate=rate,
        face=face,
        motion=motion,
        noise=noise,
        crf=crf,
        seed=seed,
        audio=audio,
        variable=variable,
        scale=face / FACE_WIDTH,
        seconds=times,
        centers=centers,
    )


_OPTIONS = tuple(plan.__kwdefaults__)


def pictures(facts: ClipFacts) -> Iterator[Picture]:
    """Make the frames as they are before any encoder, (height, width, 3) uint8 RGB each."""
    from PIL import Image

    with Image.open(str(files("cvfast") / "data" / "astronaut.jpg")) as portrait:
        head = _feathered(portrait.convert("RGB"))
    width, height = facts.size
    rng = np.random.default_rng(facts.seed)
    ground = _texture(width, height, rng)
    # A few fields, each seen from another corner in every frame, instead of one a frame.
    room = (height + 64, width + 64, 3)
    fields = [facts.noise * rng.standard_normal(room, np.float32) for _ in range(_NOISE_FIELDS)]
    last, scene = None, ground
    for center in facts.centers:
        if last is None or (center != last).any():
            scene, last = _placed(head, ground, center, facts.scale), center
        y, x = rng.integers(0, 64, 2)
        grain = fields[rng.integers(_NOISE_FIELDS)][y : y + height, x : x + width]
        noisy = scene + grain
        np.rint(noisy, out=noisy)
        yield np.clip(noisy, 0, 255, out=noisy).astype(np.uint8)


def _zigzag(at: float, reach: float) -> float:
    """Go to and fro between -reach and reach at the speed of `at`."""
    if reach <= 0:
        return 0.0
    phase = (at + reach) % (4 * reach)
    return phase - reach if phase < 2 * reach else 3 * reach - phase


def _feathered(portrait: Any) -> Any:
    """Give the portrait an alpha that fades out towards the border of the head's box."""
    x0, y0, x1, y1 = _HEAD
    across = np.minimum(np.arange(512) + 0.5 - x0, x1 - np.arange(512) - 0.5)
    down = np.minimum(np.arange(512) + 0.5 - y0, y1 - np.arange(512) - 0.5)
    soft = np.clip(np.minimum(across[None, :], down[:, None]) / _FEATHER, 0, 1)
    from PIL import Image

    portrait.putalpha(Image.fromarray(np.rint(255 * soft).astype(np.uint8)))
    return portrait


def _texture(width: int, height: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """A wall: blotches of three sizes, slightly coloured."""
    from PIL import Image

    ground = np.full((height, width, 3), 118, np.float32)
    for cell, strength in ((240, 26.0), (40, 12.0), (8, 9.0)):
        grey = rng.normal(0, strength, (height // cell + 3, width // cell + 3))
        for channel in range(3):
            coarse = grey + rng.normal(0, strength / 4, grey.shape)
            blotches = Image.fromarray(coarse.astype(np.float32))
            ground[..., channel] += np.asarray(
                blotches.resize((width, height), Image.Resampling.BICUBIC)
            )
    return ground


def _placed(
    head: Any, ground: NDArray[np.float32], center: NDArray[np.float64], scale: float
) -> NDArray[np.float32]:
    """Put the head over the ground so that the face's middle comes to lie at `center`."""
    from PIL import Image

    edges = np.array(_HEAD).reshape(2, 2)
    # The edge of a pixel lies half a pixel before its centre, in either picture.
    begin, end = (edges - FACE_CENTER - 0.5) * scale + center + 0.5
    height, width = ground.shape[:2]
    x0, y0 = np.clip(np.ceil(begin), 0, (width, height)).astype(int).tolist()
    x1, y1 = np.clip(np.floor(end), 0, (width, height)).astype(int).tolist()
    scene = ground.copy()
    if x0 >= x1 or y0 >= y1:
        return scene
    corners = np.array([(x0, y0), (x1, y1)])
    box = ((corners - center - 0.5) / scale + FACE_CENTER + 0.5).ravel().tolist()
    shown = head.resize((x1 - x0, y1 - y0), Image.Resampling.LANCZOS, box=box)
    pixels = np.asarray(shown).astype(np.float32)
    part = scene[y0:y1, x0:x1]
    part += (pixels[..., :3] - part) * (pixels[..., 3:] / np.float32(255))
    return scene


def _ticks(rate: int) -> int:
    """Return the ticks of the clip's clock a second."""
    return 512 * rate


def _encode(path: Path, facts: ClipFacts) -> None:
    import av

    options = {"crf": f"{facts.crf:g}", "preset": "veryfast", "threads": "2"}
    ticks = _ticks(facts.rate)
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=facts.rate, options=options)
        video.width, video.height = facts.size
        video.pix_fmt = "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, ticks)
        for name, value in (("colorspace", 1), ("color_primaries", 1), ("color_trc", 1)):
            setattr(video.codec_context, name, value)  # BT.709
        video.codec_context.color_range = 1  # limited
        sound = out.add_stream("aac", rate=_SOUND_RATE, layout="mono") if facts.audio else None
        for pixels, at in zip(pictures(facts), facts.seconds, strict=True):
            frame = _in_ycc(pixels)
            frame.pts, frame.time_base = round(at * ticks), Fraction(1, ticks)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if sound is not None:
            _hum(out, sound, facts.frames / facts.rate)


def _in_ycc(pixels: Picture) -> Any:
    import av
    from av.video.reformatter import ColorRange, Colorspace

    return av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(
        format="yuv420p",
        dst_colorspace=Colorspace.ITU709,
        src_color_range=ColorRange.JPEG,
        dst_color_range=ColorRange.MPEG,
    )


def _hum(out: Any, sound: Any, seconds: float) -> None:
    """Add a tone that rises and falls."""
    import av

    at = np.arange(round(seconds * _SOUND_RATE)) / _SOUND_RATE
    wave = (0.2 * np.sin(2 * np.pi * (220 * at + 8 * np.sin(3 * at)))).astype(np.float32)
    step = 1024
    for start in range(0, len(wave), step):
        frame = av.AudioFrame.from_ndarray(wave[None, start : start + step], "fltp", "mono")
        frame.sample_rate, frame.pts = _SOUND_RATE, start
        frame.time_base = Fraction(1, _SOUND_RATE)
        out.mux(sound.encode(frame))
    out.mux(sound.encode(None))


def main() -> None:
    asked = plan.__kwdefaults__
    parser = argparse.ArgumentParser(
        "python -m benchmarks.clips",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", type=int, nargs=2, default=asked["size"], metavar=("W", "H"))
    for name in ("frames", "rate", "face", "seed"):
        parser.add_argument(f"--{name}", type=int, default=asked[name])
    for name in ("noise", "crf"):
        parser.add_argument(f"--{name}", type=float, default=asked[name])
    parser.add_argument("--motion", choices=MOTIONS, default=asked["motion"])
    parser.add_argument("--audio", action=argparse.BooleanOptionalAction, default=asked["audio"])
    parser.add_argument("--variable", action="store_true", help="a variable frame rate")
    options = vars(parser.parse_args())
    path = options.pop("out")
    facts = make_clip(path, **options | {"size": tuple(options["size"])})
    print(f"{path}: {facts.frames} frames in {facts.making_seconds} s; facts beside it")


if __name__ == "__main__":
    main()
