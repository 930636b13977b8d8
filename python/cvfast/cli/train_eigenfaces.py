"""``cvfast train eigenfaces``: Turk and Pentland's."""

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

__all__ = ["EXAMPLES", "USAGE", "train_eigenfaces"]

EXAMPLES = (
    "cvfast train eigenfaces people/ -o eigenfaces.safetensors",
    "cvfast train eigenfaces made-faces/ -o eigenfaces.safetensors --components 100 --json",
)
USAGE = "DIR -o OUT [OPTIONS]"


def train_eigenfaces(
    folder: Folder,
    /,
    *,
    output: Output,
    keep: Annotated[Components, Parameter(name="--components")] = 0.95,
    skip: Annotated[int, Parameter(help="Leave out so many of the first: light, mostly.")] = 3,
    metric: Annotated[
        str, Parameter(help="euclidean, cosine, mahalanobis or mahalanobis-cosine.")
    ] = "cosine",
    options: Options | None = None,
    common: Common | None = None,
) -> int:
    """Find the mean face and the eigenfaces of a folder of people.

    The file holds these and a threshold, not the faces or the names. Use it with
    `cvfast recognize verify A B --model eigenfaces:OUT`.
    """
    from cvfast.recognition.eigenfaces import Eigenfaces

    model = Eigenfaces(components(keep), skip=skip, metric=metric)
    report = (common or Common()).report("train")
    return train_and_write(model, folder, output, options or Options(), report)
