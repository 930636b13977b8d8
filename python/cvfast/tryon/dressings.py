"""People and the garments they are to wear, as CP-VTON's and VITON's networks see them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cvfast.people.pose import Pose
from cvfast.synth.tryon_pool import TryOnPool
from cvfast.tryon.dressed_people import DressedPeople
from cvfast.tryon.representation import (
    agnostic_person,
    garment_input,
    kept_picture,
    signed,
    viton_person,
    worn_garment,
)
from cvfast.typing import ImageF32

__all__ = ["Dressing", "Dressings", "moved", "seen_person"]


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
    flow
        (N, 2, h, w): which point of the flat garment, -1 to 1, each pixel shows, where that is
        known of made people; NaN elsewhere.
    """

    person: Tensor
    fitting: Tensor
    garment: Tensor
    garment_mask: Tensor
    result: Tensor
    worn: Tensor
    worn_mask: Tensor
    body: Tensor
    flow: Tensor


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
            return self._dressing(some, before, after, drawn.flows)
        some = self._source.some(rng.integers(len(self._source), size=count))
        return self._dressing(some, before, after)

    def all(self, *, paired: bool = False) -> Dressing:
        """Return everybody, changing from the first garment to the second (or in the second)."""
        if isinstance(self._source, TryOnPool):
            raise TypeError("people: expected people whose clothes keep their paint, got a pool")
        count = len(self._source)
        return self._dressing(self._source, np.full(count, int(paired)), np.ones(count, int))

    def _dressing(
        self, people: DressedPeople, before: Any, after: Any, flows: ImageF32 | None = None
    ) -> Dressing:
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
            known = np.full((2, *body.shape), np.nan, np.float32)
            if flows is not None:
                half = (np.array(people.size, np.float32) - 1) / 2
                known[:] = np.moveaxis(flows[number, new] / half - 1, -1, 0)
            picked.append((*seen, *flat, result, *worn, body[None].astype(np.float32), known))
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


def moved(batch: Dressing, rng: np.random.Generator) -> Dressing:
    """Return the people moved, turned and scaled a little, each otherwise; garments stay.

    So few people show a network many places where a garment can be.

    Parameters
    ----------
    batch
        As seen for GMM: what is moved in from outside is nothing of a person.
    rng
        Draws shifts of up to 0.12 of a side, scales of 0.8 to 1.2, turns of up to 0.12.
    """
    count = len(batch.person)
    turn = torch.from_numpy(rng.uniform(-0.12, 0.12, count).astype(np.float32))
    scale = torch.from_numpy(np.exp(rng.uniform(-0.2, 0.2, count)).astype(np.float32))
    shift = torch.from_numpy(rng.uniform(-0.24, 0.24, (count, 2)).astype(np.float32))
    height, width = batch.person.shape[-2:]
    cos, sin, long = torch.cos(turn) * scale, torch.sin(turn) * scale, height / width
    rows = [torch.stack([cos, -sin * long, shift[:, 0]], 1)]
    rows.append(torch.stack([sin / long, cos, shift[:, 1]], 1))
    affine = torch.stack(rows, 1)

    def sampled(maps: Tensor, outside: float, mode: str = "bilinear") -> Tensor:
        grid = functional.affine_grid(affine, list(maps.shape), align_corners=True)
        values = functional.grid_sample(maps - outside, grid, mode, "zeros", align_corners=True)
        return values + outside

    person, worn = sampled(batch.person, -1.0), sampled(batch.worn, 1.0)
    known = batch.flow.isfinite().all(1, keepdim=True).float()
    flow = sampled(batch.flow.nan_to_num(), 0.0, "nearest")
    flow = torch.where(sampled(known, 0.0, "nearest") > 0.5, flow, torch.nan)
    return batch._replace(
        person=person, fitting=person, worn=worn, worn_mask=sampled(batch.worn_mask, 0.0),
        flow=flow,
    )  # fmt: skip
