"""The pieces of work of a merge: a stretch of the target clip, its pictures and its masks."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from cvfast.io.shards import Cut, write_shard
from cvfast.io.video import probe
from cvfast.runs.work import Task
from cvfast.swap.compose import Composer, Swapper
from cvfast.swap.frame_merger import FrameMerger
from cvfast.swap.label import LABEL
from cvfast.swap.mask_clip import mask_shard
from cvfast.swap.merge_faces import TargetFaces
from cvfast.swap.merge_settings import MergeSettings
from cvfast.typing import ImageF32

__all__ = ["MASK_ENCODER", "MergeJob", "composer_of", "mask_name", "shard"]

MASK_ENCODER = {"crf": 18.0, "preset": "ultrafast"}


@dataclass(frozen=True)
class MergeJob:
    """What is merged, and how.

    Parameters
    ----------
    clip, faces
        The target's clip and the folder of its face pictures.
    result, result_mask
        Names of the final clips, whose kind decides the encoder.
    tracks
        Numbers of the tracks that are swapped.
    settings
        How.
    model
        File or folder of the model.
    face_type
        What the model's pictures show, for a model that does not say.
    xseg
        File of a mask network; None for the one shipped.
    encoder
        ``codec``, ``crf``, ``preset`` and ``threads``.
    start, end
        Seconds from the clip's first frame.
    swapper
        An open model, in place of `model`.
    digest
        Of the face pictures' records.
    """

    clip: Path
    faces: Path
    result: Path
    result_mask: Path
    tracks: tuple[int, ...]
    settings: MergeSettings
    model: Path | None = None
    face_type: str | None = None
    xseg: Path | None = None
    encoder: dict[str, Any] = field(default_factory=dict)
    start: Fraction | None = None
    end: Fraction | None = None
    swapper: Swapper | None = None
    digest: str = ""

    def cut(self) -> Cut:
        """Return the clip that all shards become."""
        return Cut(
            source=self.clip,
            target=self.result,
            start=self.start,
            end=self.end,
            alpha="drop",
            **self.encoder,
        )

    def mask_cut(self) -> Cut:
        """Return the same of the masks."""
        encoder: dict[str, Any] = {"threads": self.encoder.get("threads"), **MASK_ENCODER}
        return Cut(
            source=self.clip,
            target=self.result_mask,
            start=self.start,
            end=self.end,
            alpha="drop",
            **encoder,
        )

    def table(self) -> TargetFaces:
        """Return the faces that are swapped, steadied if that is set."""
        return _table(self.faces, self.tracks, self.settings.steady)


@lru_cache(maxsize=1)
def _table(faces: Path, tracks: tuple[int, ...], steady: bool) -> TargetFaces:
    table = TargetFaces.read(faces).only(tracks)
    return table.steady() if steady else table


def mask_name(unit: str) -> str:
    """Return what a shard's masks are called."""
    return f"{unit}-mask"


def composer_of(job: MergeJob) -> Composer:
    """Open what a merge needs: the model, and mask and upscaling networks where they are set."""
    swapper = job.swapper
    if swapper is None:
        from cvfast.swap.swapper import open_swapper

        if job.model is None:
            raise ValueError("model: expected a model's file or folder, got none")
        # One thread: decoder, encoder and other stretches work at the same time.
        swapper = open_swapper(job.model, threads=1, face_type=job.face_type)
    segment = upscale = None
    if job.settings.needs_xseg:
        from cvfast.swap.xseg import XSeg

        segment = XSeg.load(job.xseg).masks
    if job.settings.super_resolution:
        from cvfast.swap.upscaler import Upscaler

        upscaler = Upscaler.load()

        def upscale(image: ImageF32) -> ImageF32:
            return upscaler.upscale(image, 4)

    place = None
    if job.settings.fit == "place":
        from cvfast.swap.proportions import measured

        place = measured(swapper, job.table().paths).before
    return Composer(swapper, job.settings, segment=segment, upscale=upscale, place=place)


def shard(task: Task) -> None:
    """Do a stretch of a clip: its pictures and its masks, into the run folder."""
    job: MergeJob = task.unit.arguments["job"]
    start: Fraction | None = task.unit.arguments["start"]
    end: Fraction | None = task.unit.arguments["end"]
    info = probe(job.clip)
    origin = info.start * info.time_base
    target = task.shard(".nut")
    masks = task.folder.shard(mask_name(task.unit.name), ".nut")
    with mask_shard(job.mask_cut(), masks, info, origin + (start or 0)) as write_mask:
        merger = FrameMerger(
            composer_of(job),
            job.table(),
            origin=origin,
            label=LABEL if job.settings.label else "",
            mask=write_mask,
        )
        done = write_shard(
            job.cut(),
            target,
            merger.edit,
            prepare=merger.prepare,
            start=start,
            end=end,
            progress=task.progress,
        )
    video = done.video
    task.done(
        target,
        {
            "frames": video.frames,
            "swapped": merger.swapped,
            "faces": merger.faces,
            "last": None if done.last is None else str(done.last),
            "damaged": video.damaged,
            "dropped": video.dropped,
            "codec": video.codec,
            "seconds": video.seconds,
            "notes": list(video.notes),
        },
    )
