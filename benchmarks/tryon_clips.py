"""How steady a garment is that is put on the moving person of a clip, and how fast it is done.

    python -m benchmarks.tryon_clips [--people 3] [--frames 50] [--size 384 384] [--sheets FOLDER]
                                     [--quick]

Made people sway, turn, lift one arm and bend the other. What each pixel of their clothes was in the
frame before is known, so a frame of the result can be held against the one before, moved with the
body: what is left, inside the clothes and away from their edge, is swimming and flicker. The clip
itself has some too (noise of 2 levels, light that moves over folds); so has a clip of the same
person who really wears the garment (sampling of its pattern); the result of doing each frame alone,
as a photo, has most. Figures are mean differences in grey levels.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe
from benchmarks.program import RESULTS, write

RATE = 25
_PERIOD = 2.0  # seconds of a sway
_NOISE = 2.0  # levels
_F32 = NDArray[np.float32]
_U8 = NDArray[np.uint8]


@dataclass(frozen=True)
class MadeFrame:
    """A frame, and of each pixel its point of the worn garment (NaN: none)."""

    image: _U8
    flow: _F32
    labels: _U8


def main(words: Sequence[str] | None = None) -> int:
    options = _options(words)
    people = []
    for number in range(options.people):
        people.append(_measure(number, options))
        print(number, {name: round(value, 2) for name, value in people[-1].items()}, flush=True)
    results = {
        "machine": describe(),
        "size": list(options.size),
        "frames": options.frames,
        "people": people,
        "mean": {name: float(np.mean([one[name] for one in people])) for name in people[0]},
    }
    write(results, None if options.quick else RESULTS / "tryon_clips.json")
    return 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--size", type=int, nargs=2, default=(384, 384))
    parser.add_argument("--sheets", type=Path, help="folder for pictures of the frames")
    parser.add_argument("--quick", action="store_true", help="1 person, 6 frames; writes nothing")
    options = parser.parse_args(words)
    if options.quick:
        options.people, options.frames, options.size = 1, 6, (192, 192)
    return options


def moving_person(
    number: int, frames: int, size: tuple[int, int], garment: Any = None
) -> Iterator[MadeFrame]:
    """Yield a made person who sways, turns, lifts one arm and bends the other."""
    from cvfast.synth.people import make_person, random_person
    from cvfast.synth.skeleton import Arm, Stance

    spec = replace(random_person(number), hair=0.0, grain=0.0, bottom=9.0)
    rng = np.random.default_rng(number)
    for frame in range(frames):
        wave = float(np.sin(2 * np.pi * frame / RATE / _PERIOD))
        up = 0.5 - 0.5 * float(np.cos(2 * np.pi * frame / RATE / _PERIOD))
        stance = Stance(
            left=Arm(0.15 + 0.9 * up, 0.0, 0.05, 0.1),
            right=Arm(0.2 + 0.1 * up, 0.1, 0.1 + 1.4 * up, 0.2),
            turn=0.12 * wave,
            lean=0.05 * wave,
        )
        made = make_person(replace(spec, stance=stance, shift=0.03 * wave), garment, size=size)
        noise = rng.normal(0, _NOISE, made.image.shape)
        image = np.clip(made.image + noise, 0, 255).round().astype(np.uint8)
        yield MadeFrame(image, made.flow, made.labels)


def made_garment(number: int) -> Any:
    """Make a garment with stripes, checks or dots."""
    from cvfast.synth.garments import make_garment, random_garment

    pattern = ("stripes", "checks", "dots")[number % 3]
    kind = ("tee", "long", "tee")[number % 3]
    return make_garment(replace(random_garment(number, kind), pattern=pattern))


def _measure(number: int, options: argparse.Namespace) -> dict[str, float]:
    import cvfast

    size = (options.size[0], options.size[1])
    frames = list(moving_person(number, options.frames, size))
    garment = made_garment(number)
    really = list(moving_person(number, options.frames, size, garment))
    shirt = garment.image
    began = time.process_time(), time.perf_counter()
    steady = dressed(frames, shirt)
    work, seconds = time.process_time() - began[0], time.perf_counter() - began[1]
    alone = [cvfast.try_on(frame.image, shirt).image for frame in frames]
    clips = {
        "clip": [frame.image for frame in frames],
        "really worn": [frame.image for frame in really],
        "frame by frame": alone,
        "try-on": steady,
    }
    if options.sheets is not None:
        sheet(options.sheets / f"person{number}.png", clips)
    found: dict[str, float] = {}
    for name, clip in clips.items():
        found[name] = swimming(really if name == "really worn" else frames, clip)
    return found | {
        "CPU seconds a frame": work / len(frames),
        "frames a second": len(frames) / seconds,
    }


def dressed(frames: Sequence[MadeFrame], shirt: _U8) -> list[_U8]:
    """Put a garment on the person of a clip that is in memory."""
    from cvfast.tryon.finishing import finish
    from cvfast.tryon.video import ClipOptions, FrameDresser, clip_cloth

    options = ClipOptions()
    dresser = FrameDresser(clip_cloth(shirt, options), options)
    done = []
    for number, frame in enumerate(frames):
        look = dresser.look(frame.image, number / RATE)
        done.append(frame.image if look is None else np.asarray(finish(frame.image, look)[0]))
    return done


def swimming(frames: Sequence[MadeFrame], clip: Sequence[_U8]) -> float:
    """Return how much a clip changes inside the clothes, beside what the body moves; in levels."""
    import cv2

    errors = []
    for before, now, was, image in zip(frames, frames[1:], clip, clip[1:], strict=False):
        x, y = _moved(before.flow, now.flow)
        moved = cv2.remap(was, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        known = np.isfinite(x) & _inner(now.flow)
        errors.append(np.abs(moved.astype(np.float32) - image).mean(axis=2)[known].mean())
    return float(np.mean(errors))


def _inner(flow: _F32) -> NDArray[np.bool_]:
    import cv2

    worn = np.isfinite(flow[..., 0]).astype(np.uint8)
    side = max(3, flow.shape[0] // 64) | 1
    return np.asarray(cv2.erode(worn, np.ones((side, side), np.uint8)) > 0)


def _moved(before: _F32, now: _F32) -> tuple[_F32, _F32]:
    """Return where in the frame before each pixel of the clothes was; NaN where that is hidden."""
    from scipy.spatial import cKDTree

    down, across = np.gradient(before, axis=(0, 1))
    rows, columns = np.nonzero(np.isfinite(before + down + across).all(axis=2))
    worn = np.isfinite(now[..., 0])
    texels = now[worn]
    away, nearest = cKDTree(before[rows, columns]).query(texels)
    rows, columns = rows[nearest], columns[nearest]
    slopes = np.stack([across[rows, columns], down[rows, columns]], axis=2)  # of texels by pixels
    known = (np.abs(np.linalg.det(slopes)) > 1e-3) & (away < 2 * np.abs(slopes).max(axis=(1, 2)))
    rest = (texels - before[rows, columns])[known]
    steps = np.linalg.solve(slopes[known], rest[..., None])[..., 0]
    places = np.full((len(texels), 2), np.nan, np.float32)
    places[known] = np.stack([columns, rows], axis=1)[known] + steps
    x, y = np.full((2, *worn.shape), np.nan, np.float32)
    x[worn], y[worn] = places.T
    return x, y


def sheet(path: Path, clips: dict[str, Any], columns: int = 8) -> None:
    """Write frames of several clips beneath one another."""
    from cvfast.io.images import write_image

    path.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for clip in clips.values():
        picked = np.linspace(0, len(clip) - 1, columns).round().astype(int)
        rows.append(np.concatenate([clip[number] for number in picked], axis=1))
    write_image(path, np.concatenate(rows), overwrite=True)


if __name__ == "__main__":
    raise SystemExit(main())
