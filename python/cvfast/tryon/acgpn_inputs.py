"""What ACGPN's networks see, and how its parts are put together between them.

Label maps are (N, h, w) int64 in ACGPN's set of 14: 0 background, 1 hair, 4 upper clothes, 5 and 6
shoes, 7 noise and neck, 8 trousers, 9 and 10 legs, 11 left arm, 12 face, 13 right arm. Pictures are
(N, 3, h, w) in [-1, 1], masks (N, 1, h, w) in {0, 1}, pose maps (N, 18, h, w) in {-1, 1}.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from cvfast.tryon.acgpn_net import LABELS, Refine

__all__ = [
    "ARMS",
    "CLOTHES",
    "Composition",
    "arm_colour",
    "binary_noise",
    "compose_labels",
    "dilate",
    "fuse_clothes",
    "fusion_input",
    "label_input",
    "mask_input",
    "masked",
    "one_hot",
    "paint",
    "where",
    "without_clothes",
]

CLOTHES = 4
ARMS = 11, 13
_NOISE = 7
_ONES = 0.1593  # share: normal numbers of mean and spread 0.5 and 0.2, cut down to 0 and 1, give it


def one_hot(labels: Tensor) -> Tensor:
    """Return (N, 14, h, w) float in {0, 1}."""
    return functional.one_hot(labels, LABELS).movedim(-1, 1).float()


def where(labels: Tensor, *wanted: int) -> Tensor:
    """Return the mask of some labels, (N, 1, h, w)."""
    found = torch.isin(labels, torch.tensor(wanted, device=labels.device))
    return found[:, None].float()


def fuse_clothes(labels: Tensor) -> Tensor:
    """Return labels in which arms, clothes and noise are one: what is worn cannot be read off.

    Examples
    --------
    >>> fuse_clothes(torch.tensor([[[1, 4, 7, 11, 13, 12]]])).tolist()
    [[[1, 4, 4, 4, 4, 12]]]
    """
    fused = torch.isin(labels, torch.tensor((_NOISE, *ARMS), device=labels.device))
    return torch.where(fused, CLOTHES, labels)


def without_clothes(labels: Tensor) -> Tensor:
    """Return labels in which the upper clothes are background: what G1 is to find."""
    return torch.where(labels == CLOTHES, 0, labels)


def masked(garment: Tensor, mask: Tensor) -> Tensor:
    """Return the garment's picture, zero (grey) outside its mask."""
    return garment * mask


def binary_noise(like: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Return the published noise channel (N, 1, h, w): 15.9 % ones, the rest zeros."""
    shape = (len(like), 1, *like.shape[-2:])
    drawn = torch.rand(shape, generator=generator, device=like.device)
    return (drawn < _ONES).float()


def label_input(
    garment: Tensor, mask: Tensor, labels: Tensor, pose: Tensor, noise: Tensor
) -> Tensor:
    """Return G1's 37 channels; ``labels`` are the person's, as they are."""
    return torch.cat([mask, masked(garment, mask), one_hot(fuse_clothes(labels)), pose, noise], 1)


def mask_input(garment: Tensor, mask: Tensor, body: Tensor, pose: Tensor, noise: Tensor) -> Tensor:
    """Return G2's 37 channels; ``body`` are labels without clothes (G1's)."""
    return torch.cat([mask, masked(garment, mask), one_hot(body), pose, noise], 1)


def fusion_input(
    preserved: Tensor, labels: Tensor, clothes: Tensor, colour: Tensor, noise: Tensor
) -> Tensor:
    """Return G's 24 channels."""
    return torch.cat([preserved, one_hot(labels), clothes, colour, noise], 1)


def paint(net: Refine, seen: Tensor) -> Tensor:
    """Return G's picture (N, 3, h, w) in [-1, 1] of its 24 channels.

    The published form paints all of it anew. The other one paints what is to be added to the kept
    pixels and the clothes, pasted: these need not be learnt.
    """
    out: Tensor = net(seen)
    if net.compat:
        return torch.tanh(out)
    kept, clothes = seen[:, :3], seen[:, 3 + LABELS : 6 + LABELS]
    return (kept + clothes + out).clamp(-1, 1)


def arm_colour(pictures: Tensor, labels: Tensor) -> Tensor:
    """Return pictures of the arms' mean colour (of the face's, without arms), all over.

    Examples
    --------
    >>> picture = torch.tensor([[[[0.0, 1.0, 0.5]]]]).expand(1, 3, 1, 3)
    >>> arm_colour(picture, torch.tensor([[[11, 13, 0]]]))[0, 0].tolist()
    [[0.5, 0.5, 0.5]]
    """
    arms, face = where(labels, *ARMS), where(labels, 12)
    skin = torch.where(arms.sum((2, 3), keepdim=True) > 0, arms, face)
    mean = (pictures * skin).sum((2, 3)) / skin.sum((2, 3)).clamp(min=1)
    return mean[..., None, None].expand_as(pictures)


def dilate(mask: Tensor, times: int = 1) -> Tensor:
    """Return a mask grown by a square of three pixels, so many times."""
    return functional.max_pool2d(mask, 2 * times + 1, 1, times)


@dataclass(frozen=True)
class Composition:
    """What the test-time composition finds.

    Attributes
    ----------
    labels
        (N, h, w): body, arms and clothes as they shall be.
    clothes
        Mask of the new clothes.
    kept
        Mask of what of the photo stays; the rest of the person is to be painted.
    """

    labels: Tensor
    clothes: Tensor
    kept: Tensor


def compose_labels(
    labels: Tensor, body: Tensor, clothes: Tensor, *, times: int | None = None
) -> Composition:
    """Put predicted body and clothes together with the person's own labels.

    Parameters
    ----------
    labels
        The person's, (N, h, w).
    body
        G1's, (N, h, w).
    clothes
        G2's, (N, 1, h, w) in [0, 1].
    times
        How often the bare part of the arms is grown: 10 in the paper, at 256 pixels; None: in
        proportion.

    Notes
    -----
    With *new arms* where G1 sees arms, clothes = grown(G2 > 1/2) without new arms, on the person.
    Arms that the old clothes covered have to be painted, with a rim; kept is the person without old
    and new clothes and those arms.
    """
    if times is None:
        times = max(1, round(10 * labels.shape[-2] / 256))
    new_arms, old_arms = where(body, *ARMS), where(labels, *ARMS)
    old = where(labels, CLOTHES, _NOISE)
    person = (labels > 0)[:, None].float()
    new = dilate((clothes > 0.5).float()) * (1 - new_arms) * person
    bared = old * new_arms
    full = torch.maximum(bared, (1 - old) * old_arms)
    out = body
    for arm in ARMS:
        side = torch.maximum(bared * where(body, arm), (1 - old) * where(labels, arm))
        out = torch.where(side[:, 0] > 0, arm, out)
    out = torch.where((where(out, *ARMS) > 0)[:, 0] & (full[:, 0] == 0), 0, out)
    out = torch.where(new[:, 0] > 0, CLOTHES, out)
    rim = 1 - dilate(bared, times) * torch.maximum(old_arms, old)
    return Composition(out, new, person * (1 - old) * rim * (1 - new))
