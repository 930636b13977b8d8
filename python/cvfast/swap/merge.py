"""Swapping faces through the target's clip, in stretches that are resumed after anything."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from cvfast.errors import OutputExistsError
from cvfast.io.atomic import make_folder
from cvfast.io.clip import VideoInfo, Window
from cvfast.io.mux import encoder_threads
from cvfast.io.video import probe
from cvfast.runs.crew import alone, processes
from cvfast.runs.execute import execute
from cvfast.runs.folder import RunFolder, discard_run, open_run, stored_settings
from cvfast.runs.plan import Fingerprint, Plan, Unit
from cvfast.swap.compose import Swapper
from cvfast.swap.merge_faces import FaceTable
from cvfast.swap.merge_settings import MergeSettings
from cvfast.swap.merge_units import MergeJob
from cvfast.swap.workspace import Workspace
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["Merged", "merge"]

_STRETCH = Fraction(20)  # seconds of a clip that are done whole or not at all
_LONGEST = Fraction(100 * 3600)
_SEEKABLE = ("mp4", "matroska")
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
    model: PathLike | None = None,
    swapper: Swapper | None = None,
    face_type: str | None = None,
    xseg: PathLike | None = None,
    tracks: Collection[int] | None = None,
    start: float | None = None,
    end: float | None = None,
    codec: str | None = None,
    crf: float = 16,
    preset: str = "veryfast",
    threads: int | None = None,
    jobs: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
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
    start, end
        Seconds from the clip's first frame.
    codec, crf, preset, threads
        The encoder's.
    jobs
        Processes to work in; the result does not depend on it.
    overwrite
        Begin anew where a merge with other settings is.
    progress
        Called with (frames done, all).

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
    window = Window.of(start, end)
    faces = FaceTable.read(workspace.faces("target"))
    chosen = sorted(set(faces.tracks.tolist())) if tracks is None else sorted(set(tracks))
    place = workspace.steps / "merge"
    job = MergeJob(
        clip=workspace.clip("target"),
        faces=workspace.faces("target"),
        result=workspace.result,
        result_mask=workspace.result_mask,
        tracks=tuple(chosen),
        settings=settings or MergeSettings(),
        model=Path(model) if model is not None else workspace.model,
        face_type=face_type,
        xseg=None if xseg is None else Path(xseg),
        encoder={
            "codec": codec,
            "crf": crf,
            "preset": preset,
            "threads": threads or _threads_before(place),
        },
        start=window.start,
        end=window.end,
        swapper=swapper,
    )
    plan = plan_merge(job, faces.digest)
    make_folder(workspace.steps)
    if overwrite:
        _clear_other(place, plan)
    crew = alone() if jobs in (None, 1) or swapper is not None else processes(jobs or 1)
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


def plan_merge(job: MergeJob, faces: str) -> Plan:
    """Divide the work; ``faces`` is the digest of the face pictures' records."""
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
    settings: dict[str, Any] = {
        **{f"merge.{name}": value for name, value in asdict(job.settings).items()},
        **{f"encoder.{name}": value for name, value in job.encoder.items()},
        "tracks": list(job.tracks),
        "faces": faces,
        "face_type": job.face_type,
        "start": str(job.start),
        "end": str(job.end),
        "model": str(getattr(job.swapper, "fingerprint", "open")) if job.swapper else None,
    }
    inputs = [Fingerprint.of(job.clip)]
    inputs += [Fingerprint.of(path) for path in _model_files(job)]
    return Plan(settings, tuple(inputs), units)


def stretches(
    info: VideoInfo, window: Window, seconds: Fraction = _STRETCH
) -> list[tuple[Fraction | None, Fraction | None]]:
    """Divide a clip: start and end of each stretch in seconds from its first frame."""
    length = info.duration
    whole = [(window.start, window.end)]
    if length is None or not any(name in info.container for name in _SEEKABLE):
        return whole
    begin = window.start or Fraction(0)
    last = length if window.end is None else min(window.end, length)
    if last - begin > _LONGEST:  # a header that lies; what is wrong shows on reading
        return whole
    count = max(1, round((last - begin) / seconds))
    inner = (begin + seconds * number for number in range(1, count))
    return list(pairwise([window.start, *inner, window.end]))


def _model_files(job: MergeJob) -> list[Path]:
    """Return the files that the model is in."""
    if job.swapper is not None or job.model is None:
        return []
    return [job.model / "model.safetensors"] if job.model.is_dir() else [job.model]


def _threads_before(place: Path) -> int:
    """Return the encoder threads of the run that is there: its bytes depend on them."""
    stored = stored_settings(place) or {}
    return int(stored.get("encoder.threads") or encoder_threads())


def _clear_other(place: Path, plan: Plan) -> None:
    """Remove the shards of a merge with other settings; they are ours to remove."""
    file = place / "plan.json"
    if file.is_file() and plan.differences(json.loads(file.read_bytes())):
        discard_run(place)


def _result(run: RunFolder, unit: Unit) -> dict[str, Any]:
    record = run.recorded(unit.name)
    if record is None:
        raise OutputExistsError(f"{run.path}: nothing is recorded of {unit.name}")
    return record.result
