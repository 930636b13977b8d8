"""ACGPN's four networks run one after the other: a person and a garment to the person in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cvfast.tryon.acgpn_inputs import (
    Composition,
    arm_colour,
    binary_noise,
    compose_labels,
    fusion_input,
    label_input,
    mask_input,
    masked,
    paint,
)

__all__ = ["AcgpnResult", "exchange_acgpn"]


@dataclass(frozen=True)
class AcgpnResult:
    """What comes out, and what came out on the way.

    Attributes
    ----------
    picture
        (N, 3, h, w) in [-1, 1]: the person as painted; outside the person without meaning.
    composition
        Labels, the clothes' mask, and what of the photo is kept.
    clothes
        (N, 3, h, w): the garment, warped and refined.
    grid
        (N, h, w, 2): where in the garment's picture each pixel looks.
    """

    picture: Tensor
    composition: Composition
    clothes: Tensor
    grid: Tensor

    @property
    def painted(self) -> Tensor:
        """The mask (N, 1, h, w) of the person but for what is kept."""
        person = (self.composition.labels > 0)[:, None].float()
        return person * (1 - self.composition.kept)


@torch.no_grad()
def exchange_acgpn(
    networks: Mapping[str, Any],
    person: Tensor,
    labels: Tensor,
    pose: Tensor,
    garment: Tensor,
    mask: Tensor,
    *,
    seed: int = 0,
) -> AcgpnResult:
    """Run G1, G2, U and G.

    Parameters
    ----------
    networks
        By kind: ``acgpn-g1``, ``acgpn-g2``, ``acgpn-u``, ``acgpn-g``.
    person, labels, pose
        (N, 3, h, w) in [-1, 1], (N, h, w) in ACGPN's set, (N, 18, h, w) in {-1, 1}.
    garment, mask
        (N, 3, h, w) in [-1, 1] and (N, 1, h, w) in {0, 1}.
    seed
        Of the noise channel.
    """
    draw = torch.Generator(device=person.device).manual_seed(seed)
    seen = label_input(garment, mask, labels, pose, binary_noise(person, draw))
    body = networks["acgpn-g1"](seen).argmax(1)
    seen = mask_input(garment, mask, body, pose, binary_noise(person, draw))
    found = compose_labels(labels, body, torch.sigmoid(networks["acgpn-g2"](seen)))
    warped = networks["acgpn-u"](masked(garment, mask), mask, found.clothes)
    clothes = warped.clothes * found.clothes
    seen = fusion_input(
        person * found.kept, found.labels, clothes, arm_colour(person, labels),
        binary_noise(person, draw),
    )  # fmt: skip
    return AcgpnResult(paint(networks["acgpn-g"], seen), found, clothes, warped.grid)
