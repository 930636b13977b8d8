"""What ``cvfast train acgpn``, ``swapnet`` and ``clothes-transform`` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.make_scenes import pair
from cvfast.cli.train_networks import check_numbers
from cvfast.errors import OutputExistsError

__all__ = ["ExchangeLearning", "Folder", "train_family"]

Folder = Annotated[str, Parameter(name=["--output", "-o"], help="Folder for the networks.")]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ExchangeLearning:
    """How to train."""

    data: Annotated[
        str | None,
        Parameter(help="A folder in CP-VTON's or ACGPN's layout to learn from, not made people."),
    ] = None
    people: Annotated[int, Parameter(help="Made people to learn from.")] = 300
    size: Annotated[
        str | None, Parameter(help="Width x height; else 48x64, or the published one (--compat).")
    ] = None
    width: Annotated[
        int | None, Parameter(help="Channels of the first level (8; 64 with --compat).")
    ] = None
    compat: Annotated[
        bool, Parameter(negative="", help="As published: layers, losses, batch, rate.")
    ] = False
    iterations: Annotated[int, Parameter(help="Steps of each network.")] = 600
    batch: Annotated[int | None, Parameter(help="Examples a step (16; 8 with --compat).")] = None
    rate: Annotated[
        float | None, Parameter(help="Adam's learning rate (0.001; 0.0002 with --compat).")
    ] = None
    seed: Annotated[int, Parameter(help="Of everything random.")] = 0
    resume: Annotated[bool, Parameter(negative="", help="Go on with the training there.")] = False
    device: Annotated[str, Parameter(help="auto, cpu, cuda or mps.")] = "cpu"

    def options(self) -> dict[str, Any]:
        """Return what the library's functions are told."""
        width, batch, rate = (64, 8, 2e-4) if self.compat else (8, 16, 1e-3)
        return {
            "iterations": self.iterations, "width": width if self.width is None else self.width,
            "compat": self.compat, "seed": self.seed, "device": self.device,
            "batch": batch if self.batch is None else self.batch,
            "rate": rate if self.rate is None else self.rate,
        }  # fmt: skip

    def sides(self, small: str, published: str) -> tuple[int, int]:
        """Return the pictures' width and height."""
        return pair("--size", self.size or (published if self.compat else small), "x", small)


def train_family(
    family: str,
    output: str,
    learning: ExchangeLearning,
    common: Common | None,
    make: Callable[..., Any],
    train: Callable[..., dict[str, Any]],
    read: Callable[..., Any] | None = None,
) -> int:
    """Make people, train the networks of a family one after the other, tell of them.

    Parameters
    ----------
    family
        Its name.
    make
        Makes people, called with their number, ``seed`` and ``progress``.
    train
        Called with them, the folder and the options; returns networks by kind.
    read
        Reads people from a user's folder; None: the family cannot learn from one.
    """
    check_numbers(learning, "people", "iterations", "width", "batch")
    if learning.data is not None and read is None:
        raise ValueError(f"--data: expected none for {family}, which learns from made people")
    if not learning.resume and any(Path(output).glob("*")):
        raise OutputExistsError(
            f"{output}: holds files already. Go on with the training there (--resume), or "
            "choose another folder."
        )
    report = (common or Common()).report("train")
    with report.bars():
        if learning.data is not None and read is not None:
            with report.bar("reading people", None) as progress:
                people = read(learning.data, progress=progress)
        else:
            with report.bar("making people", learning.people) as progress:
                people = make(learning.people, seed=learning.seed, progress=progress)
        with report.bar(f"training {family}", None) as progress:
            networks = train(people, output, progress=progress, **learning.options())
    files = [str(Path(output) / f"{kind}.safetensors") for kind in networks]
    report.result(
        f"{output}: {family}, {learning.iterations} iterations each: {', '.join(networks)}",
        output=output, engine=family, iterations=learning.iterations, files=files,
    )  # fmt: skip
    return 0
