"""``cvfast train KIND``: models of your own."""

from __future__ import annotations

from cvfast.cli.kinds import Kinds

__all__ = ["KINDS"]

KINDS = Kinds(
    "train",
    "Train models from pictures of your own, or from made ones.",
    (
        "acgpn",
        "cascade",
        "clothes-transform",
        "deepface",
        "eigenfaces",
        "fisherfaces",
        "gmm",
        "landmarks",
        "lbph",
        "patches",
        "swapnet",
        "tom",
        "viton",
    ),
)
