"""CP-VTON, CP-VTON+ and VITON on one photo: from what they get to what they make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cvfast.people.labels import convert_labels
from cvfast.tryon.dressings import Dressing, seen_person
from cvfast.tryon.network_task import shape_context_warp
from cvfast.tryon.network_view import NetworkLook, NetworkView
from cvfast.tryon.representation import garment_input
from cvfast.tryon.tps_grid import sample
from cvfast.typing import ImageF32

__all__ = ["dress_cpvton", "dress_viton", "size_of_gmm", "size_of_viton"]

_WHITE = (0.7, 0.95)  # from where on a rendered pixel is the ground that people stood before


def size_of_gmm(networks: Mapping[str, Any]) -> tuple[int, int]:
    """Return the width and height that GMM was built for."""
    size: tuple[int, int] = networks["gmm"].size
    return size


def size_of_viton(networks: Mapping[str, Any]) -> tuple[int, int]:
    """Return the width and height at which VITON's layers meet in 3 x 4 places."""
    times = len(networks["viton"].encoder)
    return 3 << times, 4 << times


@torch.no_grad()
def dress_cpvton(view: NetworkView, networks: Mapping[str, Any]) -> NetworkLook:
    """Warp with GMM, render with TOM.

    Parameters
    ----------
    view
        At GMM's size.
    networks
        ``"gmm"`` and ``"tom"``, of one variant.
    """
    gmm, tom = networks["gmm"], networks["tom"]
    batch = dressing_of(view, tom.variant, "tom")
    grid, _ = gmm(batch.fitting, batch.garment_mask if gmm.variant == "cp-vton+" else batch.garment)
    cloth = sample(batch.garment, grid)
    mask = sample(batch.garment_mask, grid, padding="zeros")
    rendered, alpha = tom(batch.person, cloth, mask)
    # Below the garment TOM learnt nothing: only what comes of both is a picture.
    return look_of(alpha * cloth + (1 - alpha) * rendered, alpha, grid, alpha)


@torch.no_grad()
def dress_viton(view: NetworkView, networks: Mapping[str, Any]) -> NetworkLook:
    """Paint coarsely, warp to the mask that came with it, refine.

    Parameters
    ----------
    view
        At `size_of_viton`.
    networks
        ``"viton"`` and ``"viton-refine"``.
    """
    batch = dressing_of(view, "viton", "viton")
    grid, coarse, mask = shape_context_warp(networks["viton"], batch)
    alpha = networks["viton-refine"](sample(batch.garment, grid), coarse) * mask
    return look_of(coarse, alpha, grid, mask)


def dressing_of(view: NetworkView, variant: str, stage: str) -> Dressing:
    """Return one view as the networks see it; what is not known beforehand is empty."""
    labels = convert_labels(view.labels, "cvfast", "lip21", pose=view.pose)
    seen = seen_person(view.image, labels, view.pose, variant, stage)
    parts = (*seen, *garment_input(view.garment, view.garment_mask))
    person, fitting, garment, mask = (
        torch.from_numpy(np.ascontiguousarray(part))[None] for part in parts
    )
    empty = torch.zeros(1, 1, *view.labels.shape)
    return Dressing(person, fitting, garment, mask, empty, empty, empty, empty, empty)


def look_of(rendered: Tensor, alpha: Tensor, grid: Tensor, worn: Tensor) -> NetworkLook:
    """Return tensors of one picture as arrays; white that is no garment lies behind the person."""
    picture = _array(rendered / 2 + 0.5)
    white = (picture.min(axis=2) - _WHITE[0]) / (_WHITE[1] - _WHITE[0])
    there = _array(worn)[..., 0]
    behind = np.clip(white, 0, 1) * (1 - there)
    return NetworkLook(
        picture, _array(alpha)[..., 0], grid[0].cpu().numpy(), there, behind.astype(np.float32)
    )


def _array(tensor: Tensor) -> ImageF32:
    array: ImageF32 = tensor[0].permute(1, 2, 0).contiguous().cpu().numpy()
    return array
