"""``cvfast retouch``: photos and clips in, the same with other eyes, skin or shapes out."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from cvfast.cli.batch import Batch
from cvfast.cli.common import Common, Inputs, MaxPixels, Overwrite, Recursive, Strict
from cvfast.cli.effects import EffectFlags
from cvfast.cli.foretell import foretell
from cvfast.cli.report import Report
from cvfast.cli.runs import RunFlags, is_run, run_folder, work
from cvfast.cli.signing import SigningFlags
from cvfast.effects.jobs import Recipe, Result, retouch_file
from cvfast.effects.options import Choice, check_choice
from cvfast.io.files import Job, plan_outputs
from cvfast.io.signing import check_signable

__all__ = ["EXAMPLES", "USAGE", "retouch"]

EXAMPLES = (
    "cvfast retouch portrait.jpg -o new.jpg --big-eyes 0.4",
    "cvfast retouch talk.mp4 -o new.mp4 --big-eyes 0.4 --slim-face 0.2",
    "cvfast retouch holiday/ 'more/*.png' -o out/ --slim-face 0.3 --face largest",
    "cvfast retouch lecture.mp4 -o new.mp4 --big-eyes 0.3 --jobs 4 --resume",
)
USAGE = "IN... -o OUT --big-eyes 0.4 [OPTIONS]"

_Time: TypeAlias = float | None


def retouch(
    inputs: Inputs,
    /,
    *,
    output: Annotated[
        str, Parameter(name=["--output", "-o"], help="A file, or a folder that exists.")
    ],
    effects: EffectFlags | None = None,
    face: Annotated[
        str,
        Parameter(help="all, largest, or a number: 0 is the best found (in a clip, the first)."),
    ] = "all",
    start: Annotated[_Time, Parameter(help="Clips: seconds to start at.")] = None,
    end: Annotated[_Time, Parameter(help="Clips: seconds to stop before.")] = None,
    codec: Annotated[
        str | None,
        Parameter(help="Clips: libx264 (or none given), libx265, libvpx-vp9 (.webm's), ffv1."),
    ] = None,
    crf: Annotated[float, Parameter(help="Clips: quality, smaller is better.")] = 18,
    preset: Annotated[str, Parameter(help="Clips: effort, ultrafast to veryslow.")] = "medium",
    drop_alpha: Annotated[
        bool, Parameter(negative="", help="Clips: make transparent ones opaque.")
    ] = False,
    quality: Annotated[int, Parameter(help="Photos: 1 to 100, for JPEG and WebP.")] = 95,
    max_pixels: MaxPixels = 89_478_485,
    overwrite: Overwrite = False,
    recursive: Recursive = False,
    strict: Strict = False,
    runs: RunFlags | None = None,
    signing: SigningFlags | None = None,
    common: Common | None = None,
) -> int:
    """Change eyes, skin and shapes of faces in photos and clips."""
    runs = runs or RunFlags()
    runs.check()
    report = (common or Common()).report("retouch")
    recipe = Recipe(
        options=(effects or EffectFlags()).options(),
        faces=parse_face(face),
        start=start,
        end=end,
        codec=codec,
        crf=crf,
        preset=preset,
        drop_alpha=drop_alpha,
        quality=quality,
        max_pixels=max_pixels,
        overwrite=overwrite,
        signer=(signing or SigningFlags()).signer(report),
    )
    return _run(inputs, output, recipe, runs, recursive, Batch(report, strict=strict), report)


def _run(
    inputs: list[str],
    output: str,
    recipe: Recipe,
    runs: RunFlags,
    recursive: bool,
    batch: Batch,
    report: Report,
) -> int:
    if recipe.signer is not None and runs.cluster is not None:
        raise ValueError("--sign-key: expected none beside --cluster: the key would travel there")
    sources = batch.expand(inputs, recursive=recursive)
    if batch.failures and not (sources and Path(output).is_dir()):
        return batch.finish()
    folder = run_folder(output, runs)
    # What a resumed run made already is there and stays.
    replaces = recipe.overwrite or (runs.resume and folder.exists())
    jobs = plan_outputs(sources, output, roots=inputs, overwrite=replaces)
    if recipe.signer is not None:
        for job in jobs:
            check_signable(job.target)
    cut = recipe.start is not None or recipe.end is not None
    if cut and not any(job.video for job in jobs):
        report.note("--start and --end: no clip among the inputs, nothing to cut")
    if runs.dry_run:
        foretell(jobs, replace(recipe, signer=None), runs, folder, report)
    elif is_run(jobs, recipe, runs, folder):
        work(jobs, recipe, runs, folder, batch, report, partial(_tell, recipe, report))
    else:
        batch.run(jobs, lambda job: job.source, lambda job: _one(job, recipe, report))
    return batch.finish()


def parse_face(text: str) -> Choice:
    """Return which faces ``--face`` means.

    Raises
    ------
    ValueError
        Neither all, largest nor a number from 0 on.
    """
    try:
        return check_choice(int(text) if text.lstrip("-").isdigit() else text)
    except ValueError:
        raise ValueError(
            f"--face: expected all, largest or a number from 0 on, got {text}"
        ) from None


def _one(job: Job, recipe: Recipe, report: Report) -> bool:
    with report.bar(job.source.name) if job.video else nullcontext() as progress:
        return _tell(recipe, report, job, retouch_file(job, recipe, progress=progress))


def _tell(recipe: Recipe, report: Report, job: Job, done: Result) -> bool:
    """Say what came of a file, and return whether a face that was asked for was there."""
    clip = done["kind"] == "clip"
    record = {name: value for name, value in done.items() if name not in ("chosen", "copied")}
    record["seconds"] = round(done["seconds"], 3)
    if not clip:
        record["faces"] = done["chosen"]
    for note in done.get("notes", ()):
        report.note(f"{job.source}: {note}")
    if done.get("damaged") and not any("damaged" in note for note in done["notes"]):
        report.note(f"{job.source}: {_count(done['damaged'], 'damaged packet')} in the input")
    if not done["altered"]:
        fate = "copied" if done["copied"] else "its pictures are left as they were"
        why = _why_not(done["faces"], done["chosen"], recipe.faces)
        where = f" in {_count(done['frames'], 'frame')}" if clip else ""
        report.note(f"{job.source}: {why}{where}: {fate}")
    said = f"{_count(done['chosen'], 'face')}, {done['seconds']:.1f} s"
    if clip:
        fps = done["frames"] / done["seconds"] if done["seconds"] else 0.0
        record["fps"] = round(fps, 2)
        said = (
            f"{_count(done['frames'], 'frame')}, a face in {done['frames_with_faces']}, "
            f"{done['seconds']:.1f} s, {fps:.1f} frames/s"
        )
    report.result(
        f"{job.source} -> {job.target}: {said}",
        input=str(job.source),
        output=str(job.target),
        **record,
    )
    return bool(done["chosen"])


def _why_not(found: int, chosen: int, face: Choice) -> str:
    if not found:
        return "no face found"
    if not chosen:
        return f"no face number {face} among {_count(found, 'face')}"
    return "the faces are turned away or their eyes closed, nothing to change"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
