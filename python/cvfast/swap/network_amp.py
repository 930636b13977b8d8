"""amp: two inner networks whose channels are mixed, so that a swap can stop half-way.

In the original the two inner networks stay as chance made them, since no optimiser holds them.
Here they are trained like all else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from cvfast.swap.network_blocks import linear
from cvfast.swap.network_df import named
from cvfast.swap.network_parts import Decoder, Encoder
from cvfast.swap.networks import SwapNetworks

if TYPE_CHECKING:
    from cvfast.swap.model_options import ModelOptions

__all__ = ["AmpNetworks"]


class AmpNetworks(SwapNetworks):
    """Shared encoder and decoder, an inner network for each person."""

    def __init__(self, options: ModelOptions) -> None:
        super().__init__(options)
        self.encoder = Encoder(options)
        self.narrow = linear(self.encoder.features, options.ae_dims)
        self.grid = options.resolution // 32
        out = self.grid**2 * options.inter_dims
        self.inter_source = linear(options.ae_dims, out)
        self.inter_target = linear(options.ae_dims, out)
        self.decoder = Decoder(options, options.inter_dims)

    def pairs(
        self, warped_source: Tensor, warped_target: Tensor, *, swapped: bool = False
    ) -> dict[str, Tensor]:
        """Reconstruct both; the source's code is partly the target's network's.

        Which channels, is drawn anew for each face from torch's global generator; how many, says
        ``morph_factor``. See `SwapNetworks.pairs`.
        """
        flat = self.narrow(self.encoder(torch.cat([warped_source, warped_target])))
        by_target = self._maps(self.inter_target(flat))
        source, target = flat.chunk(2)
        other, target_code = by_target.chunk(2)
        source_code = torch.where(self._drawn(other), self._maps(self.inter_source(source)), other)
        codes = [source_code, target_code]
        if swapped:
            codes.append(self._maps(self.inter_source(target)).detach())
        faces, masks = (part.chunk(len(codes)) for part in self.decoder(torch.cat(codes)))
        made = {"source_code": source_code, "target_code": target_code}
        names = ("source_source", "target_target", "source_target")
        for name, face, mask in zip(names, faces, masks, strict=False):
            made |= named(name, (face, mask))
        return made

    def swap(self, target: Tensor, morph: float | Tensor = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        """Take the first channels from the source's network; see `SwapNetworks.swap`."""
        flat: Tensor = self.narrow(self.encoder(target))
        own = self._maps(self.inter_target(flat))
        channels = self.options.inter_dims
        first = torch.floor(torch.as_tensor(morph, dtype=flat.dtype) * channels)
        place = torch.arange(channels, dtype=flat.dtype, device=flat.device)
        taken = (place < first).view(1, channels, 1, 1)
        face, face_mask = self.decoder(torch.where(taken, self._maps(self.inter_source(flat)), own))
        return face, face_mask, self.decoder.mask_of(own)

    def inner(self) -> list[nn.Module]:
        """Return the inner networks of both people."""
        return [self.inter_source, self.inter_target]

    def _maps(self, code: Tensor) -> Tensor:
        maps = code.view(-1, self.options.inter_dims, self.grid, self.grid)
        return maps.contiguous(memory_format=torch.channels_last)

    def _drawn(self, maps: Tensor) -> Tensor:
        """Draw for each face the channels that come from the source's network."""
        count, channels = maps.shape[:2]
        chosen = round(channels * self.options.morph_factor)
        ranks = torch.rand(count, channels, device=maps.device).argsort(dim=1).argsort(dim=1)
        return (ranks < chosen).view(count, channels, 1, 1)
