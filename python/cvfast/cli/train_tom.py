"""``cvfast train tom``: CP-VTON's network that puts a warped garment on a person."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from cvfast.cli.common import Common
from cvfast.cli.train_networks import Learning, Output, made_people, refuse, train_one

__all__ = ["EXAMPLES", "USAGE", "train_tom"]

EXAMPLES = (
    "cvfast train tom --gmm gmm.safetensors -o tom.safetensors",
    "cvfast train tom --gmm gmm_final.pth -o tom.safetensors --compat --vgg vgg19.pth",
)
USAGE = "--gmm GMM -o OUT.safetensors [OPTIONS]"


def train_tom(
    *,
    output: Output,
    gmm: Annotated[str, Parameter(help="The trained GMM; its variant and size are TOM's too.")],
    learning: Learning | None = None,
    common: Common | None = None,
) -> int:
    """Train the try-on module of CP-VTON or CP-VTON+ on made people in clothes that a GMM warped.

    The people are SYNTHETIC; what is learnt from them is not yet known of photos.
    """
    learning = learning or Learning()
    refuse(output, learning)
    from cvfast.tryon.checkpoints import load_network

    before: Any
    before, found = load_network(gmm, "gmm")
    report = (common or Common()).report("train")
    with report.bars():
        people = made_people(learning, report, before.size)
        train_one("tom", people, output, learning, report, variant=found.variant, before=before)
    return 0
