"""Training ACGPN's four networks, each by itself: labels, mask, warp, fusion.

On pairs of one person in two garments each network learns the exchange itself; with ``paired`` it
learns as in the paper, where a person's own garment is all there is.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.tryon.acgpn_constraint import second_order
from cvfast.tryon.acgpn_inputs import (
    CLOTHES,
    arm_colour,
    binary_noise,
    compose_labels,
    fusion_input,
    label_input,
    mask_input,
    masked,
    one_hot,
    paint,
    where,
    without_clothes,
)
from cvfast.tryon.acgpn_net import Refine
from cvfast.tryon.acgpn_warping import ClothesWarping, Warped
from cvfast.tryon.dressed_people import DressedPeople, square_pose_maps
from cvfast.tryon.exchange_task import ExchangeTask
from cvfast.tryon.patch_judges import PatchJudge

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["AcgpnTask", "Exchange", "FuseTask", "LabelTask", "MaskTask", "WarpTask", "exchanges"]

_LABEL_WEIGHT = 10.0  # of G1's and G2's cross-entropies
_CONSTRAINT_WEIGHT = 0.1


class Exchange(NamedTuple):
    """Exchanges of clothes, as the networks see them and as they come out.

    Attributes
    ----------
    person, result
        (N, 3, h, w) in [-1, 1]: before and after.
    labels, wanted
        (N, h, w) int64, ACGPN's 14: of person and result.
    garment, mask
        (N, 3, h, w) in [-1, 1] and (N, 1, h, w): the new garment.
    pose
        (N, 18, h, w) in {-1, 1}.
    """

    person: Tensor
    result: Tensor
    labels: Tensor
    wanted: Tensor
    garment: Tensor
    mask: Tensor
    pose: Tensor


class ExchangeData:
    """Pairs as tensors, from which exchanges are taken."""

    def __init__(self, people: DressedPeople) -> None:
        self._people = torch.from_numpy(people.people)
        self._labels = torch.from_numpy(people.labels_in("acgpn14"))
        self._garments = torch.from_numpy(people.garments)
        self._masks = torch.from_numpy(people.masks)
        self._poses = torch.from_numpy(square_pose_maps(people.points, people.size))

    def __len__(self) -> int:
        return len(self._people)

    def take(self, which: Tensor, before: Tensor, after: Tensor) -> Exchange:
        """Return exchanges of people (N,) from one garment, 0 or 1, to another, each (N,)."""

        def picture(stored: Tensor, side: Tensor) -> Tensor:
            return stored[which, side].movedim(-1, 1).float() / 127.5 - 1

        return Exchange(
            picture(self._people, before), picture(self._people, after),
            self._labels[which, before].long(), self._labels[which, after].long(),
            picture(self._garments, after), self._masks[which, after][:, None].float(),
            self._poses[which].float(),
        )  # fmt: skip


def exchanges(people: DressedPeople) -> Exchange:
    """Return all people's exchanges from the first garment to the second."""
    which = torch.arange(len(people))
    return ExchangeData(people).take(which, torch.zeros_like(which), torch.ones_like(which))


class AcgpnTask(ExchangeTask):
    """One network's training.

    Parameters
    ----------
    net
        The network.
    people
        To learn from.
    paired
        As in the paper: the new garment is the one that is worn.
    judge
        Its adversary, as in the paper a `PatchJudge` of `JUDGED` channels; None: none.
    options
        See `ExchangeTask`.
    """

    def __init__(
        self,
        net: nn.Module,
        people: DressedPeople,
        *,
        paired: bool = False,
        judge: PatchJudge | None = None,
        **options: Any,
    ) -> None:
        super().__init__({"net": net} | ({} if judge is None else {"judge": judge}), **options)
        self.settings |= {"people": len(people), "paired": paired, "judged": judge is not None}
        self._contest: Contest | None = None
        self._data, self._paired = ExchangeData(people), paired

    def batch(self, iteration: int, rng: np.random.Generator) -> Exchange:
        """Draw exchanges, half of them from the second garment to the first."""
        which = torch.from_numpy(rng.integers(len(self._data), size=self.batch_size))
        before = torch.from_numpy(rng.integers(2, size=self.batch_size))
        return self._data.take(which, before, before if self._paired else 1 - before)

    def step(self, batch: Exchange, fabric: Fabric) -> Mapping[str, Any]:
        """One step down the losses' sum."""
        losses = self.losses(Exchange(*(part.to(fabric.device) for part in batch)))
        if "judge" not in self.modules or self._contest is None:
            return self.descend(losses, fabric)
        seen, made, real, matching = self._contest
        return self.contest(losses, seen, made, real, fabric, matching=matching)

    @abstractmethod
    def losses(self, batch: Exchange) -> Mapping[str, Tensor]:
        """Return losses by name, weighted; leave what a judge is to see."""


class Contest(NamedTuple):
    """What a judge sees: what went in, what was made of it, the truth; whether features match."""

    seen: Tensor
    made: Tensor
    real: Tensor
    matching: bool


class LabelTask(AcgpnTask):
    """G1: labels of the body under and round the new clothes."""

    def losses(self, batch: Exchange) -> Mapping[str, Tensor]:
        """Cross-entropy; in the published form of sigmoids, not of logits."""
        noise = binary_noise(batch.person)
        seen = label_input(batch.garment, batch.mask, batch.labels, batch.pose, noise)
        out = self.modules["net"](seen)
        body = without_clothes(batch.wanted)
        made = torch.sigmoid(out)
        self._contest = Contest(seen, made, one_hot(body), False)
        loss = functional.cross_entropy(made if self.compat else out, body)
        return {"labels": (_LABEL_WEIGHT if self.compat else 1.0) * loss}


class MaskTask(AcgpnTask):
    """G2: the mask of the new clothes."""

    def losses(self, batch: Exchange) -> Mapping[str, Tensor]:
        """Binary cross-entropy; in the published form with two sigmoids."""
        noise = binary_noise(batch.person)
        body = without_clothes(batch.wanted)
        seen = mask_input(batch.garment, batch.mask, body, batch.pose, noise)
        out = self.modules["net"](seen)
        made, worn = torch.sigmoid(out), where(batch.wanted, CLOTHES)
        self._contest = Contest(seen, made, worn, False)
        logits = made if self.compat else out
        loss = functional.binary_cross_entropy_with_logits(logits, worn)
        return {"mask": (_LABEL_WEIGHT if self.compat else 1.0) * loss}


class WarpTask(AcgpnTask):
    """U: the garment warped onto its mask, and refined.

    Parameters
    ----------
    constraint
        Weight of the second-order constraint; 0.1 in the paper's code, 0 leaves it away.
    """

    def __init__(
        self,
        net: nn.Module,
        people: DressedPeople,
        *,
        constraint: float = _CONSTRAINT_WEIGHT,
        **options: Any,
    ) -> None:
        super().__init__(net, people, **options)
        self.settings["constraint"] = constraint
        self._constraint = constraint

    def losses(self, batch: Exchange) -> Mapping[str, Tensor]:
        """Return the published absolute differences and the constraint, weighted."""
        mask = where(batch.wanted, CLOTHES)
        clothes = batch.result * mask
        out: Warped = self.modules["net"](masked(batch.garment, batch.mask), batch.mask, mask)
        seen = torch.cat([mask, out.warped.detach()], 1)
        self._contest = Contest(seen, out.clothes * mask, clothes, True)
        losses = {
            "warped": functional.l1_loss(out.warped, clothes),
            "mask": functional.l1_loss(out.mask, mask),
            "refined": 0.2 * functional.l1_loss(out.refined * mask, clothes),
            "clothes": 10 * functional.l1_loss(out.clothes * mask, clothes),
            "alpha": functional.l1_loss(out.alpha, mask),
        }
        if self._constraint:
            losses["constraint"] = self._constraint * second_order(out.points).total()
        return losses


class FuseTask(AcgpnTask):
    """G: the person painted from what is kept, labels, clothes and the arms' colour.

    Parameters
    ----------
    warping
        U, trained: whose clothes G sees; None: the true ones.
    """

    def __init__(
        self,
        net: nn.Module,
        people: DressedPeople,
        *,
        warping: ClothesWarping | None = None,
        **options: Any,
    ) -> None:
        super().__init__(net, people, **options)
        self._warping = None if warping is None else warping.eval().requires_grad_(False)
        if isinstance(net, Refine) and not net.compat:
            last: Any = net.get_submodule("conv9.6")
            nn.init.zeros_(last.weight)  # begins with what is pasted
            nn.init.zeros_(last.bias)

    def losses(self, batch: Exchange) -> Mapping[str, Tensor]:
        """Absolute differences on the person, ten times."""
        seen, _ = fusing(batch, self._warping)
        out = paint(self.modules["net"], seen)
        person = (batch.wanted > 0)[:, None]
        self._contest = Contest(seen, out * person, batch.result * person, True)
        return {"picture": 10 * functional.l1_loss(out * person, batch.result * person)}


def fusing(batch: Exchange, warping: ClothesWarping | None) -> tuple[Tensor, Tensor]:
    """Return G's input for the true labels, and the same pasted: kept pixels and clothes."""
    true = where(batch.wanted, CLOTHES)
    body = without_clothes(batch.wanted)
    kept = compose_labels(batch.labels, body, true).kept * (1 - true) * (batch.wanted > 0)[:, None]
    clothes = batch.result * true
    if warping is not None:
        with torch.no_grad():
            garment = masked(batch.garment, batch.mask)
            clothes = warping(garment, batch.mask, true).clothes * true
    preserved = batch.person * kept
    colour, noise = arm_colour(batch.person, batch.labels), binary_noise(batch.person)
    return fusion_input(preserved, batch.wanted, clothes, colour, noise), preserved + clothes
