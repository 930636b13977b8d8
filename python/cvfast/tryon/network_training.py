"""Train GMM, TOM and VITON's networks, each to one file of weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from cvfast.io.atomic import check_target, make_folder
from cvfast.synth.tryon_pool import TryOnPool
from cvfast.training.loop import train
from cvfast.tryon.checkpoints import write_checkpoint
from cvfast.tryon.dressed_people import DressedPeople
from cvfast.tryon.dressings import Dressing, Dressings
from cvfast.tryon.network_judging import judge_pictures, judge_warps
from cvfast.tryon.network_task import DressTask, GMMTask, RefineTask, TOMTask, VITONTask
from cvfast.tryon.networks import build_network
from cvfast.tryon.perceptual import CP_VTON, VITON, Perceptual
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["NEEDS", "Plan", "network_settings", "train_network"]

#: The network that a training needs, trained before.
NEEDS = {"tom": "gmm", "viton-refine": "viton"}
_TASKS: dict[str, Callable[..., DressTask]] = {
    "gmm": GMMTask,
    "tom": TOMTask,
    "viton": VITONTask,
    "viton-refine": RefineTask,
}
_ITERATIONS = {"gmm": 4000, "tom": 1200, "viton": 800, "viton-refine": 100}
_PUBLISHED = {"gmm": 200_000, "tom": 200_000, "viton": 15_000, "viton-refine": 6_000}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a network is trained.

    Attributes
    ----------
    variant
        ``"cp-vton"`` or ``"cp-vton+"``, of GMM and TOM.
    compat
        The published layers, losses, batch and rate; with ``width`` 64 at 192 x 256 all of it.
    width
        Channels of the first layer; None: 16, or 64 with ``compat``.
    iterations
        None: what trains the small size, or with ``compat`` the published number.
    paired
        Learn as in the papers, from people in their own garments.
    batch, rate
        Examples a step and Adam's rate; None: 16 and 1e-3, or the published ones.
    seed
        Of everything random.
    vgg
        A file of VGG19's weights, for the perceptual losses; None: without.
    """

    variant: str = "cp-vton"
    compat: bool = False
    width: int | None = None
    iterations: int | None = None
    paired: bool = False
    batch: int | None = None
    rate: float | None = None
    seed: int = 0
    vgg: str | None = None

    def steps(self, kind: str) -> int:
        """Return how many iterations a network takes."""
        return self.iterations or (_PUBLISHED if self.compat else _ITERATIONS)[kind]

    def options(self, kind: str) -> dict[str, Any]:
        """Return what its task is told, features left out."""
        viton = kind.startswith("viton")
        batch, rate = ((16, 2e-4) if viton else (4, 1e-4)) if self.compat else (16, 1e-3)
        return {
            "iterations": self.steps(kind), "batch": self.batch or batch,
            "rate": self.rate or rate, "compat": self.compat, "paired": self.paired,
        }  # fmt: skip


def network_settings(kind: str, size: tuple[int, int], plan: Plan) -> dict[str, Any]:
    """Return the settings of a network for pictures of a size.

    Features have the places that the papers' have: 12 x 16 before GMM's correlation, 3 x 4 in the
    middle of the others.

    Raises
    ------
    ValueError
        The size is not 48 x 64 times a power of two.

    Examples
    --------
    >>> network_settings("tom", (96, 128), Plan())
    {'variant': 'cp-vton', 'width': 16, 'downs': 5, 'compat': False}
    """
    times = math.log2(size[1] / 64)
    if size[0] * 4 != size[1] * 3 or times < 0 or times != int(times):
        raise ValueError(
            f"size: expected 48 x 64, 96 x 128, 192 x 256 and so on, got {size[0]} x {size[1]}"
        )
    width = plan.width or (64 if plan.compat else 16)
    if kind == "viton-refine":
        return {"width": width}
    if kind == "viton":
        return {"width": width, "downs": 4 + int(times), "dropout": 0.5 if plan.compat else 0.0}
    shared = {"variant": plan.variant, "width": width}
    if kind == "tom":
        return {**shared, "downs": 4 + int(times), "compat": plan.compat}
    return {
        **shared, "size": list(size), "downs": 2 + int(times), "head": 8 * width,
        "compat": plan.compat,
    }  # fmt: skip


def train_network(
    kind: str,
    people: DressedPeople | TryOnPool,
    output: PathLike,
    *,
    plan: Plan | None = None,
    before: nn.Module | None = None,
    held_out: DressedPeople | None = None,
    folder: PathLike | None = None,
    device: str = "cpu",
    resume: bool = False,
    overwrite: bool = False,
    notes: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> tuple[nn.Module, dict[str, Any]]:
    """Train one network and write it.

    Parameters
    ----------
    kind
        ``"gmm"``, ``"tom"``, ``"viton"`` or ``"viton-refine"``.
    people
        To learn from, photos' or made ones; their pictures' size is the network's.
    output
        The file, .safetensors.
    plan
        How.
    before
        What `NEEDS` names, trained: TOM's GMM, the refinement's encoder-decoder.
    held_out
        People to judge by, changing from their first garment to the second.
    folder
        For checkpoints, losses and previews; None: the output's name with ``.run``.
    device, resume, progress
        See `cvfast.training.loop.train`.
    overwrite
        Replace an existing file.
    notes
        Kept in the file.

    Returns
    -------
    net, figures
        Ready to run; and what `cvfast.tryon.network_judging` says of it.

    Raises
    ------
    ValueError
        No such kind, a size that no network has, or what it needs is missing.
    TrainingError, OutputError, MissingDependencyError
        See `cvfast.training.loop.train`.
    """
    if kind not in _TASKS:
        raise ValueError(f"kind: expected one of {', '.join(_TASKS)}, got {kind!r}")
    plan = plan or Plan()
    check_target(output, overwrite=overwrite)
    settings = network_settings(kind, people.size, plan)
    net = build_network(kind, settings, seed=plan.seed)
    options = plan.options(kind)
    if kind in NEEDS:
        if before is None:
            raise ValueError(f"before: expected a trained {NEEDS[kind]}, got None")
        options["gmm" if kind == "tom" else "coarse"] = before
    if plan.vgg is not None and kind != "gmm":
        viton = kind != "tom"
        options["perceptual"] = Perceptual(
            plan.vgg, VITON if viton else CP_VTON, convolution=2 if viton else 1
        )
    task = _TASKS[kind](net, dressings(kind, people, plan), **options)
    train(
        task, folder=make_folder(folder or f"{output}.run"), iterations=plan.steps(kind),
        seed=plan.seed, resume=resume, device=device, progress=progress,
    )  # fmt: skip
    net = net.cpu().eval()
    figures = {} if held_out is None else judged(kind, net, before, held_out, plan)
    told = {**asdict(plan), "vgg": plan.vgg is not None, "people": len(people), "judged": figures}
    write_checkpoint(
        Path(output), net, kind, settings, notes={**told, **(notes or {})}, overwrite=overwrite
    )
    return net, figures


def dressings(kind: str, people: DressedPeople | TryOnPool, plan: Plan) -> Dressings:
    """Return examples of people as a network sees them."""
    if kind.startswith("viton"):
        return Dressings(people, "viton", white=not plan.compat)
    return Dressings(people, plan.variant, kind, white=not plan.compat)


def exchanges(kind: str, people: DressedPeople, plan: Plan) -> Dressing:
    """Return all people, changing from the first garment to the second."""
    return dressings(kind, people, plan).all(paired=plan.paired)


@torch.no_grad()
def judged(
    kind: str, net: nn.Module, before: nn.Module | None, people: DressedPeople, plan: Plan
) -> dict[str, Any]:
    """Return figures on people that the network has not seen, beside the baselines'."""
    batch = exchanges(kind, people, plan)
    if kind == "gmm":
        return judge_warps(net, batch)
    return judge_pictures(kind, net, before, batch)
