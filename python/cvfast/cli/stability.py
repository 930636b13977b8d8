"""``cvfast landmarks --stability``: how steady the points of clips are, before and after."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cvfast.cli.batch import Batch
from cvfast.cli.plot import stability_plot
from cvfast.cli.report import Report
from cvfast.errors import MediaError, OutputError
from cvfast.io.files import is_video
from cvfast.typing import ImageF32

if TYPE_CHECKING:
    from cvfast.faces.mesh import FaceMesh
    from cvfast.faces.tracking import Track
    from cvfast.faces.types import Landmarks
    from cvfast.geometry.sampling import PixelReader

__all__ = ["FaceRecord", "Series", "measure"]

_LOST = 0.5  # score under which the raw model has lost the face
_RATE = 25.0  # of frames without times


@dataclass
class Series:
    """One way of following one face, measured frame by frame."""

    path: list[tuple[float, float]] = field(default_factory=list)  # the head's middle

    def __post_init__(self) -> None:
        from cvfast.faces.stability import JitterMeter

        self.all, self.eyes = JitterMeter(), JitterMeter()

    def add(self, seconds: float, points: ImageF32) -> None:
        """Take the ``mesh478`` points of the next frame."""
        from cvfast.faces.schemes import group

        names = ("right_eye", "left_eye", "right_iris", "left_iris")
        eyes = np.concatenate([group("mesh478", name) for name in names])
        self.all.add(seconds, points[:, :2])
        self.eyes.add(seconds, points[eyes, :2])
        x, y = points[:468, :2].mean(axis=0, dtype=np.float64).tolist()
        self.path.append((x, y))

    def skip(self, seconds: float) -> None:
        """Leave a frame out."""
        self.all.add(seconds, None)
        self.eyes.add(seconds, None)


@dataclass
class FaceRecord:
    """One face of a clip: fitted anew in every frame, and tracked."""

    number: int
    times: list[float] = field(default_factory=list)
    before: Series = field(default_factory=Series)
    after: Series = field(default_factory=Series)
    raw: Landmarks | None = None

    def add(self, seconds: float, reader: PixelReader, track: Track, mesh: FaceMesh) -> None:
        """Take a frame that shows the face."""
        raw = mesh.track(reader, self.raw or track.landmarks)
        self.raw = raw if raw.score >= _LOST else None
        if self.raw is None or track.weight < 1:  # no fair comparison while a face comes or goes
            self.before.skip(seconds)
            self.after.skip(seconds)
            return
        self.times.append(seconds)
        self.before.add(seconds, raw.points)
        self.after.add(seconds, track.landmarks.points)

    def measured(self) -> dict[str, Any]:
        """Figures of both ways, as a record."""
        from cvfast.faces.stability import lag, zero_lag

        figures: dict[str, Any] = {"face": self.number, "frames": len(self.times)}
        truth = zero_lag(self.before.path) if len(self.times) > 2 else np.zeros((0, 2))
        for name, series in (("before", self.before), ("after", self.after)):
            late = lag(series.path, truth) if len(truth) else None
            figures[name] = {
                "jitter": _rounded(series.all.jitter),
                "eyes": _rounded(series.eyes.jitter),
                "lag": None if late is None else round(late, 2),
            }
        return figures


def measure(
    inputs: Sequence[str],
    report: Report,
    output: str | None,
    overwrite: bool,
    recursive: bool,
    strict: bool,
) -> int:
    """Measure every clip, draw its plot, and return the exit code."""
    batch = Batch(report, strict=strict)
    sources = batch.expand(inputs, recursive=recursive)
    folder = output is not None and Path(output).is_dir()
    if output is not None and not folder and len(sources) > 1:
        raise ValueError(f"--output: expected a folder that exists for {len(sources)} clips")

    def one(source: Path) -> bool:
        if not is_video(source):
            raise MediaError(f"{source}: --stability needs a clip, not a photo")
        name = f"{source.stem}-stability.png"
        target = Path(output or name)
        if output is not None and folder:
            target = Path(output, name)
        return _measure(source, target, report, overwrite)

    batch.run(sources, lambda source: source, one)
    return batch.finish()


def _measure(source: Path, target: Path, report: Report, overwrite: bool) -> bool:
    from cvfast.io.images import write_image

    if target.exists() and not overwrite:  # before the work, not after it
        raise OutputError(f"{target}: the file exists already; --overwrite or -o elsewhere")
    faces, facts = _follow(source, report)
    records = [face.measured() for face in faces]
    record = {"input": str(source), **facts, "faces": records}
    if not faces:
        report.result(f"{source}: no face", **record)
        return False
    write_image(target, stability_plot(source.name, faces, records), overwrite=overwrite)
    lines = [f"{source}: {facts['frames']} frames, {facts['fits']} fits"]
    for figures in records:
        lines += _lines(figures)
    lines.append(f"  plot: {target}")
    report.result("\n".join(lines), **record, plot=str(target))
    return True


def _follow(source: Path, report: Report) -> tuple[list[FaceRecord], dict[str, int]]:
    """Follow the faces of a clip both ways."""
    from cvfast.faces.frames import frame_reader
    from cvfast.faces.mesh import FaceMesh
    from cvfast.faces.tracking import FaceTracker
    from cvfast.io.video import probe, read_frames

    tracker, mesh = FaceTracker(), FaceMesh()
    faces: dict[int, FaceRecord] = {}
    count, total = 0, probe(source).frames
    with report.bar(source.name) as progress:
        for frame in read_frames(source):
            seconds = count / _RATE if frame.seconds is None else float(frame.seconds)
            count += 1
            reader = frame_reader(frame)
            for track in tracker.update(reader, seconds):
                face = faces.setdefault(track.number, FaceRecord(track.number))
                face.add(seconds, reader, track, mesh)
            progress(count, total and max(count, total))
    found = [face for _, face in sorted(faces.items()) if face.times]
    return found, {"frames": count, "fits": tracker.fits, "searches": tracker.searches}


def _lines(figures: dict[str, Any]) -> list[str]:
    before, after = figures["before"], figures["after"]

    def change(name: str, unit: str, digits: int) -> str:
        shown = ["-" if v is None else f"{v:.{digits}f}" for v in (before[name], after[name])]
        return f"{shown[0]} {unit} before, {shown[1]} after"

    return [
        f"  face {figures['face']}, {figures['frames']} frames",
        f"    jitter {change('jitter', 'px', 3)}; eyes and irises {change('eyes', 'px', 3)}",
        f"    lag {change('lag', 'frames', 2)}",
    ]


def _rounded(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None
