"""ACGPN, SwapNet and Clothes Transform as engines: small pictures in, what is repainted out.

Pictures have the networks' size; whoever calls pastes what is painted back into the photo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cvfast.people.labels import convert_labels
from cvfast.people.pose import Pose
from cvfast.tryon.acgpn_exchange import exchange_acgpn
from cvfast.tryon.clothes_transform_masks import compose, find_masks
from cvfast.tryon.dressed_people import square_pose_maps
from cvfast.tryon.swapnet_inputs import WORN, body_picture, part_boxes
from cvfast.tryon.swapnet_training import cloth_channels, cloth_labels
from cvfast.typing import ImageF32, ImageU8

__all__ = ["ENGINES", "Flat", "Painted", "Seen", "run_engine"]

_UPPER = 5, 6, 7  # LIP's upper clothes, dress, coat
_FRONT = 1, 2, 4, 13  # hat, hair, glasses, face
_ACGPN_FRONT = 1, 12  # hair, face


class Seen(NamedTuple):
    """A person's picture and what is known of it.

    Attributes
    ----------
    image
        (h, w, 3) uint8.
    labels
        (h, w) uint8, in cvfast's set.
    pose
        Joints in pixels of the image.
    """

    image: ImageU8
    labels: ImageU8
    pose: Pose

    def joints(self) -> NDArray[np.float32]:
        """Return COCO's joints, (18, 3): x, y, confidence."""
        pose = self.pose.to("coco18")
        return np.column_stack([pose.points, pose.confidence]).astype(np.float32)


class Flat(NamedTuple):
    """A garment's picture (h, w, 3) uint8 and mask (h, w), of the person's size."""

    image: ImageU8
    mask: NDArray[Any]


class Painted(NamedTuple):
    """What an engine painted.

    Attributes
    ----------
    image
        (h, w, 3) uint8: the person as painted; the photo where nothing is.
    clothes
        (h, w) bool: where the new clothes are.
    painted
        (h, w) bool: all that is not the photo's, the clothes included.
    person
        (h, w) bool: where the dressed person is.
    steps
        Pictures on the way, by name.
    grid
        (h, w, 2) float32 in [-1, 1]: which pixel of the flat garment shows where; None: unknown.
    """

    image: ImageU8
    clothes: NDArray[np.bool_]
    painted: NDArray[np.bool_]
    person: NDArray[np.bool_]
    steps: Mapping[str, ImageU8]
    grid: ImageF32 | None = None


def run_engine(
    engine: str,
    networks: Mapping[str, Any],
    person: Seen,
    garment: Flat | Seen,
    *,
    worn: Flat | None = None,
    seed: int = 0,
) -> Painted:
    """Run an engine's networks.

    Parameters
    ----------
    engine
        ``"acgpn"``, ``"swapnet"`` or ``"clothes-transform"``.
    networks
        By kind, as `cvfast.tryon.checkpoints.load_network` gives them.
    person
        Who is to wear it.
    garment
        The flat garment; for SwapNet the person who wears it.
    worn
        Clothes Transform: the garment that is worn now, flat; None: cut from the person.
    seed
        ACGPN: of the noise channel.

    Raises
    ------
    ValueError
        No such engine, or a garment of the wrong kind for it.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine: expected one of {', '.join(ENGINES)}, got {engine!r}")
    wants = Seen if engine == "swapnet" else Flat
    if not isinstance(garment, wants):
        raise ValueError(
            f"garment: expected {'a person' if wants is Seen else 'a flat garment'} for {engine}, "
            f"got {'a flat garment' if wants is Seen else 'a person'}"
        )
    with torch.no_grad():
        return ENGINES[engine](networks, person, garment, worn, seed)


def _acgpn(
    networks: Mapping[str, Any], person: Seen, garment: Any, _: Flat | None, seed: int
) -> Painted:
    labels = convert_labels(person.labels, "cvfast", "acgpn14")
    size = labels.shape[1], labels.shape[0]
    pose = torch.from_numpy(square_pose_maps(person.joints()[None], size)).float()
    mask = torch.from_numpy((garment.mask > 0.5).astype(np.float32))[None, None]
    found = exchange_acgpn(
        networks, _signed(person.image), torch.from_numpy(labels.astype(np.int64))[None], pose,
        _signed(garment.image), mask, seed=seed,
    )  # fmt: skip
    front = np.isin(labels, _ACGPN_FRONT)  # hair and face stay before the clothes
    painted = (found.painted[0, 0].numpy() > 0) & ~front
    clothes = (found.composition.clothes[0, 0].numpy() > 0) & ~front
    picture = _levels(found.picture)
    return Painted(
        np.where(painted[..., None], picture, person.image), clothes, painted,
        (found.composition.labels[0].numpy() > 0) | front,
        {"warped": _levels(found.clothes), "fused": picture,
         "labels": found.composition.labels[0].numpy().astype(np.uint8)},
        found.grid[0].numpy(),
    )  # fmt: skip


def _swapnet(
    networks: Mapping[str, Any], person: Seen, garment: Any, _: Flat | None, seed: int
) -> Painted:
    height, width = person.labels.shape
    worn = convert_labels(garment.labels, "cvfast", "lip20").astype(np.int64)
    channels = cloth_channels(torch.from_numpy(np.where(np.isin(worn, WORN), worn, 0))[None])
    body = _signed(body_picture(person.joints(), (width, height)))
    warping = networks["swapnet-warp"]
    moved = cloth_labels(warping(body, channels), compat=warping.compat)
    source = garment.labels.shape[1], garment.labels.shape[0]
    boxes = torch.from_numpy(part_boxes(garment.joints(), source))[None]
    picture = _levels(
        networks["swapnet-texture"](_signed(garment.image), boxes, cloth_channels(moved))
    )
    # SwapNet paints clothes alone: face, hair and all else are the person's own.
    own = convert_labels(person.labels, "cvfast", "lip20")
    front = np.isin(own, _FRONT)
    clothes = np.isin(moved[0].numpy(), _UPPER) & ~front
    return Painted(
        np.where(clothes[..., None], picture, person.image), clothes, clothes,
        clothes | ((person.labels > 0) & ~np.isin(own, _UPPER)),
        {"body": _levels(body), "labels": moved[0].numpy().astype(np.uint8), "texture": picture},
    )  # fmt: skip


def _clothes_transform(
    networks: Mapping[str, Any], person: Seen, garment: Any, worn: Flat | None, seed: int
) -> Painted:
    labels = convert_labels(person.labels, "cvfast", "lip20")
    own = worn.image if worn is not None else np.where(
        np.isin(labels, _UPPER)[..., None], person.image, np.uint8(255)
    )  # fmt: skip
    coarse, alpha = networks["clothes-transform-coarse"].exchange(
        _signed(person.image), _signed(own), _signed(garment.image)
    )
    # The paper parses the coarse result anew. Its parts are the person's but for the clothes, so
    # that the person's own labels serve.
    masks = find_masks(labels, labels, alpha[0, 0].numpy())
    wanted = torch.from_numpy(masks.clothes.astype(np.float32))[None, None]
    deformed = networks["clothes-transform-garment"]((_signed(garment.image) + 1) / 2, wanted)
    pictures = {"coarse": _levels(coarse), "deformed": _levels(2 * deformed - 1)}
    image = compose(masks, person.image, pictures["coarse"], pictures["deformed"])
    body = labels > 0
    painted = masks.clothes | (masks.rest & body & (alpha[0, 0].numpy() > 0.5))
    return Painted(
        np.where(painted[..., None], image, person.image), masks.clothes, painted, body, pictures
    )


_Engine = Callable[[Mapping[str, Any], Seen, Any, Flat | None, int], Painted]
ENGINES: dict[str, _Engine] = {
    "acgpn": _acgpn,
    "swapnet": _swapnet,
    "clothes-transform": _clothes_transform,
}


def _signed(image: ImageU8) -> Tensor:
    """Return (1, 3, h, w) in [-1, 1]."""
    return torch.from_numpy(image.copy()).movedim(-1, 0)[None].float() / 127.5 - 1


def _levels(picture: Tensor) -> ImageU8:
    """Return (h, w, 3) uint8."""
    levels = (picture[0].movedim(0, -1).clamp(-1, 1).numpy() + 1) * 127.5
    out: ImageU8 = np.rint(levels).astype(np.uint8)
    return out
