"""Training Clothes Transform: the coarse exchange and the deformed garment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.tryon.acgpn_inputs import CLOTHES, where
from cvfast.tryon.acgpn_training import AcgpnTask, Exchange, ExchangeData
from cvfast.tryon.clothes_transform_net import CoarsePerson, PairJudge
from cvfast.tryon.dressed_people import DressedPeople
from cvfast.tryon.exchange_task import ExchangeTask

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["CoarseTask", "GarmentTask", "cut_out"]

_ALPHA_WEIGHT = 0.1
_FEATURE_WEIGHT, _SQUARE_WEIGHT = 0.9999, 0.0001


class GarmentTask(AcgpnTask):
    """The transform: a garment's picture to the garment as it is worn, inside its mask.

    Published: 0.9999 times the squared difference of VGG16's features and 0.0001 times that of
    pixels. Without features: the pixels' alone.

    Parameters
    ----------
    features
        Compares pictures (N, 3, h, w) in [-1, 1] by what a network of a user's sees in them
        (`cvfast.tryon.perceptual`); None: there is none.
    others
        See `AcgpnTask`.
    """

    def __init__(
        self,
        net: nn.Module,
        people: DressedPeople,
        *,
        features: Callable[[Tensor, Tensor], Tensor] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(net, people, **options)
        self._features = features

    def batch(self, iteration: int, rng: np.random.Generator) -> Exchange:
        """Draw exchanges; in other colours but for the published form."""
        drawn = super().batch(iteration, rng)
        return drawn if self.compat else recoloured(drawn, rng)

    def losses(self, batch: Exchange) -> Mapping[str, Tensor]:
        """Return losses by name, weighted."""
        mask = where(batch.wanted, CLOTHES)
        out = self.modules["net"]((batch.garment + 1) / 2, mask)
        truth = (batch.result + 1) / 2 * mask
        square = functional.mse_loss(out * mask, truth)
        if self._features is None:
            seen = mask.sum().clamp(min=1)
            return {"picture": ((out - truth).abs() * mask).sum() / (3 * seen) + square}
        told = self._features(2 * out * mask - 1, 2 * truth - 1)
        return {"features": _FEATURE_WEIGHT * told, "picture": _SQUARE_WEIGHT * square}


class CoarseTask(ExchangeTask):
    """CAGAN: a person's garment exchanged in one step.

    Published (``compat``): no truth is known; the judge tells whether person and garment belong
    together, and changing back has to give the photo. Else the exchange's truth, which made people
    have, is what is learnt, there is no judge, and the garment worn is cut from the photo, since a
    user has no product's picture of it.

    Parameters
    ----------
    net
        The generator.
    people
        To learn from.
    judge
        Published form only; None: one as wide as the paper's.
    options
        See `ExchangeTask`.
    """

    def __init__(
        self,
        net: CoarsePerson,
        people: DressedPeople,
        *,
        judge: PairJudge | None = None,
        **options: Any,
    ) -> None:
        nets: dict[str, nn.Module] = {"net": net}
        if options.get("compat", False):
            nets["judge"] = PairJudge() if judge is None else judge
        super().__init__(nets, **options)
        self.settings["people"] = len(people)
        self._data = ExchangeData(people)

    def batch(self, iteration: int, rng: np.random.Generator) -> tuple[Exchange, Exchange]:
        """Draw exchanges, and the same the other way round."""
        which = torch.from_numpy(rng.integers(len(self._data), size=self.batch_size))
        before = torch.from_numpy(rng.integers(2, size=self.batch_size))
        there = self._data.take(which, before, 1 - before)
        there = there if self.compat else recoloured(there, rng)
        return there, self._data.take(which, 1 - before, before)

    def step(self, batch: tuple[Exchange, Exchange], fabric: Fabric) -> Mapping[str, Any]:
        """One step of the generator, and in the published form one of the judge before it."""
        there, back = (Exchange(*(part.to(fabric.device) for part in way)) for way in batch)
        net = self.modules["net"]
        # The worn garment is the one that the way back ends in.
        worn = back.garment if self.compat else cut_out(there.person, there.labels)
        alpha, painted = net(there.person, worn, there.garment)
        result = alpha * painted + (1 - alpha) * there.person
        if not self.compat:
            truth = functional.l1_loss(result, there.result)
            return self.descend({"picture": truth, "alpha": 1e-3 * alpha.mean()}, fabric)
        judge = self.modules["judge"]
        told = judge(there.person, back.garment)
        wrong = judge(there.person, there.garment), judge(result.detach(), there.garment)
        judged = _log_loss(told, 1.0) + sum(_log_loss(each, 0.0) for each in wrong)
        self.descend({"judge": 2 * judged}, fabric, "judge")
        again, repainted = net(result, there.garment, back.garment)
        returned = again * repainted + (1 - again) * result
        losses = {
            "fooled": _log_loss(judge(result, there.garment), 1.0),
            "cycle": functional.l1_loss(returned, there.person),
            "alpha": _ALPHA_WEIGHT * alpha.abs().mean(),
        }
        return self.descend(losses, fabric) | {"judge": 2 * judged}


def cut_out(person: Tensor, labels: Tensor) -> Tensor:
    """Return the clothes that a person (N, 3, h, w) wears, on white."""
    return torch.where(where(labels, CLOTHES) > 0, person, torch.ones_like(person))


def recoloured(batch: Exchange, rng: np.random.Generator) -> Exchange:
    """Exchange red, green and blue at random, each example's pictures alike: more colours."""
    order = torch.from_numpy(np.argsort(rng.random((len(batch.person), 3)), axis=1))
    row = torch.arange(len(order))[:, None]
    pictures = {name: getattr(batch, name)[row, order] for name in ("person", "result", "garment")}
    return batch._replace(**pictures)


def _log_loss(told: Tensor, truth: float) -> Tensor:
    return functional.binary_cross_entropy(told, torch.full_like(told, truth))
