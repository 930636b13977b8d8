"""``cvfast train fisherfaces``: Belhumeur's."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.training_faces import (
    Components,
    Folder,
    Options,
    Output,
    components,
    train_and_write,
)

__all__ = ["EXAMPLES", "USAGE", "train_fisherfaces"]

EXAMPLES = (
    "cvfast train fisherfaces people/ -o fisherfaces.safetensors",
    "cvfast train fisherfaces made-faces/ -o fisherfaces.safetensors --pca 200 --json",
)
USAGE = "DIR -o OUT [OPTIONS]"


def train_fisherfaces(
    folder: Folder,
    /,
    *,
    output: Output,
    discriminants: Annotated[
        int | None, Parameter(help="How many to keep; all: people less one.")
    ] = None,
    pca: Annotated[Components, Parameter(help="Components before them; under 1: a share.")] = 0.95,
    metric: Annotated[str, Parameter(help="euclidean or cosine.")] = "cosine",
    options: Options | None = None,
    common: Common | None = None,
) -> int:
    """Find the directions that tell the people of a folder apart.

    The file holds these and a threshold, not the faces or the names. Use it with
    `cvfast recognize verify A B --model fisherfaces:OUT`.
    """
    from cvfast.recognition.fisherfaces import Fisherfaces

    model = Fisherfaces(discriminants, pca_components=components(pca), metric=metric)
    report = (common or Common()).report("train")
    return train_and_write(model, folder, output, options or Options(), report)
