"""``cvfast train clothes-transform``: the two networks of Clothes Transform."""

from __future__ import annotations

from functools import partial

from cvfast.cli.common import Common
from cvfast.cli.train_exchange import ExchangeLearning, Folder, train_family
from cvfast.tryon.networks import need_torch

__all__ = ["EXAMPLES", "USAGE", "train_clothes_transform"]

EXAMPLES = (
    "cvfast train clothes-transform -o transform",
    "cvfast train clothes-transform -o transform --people 1000 --iterations 4000 --width 16",
    "cvfast train clothes-transform -o full --compat --iterations 200000 --device cuda",
)
USAGE = "-o FOLDER [OPTIONS]"


def train_clothes_transform(
    *,
    output: Folder,
    learning: ExchangeLearning | None = None,
    common: Common | None = None,
) -> int:
    """Train Clothes Transform's coarse exchange and its garment on made people.

    The people are SYNTHETIC; what is learnt from them is not yet known of photos. Use the result
    with: cvfast tryon PERSON GARMENT -o OUT --engine clothes-transform --weights FOLDER.
    """
    need_torch()
    from cvfast.tryon.dressed_folder import read_dressed
    from cvfast.tryon.dressed_people import make_dressed_people
    from cvfast.tryon.exchange_training import check_size
    from cvfast.tryon.exchange_training import train_clothes_transform as train

    learning = learning or ExchangeLearning()
    if learning.data is not None and not learning.compat:
        raise ValueError(
            "--data: expected with --compat, since a folder does not tell how its people look in "
            "other clothes"
        )
    size = learning.sides("48x64", "256x256")
    check_size("clothes-transform", size)
    read = partial(read_dressed, size=size)
    make = partial(make_dressed_people, size=size)
    return train_family("clothes-transform", output, learning, common, make, train, read)
