"""``cvfast train gmm``: CP-VTON's network that warps a garment to a person."""

from __future__ import annotations

from cvfast.cli.common import Common
from cvfast.cli.train_networks import Learning, Output, Variant, made_people, refuse, train_one

__all__ = ["EXAMPLES", "USAGE", "train_gmm"]

EXAMPLES = (
    "cvfast train gmm -o gmm.safetensors",
    "cvfast train gmm -o gmm.safetensors --variant cp-vton+ --people 1000 --iterations 5000",
    "cvfast train gmm -o full.safetensors --compat --device cuda --resume",
)
USAGE = "-o OUT.safetensors [OPTIONS]"


def train_gmm(
    *,
    output: Output,
    variant: Variant = "cp-vton",
    learning: Learning | None = None,
    common: Common | None = None,
) -> int:
    """Train the geometric matching module of CP-VTON or CP-VTON+ on made people.

    The people are SYNTHETIC; what is learnt from them is not yet known of photos.
    """
    learning = learning or Learning()
    refuse(output, learning)
    report = (common or Common()).report("train")
    with report.bars():
        people = made_people(learning, report)
        train_one("gmm", people, output, learning, report, variant=variant)
    return 0
