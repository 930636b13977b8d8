"""Training CP-VTON's and VITON's networks on `cvfast.training.loop`: examples, losses, schedules.

With made people a network learns the exchange itself: the person in one garment goes in, the same
person in the other comes out. With ``paired`` it learns as in the papers, where a person's own
garment is all there is.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.tryon.dressings import Dressing, Dressings, moved
from cvfast.tryon.exchange_task import ExchangeTask
from cvfast.tryon.perceptual import Perceptual
from cvfast.tryon.tps_grid import ThinPlateGrid, control_points, sample
from cvfast.tryon.viton_warp import CONTROLS, shape_context_values

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["DressTask", "GMMTask", "RefineTask", "TOMTask", "VITONTask"]

_SALT = 0xD2E5
_KEPT = 1536  # examples of small pictures that are made once: half a gigabyte
_SMALL = 48 * 64
_GRID_WEIGHT, _GRID_WIDTH = 40.0, 192  # CP-VTON+'s, on the mean over all places of its pictures
_PERCEPTUAL_WEIGHT = 3.0  # VITON's


class DressTask(ExchangeTask):
    """One network's training.

    Parameters
    ----------
    net
        The network.
    dressings
        To learn from.
    paired
        As in the papers: the person goes in as it comes out.
    perceptual
        Features to compare pictures by; None: none (no weights for them are shipped).
    options
        See `ExchangeTask`.
    """

    def __init__(
        self,
        net: nn.Module,
        dressings: Dressings,
        *,
        paired: bool = False,
        perceptual: Perceptual | None = None,
        **options: Any,
    ) -> None:
        super().__init__({"net": net}, **options)
        self.settings |= {"people": len(dressings), "paired": paired}
        self.settings["perceptual"] = perceptual is not None
        self._dressings, self._paired, self._perceptual = dressings, paired, perceptual
        self._kept = _KEPT if dressings.size[0] * dressings.size[1] <= _SMALL else 0
        self._examples: dict[int, tuple[Tensor, ...]] = {}

    def batch(self, iteration: int, rng: np.random.Generator) -> Dressing:
        """Draw people at random; small ones are made once and kept."""
        if not self._kept:
            return self._dressings.draw(rng, self.batch_size, paired=self._paired)
        numbers = rng.integers(self._kept, size=self.batch_size)
        picked = [self._example(int(number)) for number in numbers]
        return Dressing(*(torch.stack(parts).float() for parts in zip(*picked, strict=True)))

    def _example(self, number: int) -> tuple[Tensor, ...]:
        """Return one of the kept examples, which its number alone decides."""
        if number not in self._examples:
            rng = np.random.default_rng([_SALT, number])
            one = self._dressings.draw(rng, 1, paired=self._paired)
            self._examples[number] = tuple(part[0].half() for part in one)
        return self._examples[number]

    def step(self, batch: Dressing, fabric: Fabric) -> Mapping[str, Any]:
        """One step down the losses' sum."""
        self.modules["net"].train()
        there = Dressing(*(part.to(fabric.device) for part in batch))
        return self.descend(self.losses(there), fabric)

    @abstractmethod
    def losses(self, batch: Dressing) -> Mapping[str, Tensor]:
        """Return losses by name, weighted."""

    def _compared(self, made: Tensor, truth: Tensor, weight: float = 1.0) -> dict[str, Tensor]:
        if self._perceptual is None:
            return {}
        return {"perceptual": weight * self._perceptual(made, truth)}


class GMMTask(DressTask):
    """GMM: the absolute difference of warped and worn garment.

    CP-VTON+ adds the grid's interval consistency, weighted 40 over all places at its own size, 192
    pixels wide, and as strongly at others. Without ``compat``
    the masks are compared too, which tells of direction where the cloth is plain, and of made
    people the grid with the known one; and people are moved, turned and scaled a little.
    """

    def batch(self, iteration: int, rng: np.random.Generator) -> Dressing:
        """Draw people at random."""
        drawn = super().batch(iteration, rng)
        return drawn if self.compat else moved(drawn, rng)

    def losses(self, batch: Dressing) -> Mapping[str, Tensor]:
        """Return losses by name, weighted."""
        net = self.modules["net"]
        plus = net.variant == "cp-vton+"
        grid, _ = net(batch.person, batch.garment_mask if plus else batch.garment)
        losses = {"cloth": functional.l1_loss(sample(batch.garment, grid), batch.worn)}
        if not self.compat:
            if (known := batch.flow.isfinite()).any():
                off = (grid.movedim(-1, 1) - batch.flow.nan_to_num()).abs()
                losses["flow"] = off[known].mean()
            warped = sample(batch.garment_mask, grid, padding="zeros")
            losses["mask"] = functional.l1_loss(warped, batch.worn_mask)
        if plus:
            # Second differences: they grow with the square of a place's width.
            scale = (grid.shape[2] / _GRID_WIDTH) ** 2
            losses["grid"] = _GRID_WEIGHT * scale * grid_interval(grid)
        return losses


class TOMTask(DressTask):
    """TOM: the person rendered in the garment that a trained GMM has warped.

    Parameters
    ----------
    gmm
        The trained GMM, of the same variant.
    others
        See `DressTask`.
    """

    def __init__(
        self, net: nn.Module, dressings: Dressings, gmm: nn.Module, **options: Any
    ) -> None:
        super().__init__(net, dressings, **options)
        self._gmm = gmm.eval().requires_grad_(False)
        if gmm.variant != net.variant:
            raise ValueError(f"gmm: expected one of {net.variant}, got one of {gmm.variant}")

    def losses(self, batch: Dressing) -> Mapping[str, Tensor]:
        """Absolute differences of picture and mask, and features' where there are any."""
        warped, warped_mask = warp(self._gmm, batch)
        net = self.modules["net"]
        rendered, mask = net(batch.person, warped, warped_mask)
        result = warped * mask + rendered * (1 - mask)
        # CP-VTON+ compares with where the garment is seen; CP-VTON with where it was warped to.
        wanted = warped_mask if net.variant == "cp-vton" and self.compat else batch.worn_mask
        return {
            "picture": functional.l1_loss(result, batch.result),
            "mask": functional.l1_loss(mask, wanted),
            **self._compared(result, batch.result),
        }


class VITONTask(DressTask):
    """VITON's encoder-decoder: absolute differences of mask and picture, three times features'."""

    def losses(self, batch: Dressing) -> Mapping[str, Tensor]:
        """Return losses by name, weighted."""
        coarse, mask = self.modules["net"](batch.person, batch.garment)
        return {
            "mask": functional.l1_loss(mask, batch.worn_mask),
            "picture": functional.l1_loss(coarse, batch.result),
            **self._compared(coarse, batch.result, _PERCEPTUAL_WEIGHT),
        }


class RefineTask(DressTask):
    """VITON's refinement: where the warped garment shows on the coarse picture.

    Parameters
    ----------
    coarse
        The trained encoder-decoder.
    others
        See `DressTask`.
    """

    def __init__(
        self, net: nn.Module, dressings: Dressings, coarse: nn.Module, **options: Any
    ) -> None:
        super().__init__(net, dressings, **options)
        self._coarse = coarse.eval().requires_grad_(False)

    def losses(self, batch: Dressing) -> Mapping[str, Tensor]:
        """Return losses by name, weighted.

        As published 0.2 of the picture's difference, 0.8 of features', and a tenth less for
        alpha's mean; without features the picture has the whole weight, and alpha's share is a
        fifth of that.
        """
        grid, coarse, mask = shape_context_warp(self._coarse, batch)
        warped = sample(batch.garment, grid)
        alpha = self.modules["net"](warped, coarse) * mask
        result = alpha * warped + (1 - alpha) * coarse
        picture, shown = (0.2, 0.1) if self._perceptual else (1.0, 0.02)
        return {
            "picture": picture * functional.l1_loss(result, batch.result),
            "alpha": -shown * alpha.mean(),
            "variation": 5e-6 * total_variation(alpha),
            **self._compared(result, batch.result, 0.8),
        }


@torch.no_grad()
def shape_context_warp(coarse: nn.Module, batch: Dressing) -> tuple[Tensor, Tensor, Tensor]:
    """Return grids to warp the garments by, and the first stage's pictures and masks."""
    pictures, masks = coarse(batch.person, batch.garment)
    flat, wanted = (part[:, 0].cpu().numpy() for part in (batch.garment_mask, masks))
    values = [shape_context_values(*pair) for pair in zip(flat, wanted, strict=True)]
    height, width = batch.garment.shape[-2:]
    plate = ThinPlateGrid((width, height), control_points(CONTROLS)).to(masks.device)
    return plate(torch.from_numpy(np.stack(values)).to(masks.device)), pictures, masks


def total_variation(maps: Tensor) -> Tensor:
    """Return the sum of absolute differences of neighbours, a map: one number."""
    across = (maps[..., 1:] - maps[..., :-1]).abs().sum()
    down = (maps[..., 1:, :] - maps[..., :-1, :]).abs().sum()
    return (across + down) / len(maps)


@torch.no_grad()
def warp(gmm: nn.Module, batch: Dressing) -> tuple[Tensor, Tensor]:
    """Return garments and masks as GMM warps them."""
    plus = gmm.variant == "cp-vton+"
    grid, _ = gmm(batch.fitting, batch.garment_mask if plus else batch.garment)
    return sample(batch.garment, grid), sample(batch.garment_mask, grid, padding="zeros")


def grid_interval(grid: Tensor) -> Tensor:
    """Return how much neighbouring intervals of a grid (N, h, w, 2) differ, over all places.

    CP-VTON+'s Lgic / (N h w): the sum of | |dx to the left| - |dx to the right| | along the rows
    and the same of y down the columns.

    Examples
    --------
    >>> even = torch.stack(torch.meshgrid(*[torch.linspace(-1, 1, 5)] * 2, indexing="xy"), -1)
    >>> round(grid_interval(even[None]).item(), 6), grid_interval(even[None] ** 3).item() > 0.1
    (0.0, True)
    """
    across = (grid[:, :, 1:, 0] - grid[:, :, :-1, 0]).abs()
    down = (grid[:, 1:, :, 1] - grid[:, :-1, :, 1]).abs()
    sums = (across[:, :, 1:] - across[:, :, :-1]).abs().sum()
    sums = sums + (down[:, 1:] - down[:, :-1]).abs().sum()
    return sums / (grid.shape[0] * grid.shape[1] * grid.shape[2])
