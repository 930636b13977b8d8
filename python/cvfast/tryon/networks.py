"""The try-on networks by kind: how each is built from its settings.

A kind is one network: ``"gmm"``. Its settings are plain values that a file can hold; a builder
takes them as keywords. Without settings it gives the published form.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cvfast.errors import MissingDependencyError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["BUILDERS", "INSTALL", "build_network", "need_torch"]

INSTALL = "pip install 'cvfast[train]'"
BUILDERS = {
    "gmm": "cvfast.tryon.cpvton_net:GMM",
    "tom": "cvfast.tryon.cpvton_net:TOM",
    "viton": "cvfast.tryon.viton_net:EncoderDecoder",
    "viton-refine": "cvfast.tryon.viton_net:Refinement",
    "acgpn-g1": "cvfast.tryon.acgpn_net:build_g1",
    "acgpn-g2": "cvfast.tryon.acgpn_net:build_g2",
    "acgpn-u": "cvfast.tryon.acgpn_warping:ClothesWarping",
    "acgpn-g": "cvfast.tryon.acgpn_net:build_g",
    "swapnet-warp": "cvfast.tryon.swapnet_net:Warping",
    "swapnet-texture": "cvfast.tryon.swapnet_net:Texturing",
    "clothes-transform-coarse": "cvfast.tryon.clothes_transform_net:CoarsePerson",
    "clothes-transform-garment": "cvfast.tryon.clothes_transform_net:TransformNet",
}


def build_network(
    kind: str, settings: Mapping[str, Any] | None = None, *, seed: int | None = None
) -> nn.Module:
    """Build a network with fresh weights.

    Parameters
    ----------
    kind
        One of `BUILDERS`.
    settings
        Keywords of its class; none: the published form.
    seed
        Of the weights; None: torch's present state.

    Raises
    ------
    ValueError
        No such kind, or settings that its class refuses.
    MissingDependencyError
        torch is not installed.

    Examples
    --------
    >>> net = build_network("gmm", {"variant": "cp-vton+"}, seed=0)
    >>> sum(weights.numel() for weights in net.parameters())
    19055602
    """
    if kind not in BUILDERS:
        raise ValueError(f"kind: expected one of {', '.join(BUILDERS)}, got {kind!r}")
    need_torch()
    import torch

    module, _, name = BUILDERS[kind].partition(":")
    builder = getattr(importlib.import_module(module), name)
    with torch.random.fork_rng(enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        try:
            net: nn.Module = builder(**(settings or {}))
        except TypeError as error:
            raise ValueError(f"settings: expected those of {name}, got others: {error}") from error
    return net


def need_torch() -> None:
    """Raise MissingDependencyError where networks cannot run."""
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(f"try-on networks need torch ({error}): {INSTALL}") from error
