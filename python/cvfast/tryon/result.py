"""`TryOn`: a finished picture, what was changed in it, how it came about."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.provenance import Mark
from cvfast.typing import Image, ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["TryOn"]

_Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class TryOn:
    """What `cvfast.try_on` returns.

    Parameters
    ----------
    image
        The photo with the garment on, of the photo's size, channels and dtype.
    mask
        (H, W) bool: pixels that may have changed; all others are the photo's to the bit.
    worn
        (H, W) float32: how much of the new garment each pixel shows.
    confidence
        0 to 1; under 0.5 look twice.
    reasons
        What lowers the confidence, and what was guessed.
    region
        ``"upper"`` or ``"lower"``.
    seconds
        Time of each step by name.
    layers
        Pictures of the steps by name, RGB uint8, in the order of the work; empty unless asked for.
    """

    image: Image
    mask: _Mask
    worn: NDArray[np.float32]
    confidence: float
    reasons: tuple[str, ...]
    region: str
    seconds: dict[str, float] = field(default_factory=dict)
    layers: dict[str, ImageU8] = field(default_factory=dict)

    def __repr__(self) -> str:
        height, width = self.mask.shape
        return f"TryOn({width}x{height}, {self.region}, confidence {self.confidence:.2f})"

    def report(self) -> dict[str, Any]:
        """Return confidence, reasons, region, changed share and times, as JSON values."""
        return {
            "region": self.region,
            "confidence": self.confidence,
            "reasons": list(self.reasons),
            "changed": round(float(self.mask.mean()), 4),
            "seconds": {name: round(value, 4) for name, value in self.seconds.items()},
        }

    def save_layers(
        self, folder: PathLike, *, mark: Mark | None = None, overwrite: bool = False
    ) -> list[Path]:
        """Write every step as ``NN-name.png`` and the report as ``report.json``.

        Parameters
        ----------
        folder
            Made where it is missing.
        mark
            What the pictures say of themselves; None: a composite of photos.
        overwrite
            Replace files of these names.

        Raises
        ------
        ValueError
            No layers were kept.
        OutputError
            It cannot be written.
        """
        import json

        from cvfast.io.atomic import make_folder, write_bytes
        from cvfast.io.images import write_image

        if not self.layers:
            raise ValueError("layers: expected a result made with keep_layers=True")
        place = make_folder(folder)
        mark = mark or Mark("compositeCapture", actions=("tryon layer",))
        paths = []
        for number, (name, picture) in enumerate(self.layers.items(), 1):
            paths.append(place / f"{number:02d}-{name}.png")
            write_image(paths[-1], picture, mark=mark, overwrite=overwrite)
        paths.append(place / "report.json")
        text = json.dumps(self.report(), indent=1) + "\n"
        write_bytes(paths[-1], text.encode(), overwrite=overwrite)
        return paths

    def _repr_png_(self) -> bytes:
        """Return the picture, for notebooks."""
        from cvfast.io.opencv import load_cv2

        cv2 = load_cv2()
        levels: Any = self.image
        if levels.dtype != np.uint8:
            levels = np.clip(levels * 255 + 0.5, 0, 255).astype(np.uint8)
        levels = levels if levels.ndim == 2 else np.ascontiguousarray(levels[..., 2::-1])
        return bytes(cv2.imencode(".png", levels)[1])
