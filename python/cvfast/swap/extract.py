"""Faces of a clip as face pictures, in the order of its frames; resumed after anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from cvfast.errors import NothingFoundError, OutputExistsError
from cvfast.io.atomic import make_folder
from cvfast.io.clip import VideoInfo, Window
from cvfast.io.files import expand_inputs
from cvfast.io.video import probe
from cvfast.runs.crew import alone
from cvfast.runs.execute import execute
from cvfast.runs.folder import discard_run, open_run, stored_settings
from cvfast.runs.plan import Fingerprint, Plan, Unit
from cvfast.swap.extract_settings import ExtractSettings
from cvfast.swap.face_file import face_files
from cvfast.swap.frame_writer import ExtractJob
from cvfast.swap.workspace import SIDES, Workspace
from cvfast.typing import Progress

__all__ = ["Extracted", "extract", "extract_job", "plan_extraction", "run_place"]

_STRETCH = Fraction(20)  # seconds of a clip that are done whole or not at all
_LEAD = Fraction(2)
_PICTURES = 50
_SEEKABLE = ("mp4", "matroska")  # others have no index to find a time by
_LONGEST = Fraction(100 * 3600)
_UNITS = "cvfast.swap.extract_units:"
_LISTED = 10  # frames without a face that are named
_FORMAT = {"faces": "1"}  # of what an extraction writes; cvfast's own version does not matter


@dataclass(frozen=True)
class Extracted:
    """What `extract` did.

    Attributes
    ----------
    folder
        Where the face pictures are.
    frames, faces
        How many were looked at, and found.
    without
        Frames without a face.
    first_without
        Numbers of the first few of them.
    tracks
        In how many frames each face was, by its number.
    crowded
        Frames with more than one.
    already
        Whether it was done before, so that nothing was done now.
    """

    folder: Path
    frames: int
    faces: int
    without: int
    first_without: tuple[int, ...]
    tracks: dict[int, int]
    crowded: int
    already: bool = False


def extract(
    workspace: Workspace,
    side: str,
    settings: ExtractSettings | None = None,
    *,
    progress: Progress | None = None,
    **options: Any,
) -> Extracted:
    """Extract the faces of a side's clip into its ``aligned`` folder.

    Once it is done, it does nothing when called again: face pictures that were deleted stay
    deleted. What was interrupted is gone on with, and gives the same bytes.

    Parameters
    ----------
    workspace
        Where.
    side
        ``"source"`` or ``"target"``.
    settings
        How; else by ``options``, the parameters of `ExtractSettings`.
    progress
        Called with (frames done, all).

    Raises
    ------
    NothingFoundError
        The clip shows no face.
    OutputExistsError
        There is an extraction with other settings, or of another clip.
    MediaError
        The clip cannot be read.
    ValueError
        A value out of its range.

    Examples
    --------
    >>> done = extract(Workspace.open("work"), "source", face_type="whole")  # doctest: +SKIP
    >>> done.faces  # doctest: +SKIP
    119
    """
    job = extract_job(workspace, side, settings or ExtractSettings(**options))
    plan = plan_extraction(job)
    place = run_place(workspace, side)
    _refuse_foreign(job, place)
    _forget_empty(job, place)
    for folder in (job.faces, workspace.steps, *([job.debug] if job.settings.debug else [])):
        make_folder(folder)
    try:
        with open_run(place, plan, resume=True) as run:
            outcome = execute(run, plan, alone(), progress=progress)
            for error in outcome.errors:
                raise error
            records = [run.recorded(unit.name) for unit in plan.units]
    except OutputExistsError as error:
        raise _explained(error, side, job.faces) from error
    results = [record.result for record in records if record is not None]
    done = _together(job.faces, results, already=not outcome.done)
    if not done.faces:
        raise NothingFoundError(_nothing_found(job, done))
    return done


def extract_job(workspace: Workspace, side: str, settings: ExtractSettings) -> ExtractJob:
    """Return what is to be extracted, and where to.

    Raises
    ------
    ValueError
        Another side.
    MediaError
        The clip is gone, or is another one than when the workspace was made.
    """
    if side not in SIDES:
        raise ValueError(f"side: expected source or target, got {side!r}")
    return ExtractJob(
        workspace.checked_clip(side),
        workspace.frames(side),
        workspace.faces(side),
        workspace.debug(side),
        settings,
    )


def run_place(workspace: Workspace, side: str) -> Path:
    """Return the folder in which a side's extraction notes how far it is."""
    return workspace.steps / f"extract-{side}"


def _refuse_foreign(job: ExtractJob, place: Path) -> None:
    """Leave a folder alone whose faces came another way, as from an import."""
    if stored_settings(place) is None and face_files(job.faces):
        raise OutputExistsError(
            f"{job.faces}: holds face pictures that no extraction here made. Go on with them by "
            "the next step, or move them away to extract anew."
        )


def _forget_empty(job: ExtractJob, place: Path) -> None:
    """Forget an extraction with other settings whose faces are all gone, or that found none."""
    stored = stored_settings(place)
    if stored is not None and stored != job.settings.to_json() and not face_files(job.faces):
        discard_run(place)


def _nothing_found(job: ExtractJob, done: Extracted) -> str:
    settings = job.settings
    if settings.like:
        return (
            f"{job.clip}: no face like {settings.like} in {done.frames} frames; try another "
            "picture of the person, from the front and well lit, or leave --like out"
        )
    said = ["a smaller --min-face"] * (settings.min_face > 20)
    said += ["--rotations 0,90,180,270"] * (len(settings.rotations) < 4)
    said += ["a clip that shows the face larger and from the front"]
    return f"{job.clip}: no face in {done.frames} frames; try {', or '.join(said)}"


def plan_extraction(job: ExtractJob) -> Plan:
    """Divide the work.

    Raises
    ------
    MediaError
        The clip cannot be read, or the folder holds no picture.
    """
    if job.clip.is_dir():
        paths = expand_inputs([job.clip], videos=False)
        units = _picture_units(job, [path.name for path in paths])
    else:
        paths = [job.clip]
        units = _clip_units(job, probe(job.clip))
    used = [*paths, *([Path(job.settings.like)] if job.settings.like else [])]
    inputs = tuple(Fingerprint.of(path) for path in used)
    return Plan(job.settings.to_json(), inputs, units, _FORMAT)


def _picture_units(job: ExtractJob, names: Sequence[str]) -> tuple[Unit, ...]:
    return tuple(
        Unit(
            f"{number:05d}",
            _UNITS + "picture_part",
            {"job": job, "first": first, "names": names[first : first + _PICTURES]},
            "extract",
            weight=len(names[first : first + _PICTURES]),
        )
        for number, first in enumerate(range(0, len(names), _PICTURES))
    )


def _clip_units(job: ExtractJob, info: VideoInfo) -> tuple[Unit, ...]:
    """Divide a clip into stretches, each of which goes on from the one before."""
    window = Window.of(job.settings.start, job.settings.end)
    parts = list(_stretches(info, window))
    rate = info.rate or Fraction(25)
    units: list[Unit] = []
    for number, (start, end) in enumerate(parts):
        until = end if end is not None else info.duration or Fraction(0)
        units.append(
            Unit(
                f"{number:05d}",
                _UNITS + "clip_part",
                {"job": job, "start": start, "end": end, "lead": _LEAD if number else Fraction(0)},
                "extract",
                (units[-1].name,) if units else (),
                weight=max(1, round((until - (start or 0)) * rate)),
            )
        )
    return tuple(units)


def _stretches(
    info: VideoInfo, window: Window
) -> Iterable[tuple[Fraction | None, Fraction | None]]:
    length = info.duration
    whole = [(window.start, window.end)]
    if length is None or not any(name in info.container for name in _SEEKABLE):
        return whole
    begin = window.start or Fraction(0)
    last = length if window.end is None else min(window.end, length)
    if last - begin > _LONGEST:  # a header that lies; what is wrong shows on reading
        return whole
    count = max(1, round((last - begin) / _STRETCH))
    inner = (begin + _STRETCH * number for number in range(1, count))
    return pairwise([window.start, *inner, window.end])


def _explained(error: OutputExistsError, side: str, faces: Path) -> OutputExistsError:
    """Say what to do where another extraction is."""
    if "cannot be resumed" not in str(error):
        return error
    said = str(error).splitlines()[1:-1]
    return OutputExistsError(
        f"{faces}: holds the faces of another extraction:\n"
        + "\n".join(said)
        + f"\nGive the settings of then to go on with it; or, to extract the {side} anew, move "
        f"the pictures in {faces} away."
    )


def _together(folder: Path, results: Sequence[dict[str, Any]], *, already: bool) -> Extracted:
    tracks: Counter[int] = Counter()
    for result in results:
        tracks.update({int(number): count for number, count in result["tracks"].items()})
    listed = [frame for result in results for frame in result["first_without"]]
    return Extracted(
        folder,
        frames=sum(result["frames"] for result in results),
        faces=sum(result["faces"] for result in results),
        without=sum(result["without"] for result in results),
        first_without=tuple(listed[:_LISTED]),
        tracks=dict(sorted(tracks.items())),
        crowded=sum(result["crowded"] for result in results),
        already=already,
    )
