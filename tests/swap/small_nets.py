"""Small swap models of each family, for tests."""

from __future__ import annotations

from typing import Any

import torch
from cvfast.swap.model_options import ModelOptions
from cvfast.swap.networks import SwapNetworks, build_networks

FAMILIES = ("df-ud", "df", "df-uc", "df-t", "liae-ud", "liae-udt", "amp")


def small_options(architecture: str = "df-ud", **more: Any) -> ModelOptions:
    """Options whose networks are quick."""
    small: dict[str, Any] = {
        "resolution": 64, "ae_dims": 32, "e_dims": 16, "d_dims": 16, "d_mask_dims": 8,
        "inter_dims": 32, "batch": 2, "learning_rate": 1e-3,
    }  # fmt: skip
    return ModelOptions(architecture=architecture, **(small | more))


def small_nets(options: ModelOptions, seed: int = 0) -> SwapNetworks:
    """Networks whose weights come from the seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build_networks(options)


def faces(count: int, side: int, seed: int = 0) -> torch.Tensor:
    """Random pictures (N, 3, h, w)."""
    drawn = torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))
    return drawn.contiguous(memory_format=torch.channels_last)
