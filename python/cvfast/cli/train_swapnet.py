"""``cvfast train swapnet``: SwapNet's two modules."""

from __future__ import annotations

from functools import partial

from cvfast.cli.common import Common
from cvfast.cli.train_exchange import ExchangeLearning, Folder, train_family
from cvfast.tryon.networks import need_torch

__all__ = ["EXAMPLES", "USAGE", "train_swapnet"]

EXAMPLES = (
    "cvfast train swapnet -o swapnet",
    "cvfast train swapnet -o swapnet --people 1000 --iterations 4000 --width 16",
    "cvfast train swapnet -o swapnet-full --compat --iterations 200000 --device cuda",
)
USAGE = "-o FOLDER [OPTIONS]"


def train_swapnet(
    *,
    output: Folder,
    learning: ExchangeLearning | None = None,
    common: Common | None = None,
) -> int:
    """Train SwapNet's warping and texturing on made people.

    The people are SYNTHETIC; what is learnt from them is not yet known of photos. Use the result
    with: cvfast tryon PERSON WEARER -o OUT --from-person --engine swapnet --weights FOLDER.
    """
    need_torch()
    from cvfast.tryon.exchange_training import check_size
    from cvfast.tryon.exchange_training import train_swapnet as train
    from cvfast.tryon.swapnet_inputs import make_two_wearers

    learning = learning or ExchangeLearning()
    size = learning.sides("64x64", "128x128")
    check_size("swapnet", size)
    make = partial(make_two_wearers, side=size[0])
    return train_family("swapnet", output, learning, common, make, train)
