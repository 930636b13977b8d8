"""``cvfast train lbph``: local binary patterns, whose only training is the threshold."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.training_faces import Folder, Options, Output, train_and_write

__all__ = ["EXAMPLES", "USAGE", "train_lbph"]

EXAMPLES = (
    "cvfast train lbph people/ -o lbph.safetensors",
    "cvfast train lbph made-faces/ -o lbph.safetensors --radius 2 --grid 7 7 --json",
)
USAGE = "DIR -o OUT [OPTIONS]"


def train_lbph(
    folder: Folder,
    /,
    *,
    output: Output,
    radius: Annotated[int, Parameter(help="Of the circle round a pixel.")] = 1,
    neighbors: Annotated[int, Parameter(help="Points on it.")] = 8,
    grid: Annotated[tuple[int, int], Parameter(negative="", help="Cells across and down.")] = (
        8,
        8,
    ),
    options: Options | None = None,
    common: Common | None = None,
) -> int:
    """Set the threshold of local binary pattern histograms from a folder of people.

    The file holds the settings and the threshold, not the faces or the names. Use it with
    `cvfast recognize verify A B --model lbph:OUT`.
    """
    from cvfast.recognition.lbph import LBPH

    model = LBPH(radius, neighbors, grid)
    report = (common or Common()).report("train")
    return train_and_write(model, folder, output, options or Options(), report)
