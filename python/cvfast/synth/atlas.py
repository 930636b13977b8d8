"""One texture for a whole head: which part of it holds what."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from cvfast.synth.base import Reals

__all__ = ["CLOTH", "EAR", "EYES", "FACE", "HAIR", "HEIGHT", "MOUTH", "NECK", "WIDTH", "Patch",
           "face_place", "patch_place"]  # fmt: skip

WIDTH, HEIGHT = 640, 480


@dataclass(frozen=True)
class Patch:
    """A rectangle of the texture, in texels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


FACE = Patch(0, 0, 512, 320)  # all round: the middle column shows the nose, the edges the back
EYES = MappingProxyType({"right": Patch(512, 0, 64, 64), "left": Patch(576, 0, 64, 64)})
MOUTH = Patch(512, 64, 128, 64)
EAR = Patch(512, 128, 64, 64)
NECK = Patch(576, 128, 64, 64)
CLOTH = Patch(512, 192, 128, 128)
HAIR = Patch(0, 320, 512, 160)
TOP, BOTTOM = -1.6, 1.2  # heights on the head that FACE reaches from and to


def face_place(vertices: Reals) -> Reals:
    """Where points of head and face lie in the texture: rolled off a cylinder, (n, 2)."""
    around = np.arctan2(vertices[:, 0], 0.1 - vertices[:, 2]) / np.pi  # -1 to 1
    x = FACE.x + (around + 1) / 2 * (FACE.width - 1)
    y = FACE.y + (vertices[:, 1] - TOP) / (BOTTOM - TOP) * (FACE.height - 1)
    return np.stack([x, y], axis=1)


def patch_place(patch: Patch, shares: Reals) -> Reals:
    """Where shares of a patch's width and height, 0 to 1, lie in the texture, (n, 2)."""
    inside = np.clip(shares, 0, 1)
    return np.stack(
        [patch.x + 0.5 + inside[:, 0] * (patch.width - 2),
         patch.y + 0.5 + inside[:, 1] * (patch.height - 2)], axis=1
    )  # fmt: skip
