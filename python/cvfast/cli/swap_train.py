"""``cvfast swap train``: the networks of a swap learn both faces."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cvfast.cli.common import Common

if TYPE_CHECKING:
    from cvfast.cli.report import Report
    from cvfast.swap.model_options import ModelOptions
    from cvfast.swap.train import How, SwapTrained

__all__ = ["EXAMPLES", "USAGE", "swap_train"]

EXAMPLES = (
    "cvfast swap train work --preset tiny --face-type full --iterations 5000",
    "cvfast swap train work --iterations 20000 --minutes 60",
    "cvfast swap train work --preset saehd --iterations 500000 --device cuda --dry-run",
    "cvfast swap train work --pretrain anybody/ --iterations 20000",
    "cvfast swap train work --begin work/pretrained/model.safetensors --iterations 5000",
)
USAGE = "WORKSPACE --iterations N [OPTIONS]"
_PRETRAINED = "pretrained"


@Parameter(name="*", group="Model")
@dataclass(frozen=True, kw_only=True)
class Model:
    """What the networks are; they keep to it once they have begun."""

    preset: Annotated[
        Literal["tiny", "tiny-96", "quick96", "saehd", "saehd-df", "amp"] | None,
        Parameter(help="Ready-made options (default: the workspace's model's, else tiny)."),
    ] = None
    face_type: Annotated[
        Literal["half", "midfull", "full", "whole", "head"] | None,
        Parameter(help="How much of the head; wider face pictures are cut to it."),
    ] = None
    architecture: Annotated[
        str | None, Parameter(help="df or liae with flags u, d, t, c (liae-ud), or amp.")
    ] = None
    resolution: Annotated[int | None, Parameter(help="Side in pixels, 64 to 640.")] = None
    ae_dims: Annotated[int | None, Parameter(help="Width of the code, 32 to 1024.")] = None
    e_dims: Annotated[int | None, Parameter(help="Width of the encoder, 16 to 256.")] = None
    d_dims: Annotated[int | None, Parameter(help="Width of the decoder, 16 to 256.")] = None
    d_mask_dims: Annotated[int | None, Parameter(help="Width of the mask's decoder.")] = None
    inter_dims: Annotated[int | None, Parameter(help="amp: width of the inner networks.")] = None


@Parameter(name="*", group="Learning")
@dataclass(frozen=True, kw_only=True)
class Learning:
    """How it learns; each may change from one run to the next."""

    batch: Annotated[int | None, Parameter(help="Faces of each side in a step.")] = None
    learning_rate: Annotated[float | None, Parameter(help="Length of a step.")] = None
    optimizer: Annotated[
        Literal["adabelief", "rmsprop", "adam"] | None, Parameter(help="Kept once begun.")
    ] = None
    lr_dropout: Annotated[
        Literal["n", "y", "cpu"] | None, Parameter(help="y: 30 % of the weights move in a step.")
    ] = None
    clipgrad: Annotated[bool | None, Parameter(help="Shorten steep gradients.")] = None
    masked_training: Annotated[bool | None, Parameter(help="Learn the face alone.")] = None
    eyes_mouth_priority: Annotated[bool | None, Parameter(help="Eyes and mouth first.")] = None
    uniform_yaw: Annotated[bool | None, Parameter(help="All angles as often.")] = None
    blur_out_mask: Annotated[bool | None, Parameter(help="Blur round the face.")] = None
    random_warp: Annotated[bool | None, Parameter(help="Warp what the networks see.")] = None
    random_source_flip: Annotated[bool | None, Parameter(help="Mirror some sources.")] = None
    random_target_flip: Annotated[bool | None, Parameter(help="Mirror some targets.")] = None
    random_hsv_power: Annotated[float | None, Parameter(help="Move hues, 0 to 0.3.")] = None
    color_transfer: Annotated[
        Literal["none", "rct", "lct", "mkl", "idt", "sot"] | None,
        Parameter(help="Give source faces the target's colours."),
    ] = None
    morph_factor: Annotated[float | None, Parameter(help="amp: 0.1 to 0.5.")] = None
    gan_power: Annotated[float | None, Parameter(help="Sharper in the end, 0 to 5.")] = None
    gan_patch_size: Annotated[int | None, Parameter(help="Pixels (an eighth of the side).")] = None
    gan_dims: Annotated[int | None, Parameter(help="Width of that judge, 4 to 512.")] = None
    true_face_power: Annotated[float | None, Parameter(help="df: more like the source.")] = None
    face_style_power: Annotated[float | None, Parameter(help="The target's light, 0 to 100.")] = (
        None
    )
    background_style_power: Annotated[
        float | None, Parameter(help="The target's surroundings, 0 to 100.")
    ] = None


@Parameter(name="*", group="Running")
@dataclass(frozen=True, kw_only=True)
class Running:
    """How it runs."""

    minutes: Annotated[
        float | None, Parameter(help="Save and stop after so long; the same line goes on.")
    ] = None
    begin: Annotated[
        Path | None, Parameter(help="A model.safetensors to begin with, pretrained or to refine.")
    ] = None
    pretrain: Annotated[
        Path | None,
        Parameter(help="Learn faces of anybody in this folder instead, to begin with later."),
    ] = None
    seed: Annotated[int, Parameter(help="Of everything random.")] = 0
    save_every: Annotated[int, Parameter(help="Iterations between checkpoints.")] = 500
    preview_every: Annotated[
        int | None, Parameter(help="Iterations between previews (default: at checkpoints).")
    ] = None
    backup_every: Annotated[int, Parameter(help="Iterations between backups.")] = 5000
    backups: Annotated[int, Parameter(help="How many are kept.")] = 3
    hold_out: Annotated[int, Parameter(help="Every so many-th face only judges; 0: none.")] = 16
    memory: Annotated[float, Parameter(help="GiB in which faces are remembered.")] = 2.0
    workers: Annotated[int, Parameter(help="Threads that make examples.")] = 1
    threads: Annotated[int | None, Parameter(help="Threads of torch (default: its own).")] = None
    device: Annotated[str, Parameter(help="auto, cpu, cuda or mps.")] = "cpu"
    bfloat16: Annotated[
        bool | None, Parameter(help="Compute in bfloat16 (default: where the processor has it).")
    ] = None
    tensorboard: Annotated[bool, Parameter(negative="", help="Write logs for it too.")] = False
    dry_run: Annotated[
        bool, Parameter(negative="", help="Say parameters, memory and hours; train nothing.")
    ] = False


def swap_train(
    workspace: Annotated[Path, Parameter(name="WORKSPACE", help="Made by cvfast swap init.")],
    /,
    *,
    iterations: Annotated[int, Parameter(help="In all, those already done included.")],
    model: Model | None = None,
    learning: Learning | None = None,
    running: Running | None = None,
    common: Common | None = None,
) -> int:
    """Train a swap on the faces of a workspace; the same line again goes on where it stopped.

    Its folder ``model`` gets the model, checkpoints, backups, previews (from the top: source, what
    is made of it, its mask; the same of the target; the swap and its mask) and curves. Ctrl-C
    saves first.
    """
    from cvfast.swap.workspace import Workspace

    running = running or Running()
    report = (common or Common()).report("swap")
    place = Workspace.open(workspace)
    folders = (place.faces("source"), place.faces("target"))
    folder = place.model
    if running.pretrain is not None:
        folders, folder = (running.pretrain, running.pretrain), place.path / _PRETRAINED
    options = _options(folder, model or Model(), learning or Learning(), running)
    how = _how(running)
    if running.dry_run:
        return _foretell(folders, options, how, iterations, report)
    from cvfast.swap.train import train_faces

    with report.bars(), report.bar("training", iterations) as progress:
        pace = _Pace(progress)
        done = train_faces(
            folders, folder, options, iterations=iterations, how=how, progress=pace,
            notice=report.note,
        )  # fmt: skip
    _tell(done, iterations, pace, report)
    return 0


def _options(folder: Path, model: Model, learning: Learning, running: Running) -> ModelOptions:
    """Return the preset's options, or those of the model that is there, with what was given."""
    from cvfast.swap.model_options import PRESETS
    from cvfast.swap.train import MODEL

    given = {name: v for part in (model, learning) for name, v in asdict(part).items()}
    preset = given.pop("preset")
    base = PRESETS[preset or "tiny"]
    there = running.begin or folder / MODEL
    if preset is None and there.is_file():
        from cvfast.swap.model_file import read_options

        base = read_options(there)
    given = {name: value for name, value in given.items() if value is not None}
    return replace(base, pretrain=running.pretrain is not None, **given)


def _how(running: Running) -> How:
    from cvfast.swap.train import How

    given: dict[str, Any] = asdict(running)
    for name in ("pretrain", "dry_run"):
        del given[name]
    given["memory"] = round(running.memory * (1 << 30))
    return How(**given)


class _Pace:
    """Passes progress on, and counts the iterations of this run."""

    def __init__(self, progress: Any) -> None:
        self._progress, self._begun, self.done = progress, time.monotonic(), 0

    def __call__(self, done: int, total: int | None) -> None:
        self.done += 1
        self._progress(done, total)

    @property
    def speed(self) -> float:
        """Iterations a second."""
        return self.done / max(time.monotonic() - self._begun, 1e-9)


def _tell(done: SwapTrained, iterations: int, pace: _Pace, report: Report) -> None:
    losses = ", ".join(f"{name} {value:.4g}" for name, value in done.losses.items())
    stopped = f" of {iterations} (the same line goes on)" if done.stopped else ""
    report.result(
        f"{done.model}: {done.iterations} iterations{stopped}, {pace.speed:.2f} a second; {losses}",
        kind="train", model=str(done.model), iterations=done.iterations, stopped=done.stopped,
        rollbacks=done.rollbacks, losses=done.losses, faces=list(done.faces),
        iterations_a_second=round(pace.speed, 3),
    )  # fmt: skip


def _foretell(
    folders: tuple[Path, Path],
    options: ModelOptions,
    how: How,
    iterations: int,
    report: Report,
) -> int:
    from cvfast.swap.training_forecast import forecast

    found = forecast(folders, options, how)
    hours = found.seconds * iterations / 3600
    report.result(
        f"{options.architecture} at {options.resolution} px, {options.face_type}: "
        f"{found.parameters / 1e6:.1f} M parameters\n"
        f"faces: {found.faces[0]} of the source, {found.faces[1]} of the target\n"
        f"memory: about {found.memory / (1 << 20):,.0f} MiB beside torch's own\n"
        f"disk: about {found.disk / (1 << 20):,.0f} MiB\n"
        f"time: {1 / found.seconds:.2f} iterations a second (tried: 3), {iterations} in about "
        f"{hours:.1f} h",
        kind="forecast", parameters=found.parameters, memory=found.memory, disk=found.disk,
        seconds_a_step=round(found.seconds, 4), hours=round(hours, 3), faces=list(found.faces),
    )  # fmt: skip
    return 0
