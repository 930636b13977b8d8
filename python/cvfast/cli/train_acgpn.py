"""``cvfast train acgpn``: ACGPN's four networks."""

from __future__ import annotations

from functools import partial

from cvfast.cli.common import Common
from cvfast.cli.train_exchange import ExchangeLearning, Folder, train_family
from cvfast.tryon.networks import need_torch

__all__ = ["EXAMPLES", "USAGE", "train_acgpn"]

EXAMPLES = (
    "cvfast train acgpn -o acgpn",
    "cvfast train acgpn -o acgpn --people 1000 --iterations 4000 --width 16",
    "cvfast train acgpn -o acgpn-full --compat --iterations 200000 --device cuda",
)
USAGE = "-o FOLDER [OPTIONS]"


def train_acgpn(
    *,
    output: Folder,
    learning: ExchangeLearning | None = None,
    common: Common | None = None,
) -> int:
    """Train ACGPN's G1, G2, U and G on made people.

    The people are SYNTHETIC; what is learnt from them is not yet known of photos. Use the result
    with: cvfast tryon PERSON GARMENT -o OUT --engine acgpn --weights FOLDER.
    """
    need_torch()
    from cvfast.tryon.dressed_folder import read_dressed
    from cvfast.tryon.dressed_people import make_dressed_people
    from cvfast.tryon.exchange_training import check_size
    from cvfast.tryon.exchange_training import train_acgpn as train

    learning = learning or ExchangeLearning()
    size = learning.sides("48x64", "192x256")
    check_size("acgpn", size)
    read = partial(read_dressed, size=size)
    make = partial(make_dressed_people, size=size)
    return train_family("acgpn", output, learning, common, make, train, read)
