"""How good warps and pictures of networks are on people they have not seen, beside baselines."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.tryon.dressings import Dressing
from cvfast.tryon.network_task import shape_context_warp, warp
from cvfast.tryon.tps_grid import sample

__all__ = [
    "box_grid",
    "dressed",
    "judge_picture",
    "judge_pictures",
    "judge_warps",
    "mean_iou",
    "paste",
]


def judge_warps(gmm: nn.Module, batch: Dressing) -> dict[str, dict[str, float]]:
    """Return the figures of GMM's warps, of none at all, and of one from box to box.

    Parameters
    ----------
    gmm
        Trained.
    batch
        Held-out people; masks and cloth of the truth are those of what is seen of the garment.

    Returns
    -------
    dict
        ``"identity"``, ``"box"`` (the garment's bounding box laid on that of the truth, which GMM
        is not shown) and ``"gmm"``, each with ``l1`` (mean absolute difference of the warped cloth
        on white, in [0, 1]) and ``iou`` (mean of the masks').
    """
    still = torch.eye(2, 3).expand(len(batch.garment), 2, 3)
    shape = list(batch.garment.shape)
    grids = {
        "identity": functional.affine_grid(still, shape, align_corners=True),
        "box": box_grid(batch.garment_mask, batch.worn_mask),
    }
    warps = {name: warp_with(grid, batch) for name, grid in grids.items()}
    warps["gmm"] = warp(gmm.eval(), batch)
    return {
        name: {
            "l1": functional.l1_loss(cloth, batch.worn).item() / 2,
            "iou": mean_iou(mask, batch.worn_mask),
        }
        for name, (cloth, mask) in warps.items()
    }


def judge_picture(made: Tensor, batch: Dressing) -> dict[str, float]:
    """Return how far pictures (N, 3, h, w) in [-1, 1] are from the truth.

    Returns
    -------
    dict
        ``l1``: mean absolute difference in [0, 1] over the picture; ``inside``: over the person
        alone; ``ssim``: mean structural similarity of the pictures (Wang et al., 2004; 11 x 11
        Gaussian, spread 1.5, over the whole picture and its three channels).
    """
    off = (made - batch.result).abs().mean(1, keepdim=True) / 2
    return {
        "l1": off.mean().item(),
        "inside": (off * batch.body).sum().item() / batch.body.sum().item(),
        "ssim": _similarity(made / 2 + 0.5, batch.result / 2 + 0.5),
    }


def paste(batch: Dressing, warped: Tensor, warped_mask: Tensor, *, dim: Any = 1) -> Tensor:
    """Return the baseline of a picture: the warped garment pasted on what the network is shown.

    That is the head, and with CP-VTON+ the legs, before white.
    """
    head = batch.person[:, 1:4]
    nothing = (head == head[:, :, :1, :1]).all(dim, keepdim=True)  # whatever fills the rest
    shown = torch.where(nothing, 1.0, head)
    return warped * warped_mask + shown * (1 - warped_mask)


@torch.no_grad()
def judge_pictures(
    kind: str, net: nn.Module, before: nn.Module | None, batch: Dressing
) -> dict[str, dict[str, float]]:
    """Return the figures of a network's pictures beside those of pasting.

    Parameters
    ----------
    kind
        ``"tom"``, ``"viton"`` or ``"viton-refine"``.
    net, before
        The network, and that which works before it; VITON's first stage has none.
    batch
        Held-out people.

    Returns
    -------
    dict
        ``"paste"`` and the kind, each as `judge_picture`. The garment that is pasted is the one
        that the network gets: GMM's warp, or that of shape contexts; VITON's first stage gets a
        flat one, and is compared with that laid on the true bounding box.
    """
    if kind == "viton":
        coarse, mask = net(batch.person, batch.garment)
        grid = box_grid(batch.garment_mask, batch.worn_mask)
        warped, warped_mask = warp_with(grid, batch)
        return {
            "paste": judge_picture(paste(batch, warped, warped_mask), batch),
            kind: judge_picture(coarse, batch) | {"iou": mean_iou(mask, batch.worn_mask)},
        }
    made, warped, warped_mask = dressed(kind, net, before, batch)
    return {
        "paste": judge_picture(paste(batch, warped, warped_mask), batch),
        kind: judge_picture(made, batch),
    }


def dressed(
    kind: str, net: nn.Module, before: Any, batch: Dressing
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the pictures that TOM or VITON's refinement makes, and the warped garments, masks."""
    if kind == "tom":
        warped, warped_mask = warp(before, batch)
        rendered, alpha = net(batch.person, warped, warped_mask)
    else:
        grid, rendered, mask = shape_context_warp(before, batch)
        warped, warped_mask = warp_with(grid, batch)
        alpha = net(warped, rendered) * mask
    return alpha * warped + (1 - alpha) * rendered, warped, warped_mask


def warp_with(grid: Tensor, batch: Dressing) -> tuple[Tensor, Tensor]:
    """Return garments and masks warped by grids (N, h, w, 2)."""
    return sample(batch.garment, grid), sample(batch.garment_mask, grid, padding="zeros")


def mean_iou(masks: Tensor, truth: Tensor) -> float:
    """Return the mean intersection over union of masks (N, 1, h, w), cut at 1/2."""
    one, other = masks > 0.5, truth > 0.5
    both = (one & other).sum((1, 2, 3)).float()
    either = (one | other).sum((1, 2, 3)).clamp(min=1)
    return (both / either).mean().item()


def box_grid(masks: Tensor, truth: Tensor) -> Tensor:
    """Return grids that lay the bounding box of each mask on that of another, (N, h, w, 2)."""
    count, _, height, width = masks.shape
    x, y = torch.linspace(-1, 1, width), torch.linspace(-1, 1, height)
    grids = torch.empty(count, height, width, 2)
    for grid, mask, other in zip(grids, masks, truth, strict=True):
        for axis, places in ((0, x), (1, y)):
            (a, b), (c, d) = (_ends(one[0] > 0.5, places, axis) for one in (mask, other))
            moved = a + (places - c) * (b - a) / (d - c).clamp(min=1e-6)
            grid[..., axis] = moved if axis == 0 else moved[:, None]
    return grids


def _ends(mask: Tensor, places: Tensor, axis: int) -> Tensor:
    filled = mask.any(axis)  # over the rows for x, over the columns for y
    if not filled.any():
        return torch.tensor([-1.0, 1.0])
    return places[filled][[0, -1]]


def _similarity(one: Tensor, other: Tensor) -> float:
    taps = torch.exp(-((torch.arange(11) - 5.0) ** 2) / (2 * 1.5**2))
    window = (torch.outer(taps, taps) / taps.sum() ** 2).expand(3, 1, 11, 11)

    def mean(values: Tensor) -> Tensor:
        return functional.conv2d(values, window, groups=3)

    a, b = mean(one), mean(other)
    spread_a, spread_b = mean(one * one) - a * a, mean(other * other) - b * b
    both = mean(one * other) - a * b
    c, d = 0.01**2, 0.03**2
    alike = (2 * a * b + c) * (2 * both + d) / ((a * a + b * b + c) * (spread_a + spread_b + d))
    return alike.mean().item()
