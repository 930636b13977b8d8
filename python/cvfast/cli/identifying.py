"""Naming the faces of one photo or clip: what is said of them, and drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cvfast.cli.recognizing import far_record
from cvfast.cli.report import Report
from cvfast.recognition.gallery import UNKNOWN, Gallery, Match
from cvfast.typing import Image, ImageU8

if TYPE_CHECKING:
    from cvfast.faces.embedding import Embedder, Threshold
    from cvfast.faces.types import Landmarks
    from cvfast.io.frame import Frame
    from cvfast.io.provenance import Mark

__all__ = ["Identifier"]

_RATE = 25.0  # for following faces in frames without a time


@dataclass(frozen=True)
class Identifier:
    """Names faces.

    Parameters
    ----------
    gallery, embedder, threshold
        Whose faces may be there, the model that made the gallery, and the threshold.
    report
        Where names are told.
    every
        As in `cvfast.recognition.naming.TrackNamer`.
    overwrite, max_pixels
        As the options of the command.
    """

    gallery: Gallery
    embedder: Embedder
    threshold: Threshold
    report: Report
    every: int
    overwrite: bool
    max_pixels: int

    def photo(self, source: Path, target: Path | None) -> bool:
        """Name the faces of a photo; return whether it has any."""
        from cvfast.faces.fitting import landmarks
        from cvfast.io.images import read_image, write_image

        picture = read_image(source, max_pixels=self.max_pixels)
        faces = landmarks(picture.pixels)
        matches: list[Match] = []
        if faces:
            vectors = self.embedder.embed(picture.pixels, faces)
            limit = self.threshold.distance
            matches = self.gallery.identify(vectors, self.embedder, threshold=limit)
        if target is not None:
            drawn = _drawn(picture.pixels, faces, matches)
            write_image(target, drawn, like=picture, mark=_mark(), overwrite=self.overwrite)
        size = [picture.pixels.shape[1], picture.pixels.shape[0]]
        self.report.result(
            f"{source}: {_said(matches)}",
            input=str(source), size=size, **self._record(faces, matches), **_written(target),
        )  # fmt: skip
        return bool(faces)

    def clip(self, source: Path, target: Path | None) -> bool:
        """Name the faces of every frame of a clip; return whether it has any."""
        from cvfast.io.video import probe, read_frames, transcode

        job = _Clip(self, source, target)
        with self.report.bar(source.name) as progress:
            if target is not None:
                transcode(
                    source, target, job.frame, overwrite=self.overwrite, mark=_mark(),
                    progress=progress,
                )  # fmt: skip
            else:
                total = probe(source).frames
                for frame in read_frames(source):
                    job.frame(frame)
                    progress(job.number, total and max(job.number, total))
        return job.found > 0

    def _record(
        self, faces: Sequence[Landmarks], matches: Sequence[Match], **more: Sequence[Any]
    ) -> dict[str, Any]:
        """Put names, boxes and distances into a record; `more` has a value a face, too."""
        told = [
            {
                "name": match.name or UNKNOWN,
                "box": [round(value, 2) for value in face.box.tolist()],
                "distance": _rounded(match.distance),
                "nearest": match.nearest,
                "second": match.second,
                "second_distance": _rounded(match.second_distance),
            }
            for face, match in zip(faces, matches, strict=True)
        ]
        for field, values in more.items():
            for one, value in zip(told, values, strict=True):
                one[field] = value
        names = [match.name or UNKNOWN for match in matches]
        return {"kind": "identify", "names": names, "faces": told, **far_record(self.threshold)}


class _Clip:
    """One clip on its way: its faces are followed and keep their names."""

    def __init__(self, to: Identifier, source: Path, target: Path | None) -> None:
        from cvfast.faces.tracking import FaceTracker
        from cvfast.recognition.naming import TrackNamer

        self._to, self._source, self._target = to, source, target
        self._tracker = FaceTracker()
        self._namer = TrackNamer(
            to.gallery, to.embedder, threshold=to.threshold.distance, every=to.every
        )
        self.number = self.found = 0

    def frame(self, frame: Frame) -> bool:
        """Name the faces of the next frame and draw them on it; return whether it has any."""
        from cvfast.faces.frames import frame_reader

        seconds = None if frame.seconds is None else float(frame.seconds)
        reader = frame_reader(frame)
        tracks = self._tracker.update(reader, self.number / _RATE if seconds is None else seconds)
        named = self._namer.name(reader, tracks)
        faces = [track.landmarks for track, _ in named]
        matches = [match for _, match in named]
        if self._target is not None and faces:
            pixels = np.ascontiguousarray(np.rot90(frame.rgb(), -frame.rotation))
            drawn = np.rot90(_drawn(pixels, faces, matches), frame.rotation)
            frame.write_rgb((0, 0, frame.width, frame.height), np.ascontiguousarray(drawn))
        when = "" if seconds is None else f" at {seconds:.3f} s"
        self._to.report.result(
            f"{self._source}, frame {self.number}{when}: {_said(matches)}",
            input=str(self._source),
            frame=self.number,
            pts=frame.pts,
            time_base=str(frame.time_base),
            size=list(reader.size),
            **self._to._record(faces, matches, track=[track.number for track, _ in named]),
            **_written(self._target),
        )
        self.number += 1
        self.found += bool(faces)
        return bool(faces)


def _said(matches: Sequence[Match]) -> str:
    if not matches:
        return "no face"
    parts = []
    for match in matches:
        near = "" if match.distance is None else f" ({match.distance:.3f})"
        if match.name is None and match.nearest is not None:
            near = f" (nearest {match.nearest}, {match.distance:.3f})"
        parts.append(f"{match.name or UNKNOWN}{near}")
    return ", ".join(parts)


def _drawn(pixels: Image, faces: Sequence[Landmarks], matches: Sequence[Match]) -> ImageU8:
    from cvfast.faces.drawing import draw_names

    boxes = np.array([face.box for face in faces], np.float32).reshape(-1, 4)
    names = [match.name or UNKNOWN for match in matches]
    return draw_names(pixels, boxes, names, [match.name is not None for match in matches])


def _mark() -> Mark:
    from cvfast.io.provenance import Mark

    return Mark(actions=("names=drawn",))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _written(target: Path | None) -> dict[str, str]:
    return {} if target is None else {"output": str(target)}
