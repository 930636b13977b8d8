"""What ``cvfast train gmm``, ``tom`` and ``viton`` share: options, people, telling."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from cvfast.cli.common import Overwrite, refuse_targets
from cvfast.cli.make_scenes import pair

if TYPE_CHECKING:
    from cvfast.cli.report import Report
    from cvfast.synth.tryon_pool import TryOnPool
    from cvfast.tryon.dressed_people import DressedPeople
    from cvfast.tryon.network_training import Plan

    People = tuple[TryOnPool | DressedPeople, DressedPeople | None]

__all__ = [
    "Learning", "Output", "Variant", "check_numbers", "made_people", "plan_of", "refuse",
    "train_one",
]  # fmt: skip

Output = Annotated[str, Parameter(name=["--output", "-o"], help="The network, .safetensors.")]
Variant = Annotated[Literal["cp-vton", "cp-vton+"], Parameter(help="What the networks are shown.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Learning:
    """How to train."""

    data: Annotated[
        str | None,
        Parameter(help="Learn from your own folder, laid out as CP-VTON's or ACGPN's, instead."),
    ] = None
    people: Annotated[int, Parameter(help="Made people to learn from.")] = 1000
    held_out: Annotated[int, Parameter(help="Others to judge by; 0: nobody.")] = 64
    size: Annotated[
        str | None,
        Parameter(help="48x64 (default), 96x128, 192x256 (default with --compat), ..."),
    ] = None
    width: Annotated[
        int | None, Parameter(help="Channels of the first layer (16; 64 with --compat).")
    ] = None
    compat: Annotated[
        bool, Parameter(negative="", help="As published: layers, losses, batch, rate, steps.")
    ] = False
    paired: Annotated[
        bool, Parameter(negative="", help="Learn from people in their own garments, as published.")
    ] = False
    iterations: Annotated[int | None, Parameter(help="Steps in all.")] = None
    batch: Annotated[int | None, Parameter(help="Examples a step.")] = None
    rate: Annotated[float | None, Parameter(help="Adam's learning rate.")] = None
    vgg: Annotated[
        str | None, Parameter(help="torchvision's vgg19 weights, to compare pictures by.")
    ] = None
    seed: Annotated[int, Parameter(help="Of everything random.")] = 0
    run: Annotated[
        str | None, Parameter(help="Folder for checkpoints and curves (default: OUT.run).")
    ] = None
    resume: Annotated[bool, Parameter(negative="", help="Go on with the training there.")] = False
    device: Annotated[str, Parameter(help="auto, cpu, cuda or mps.")] = "cpu"
    overwrite: Overwrite = False


def refuse(output: str, learning: Learning) -> None:
    """Raise for what can be seen to be wrong before people are made."""
    from cvfast.tryon.networks import need_torch

    if Path(output).suffix.lower() != ".safetensors":
        raise ValueError(f"--output: expected a name ending in .safetensors, got {output}")
    check_numbers(learning, "people", "iterations", "width", "batch")
    if learning.held_out < 0:
        raise ValueError(f"--held-out: expected 0 or more, got {learning.held_out}")
    refuse_targets(output, learning.overwrite)
    need_torch()


def check_numbers(learning: Any, *names: str) -> None:
    """Raise ValueError for options under 1 (those that are None are chosen later), a bad rate."""
    for name in names:
        value = getattr(learning, name)
        if value is not None and value < 1:
            raise ValueError(f"--{name}: expected at least 1, got {value}")
    if learning.rate is not None and not 0 < learning.rate < 1:
        raise ValueError(f"--rate: expected a number between 0 and 1, got {learning.rate}")
    if learning.seed < 0:
        raise ValueError(f"--seed: expected 0 or more, got {learning.seed}")


def plan_of(learning: Learning, variant: str = "cp-vton") -> Plan:
    """Return the plan that the options ask for."""
    from cvfast.tryon.network_training import Plan

    return Plan(
        variant=variant, compat=learning.compat, width=learning.width,
        iterations=learning.iterations,
        paired=learning.paired or learning.data is not None, batch=learning.batch,
        rate=learning.rate, seed=learning.seed, vgg=learning.vgg,
    )  # fmt: skip


def made_people(learning: Learning, report: Report, size: tuple[int, int] | None = None) -> People:
    """Make people to learn from, and others to judge by; in a given size, or the one asked for."""
    from cvfast.synth.tryon_pool import TryOnPool
    from cvfast.tryon.dressed_people import make_dressed_people
    from cvfast.tryon.network_training import network_settings

    asked = learning.size or ("192x256" if learning.compat else "48x64")
    size = size or pair("--size", asked, "x", "48x64")
    network_settings("gmm", size, plan_of(learning))  # refuses sizes that no network has
    if learning.data is not None:
        return _own_people(learning.data, size, report)
    with report.bar("making people", learning.people) as progress:
        pool = TryOnPool(learning.people, seed=learning.seed, size=size, progress=progress)
    if not learning.held_out:
        return pool, None
    with report.bar("others to judge by", learning.held_out) as progress:
        held_out = make_dressed_people(
            learning.held_out, seed=learning.seed + 1, size=size, progress=progress
        )
    return pool, held_out


def _own_people(data: str, size: tuple[int, int], report: Report) -> People:
    """Read the training pairs of a folder, and its test pairs where it has some."""
    from cvfast.errors import MediaError
    from cvfast.tryon.dressed_folder import read_dressed

    with report.bar("reading people") as progress:
        people = read_dressed(data, size, progress=progress)
    try:
        return people, read_dressed(data, size, phase="test")
    except MediaError as error:
        report.note(f"nobody to judge by: {error}")
        return people, None


def train_one(
    kind: str,
    people: People,
    output: str,
    learning: Learning,
    report: Report,
    *,
    variant: str = "cp-vton",
    before: Any = None,
) -> Any:
    """Train one network, tell of it and return it."""
    from cvfast.tryon.network_training import train_network

    learnt, held_out = people
    whose = "people of a folder" if learning.data else "SYNTHETIC (made) people"
    plan = plan_of(learning, variant)
    with report.bar(f"training {kind}", plan.steps(kind)) as progress:
        net, figures = train_network(
            kind, learnt, output, plan=plan, before=before, held_out=held_out,
            folder=learning.run and f"{learning.run}/{kind}", device=learning.device,
            resume=learning.resume, overwrite=learning.overwrite,
            notes={"made_by": f"cvfast train {kind}, {whose}"}, progress=progress,
        )  # fmt: skip
    told = "; ".join(
        f"{name} " + ", ".join(f"{key} {value:.3f}" for key, value in values.items())
        for name, values in figures.items()
    )
    report.result(
        f"{output}: {kind}, {plan.steps(kind)} iterations" + (f"; {told}" if told else ""),
        output=output, kind=kind, iterations=plan.steps(kind), figures=figures,
    )  # fmt: skip
    return net
