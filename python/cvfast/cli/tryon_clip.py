"""``cvfast tryon CLIP GARMENT``: the person of a clip, as a run where it is long."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvfast.cli.report import Report
from cvfast.errors import CvfastError

if TYPE_CHECKING:
    from cvfast.runs.plan import Unit
    from cvfast.tryon.video_run import ClipJob

__all__ = ["refuse_with_clip", "work_clip"]

_FRAME = 0.8  # seconds of work on a frame
_LONG = 60.0  # seconds of work from which on it is a run


def refuse_with_clip(**given: Any) -> None:
    """Raise ValueError for options that only photos have.

    Parameters
    ----------
    **given
        Values by the options' names; those that were not given are None or False.
    """
    for name, value in given.items():
        if value:
            raise ValueError(f"--{name}: expected none with a clip, got {value}")


def work_clip(job: ClipJob, report: Report, *, jobs: int, resume: bool) -> int:
    """Dress the person of a clip; return the exit code.

    Parameters
    ----------
    job
        Files and options.
    report
        Where results are told.
    jobs
        Processes to work in.
    resume
        Go on with a run that was stopped.

    Raises
    ------
    NothingFoundError
        Nobody is in the clip.
    KeyboardInterrupt
        With a message that says how to go on.
    """
    from cvfast.io.atomic import check_target
    from cvfast.io.video import probe
    from cvfast.tryon.video_run import dress_clip

    if jobs < 1:
        raise ValueError(f"--jobs: expected at least 1, got {jobs}")
    state = job.target.absolute().with_name(f"{job.target.name}.run")
    check_target(job.target, overwrite=job.overwrite or (resume and state.exists()))
    info = probe(job.source)
    frames = info.frames or round((info.duration or 1) * (info.rate or 25))
    if jobs > 1 or resume or state.exists() or frames * _FRAME > _LONG:
        _run(job, report, state, jobs=jobs, resume=resume)
        return 0
    with report.bars(), report.bar(job.source.name) as progress:
        done = dress_clip(job, progress=progress)
    _tell(report, job, done.report())
    return 0


def _run(job: ClipJob, report: Report, state: Path, *, jobs: int, resume: bool) -> None:
    from cvfast.io.mux import encoder_threads
    from cvfast.runs.crew import alone, processes
    from cvfast.runs.execute import execute
    from cvfast.runs.folder import open_run, stored_settings
    from cvfast.tryon.video_run import plan_clip

    stored = (stored_settings(state) if resume else None) or {}
    threads = int(stored.get("encoder.threads") or encoder_threads())
    plan = plan_clip(replace(job, encoder={**job.encoder, "threads": threads}))
    kept = f"What is done is kept in {state}: to go on, give the same command with --resume"

    def done(unit: Unit, result: dict[str, Any]) -> None:
        if unit.name == "join":
            _tell(report, job, result)

    with open_run(state, plan, resume=resume) as run:
        try:
            with report.bars(), report.bar("frames") as progress:
                crew = alone() if jobs == 1 else processes(jobs)
                outcome = execute(run, plan, crew, done=done, progress=progress)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"interrupted. {kept}") from None
        except CvfastError as error:
            raise type(error)(f"{error}\n{kept}") from error
        if all(isinstance(error, CvfastError) for error in outcome.errors):
            run.remove()
        else:
            report.error(kept)
    if outcome.errors:
        raise outcome.errors[0]


def _tell(report: Report, job: ClipJob, told: dict[str, Any]) -> None:
    """Say how far to trust the result, and why not further."""
    for reason in [*told["reasons"], *told["notes"]]:
        report.note(f"{job.source}: {reason}")
    if told["without_person"]:
        report.note(f"{job.source}: nobody in {told['without_person']} frames, left as they are")
    report.result(
        f"{job.source} + {job.garment} -> {job.target}: {told['region']} garment in "
        f"{told['dressed']} of {told['frames']} frames, confidence {told['confidence']:.2f}, "
        f"{told['seconds']:.1f} s",
        person=str(job.source),
        garment=str(job.garment),
        output=str(job.target),
        **told,
    )
