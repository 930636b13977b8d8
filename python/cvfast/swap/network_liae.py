"""liae: one decoder; who it is, lies in the code.

Of the two inner networks, B sees the target alone and AB both people. The source's code is AB's
twice, the target's is B's and AB's; the swapped face is AB's of the target, twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from cvfast.swap.network_df import named
from cvfast.swap.network_parts import Decoder, Encoder, Inter
from cvfast.swap.networks import SwapNetworks

if TYPE_CHECKING:
    from cvfast.swap.model_options import ModelOptions

__all__ = ["LiaeNetworks"]


class LiaeNetworks(SwapNetworks):
    """Shared encoder, two inner networks, shared decoder."""

    def __init__(self, options: ModelOptions) -> None:
        super().__init__(options)
        self.encoder = Encoder(options)
        self.inter_ab = Inter(options, self.encoder.features, 2 * options.ae_dims)
        self.inter_b = Inter(options, self.encoder.features, 2 * options.ae_dims)
        self.decoder = Decoder(options, 4 * options.ae_dims)

    def pairs(
        self, warped_source: Tensor, warped_target: Tensor, *, swapped: bool = False
    ) -> dict[str, Tensor]:
        """Reconstruct both people in one pass; see `SwapNetworks.pairs`."""
        flat = self.encoder(torch.cat([warped_source, warped_target]))
        both = self.inter_ab(flat)
        source, target = both.chunk(2)
        own = self.inter_b(flat[len(warped_source) :])
        source_code, target_code = _twice(source), torch.cat([own, target], dim=1)
        codes = [source_code, target_code]
        if swapped:
            codes.append(_twice(target.detach()))
        faces, masks = (part.chunk(len(codes)) for part in self.decoder(torch.cat(codes)))
        made = {"source_code": source_code, "target_code": target_code}
        names = ("source_source", "target_target", "source_target")
        for name, face, mask in zip(names, faces, masks, strict=False):
            made |= named(name, (face, mask))
        return made

    def swap(self, target: Tensor, morph: float | Tensor = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        """Decode AB's code twice; see `SwapNetworks.swap`."""
        flat = self.encoder(target)
        shared = self.inter_ab(flat)
        face, face_mask = self.decoder(_twice(shared))
        own = torch.cat([self.inter_b(flat), shared], dim=1)
        return face, face_mask, self.decoder.mask_of(own)

    def trained_parameters(self) -> list[nn.Parameter]:
        """Return all but AB's, which is held fast once faces are no longer warped."""
        held = () if self.options.random_warp else tuple(self.inter_ab.parameters())
        return [weight for weight in self.parameters() if not any(weight is one for one in held)]

    def inner(self) -> list[nn.Module]:
        """Return AB and B."""
        return [self.inter_ab, self.inter_b]


def _twice(code: Tensor) -> Tensor:
    return torch.cat([code, code], dim=1)
