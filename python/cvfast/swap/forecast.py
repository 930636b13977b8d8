"""What the steps of a swap will take: time, disk and memory, from what each frame took elsewhere.

The costs are of one core of a 2-core x86-64 machine (AVX512), measured as benchmarks/swap_costs.py
prints them; another machine may be twice as fast or slow.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from cvfast.io.files import expand_inputs
from cvfast.io.images import read_image
from cvfast.io.video import probe
from cvfast.swap.extract_settings import ExtractSettings
from cvfast.swap.workspace import SIDES, Workspace

__all__ = ["Forecast", "StepForecast", "forecast"]

_MIB = 1 << 20
# Seconds a frame, and a megapixel of it.
_DECODE, _FOLLOW, _FIND = (0.001, 0.005), (0.010, 0.025), (0.09, 0.18)
_DRAW, _SAVE = (0.008, 0.036), (0.005, 0.10)
_CUT = (0.005, 0.060)  # seconds a face picture, and a megapixel of it
_FACE_BYTES, _PNG_BYTES, _DRAWN_BYTES = (9000, 0.12e6), 1.7e6, 0.35e6
_UPSCALE = (0.02, 7.0)  # seconds a face picture, and a megapixel of it before
_MASK = 0.03  # seconds a face
_MERGE = (0.02, 0.045)  # seconds a frame, and a megapixel
_ENCODED = 0.35e6  # bytes a megapixel
_MODEL_BYTES = {64: 37 * _MIB, 96: 45 * _MIB}
# Seconds by resolution, at 8 faces a side in float32: the first measured, the others by arithmetic
# operations; a processor with bfloat16, or a GPU, takes a fraction of them.
_ITERATION = {64: 1.3, 96: 2.9, 128: 20.0, 224: 60.0}


@dataclass(frozen=True)
class StepForecast:
    """What a step will take.

    Parameters
    ----------
    name
        Of the step.
    text
        The same in words.
    seconds, disk, memory
        Wall-clock time, bytes written and kept, bytes held at most.
    done
        Whether its results seem to be there.
    """

    name: str
    text: str
    seconds: float
    disk: int
    memory: int
    done: bool = False


@dataclass(frozen=True)
class Forecast:
    """What several steps will take, and the room there is.

    Parameters
    ----------
    steps
        One after the other.
    free
        Bytes free where the workspace is or will be.
    """

    steps: tuple[StepForecast, ...]
    free: int

    @property
    def disk(self) -> int:
        """Bytes that all of them keep."""
        return sum(step.disk for step in self.steps)

    @property
    def memory(self) -> int:
        """Bytes that the largest holds."""
        return max((step.memory for step in self.steps), default=0)

    @property
    def hours(self) -> float:
        """Time of all."""
        return sum(step.seconds for step in self.steps) / 3600

    @property
    def summary(self) -> str:
        """The sum in words."""
        said = (
            f"in all: about {_time(self.hours * 3600)}, {_size(self.disk)} of disk "
            f"({_size(self.free)} free), {_size(self.memory)} of memory"
        )
        short = "\nnot enough room: free some, or choose another disk"
        return said + (short if self.disk > self.free else "")


@dataclass(frozen=True)
class _Side:
    frames: int
    megapixels: float


def forecast(
    place: Workspace | Mapping[str, Path],
    steps: Sequence[str],
    settings: Mapping[str, Any] | None = None,
    *,
    folder: Path | None = None,
) -> Forecast:
    """Foretell what steps will take.

    Parameters
    ----------
    place
        A workspace; or the clips of ``"source"`` and ``"target"`` for one that is not made yet.
    steps
        Names: ``extract source``, ``extract target``, ``mask``, ``enhance source``, ``train``,
        ``merge``, ``encode``; others take nothing.
    settings
        ``extract``: `ExtractSettings`; ``iterations``, ``resolution``, ``batch`` and, if they were
        measured, ``seconds_per_iteration`` and ``model_bytes`` of the training.
    folder
        Where the workspace will be, for the room on its disk.

    Raises
    ------
    MediaError
        A clip cannot be read.

    Examples
    --------
    >>> told = forecast(Workspace.open("work"), ["extract source", "train"])  # doctest: +SKIP
    >>> round(told.hours, 1)  # doctest: +SKIP
    0.4
    """
    given = dict(settings or {})
    extracting: ExtractSettings = given.get("extract") or ExtractSettings()
    workspace = place if isinstance(place, Workspace) else None
    clips = {side: workspace.clip(side) if workspace else place[side] for side in SIDES}  # type: ignore[index]
    sides = {side: _look(path, extracting) for side, path in clips.items()}
    told = [_step(name, sides, extracting, given, workspace) for name in steps]
    where = workspace.path if workspace else folder or Path()
    while not where.exists():
        where = where.parent
    return Forecast(tuple(told), shutil.disk_usage(where).free)


def _look(path: Path, settings: ExtractSettings) -> _Side:
    """Count the frames of a clip or folder; its header may be wrong, so about."""
    if path.is_dir():
        pictures = expand_inputs([path], videos=False)
        height, width = read_image(pictures[0], first_frame=True).pixels.shape[:2]
        return _Side(len(pictures), width * height / 1e6)
    info = probe(path)
    length = info.duration or Fraction(0)
    begin = Fraction(settings.start or 0)
    last = length if settings.end is None else min(Fraction(settings.end), length)
    frames = round(max(Fraction(0), last - begin) * (info.rate or 25))
    return _Side(max(1, frames), info.width * info.height / 1e6)


def _step(
    name: str,
    sides: Mapping[str, _Side],
    extracting: ExtractSettings,
    given: Mapping[str, Any],
    workspace: Workspace | None,
) -> StepForecast:
    kind, _, side = name.partition(" ")
    target = sides["target"]
    if kind == "extract":
        return _extract(name, sides[side], extracting, _is_extracted(workspace, side))
    if kind == "mask":
        faces = sum(each.frames for each in sides.values())
        return _told(name, f"{faces} faces", _MASK * faces, 2000 * faces, 300 * _MIB)
    if kind == "enhance" and workspace is not None:
        return _enhance(name, workspace, side, given)
    if kind == "train":
        return _train(name, given, workspace)
    if kind == "merge":
        seconds = target.frames * _cost(_MERGE, target.megapixels)
        disk = int(target.frames * target.megapixels * _ENCODED)
        done = workspace is not None and (workspace.steps / "merge").is_dir()
        memory = int(500 * _MIB + target.megapixels * 120 * _MIB)
        return _told(name, f"{target.frames} frames", seconds, disk, memory, done=done)
    if kind == "encode":
        disk = int(target.frames * target.megapixels * _ENCODED)
        done = workspace is not None and workspace.result.exists()
        return _told(name, "packets joined", 1 + target.frames / 2000, disk, 200 * _MIB, done=done)
    return _told(name, "a look", 1.0, 0, 200 * _MIB)


def _extract(name: str, side: _Side, settings: ExtractSettings, done: bool) -> StepForecast:
    """Foretell an extraction, as if each frame had one face."""
    faces = -(-side.frames // settings.every)
    area, pixels = side.megapixels, settings.size**2 / 1e6
    per_frame = _cost(_DECODE, area) + _cost(_FOLLOW, area)
    per_face = _cost(_CUT, pixels)
    disk = _cost(_FACE_BYTES, pixels) * (6 if settings.png else 1)
    if settings.debug:
        per_face, disk = per_face + _cost(_DRAW, area), disk + _DRAWN_BYTES * area
    if settings.frames:
        per_face, disk = per_face + _cost(_SAVE, area), disk + _PNG_BYTES * area
    seconds = side.frames * per_frame + faces * per_face
    memory = int(250 * _MIB + area * 60 * _MIB)
    text = f"{side.frames} frames, about {faces} faces of {settings.size} pixels"
    return _told(name, text, seconds, int(faces * disk), memory, done=done)


def _enhance(name: str, workspace: Workspace, side: str, given: Mapping[str, Any]) -> StepForecast:
    """Foretell it from the face pictures that are there, as if all were as large as the first."""
    from cvfast.swap.face_file import face_files

    paths = face_files(workspace.faces(side))
    before = read_image(paths[0]).pixels.shape[0] if paths else 0
    after = given.get("size") or before * int(given.get("scale", 1))
    seconds = _cost(_UPSCALE, before**2 / 1e6) if given.get("learned", True) else _UPSCALE[0]
    disk = int(len(paths) * _cost(_FACE_BYTES, after**2 / 1e6))
    text = f"{len(paths)} faces of {after} pixels"
    memory = 150 * _MIB + 100 * (before**2 + after**2)
    return _told(name, text, len(paths) * seconds, disk, memory)


def _train(name: str, given: Mapping[str, Any], workspace: Workspace | None) -> StepForecast:
    iterations = int(given.get("iterations", 10_000))
    resolution = int(given.get("resolution", 64))
    share = int(given.get("batch", 8)) / 8
    each = given.get("seconds_per_iteration") or share * _nearest(_ITERATION, resolution)
    model = given.get("model_bytes") or _nearest(_MODEL_BYTES, resolution) * max(
        1.0, (resolution / 96) ** 2
    )
    done = workspace is not None and (workspace.model / "model.safetensors").exists()
    text = f"{iterations} iterations at {resolution} pixels"
    # Weights, their gradients and the optimiser's two states; checkpoints hold all but gradients.
    return _told(
        name, text, iterations * each, int(7 * model), int(_MIB * 1500 + 6 * model), done=done
    )


def _is_extracted(workspace: Workspace | None, side: str) -> bool:
    from cvfast.swap.face_file import face_files

    return workspace is not None and bool(face_files(workspace.faces(side)))


def _told(
    name: str, text: str, seconds: float, disk: int, memory: int, *, done: bool = False
) -> StepForecast:
    said = f"{text}: about {_time(seconds)}, {_size(disk)} of disk, {_size(memory)} of memory"
    return StepForecast(
        name, said + (" (seems done)" if done else ""), round(seconds, 1), disk, memory, done
    )


def _cost(of: tuple[float, float], megapixels: float) -> float:
    return of[0] + of[1] * megapixels


def _nearest(table: Mapping[int, float], resolution: int) -> float:
    return table[min(table, key=lambda known: abs(known - resolution))]


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _size(number: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if number < 1024:
            return f"{number:.0f} {unit}"
        number /= 1024
    return f"{number:.1f} GiB"
