"""Labels of the whole picture from the materials of the reduced crop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.imaging.guided import GuidedFilter, homogeneous
from cvfast.models.alongside import alongside
from cvfast.people.part_zones import enlarge_labels
from cvfast.people.work_frame import WorkFrame
from cvfast.typing import Image, ImageF32

__all__ = ["PartCanvas"]

_RADIUS, _EPSILON = 3, 3e-4  # of the guided filter that draws borders at full size
_FAINT = np.float32(0.02)  # probabilities that count as 0 there


@dataclass(frozen=True, eq=False)
class PartCanvas:
    """What labels of the whole picture are drawn from, but for the materials.

    Parameters
    ----------
    zones
        (H, W) uint8 by material: the label of each pixel of the full-sized crop.
    guided, guide
        The filter of the reduced crop, and the crop itself for it.
    frame
        The crop.
    """

    zones: dict[str, NDArray[np.uint8]]
    guided: GuidedFilter
    guide: ImageF32
    frame: WorkFrame

    @classmethod
    def of(cls, zones: dict[str, NDArray[np.uint8]], frame: WorkFrame, image: Image) -> PartCanvas:
        """Enlarge the zones of a reduced crop of ``image``."""
        x0, y0, x1, y1 = frame.box
        large = {name: enlarge_labels(zone, (x1 - x0, y1 - y0)) for name, zone in zones.items()}
        guide = homogeneous(frame.crop(image))
        return cls(large, GuidedFilter(frame.guide(), _RADIUS, _EPSILON), guide, frame)

    def drawn(self, planes: dict[str, ImageF32]) -> NDArray[np.uint8]:
        """Labels of the whole picture: the likeliest material of each pixel, in its zone."""
        chosen = [n for n, plane in planes.items() if n != "background" and plane.max() > 0.5]
        half = len(chosen) // 2
        coming = alongside(lambda: [self._fine(planes[name]) for name in chosen[:half]])
        rest = [self._fine(planes[name]) for name in chosen[half:]]
        fine = dict(zip(chosen, coming.result() + rest, strict=True))
        # The planes add up to 1, and so do the filtered ones: what the others leave is background.
        best = np.full(self.guide.shape[:2], 1, np.float32)
        for plane in fine.values():
            best -= plane
        labels = self.zones["background"].copy()
        for name, plane in fine.items():
            np.copyto(labels, self.zones[name], where=plane > best)
            np.maximum(best, plane, out=best)
        whole = np.zeros((self.frame.size[1], self.frame.size[0]), np.uint8)
        x0, y0, x1, y1 = self.frame.box
        whole[y0:y1, x0:x1] = labels
        return whole

    def _fine(self, plane: ImageF32) -> ImageF32:
        return self.guided.enlarge(np.where(plane < _FAINT, 0, plane), self.guide)
