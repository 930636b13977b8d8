"""Training CP-VTON's and VITON's networks on `cvfast.training.loop`: examples, losses, schedules.

With made people a network learns the exchange itself: the person in one garment goes in, the same
person in the other comes out. With ``paired`` it learns as in the papers, where a person's own
garment is all there is.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.people.pose import Pose
from cvfast.synth.tryon_pool import TryOnPool
from cvfast.tryon.dressed_people import DressedPeople
from cvfast.tryon.exchange_task import ExchangeTask
from cvfast.tryon.perceptual import Perceptual
from cvfast.tryon.representation import (
    agnostic_person,
    garment_input,
    kept_picture,
    signed,
    viton_person,
    worn_garment,
)
from cvfast.tryon.tps_grid import ThinPlateGrid, control_points, sample
from cvfast.tryon.viton_warp import CONTROLS, shape_context_values
from cvfast.typing import ImageF32

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["DressTask", "Dressing", "Dressings", "GMMTask", "RefineTask", "TOMTask", "VITONTask"]

_SALT = 0xD2E5
_KEPT = 1536  # examples of small pictures that are made once: half a gigabyte
_SMALL = 48 * 64
_GRID_WEIGHT = 40.0  # CP-VTON+'s, on the mean over all places
_PERCEPTUAL_WEIGHT = 3.0  # VITON's


class Dressing(NamedTuple):
    """People and the garments they are to wear, as the networks see them and as it comes out.

    Attributes
    ----------
    person, fitting
        (N, 22, h, w): the person for the network that is trained, and for GMM before it.
    garment, garment_mask
        (N, 3, h, w) in [-1, 1] and (N, 1, h, w) in {0, 1}: the flat garment.
    result
        (N, 3, h, w) in [-1, 1]: the person in the garment; made people stand before white.
    worn, worn_mask
        (N, 3, h, w) on white, (N, 1, h, w): the garment in it.
    body
        (N, 1, h, w): the person in it.
    """

    person: Tensor
    fitting: Tensor
    garment: Tensor
    garment_mask: Tensor
    result: Tensor
    worn: Tensor
    worn_mask: Tensor
    body: Tensor


class Dressings:
    """Dressings taken from people, each in one garment or two.

    Parameters
    ----------
    people
        Pictures of the network's size; of a pool each draw has other paint.
    variant
        ``"cp-vton"``, ``"cp-vton+"`` or ``"viton"``: what `Dressing.person` is.
    stage
        ``"gmm"`` or ``"tom"``.
    white
        Put the people before white: what lies behind them cannot be known from the input, and the
        photo's own is kept anyway.
    """

    def __init__(
        self,
        people: DressedPeople | TryOnPool,
        variant: str,
        stage: str = "gmm",
        *,
        white: bool = True,
    ) -> None:
        self._source, self._variant, self._stage, self._white = people, variant, stage, white

    def __len__(self) -> int:
        return len(self._source)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self._source.size

    def draw(self, rng: np.random.Generator, count: int, *, paired: bool = False) -> Dressing:
        """Draw people at random who change from either garment to the other (or keep it)."""
        after = rng.integers(2, size=count)
        before = after if paired else 1 - after
        if isinstance(self._source, TryOnPool):
            drawn = self._source.draw(rng, count)
            some = DressedPeople(
                drawn.images, drawn.labels, drawn.points, drawn.garments, drawn.masks
            )
        else:
            some = self._source.some(rng.integers(len(self._source), size=count))
        return self._dressing(some, before, after)

    def all(self, *, paired: bool = False) -> Dressing:
        """Return everybody, changing from the first garment to the second (or in the second)."""
        if isinstance(self._source, TryOnPool):
            raise TypeError("people: expected people whose clothes keep their paint, got a pool")
        count = len(self._source)
        return self._dressing(self._source, np.full(count, int(paired)), np.ones(count, int))

    def _dressing(self, people: DressedPeople, before: Any, after: Any) -> Dressing:
        labels = people.labels_in("lip21")
        picked = []
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            x, y, sure = people.points[number].T.astype(np.float64)
            seen = seen_person(
                people.people[number, old], labels[number, old],
                Pose(np.stack([x, y], 1), sure, "coco18"), self._variant, self._stage,
            )  # fmt: skip
            image, body = people.people[number, new], labels[number, new] > 0
            flat = garment_input(people.garments[number, new], people.masks[number, new])
            result = signed(
                np.where(body[..., None], image, np.uint8(255) if self._white else image)
            )
            worn = worn_garment(image, labels[number, new])
            picked.append((*seen, *flat, result, *worn, body[None].astype(np.float32)))
        return Dressing(*(torch.from_numpy(np.stack(parts)) for parts in zip(*picked, strict=True)))


def seen_person(
    image: Any, labels: Any, pose: Pose, variant: str, stage: str
) -> tuple[ImageF32, ImageF32]:
    """Return the person for a network, and for GMM before it (the same one for VITON)."""
    if variant == "viton":
        person = viton_person(image, labels, pose)
        return person, person
    fitting = agnostic_person(image, labels, pose, variant=variant, stage="gmm")
    if stage == "gmm" or variant == "cp-vton":
        return fitting, fitting
    person = fitting.copy()  # shape and pose are the same
    person[1:4] = kept_picture(image, labels, variant, stage)
    return person, fitting


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
        moved = Dressing(*(part.to(fabric.device) for part in batch))
        return self.descend(self.losses(moved), fabric)

    @abstractmethod
    def losses(self, batch: Dressing) -> Mapping[str, Tensor]:
        """Return losses by name, weighted."""

    def _compared(self, made: Tensor, truth: Tensor, weight: float = 1.0) -> dict[str, Tensor]:
        if self._perceptual is None:
            return {}
        return {"perceptual": weight * self._perceptual(made, truth)}


class GMMTask(DressTask):
    """GMM: the absolute difference of warped and worn garment.

    CP-VTON+ adds the grid's interval consistency, weighted 40 over all places. Without ``compat``
    the masks are compared too, which tells of direction where the cloth is plain.
    """

    def losses(self, batch: Dressing) -> Mapping[str, Tensor]:
        """Return losses by name, weighted."""
        net = self.modules["net"]
        plus = net.variant == "cp-vton+"
        grid, _ = net(batch.person, batch.garment_mask if plus else batch.garment)
        losses = {"cloth": functional.l1_loss(sample(batch.garment, grid), batch.worn)}
        if not self.compat:
            warped = sample(batch.garment_mask, grid, padding="zeros")
            losses["mask"] = functional.l1_loss(warped, batch.worn_mask)
        if plus:
            losses["grid"] = _GRID_WEIGHT * grid_interval(grid)
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
