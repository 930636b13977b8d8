"""Merging into pictures: each frame as a PNG, and its mask as another.

For a target that is a folder of pictures, and for whoever wants to retouch frames by hand.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from cvfast.io.atomic import leftovers, make_folder, write_bytes
from cvfast.io.clip import Window
from cvfast.io.files import expand_inputs
from cvfast.io.images import write_image
from cvfast.io.provenance import Mark
from cvfast.io.video import probe
from cvfast.runs.crew import alone
from cvfast.runs.execute import execute
from cvfast.runs.folder import open_run
from cvfast.runs.plan import Plan, Unit
from cvfast.runs.work import Task
from cvfast.swap.compose import Composer
from cvfast.swap.extract_units import timed_frames
from cvfast.swap.merge_facts import (
    SOURCE_TYPE,
    clear_other,
    merge_settings,
    model_inputs,
    stretches,
)
from cvfast.swap.merge_still import frame_pixels, merge_still, still_frames
from cvfast.swap.merge_units import MergeJob, composer_of
from cvfast.swap.workspace import Workspace
from cvfast.typing import ImageU8, Progress

__all__ = ["MergedFrames", "merge_frames"]


_UNITS = "cvfast.swap.merge_frames:"
_PICTURES = 50  # of a folder, that are done whole or not at all


@dataclass(frozen=True)
class MergedFrames:
    """What `merge_frames` did: pictures in ``folder``, masks in ``masks``."""

    folder: Path
    masks: Path
    frames: int
    swapped: int
    faces: int
    tracks: tuple[int, ...]
    already: bool = False


def merge_frames(
    workspace: Workspace,
    job: MergeJob,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> MergedFrames:
    """Write each frame of the target with its swapped faces as PNG.

    Parameters
    ----------
    workspace
        Where: ``data_dst/merged`` and ``data_dst/merged_mask``.
    job
        What and how, from `cvfast.swap.merge.merge_job`.
    overwrite
        Begin anew where frames merged with other settings are.
    progress
        Called with (frames done, all).

    Raises
    ------
    NothingFoundError, OutputExistsError, MediaError, ModelError
        As for `cvfast.swap.merge.merge`.
    """
    plan = plan_frames(job, workspace)
    place = workspace.steps / "merge-frames"
    for folder in (workspace.steps, workspace.merged, workspace.merged_mask):
        make_folder(folder)
    if overwrite:
        clear_other(place, plan)
    with open_run(place, plan, resume=True) as run:
        outcome = execute(run, plan, alone(), progress=progress)
        for error in outcome.errors:
            raise error
        records = [run.recorded(unit.name) for unit in plan.units]
    results = [record.result for record in records if record is not None]
    return MergedFrames(
        workspace.merged,
        workspace.merged_mask,
        frames=sum(result["frames"] for result in results),
        swapped=sum(result["swapped"] for result in results),
        faces=sum(result["faces"] for result in results),
        tracks=job.tracks,
        already=not outcome.done,
    )


def plan_frames(job: MergeJob, workspace: Workspace) -> Plan:
    """Divide the work: stretches of a clip one after the other, or pictures of a folder."""
    common = {"job": job, "merged": workspace.merged, "masks": workspace.merged_mask}
    units: list[Unit] = []
    if job.clip.is_dir():
        count = len(expand_inputs([job.clip], videos=False))
        for first in range(0, count, _PICTURES):
            arguments = common | {"first": first, "count": min(_PICTURES, count - first)}
            name = f"{first:06d}"
            units.append(Unit(name, _UNITS + "pictures", arguments, "merge", weight=_PICTURES))
    else:
        info = probe(job.clip)
        for number, (start, end) in enumerate(stretches(info, Window(None, None))):
            arguments = common | {"start": start, "end": end}
            after = (units[-1].name,) if units else ()
            long = (end or info.duration or 0) - (start or 0)
            weight = max(1, round(long * (info.rate or 25)))
            name = f"{number:05d}"
            units.append(Unit(name, _UNITS + "stretch", arguments, "merge", after, weight))
    return Plan(merge_settings(job), model_inputs(job), tuple(units))


class _Writer:
    """Merges frames and writes them down."""

    def __init__(self, task: Task) -> None:
        arguments = task.unit.arguments
        self.job: MergeJob = arguments["job"]
        self._task, self._folders = task, (arguments["merged"], arguments["masks"])
        self._composer: Composer = composer_of(self.job)
        self._table = self.job.table()
        self._mark = Mark(SOURCE_TYPE, actions=self.job.settings.actions())
        self.frames = self.swapped = self.faces = 0
        for folder in self._folders:
            for path in leftovers(folder):
                path.unlink(missing_ok=True)

    def write(self, number: int, pixels: ImageU8) -> None:
        """Merge a frame."""
        faces = [face.frame_face() for face in self._table.of_frame(number)]
        done, mask = merge_still(self._composer, pixels, faces)
        self.frames += 1
        self.swapped += bool(faces)
        self.faces += len(faces)
        for folder, picture in zip(self._folders, (done, mask), strict=True):
            write_image(folder / f"{number:05d}.png", picture, mark=self._mark, overwrite=True)
        self._task.progress(self.frames, self._task.unit.weight)

    def finish(self, last: int) -> None:
        """Write down that the unit is done."""
        file = self._task.shard(".json")
        counts = {"frames": self.frames, "swapped": self.swapped, "faces": self.faces}
        write_bytes(file, json.dumps(counts).encode(), overwrite=True)
        self._task.done(file, counts | {"last": last})


def pictures(task: Task) -> None:
    """Merge some pictures of a folder."""
    first, count = task.unit.arguments["first"], task.unit.arguments["count"]
    writer = _Writer(task)
    frames = still_frames(writer.job.clip, first, first + count)
    for number, pixels in enumerate(frames, first):
        writer.write(number, pixels)
    writer.finish(first + count)


def stretch(task: Task) -> None:
    """Merge a stretch of a clip; its numbers go on from the one before."""
    arguments = task.unit.arguments
    writer = _Writer(task)
    number = 0
    if task.unit.after and (record := task.folder.recorded(task.unit.after[0])) is not None:
        number = int(record.result["last"])
    for frame, _ in timed_frames(writer.job.clip, start=arguments["start"], end=arguments["end"]):
        writer.write(number, frame_pixels(frame))
        number += 1
    writer.finish(number)
