"""``cvfast swap run``: all steps of a face swap in one line."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.swap_init import agreed
from cvfast.cli.swap_telling import say_forecast

if TYPE_CHECKING:
    from cvfast.cli.report import Report
    from cvfast.swap.merge_settings import MergeSettings
    from cvfast.swap.run import RunPlan
    from cvfast.swap.workspace import Workspace

__all__ = ["EXAMPLES", "USAGE", "swap_run"]

EXAMPLES = (
    "cvfast swap run --source anna.mp4 --target scene.mp4 -o swapped.mp4 --iterations 10000",
    "cvfast swap run --source a.mp4 --target b.mp4 -o out.mp4 --preset tiny-96 --consent --dry-run",
    "cvfast swap run --source a.mp4 --target two.mp4 -o out.mp4 --target-like anna.jpg",
)
USAGE = "--source A --target B -o OUT.mp4 [OPTIONS]"


@Parameter(name="*", group="Training")
@dataclass(frozen=True, kw_only=True)
class Training:
    """What is trained, and how long."""

    preset: Annotated[
        Literal["tiny", "tiny-96", "quick96", "saehd", "saehd-df", "amp"],
        Parameter(help="The model; the tiny ones train on a processor."),
    ] = "tiny"
    iterations: Annotated[int, Parameter(help="In all; more, later, train further.")] = 10_000
    face_type: Annotated[
        Literal["half", "midfull", "full", "whole", "head"] | None,
        Parameter(help="How much of the head; else the preset's."),
    ] = None
    batch: Annotated[int | None, Parameter(help="Faces of each side in a step.")] = None
    learning_rate: Annotated[float | None, Parameter(help="Length of a step.")] = None
    eyes_mouth_priority: Annotated[bool | None, Parameter(help="Eyes and mouth first.")] = None
    seed: Annotated[int, Parameter(help="Of everything random.")] = 0
    threads: Annotated[int | None, Parameter(help="Threads of torch (default: its own).")] = None


@Parameter(name="*", group="People")
@dataclass(frozen=True, kw_only=True)
class Whom:
    """Who is meant, where a clip shows several people."""

    source_person: Annotated[
        str, Parameter(help="Numbers of the source's person, from the face files' names.")
    ] = ""
    target_person: Annotated[str, Parameter(help="Numbers of the target's person.")] = ""
    source_like: Annotated[
        Path | None, Parameter(help="A picture of the source's person instead.")
    ] = None
    target_like: Annotated[
        Path | None, Parameter(help="A picture of the target's person instead.")
    ] = None


@Parameter(name="*", group="Result")
@dataclass(frozen=True, kw_only=True)
class Look:
    """How the result looks and is written."""

    settings: Annotated[Path | None, Parameter(help="TOML of merge settings.")] = None
    label: Annotated[bool, Parameter(help="A visible label in a corner.")] = True
    mask: Annotated[bool, Parameter(help="Find what covers the target's face.")] = True
    codec: Annotated[str | None, Parameter(help="Video codec; else the usual one.")] = None
    crf: Annotated[float | None, Parameter(help="Quality: smaller is better.")] = None
    encoder_preset: Annotated[str | None, Parameter(help="The encoder's: fast, slow...")] = None
    overwrite: Annotated[bool, Parameter(negative="", help="Replace an output of others.")] = False


def swap_run(
    *,
    source: Annotated[Path, Parameter(help="Clip (or folder of pictures) whose face is taken.")],
    target: Annotated[Path, Parameter(help="Clip that gets it.")],
    output: Annotated[Path, Parameter(name=["--output", "-o"], help="The clip that comes out.")],
    workspace: Annotated[
        Path | None, Parameter(help="Folder of all steps; else beside the output, OUT-swap.")
    ] = None,
    training: Training | None = None,
    whom: Whom | None = None,
    look: Look | None = None,
    consent: Annotated[bool, Parameter(negative="", help="All the people shown agree.")] = False,
    dry_run: Annotated[bool, Parameter(negative="", help="Say what would be done, and cost.")] = (
        False
    ),
    common: Common | None = None,
) -> int:
    """Swap a face from one clip to another: extract, check, mask, train, merge, encode.

    Give the same line again to go on where it was stopped; more --iterations train further.
    """
    from cvfast.swap.run import open_workspace, refuse_output
    from cvfast.swap.workspace import MANIFEST

    report = (common or Common()).report("swap")
    plan = _plan(output, training or Training(), whom or Whom(), look or Look())
    folder = workspace or output.with_name(f"{output.stem}-swap")
    there = (folder / MANIFEST).is_file()
    clips = {"source": source, "target": target}
    if dry_run and not there:
        return _foretell(clips, folder, plan, report)
    place = open_workspace(folder, **clips, consent=there or agreed(consent))
    if dry_run:
        return _foretell(place, folder, plan, report)
    refuse_output(place, plan)
    return _go(place, plan, report)


def _plan(output: Path, training: Training, whom: Whom, look: Look) -> RunPlan:
    """Return what is to be done, checked before anything is."""
    from cvfast.swap.model_options import PRESETS
    from cvfast.swap.run import RunPlan

    if training.iterations < 1:
        raise ValueError(f"--iterations: expected at least 1, got {training.iterations}")
    names = ("face_type", "batch", "learning_rate", "eyes_mouth_priority")
    changes: dict[str, Any] = {name: getattr(training, name) for name in names}
    changes = {name: value for name, value in changes.items() if value is not None}
    return RunPlan(
        iterations=training.iterations,
        options=replace(PRESETS[training.preset], **changes),
        output=output,
        seed=training.seed,
        source_person=_numbers("--source-person", whom.source_person),
        target_person=_numbers("--target-person", whom.target_person),
        source_like=whom.source_like,
        target_like=whom.target_like,
        mask=look.mask,
        merge=_merge_settings(look.settings, label=look.label),
        codec=look.codec,
        crf=look.crf,
        preset=look.encoder_preset,
        threads=training.threads,
        overwrite=look.overwrite,
    )


def _go(workspace: Workspace, plan: RunPlan, report: Report) -> int:
    from cvfast.swap.run import swap_steps

    for step in swap_steps(workspace, plan):
        began = time.monotonic()
        with report.bars(), report.bar(step.name) as progress:
            done = step.run(progress)
        seconds = time.monotonic() - began
        for warning in done.warnings:
            report.note(f"cvfast: {warning}")
        took = "done before" if done.before else f"{seconds:.0f} s"
        report.result(
            f"{step.name}: {done.text} ({took})",
            kind="run",
            step=step.name,
            seconds=round(seconds, 2),
            before=done.before,
            warnings=list(done.warnings),
            **done.facts,
        )
    return 0


def _numbers(name: str, text: str) -> tuple[int, ...]:
    parts = [part for part in text.split(",") if part]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise ValueError(f"{name}: expected numbers such as 0 or 0,3, got {text!r}")
    return tuple(map(int, parts))


def _merge_settings(path: Path | None, *, label: bool) -> MergeSettings:
    from cvfast.io.opening import open_regular
    from cvfast.swap.merge_settings import MergeSettings, read_settings

    settings = MergeSettings()
    if path is not None:
        with open_regular(path) as file:
            settings, _ = read_settings(file.read(1 << 20).decode("utf-8", "replace"), str(path))
    return settings if label else replace(settings, label=False)


def _foretell(
    place: Workspace | Mapping[str, Path], folder: Path, plan: RunPlan, report: Report
) -> int:
    from cvfast.swap.run import forecast_run

    told = forecast_run(place, plan, folder=folder)
    return say_forecast(report, told)
