"""Swapping faces through the target's clip, in stretches that are resumed after anything."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from cvfast.errors import MediaError, NothingFoundError, OutputExistsError
from cvfast.io.atomic import make_folder
from cvfast.io.clip import Window
from cvfast.io.mux import encoder_threads
from cvfast.io.video import probe
from cvfast.runs.crew import alone, processes
from cvfast.runs.execute import execute
from cvfast.runs.folder import RunFolder, open_run, stored_settings
from cvfast.runs.plan import Plan, Unit
from cvfast.swap.compose import Swapper
from cvfast.swap.merge_faces import TargetFaces
from cvfast.swap.merge_facts import clear_other, merge_settings, model_inputs, stretches
from cvfast.swap.merge_person import tracks_like
from cvfast.swap.merge_settings import MergeSettings
from cvfast.swap.merge_units import MergeJob
from cvfast.swap.workspace import Workspace
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["Merged", "merge", "merge_job"]

_UNITS = "cvfast.swap.merge_units:"


@dataclass(frozen=True)
class Merged:
    """What `merge` did.

    Attributes
    ----------
    folder
        The run folder, where `cvfast.swap.encode` finds the shards.
    frames, swapped, faces
        Frames, those in which a face was swapped, and faces swapped.
    tracks
        Which tracks were swapped.
    notes
        What could not be kept, in words.
    already
        Whether it was done before.
    """

    folder: Path
    frames: int
    swapped: int
    faces: int
    tracks: tuple[int, ...]
    notes: tuple[str, ...]
    already: bool = False


def merge(
    workspace: Workspace,
    settings: MergeSettings | None = None,
    *,
    overwrite: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Merged:
    """Swap the faces of a workspace's target clip.

    The frames go straight into encoded shards, which `cvfast.swap.encode.encode` joins. What was
    interrupted is gone on with, and gives the same bytes.

    Parameters
    ----------
    workspace
        Where.
    settings
        How faces are put into the frames.
    overwrite
        Begin anew where a merge with other settings is.
    jobs
        Processes to work in; the result does not depend on it.
    progress
        Called with (frames done, all).
    options
        The model, the tracks, the encoder: see `merge_job`.

    Raises
    ------
    NothingFoundError
        No face picture of the target is left.
    OutputExistsError
        A merge with other settings is there.
    MediaError, ModelError
        The clip or the model cannot be read.

    Examples
    --------
    >>> done = merge(Workspace.open("work"), MergeSettings(blur=20))  # doctest: +SKIP
    >>> done.swapped  # doctest: +SKIP
    120
    """
    job = merge_job(workspace, settings, **options)
    if job.clip.is_dir():
        raise MediaError(
            f"{job.clip}: expected a clip, got a folder of pictures; merge them into pictures: "
            f"cvfast swap merge {workspace.path} --frames"
        )
    plan = plan_merge(job)
    place = workspace.steps / "merge"
    make_folder(workspace.steps)
    if overwrite:
        clear_other(place, plan)
    crew = alone() if jobs in (None, 1) or job.swapper is not None else processes(jobs or 1)
    with open_run(place, plan, resume=True) as run:
        outcome = execute(run, plan, crew, progress=progress)
        for error in outcome.errors:
            raise error
        results = [_result(run, unit) for unit in plan.units]
    return Merged(
        place,
        frames=sum(result["frames"] for result in results),
        swapped=sum(result["swapped"] for result in results),
        faces=sum(result["faces"] for result in results),
        tracks=job.tracks,
        notes=tuple(dict.fromkeys(note for result in results for note in result["notes"])),
        already=not outcome.done,
    )


def merge_job(
    workspace: Workspace,
    settings: MergeSettings | None = None,
    *,
    model: PathLike | None = None,
    swapper: Swapper | None = None,
    face_type: str | None = None,
    xseg: PathLike | None = None,
    tracks: Collection[int] | None = None,
    like: PathLike | None = None,
    start: float | None = None,
    end: float | None = None,
    codec: str | None = None,
    crf: float = 16,
    preset: str = "superfast",
    threads: int | None = None,
) -> MergeJob:
    """Return what is to be merged, and how.

    Parameters
    ----------
    workspace, settings
        As for `merge`.
    model
        A model's file or folder; the workspace's own by default.
    swapper
        An open model, in place of `model`.
    face_type
        What the pictures of a model show that does not say, such as a ``.dfm``.
    xseg
        A mask network's file; the one shipped by default.
    tracks
        Numbers of the tracks to swap; all by default.
    like
        A picture of the person to swap, in place of `tracks`.
    start, end
        Seconds from the clip's first frame.
    codec, crf, preset, threads
        The encoder's.

    Raises
    ------
    NothingFoundError
        No face picture of the target is left, or none of these tracks or this person.
    MediaError, MissingDependencyError, ModelError
        The faces, the picture or the embedding cannot be had.
    ValueError
        Both `tracks` and `like`.
    """
    window = Window.of(start, end)
    encoder = {"codec": codec, "crf": crf, "preset": preset}
    folder = workspace.faces("target")
    faces = TargetFaces.read(folder)
    return MergeJob(
        clip=workspace.checked_clip("target"),
        faces=folder,
        result=workspace.result,
        result_mask=workspace.result_mask,
        tracks=_chosen(faces, folder, tracks, like),
        settings=settings or MergeSettings(),
        model=Path(model) if model is not None else workspace.model,
        face_type=face_type,
        xseg=None if xseg is None else Path(xseg),
        encoder=encoder | {"threads": threads or _threads_before(workspace.steps / "merge")},
        start=window.start,
        end=window.end,
        swapper=swapper,
        digest=faces.digest,
    )


def _chosen(
    faces: TargetFaces, folder: Path, tracks: Collection[int] | None, like: PathLike | None
) -> tuple[int, ...]:
    """Return the numbers of the tracks that are swapped."""
    if like is not None:
        if tracks is not None:
            raise ValueError("tracks: expected none beside like")
        return tracks_like(folder, like)
    there = sorted(set(faces.tracks.tolist()))
    if tracks is None:
        return tuple(there)
    chosen = sorted(set(tracks) & set(there))
    if not chosen:
        raise NothingFoundError(
            f"{folder}: no face of person {', '.join(map(str, sorted(tracks)))}; there are "
            f"{', '.join(map(str, there))}"
        )
    return tuple(chosen)


def plan_merge(job: MergeJob) -> Plan:
    """Divide the work."""
    info = probe(job.clip)
    rate = info.rate or Fraction(25)
    parts = stretches(info, Window(job.start, job.end))
    units = tuple(
        Unit(
            f"{number:05d}",
            _UNITS + "shard",
            {"job": job, "start": start, "end": end},
            "merge",
            weight=max(1, round(((end or info.duration or 0) - (start or 0)) * rate)),
        )
        for number, (start, end) in enumerate(parts)
    )
    return Plan(merge_settings(job), model_inputs(job), units)


def _threads_before(place: Path) -> int:
    """Return the encoder threads of the run that is there: its bytes depend on them."""
    stored = stored_settings(place) or {}
    return int(stored.get("encoder.threads") or encoder_threads())


def _result(run: RunFolder, unit: Unit) -> dict[str, Any]:
    record = run.recorded(unit.name)
    if record is None:
        raise OutputExistsError(f"{run.path}: nothing is recorded of {unit.name}")
    return record.result
