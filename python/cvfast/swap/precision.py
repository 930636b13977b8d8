"""Where a training may compute in bfloat16: on processors that multiply it in hardware."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch

__all__ = ["has_bfloat16", "lower_precision"]

_CPUINFO = Path("/proc/cpuinfo")


def has_bfloat16(cpuinfo: Path = _CPUINFO) -> bool:
    """Return whether the processor multiplies bfloat16 (AVX512-BF16 or AMX).

    Elsewhere it would be computed in float32 and rounded, which is slower than float32 alone.
    """
    try:
        flags = next(
            line for line in cpuinfo.read_text("utf-8").splitlines() if line.startswith("flags")
        )
    except (OSError, StopIteration):
        return False
    return not {"avx512_bf16", "amx_bf16"}.isdisjoint(flags.split())


def lower_precision(device: torch.device, wanted: bool | None) -> AbstractContextManager[Any]:
    """Return what a forward pass is to be computed in.

    Parameters
    ----------
    device
        Of the networks.
    wanted
        True: bfloat16; False: float32; None: bfloat16 on a processor that has it.

    Examples
    --------
    >>> with lower_precision(torch.device("cpu"), True):
    ...     torch.is_autocast_enabled("cpu")
    True
    """
    if wanted is None:
        wanted = device.type == "cpu" and has_bfloat16()
    return torch.autocast(device.type, torch.bfloat16) if wanted else nullcontext()
