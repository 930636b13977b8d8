"""Judges that learn with a swap's networks: of sharpness, and of whose code it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from cvfast.swap.discriminators import CodeDiscriminator, PatchDiscriminator, judged
from cvfast.swap.losses import mean_square, total_variation
from cvfast.swap.model_options import ModelOptions
from cvfast.swap.networks import build_networks

__all__ = ["adversarial_losses", "build_judges", "held_fast", "judge_losses"]

_SMOOTH, _OUTSIDE = 1e-6, 0.02  # weights of total variation, and of errors outside of the mask


def build_judges(options: ModelOptions) -> dict[str, nn.Module]:
    """Return the judges that the options ask for, by name.

    Parameters
    ----------
    options
        ``gan_power`` asks for ``patches``, ``true_face_power`` for ``code``.
    """
    judges: dict[str, nn.Module] = {}
    if options.gan_power:
        judges["patches"] = PatchDiscriminator(options.patch_size, options.gan_dims)
    if options.true_face_power:
        with torch.device("meta"):  # the shape of a code, without computing one
            empty = torch.zeros(1, 3, options.resolution, options.resolution)
            code = build_networks(options).pairs(empty, empty)["source_code"]
        judges["code"] = CodeDiscriminator(code.shape[1], code.shape[2])
    return judges


def adversarial_losses(
    judges: Mapping[str, Any], made: Mapping[str, Tensor], face: Tensor, mask: Tensor,
    options: ModelOptions,
) -> dict[str, Tensor]:  # fmt: skip
    """Return what the networks lose where the judges are not deceived.

    Parameters
    ----------
    judges
        As `build_judges` gave them.
    made
        What the networks made of both people.
    face, mask
        The source's, as they should have been made.
    """
    losses = {}
    if "patches" in judges:
        ours = made["source_source"].float()
        loss = options.gan_power * judged(judges["patches"](_masked(ours, mask, options)), True)
        if options.masked_training:  # what no other term looks at is kept quiet
            outside = 1 - mask
            loss = loss + _SMOOTH * total_variation(ours).mean()
            loss = loss + _OUTSIDE * mean_square(ours * outside, face * outside).mean()
        losses["gan"] = loss
    if "code" in judges:
        answers = judges["code"](made["source_code"].float())
        losses["true_face"] = options.true_face_power * judged(answers, True)
    return losses


def judge_losses(
    judges: Mapping[str, Any], made: Mapping[str, Tensor], face: Tensor, mask: Tensor,
    options: ModelOptions,
) -> dict[str, Tensor]:  # fmt: skip
    """Return what each judge loses by its own mistakes; no slope goes to the networks."""
    losses = {}
    if "patches" in judges:
        true = judges["patches"](_masked(face, mask, options))
        false = judges["patches"](_masked(made["source_source"].detach().float(), mask, options))
        losses["patches"] = (judged(true, True) + judged(false, False)) / 2
    if "code" in judges:
        true = judges["code"](made["target_code"].detach().float())
        false = judges["code"](made["source_code"].detach().float())
        losses["code"] = (judged(true, True) + judged(false, False)) / 2
    return losses


def _masked(face: Tensor, mask: Tensor, options: ModelOptions) -> Tensor:
    return face * mask if options.masked_training else face


def held_fast(judges: Mapping[str, Any], fast: bool) -> None:
    """Keep slopes from the judges' weights while the networks learn, or let them again."""
    for judge in judges.values():
        for weight in judge.parameters():
            weight.requires_grad_(not fast)
