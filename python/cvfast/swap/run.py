"""A whole swap: from two clips to the clip that comes out, step by step.

Each step is resumed by itself and leaves a note when it is done; called again, what is done from
the same things is not done again. So the same command goes on wherever it was stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cvfast.errors import MediaError, OutputExistsError
from cvfast.swap.merge_settings import MergeSettings
from cvfast.swap.model_options import PRESETS, ModelOptions
from cvfast.swap.step_notes import StepNotes
from cvfast.swap.workspace import MANIFEST, SIDES, Workspace
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

if TYPE_CHECKING:
    from cvfast.swap.forecast import Forecast

__all__ = [
    "Done",
    "RunPlan",
    "Step",
    "forecast_run",
    "open_workspace",
    "refuse_output",
    "swap_steps",
]


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """What a whole swap is to be.

    Parameters
    ----------
    iterations
        Of the training.
    options
        Of the model.
    output
        The clip that comes out; None: ``result.mp4`` in the workspace.
    seed
        Of the training.
    source_person, target_person
        Numbers of tracks, where a clip shows several people; empty: there is one.
    source_like, target_like
        A picture of the person meant, instead.
    mask
        Let the generic network find what covers faces.
    merge
        How frames are put together.
    codec, crf, preset
        Of the encoder; None: as `cvfast.swap.merge` chooses.
    save_every
        Iterations between checkpoints.
    threads
        Of the training; None leaves them as they are.
    overwrite
        Replace an output that this workspace did not make.
    """

    iterations: int
    options: ModelOptions = field(default_factory=lambda: PRESETS["tiny"])
    output: Path | None = None
    seed: int = 0
    source_person: tuple[int, ...] = ()
    target_person: tuple[int, ...] = ()
    source_like: Path | None = None
    target_like: Path | None = None
    mask: bool = True
    merge: MergeSettings = field(default_factory=MergeSettings)
    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    save_every: int = 500
    threads: int | None = None
    overwrite: bool = False

    @property
    def face_size(self) -> int:
        """Sides of the face pictures in pixels: at least twice what the model sees."""
        return max(256, 2 * self.options.resolution)

    def coding(self) -> dict[str, Any]:
        """Return what was said of the encoder."""
        said = {"codec": self.codec, "crf": self.crf, "preset": self.preset}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True)
class Done:
    """What came of a step.

    Parameters
    ----------
    text
        In a line.
    facts
        For programs.
    warnings
        What the user should know.
    before
        Whether it had been done before, so that nothing was done now.
    """

    text: str
    facts: dict[str, Any]
    warnings: tuple[str, ...] = ()
    before: bool = False


@dataclass(frozen=True)
class Step:
    """A step: its name, what it makes, and how."""

    name: str
    makes: str
    run: Callable[[Progress | None], Done]


def open_workspace(
    folder: PathLike, *, source: PathLike, target: PathLike, consent: bool
) -> Workspace:
    """Make a workspace, or open the one that is there for the same two clips.

    Raises
    ------
    OutputExistsError
        It is for other clips.
    ValueError
        It is new, and ``consent`` is not True.
    """
    path = Path(folder)
    if not (path / MANIFEST).is_file():
        return Workspace.init(path, source=source, target=target, consent=consent)
    workspace = Workspace.open(path)
    for side, given in zip(SIDES, (source, target), strict=True):
        if workspace.clip(side) != Path(given).absolute():
            raise OutputExistsError(
                f"{path}: is the workspace of another {side}, {workspace.clip(side)}; choose "
                "another folder with --workspace"
            )
        if not workspace.clip(side).exists():
            raise MediaError(f"{workspace.clip(side)}: expected the {side}'s clip, which is gone")
    return workspace


def refuse_output(workspace: Workspace, plan: RunPlan) -> None:
    """Refuse, before hours of work, a clip that could not be written after them.

    Raises
    ------
    OutputExistsError, OutputError
        Something else is there, or the folder cannot be written to.
    """
    from cvfast.io.atomic import check_target

    path = plan.output or workspace.result
    ours = StepNotes(workspace.steps).read("encode", {"path": str(path)}) is not None
    unfinished = (workspace.steps / "encode").exists()
    check_target(path, overwrite=plan.overwrite or ours or unfinished)


def swap_steps(workspace: Workspace, plan: RunPlan) -> tuple[Step, ...]:
    """Return the steps of a swap, in order; run each, and all is done.

    Examples
    --------
    >>> from cvfast.swap.run import RunPlan, swap_steps
    >>> workspace = Workspace.open("work")  # doctest: +SKIP
    >>> for step in swap_steps(workspace, RunPlan(iterations=8000)):  # doctest: +SKIP
    ...     print(step.run(None).text)
    """
    from cvfast.swap import run_steps as steps

    def bound(function: Callable[..., Done], *more: str) -> Callable[[Progress | None], Done]:
        return lambda progress: function(workspace, plan, *more, progress=progress)

    made = [
        *(
            Step(f"extract {side}", f"{workspace.faces(side)}/", bound(steps.extract_side, side))
            for side in SIDES
        ),
        Step("check", "a look at both sets", bound(steps.check_faces)),
        Step("mask", "masks in the face files", bound(steps.mask_faces)),
        Step("train", f"{workspace.model}/", bound(steps.train_model)),
        Step("merge", "frames with the new face", bound(steps.merge_frames)),
        Step("encode", str(plan.output or workspace.result), bound(steps.encode_result)),
    ]
    return tuple(step for step in made if plan.mask or step.name != "mask")


def forecast_run(
    place: Workspace | Mapping[str, Path], plan: RunPlan, *, folder: PathLike
) -> Forecast:
    """Foretell time, disk and memory of all steps; nothing is made.

    Parameters
    ----------
    place
        A workspace; or the clips of ``"source"`` and ``"target"`` of one that is not made yet.
    plan
        What the swap is to be.
    folder
        Where the workspace is, or will be.

    Raises
    ------
    MediaError
        A clip cannot be read.
    """
    from cvfast.swap.extract_settings import ExtractSettings
    from cvfast.swap.forecast import forecast

    names = ["extract source", "extract target", "check", "mask", "train", "merge", "encode"]
    settings = {
        "extract": ExtractSettings(face_type=plan.options.face_type, size=plan.face_size),
        "iterations": plan.iterations,
        "resolution": plan.options.resolution,
        "batch": plan.options.batch,
    }
    asked = [name for name in names if plan.mask or name != "mask"]
    return forecast(place, asked, settings, folder=Path(folder))
