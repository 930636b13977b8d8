"""The steps of one try-on: how long each took, and a picture of it where pictures are kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvfast.typing import ImageU8

if TYPE_CHECKING:
    from cvfast.tryon.garment import Garment
    from cvfast.tryon.scene import Scene
    from cvfast.tryon.target_shape import TargetShape

__all__ = ["Steps", "label_colours"]


class Steps:
    """Times of steps, and their pictures.

    Parameters
    ----------
    keep
        Keep the pictures.
    """

    def __init__(self, keep: bool) -> None:
        self._keep = keep
        self.seconds: dict[str, float] = {}
        self.layers: dict[str, ImageU8] = {}

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Time a step."""
        began = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - began
            self.seconds[name] = self.seconds.get(name, 0.0) + spent

    def show(self, name: str, picture: NDArray[Any]) -> None:
        """Keep a picture: RGB or a plane, bool, uint8 or float in [0, 1]."""
        if self._keep:
            self.layers[name] = _levels(picture)

    def show_scene(self, scene: Scene) -> None:
        """Keep the pose and the parts."""
        if self._keep:
            self.show("pose", scene.pose.draw(scene.image))
            tinted = label_colours(scene.parts.labels)
            self.show("parts", (scene.image // 2 + tinted // 2).astype(np.uint8))

    def show_garment(self, garment: Garment) -> None:
        """Keep the cut-out garment with its landmarks."""
        if self._keep:
            cut = _levels(garment.image).copy()
            cut[np.asarray(garment.mask) < 0.5] //= 3
            self.show("garment", _marked(cut, garment.landmarks))

    def show_target(self, scene: Scene, target: TargetShape) -> None:
        """Keep the shape that the garment is to have."""
        if self._keep:
            seen = scene.image.copy()
            seen[~target.mask] //= 3
            self.show("target", _marked(seen, target.landmarks))


def label_colours(labels: NDArray[np.uint8]) -> ImageU8:
    """Return a colour for each label, black for 0."""
    numbers = np.arange(256)
    table = np.stack([(numbers * step + 60) % 200 + 55 for step in (67, 131, 197)], axis=1).astype(
        np.uint8
    )
    table[0] = 0
    return table[labels]


def _levels(picture: NDArray[Any]) -> ImageU8:
    values = picture
    if values.dtype == bool:
        values = values.astype(np.uint8) * 255
    elif values.dtype != np.uint8:
        values = np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)
    if values.ndim == 2:
        values = np.repeat(values[..., None], 3, axis=2)
    return np.ascontiguousarray(values[..., :3])


def _marked(picture: ImageU8, landmarks: dict[str, NDArray[np.float64]]) -> ImageU8:
    from cvfast.io.opencv import load_cv2

    cv2 = load_cv2()
    radius = max(2, round(max(picture.shape[:2]) / 200))
    for name, (x, y) in landmarks.items():
        colour = (255, 80, 60) if "left" in name else (60, 160, 255)
        colour = colour if "left" in name or "right" in name else (90, 220, 90)
        cv2.circle(picture, (round(float(x)), round(float(y))), radius, colour, -1)
    return picture
