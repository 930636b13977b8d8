"""cvfast edits faces in photos and videos, in real time, on an ordinary CPU.

Pictures are NumPy arrays: RGB, height x width x channels, uint8 or float32 in [0, 1]. The names
below load what they need at their first use; ``import cvfast`` itself loads NumPy and the core.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

try:
    from cvfast import _core
except ImportError as error:
    # The command imports this before any of its own code, so only here can it say this in words.
    if Path(sys.argv[0] if sys.argv else "").stem not in ("-m", "cvfast"):
        raise
    sys.stderr.write(f"cvfast: {error}\n")
    sys.exit(2 if str(error).startswith("CVFAST_ISA") else 5)

__version__: str = _core.version

_HOMES = {
    "effects.retouch": ("retouch",),
    "effects.video": ("retouch_video",),
    "faces.detectors": ("detect",),
    "faces.fitting": ("landmarks",),
    "faces.types": ("Faces", "Landmarks"),
    "recognition.average": ("average_face",),
    "config": ("available_isas", "build_config", "get_isa", "get_num_threads", "set_num_threads"),
    "kernels.nms": ("batched_nms", "iou", "nms", "soft_nms"),
    "kernels.pca": ("PCA",),
    "kernels.tps": ("ThinPlateSpline",),
    "kernels.warp": ("local_rotate", "local_scale", "local_translate"),
    "recognition.eigenfaces": ("Eigenfaces",),
    "recognition.fisherfaces": ("Fisherfaces",),
    "recognition.lbph": ("LBPH",),
    "tryon.classic": ("try_on",),
}
_HOME_OF = {name: f"cvfast.{home}" for home, names in _HOMES.items() for name in names}

__all__ = [*sorted(_HOME_OF)]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'cvfast' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
