"""The normalisation of try-on networks, as published and as it trains better."""

from __future__ import annotations

from torch import nn

__all__ = ["norm_layer"]


def norm_layer(channels: int, compat: bool) -> nn.Module:
    """Return instance normalisation without weights (published), or group normalisation with them.

    Instance normalisation takes a map's mean and contrast away for good; over groups of channels
    they stay, relative to each other.

    Examples
    --------
    >>> norm_layer(8, True), norm_layer(8, False).num_groups
    (InstanceNorm2d(8, eps=1e-05, momentum=0.1, affine=False, track_running_stats=False), 4)
    """
    if compat:
        return nn.InstanceNorm2d(channels)
    return nn.GroupNorm(4 if channels % 4 == 0 else 1, channels)
