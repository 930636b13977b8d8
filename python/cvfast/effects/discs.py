"""The local warps of one kind that an effect asks for, ready for a picture or for a video plane."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from cvfast.kernels.warp import local_scale, local_translate
from cvfast.typing import Image

__all__ = ["Discs", "merge"]

_ImageT = TypeVar("_ImageT", bound=Image)


@dataclass(frozen=True, eq=False)
class Discs:
    """N discs of one kind of local warp, in pixels of the picture.

    Parameters
    ----------
    kind
        ``"scale"`` or ``"translate"``.
    centers
        (N, 2) float64.
    radii
        (N,) float64.
    values
        Strengths (N,) to scale by, or targets (N, 2) to drag to.
    """

    kind: Literal["scale", "translate"]
    centers: NDArray[np.float64]
    radii: NDArray[np.float64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.radii)

    def moved(self, scale: float, offset: tuple[float, float]) -> Discs:
        """Return the same discs where a point p became ``p * scale + offset``."""
        values = self.values * scale + offset if self.kind == "translate" else self.values
        return Discs(self.kind, self.centers * scale + offset, self.radii * scale, values)

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return the pixels x0 <= x < x1, y0 <= y < y1 that the discs may touch, inside a size."""
        low = np.floor((self.centers - self.radii[:, None]).min(axis=0)).astype(int)
        high = np.ceil((self.centers + self.radii[:, None]).max(axis=0)).astype(int) + 1
        x0, y0 = np.clip(low, 0, (width, height)).tolist()
        x1, y1 = np.clip(high, 0, (width, height)).tolist()
        return x0, y0, x1, y1

    def warp(self, image: _ImageT, *, threads: int | None = None) -> None:
        """Warp a picture in place."""
        apply = local_scale if self.kind == "scale" else local_translate
        apply(image, self.centers, self.radii, self.values, threads=threads, out=image)


def merge(groups: Iterable[Discs]) -> list[Discs]:
    """Join discs of a kind into one call each: drags first, then scaling."""
    found = [group for group in groups if len(group)]
    joined = []
    for kind in ("translate", "scale"):
        same = [group for group in found if group.kind == kind]
        if same:
            joined.append(
                Discs(
                    same[0].kind,
                    np.concatenate([group.centers for group in same]),
                    np.concatenate([group.radii for group in same]),
                    np.concatenate([group.values for group in same]),
                )
            )
    return joined
