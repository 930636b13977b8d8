"""ACGPN, SwapNet and Clothes Transform behind ``--engine``: a view of the photo in, a look out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cvfast.tryon.exchange_engines import Flat, Painted, Seen, run_engine
from cvfast.tryon.network_view import NetworkLook, NetworkView
from cvfast.typing import ImageF32

__all__ = [
    "dress_acgpn", "dress_clothes_transform", "dress_swapnet", "size_of_clothes_transform",
    "size_of_swapnet", "size_of_warping",
]  # fmt: skip

# Clothes Transform's pictures, by the published width, where its file tells no size.
_SMALL, _PUBLISHED = (48, 64), (256, 256)
_PUBLISHED_WIDTH = 64


def size_of_warping(networks: Mapping[str, Any]) -> tuple[int, int]:
    """Return the width and height that ACGPN's U was built for."""
    size: tuple[int, int] = networks["acgpn-u"].stn.tps.size
    return size


def size_of_swapnet(networks: Mapping[str, Any]) -> tuple[int, int]:
    """Return the square that SwapNet's texturing was built for."""
    side: int = networks["swapnet-texture"].side
    return side, side


def size_of_clothes_transform(networks: Mapping[str, Any]) -> tuple[int, int]:
    """Return the width and height that the networks learnt from.

    Where they do not tell: 256 x 256, as published, for those of the published width; else 48 x 64.
    """
    net = networks["clothes-transform-garment"]
    if net.size is not None:
        size: tuple[int, int] = net.size
        return size
    return _PUBLISHED if net.last.in_channels >= _PUBLISHED_WIDTH else _SMALL


def dress_acgpn(view: NetworkView, networks: Mapping[str, Any]) -> NetworkLook:
    """Run G1, G2, U and G; the garment's own pixels show wherever U's warp lays them."""
    found = run_engine("acgpn", networks, _seen(view), _flat(view))
    return _look(view, found, found.grid)


def dress_swapnet(view: NetworkView, networks: Mapping[str, Any]) -> NetworkLook:
    """Move the labels of what another person wears, and paint it."""
    if view.wearer is None:
        raise ValueError(
            "garment: expected the photo of a person who wears it (--from-person): SwapNet takes "
            "clothes from people, got a flat garment"
        )
    return _look(view, run_engine("swapnet", networks, _seen(view), _seen(view.wearer)), None)


def dress_clothes_transform(view: NetworkView, networks: Mapping[str, Any]) -> NetworkLook:
    """Exchange coarsely, deform the garment into the mask, put both together."""
    return _look(view, run_engine("clothes-transform", networks, _seen(view), _flat(view)), None)


def _seen(view: NetworkView) -> Seen:
    return Seen(view.image, view.labels, view.pose)


def _flat(view: NetworkView) -> Flat:
    return Flat(view.garment, view.garment_mask)


def _look(view: NetworkView, found: Painted, grid: ImageF32 | None) -> NetworkLook:
    """Return what was painted; where old clothes are neither kept nor painted over, ground."""
    person = found.clothes | found.person
    return NetworkLook(
        found.image.astype(np.float32) / np.float32(255),
        found.clothes.astype(np.float32),
        grid,
        found.clothes.astype(np.float32),
        (~person).astype(np.float32),
    )
