"""Swap networks: what all of them do, whatever they are inside."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from cvfast.swap.model_options import ModelOptions

__all__ = ["SwapNetworks", "build_networks"]


class SwapNetworks(nn.Module, ABC):
    """A swap model's networks.

    Parameters
    ----------
    options
        Architecture and sizes.
    """

    def __init__(self, options: ModelOptions) -> None:
        super().__init__()
        self.options = options

    @abstractmethod
    def pairs(
        self, warped_source: Tensor, warped_target: Tensor, *, swapped: bool = False
    ) -> dict[str, Tensor]:
        """Reconstruct both people from their warped faces, for the training.

        Parameters
        ----------
        warped_source, warped_target
            (N, 3, h, w) in [0, 1]; N is the same for both.
        swapped
            Return the target with the source's face too, for the style terms.

        Returns
        -------
        dict
            By name: ``source_source`` and ``target_target`` (N, 3, h, w) with
            ``source_source_mask`` and ``target_target_mask`` (N, 1, h, w), all in [0, 1];
            ``source_code`` and ``target_code`` (N, channels, side, side); and where ``swapped``,
            ``source_target`` and ``source_target_mask``, from a code that is held fast, so that
            they teach the decoder alone.
        """

    @abstractmethod
    def swap(self, target: Tensor, morph: float | Tensor = 1.0) -> tuple[Tensor, Tensor, Tensor]:
        """Put the source's face on the target's.

        Parameters
        ----------
        target
            (N, 3, h, w) in [0, 1].
        morph
            Of ``amp`` alone: from 0, the target's own face, to 1, the source's. A number, or a
            tensor (1,) for an export.

        Returns
        -------
        face, face_mask, target_mask
            (N, 3, h, w), and (N, 1, h, w) twice: the mask of the new face and of the target's.
        """

    def trained_parameters(self) -> list[nn.Parameter]:
        """Return what the training moves: all of it, but for what an architecture holds fast."""
        return list(self.parameters())

    @abstractmethod
    def inner(self) -> list[nn.Module]:
        """Return the inner networks: what knows the people of a pretraining best."""

    def fix(self, fixed: bool = True) -> None:
        """Prepare for inference alone what a training has to do anew in each step; or undo it."""
        from cvfast.swap.network_parts import Decoder

        self.train(not fixed)
        for part in self.modules():
            if isinstance(part, Decoder):
                part.fix_heads(fixed)

    def begin_anew(self) -> None:
        """Set the inner networks back to chance: between pretraining and training."""
        fresh = build_networks(self.options).inner()
        with torch.no_grad():
            for mine, other in zip(self.inner(), fresh, strict=True):
                mine.load_state_dict(other.state_dict())


def build_networks(options: ModelOptions) -> SwapNetworks:
    """Return new networks, their weights drawn from torch's global generator.

    Channels lie last in memory: that is what a processor convolves fastest.

    Examples
    --------
    >>> import torch
    >>> from cvfast.swap.model_options import PRESETS
    >>> with torch.device("meta"):  # shapes without numbers
    ...     nets = build_networks(PRESETS["tiny"])
    ...     face, face_mask, target_mask = nets.swap(torch.zeros(2, 3, 64, 64))
    >>> tuple(face.shape), tuple(face_mask.shape)
    ((2, 3, 64, 64), (2, 1, 64, 64))
    >>> sum(weight.numel() for weight in nets.parameters())
    9235562
    """
    from cvfast.swap.network_amp import AmpNetworks
    from cvfast.swap.network_df import DfNetworks
    from cvfast.swap.network_liae import LiaeNetworks

    kinds: dict[str, Callable[[ModelOptions], SwapNetworks]] = {
        "df": DfNetworks,
        "liae": LiaeNetworks,
        "amp": AmpNetworks,
    }
    networks: SwapNetworks = kinds[options.family](options)
    last: SwapNetworks = networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return last
