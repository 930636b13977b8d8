"""``cvfast train viton``: VITON's encoder-decoder and its refinement."""

from __future__ import annotations

from pathlib import Path

from cvfast.cli.common import Common, refuse_targets
from cvfast.cli.train_networks import Learning, Output, made_people, refuse, train_one

__all__ = ["EXAMPLES", "USAGE", "train_viton"]

EXAMPLES = (
    "cvfast train viton -o viton.safetensors",
    "cvfast train viton -o viton.safetensors --size 96x128 --iterations 4000",
)
USAGE = "-o OUT.safetensors [OPTIONS]"


def train_viton(
    *, output: Output, learning: Learning | None = None, common: Common | None = None
) -> int:
    """Train VITON's two networks on made people; the refinement goes to OUT-refine.safetensors.

    The people are SYNTHETIC; what is learnt from them is not yet known of photos.
    """
    learning = learning or Learning()
    refuse(output, learning)
    path = Path(output)
    second = str(path.with_name(f"{path.stem}-refine{path.suffix}"))
    refuse_targets(second, learning.overwrite)
    report = (common or Common()).report("train")
    with report.bars():
        people = made_people(learning, report)
        coarse = train_one("viton", people, output, learning, report)
        train_one("viton-refine", people, second, learning, report, before=coarse)
    return 0
