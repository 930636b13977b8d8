"""df: one encoder, and a decoder for each of the two people.

The encoder learns what both have in common, pose and expression; who it is, the decoder knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from cvfast.swap.network_parts import Decoder, Encoder, Inter
from cvfast.swap.networks import SwapNetworks

if TYPE_CHECKING:
    from cvfast.swap.model_options import ModelOptions

__all__ = ["DfNetworks"]


class DfNetworks(SwapNetworks):
    """Shared encoder and inner network, two decoders."""

    def __init__(self, options: ModelOptions) -> None:
        super().__init__(options)
        self.encoder = Encoder(options)
        self.inter = Inter(options, self.encoder.features, options.ae_dims)
        self.decoder_source = Decoder(options, options.ae_dims)
        self.decoder_target = Decoder(options, options.ae_dims)

    def pairs(
        self, warped_source: Tensor, warped_target: Tensor, *, swapped: bool = False
    ) -> dict[str, Tensor]:
        """Reconstruct each person by their own decoder; see `SwapNetworks.pairs`."""
        both = self.inter(self.encoder(torch.cat([warped_source, warped_target])))
        source_code, target_code = both.chunk(2)
        made = {"source_code": source_code, "target_code": target_code}
        made |= named("source_source", self.decoder_source(source_code))
        made |= named("target_target", self.decoder_target(target_code))
        if swapped:
            made |= named("source_target", self.decoder_source(target_code.detach()))
        return made

    def swap(self, target: Tensor, morph: float | Tensor = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        """Decode the target's code by the source's decoder; see `SwapNetworks.swap`."""
        code = self.inter(self.encoder(target))
        face, face_mask = self.decoder_source(code)
        return face, face_mask, self.decoder_target.mask_of(code)

    def inner(self) -> list[nn.Module]:
        """Return the one inner network."""
        return [self.inter]


def named(name: str, made: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
    """Return a face and its mask by name."""
    return {name: made[0], f"{name}_mask": made[1]}
