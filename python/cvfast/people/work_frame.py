"""The reduced crop round a person in which parts are looked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.sampling import PixelReader
from cvfast.io.opencv import load_cv2
from cvfast.people.pose import Pose
from cvfast.typing import Image, ImageF32, ImageU8

__all__ = ["WorkFrame", "check_photo"]

_SIDE = 320  # pixels of the longer side: joints within a pixel or two, GrabCut in 0.1 s


@dataclass(frozen=True, eq=False)
class WorkFrame:
    """A crop of a picture at a smaller size, and the way back.

    Parameters
    ----------
    image
        (h, w, 3) uint8, the reduced crop.
    box
        The crop in the picture, x0, y0, x1, y1 in whole pixels.
    size
        Width and height of the picture.
    """

    image: ImageU8
    box: tuple[int, int, int, int]
    size: tuple[int, int]

    @classmethod
    def around(
        cls, image: ImageU8, box: tuple[float, float, float, float], *, side: int = _SIDE
    ) -> WorkFrame:
        """Crop ``image`` (H, W, 3) to ``box`` and reduce it until its longer side is ``side``.

        A crop that is smaller stays as it is.
        """
        cv2 = load_cv2()
        height, width = image.shape[:2]
        x0, y0 = max(0, int(np.floor(box[0]))), max(0, int(np.floor(box[1])))
        x1, y1 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
        if x1 - x0 < 2 or y1 - y0 < 2:
            x0, y0, x1, y1 = 0, 0, width, height
        scale = min(1.0, side / max(x1 - x0, y1 - y0))
        size = (max(2, round((x1 - x0) * scale)), max(2, round((y1 - y0) * scale)))
        crop = cv2.resize(image[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA)
        return cls(crop, (x0, y0, x1, y1), (width, height))

    @property
    def scale(self) -> tuple[float, float]:
        """Reduced pixels in a pixel of the picture, across and down."""
        x0, y0, x1, y1 = self.box
        return self.image.shape[1] / (x1 - x0), self.image.shape[0] / (y1 - y0)

    def pose(self, pose: Pose) -> Pose:
        """Return the pose in the coordinates of the crop."""
        corner = np.array(self.box[:2], np.float64)
        points = (pose.points - corner + 0.5) * np.array(self.scale) - 0.5
        return Pose(points, pose.confidence, pose.scheme)

    def reduce(self, plane: ImageF32) -> ImageF32:
        """Return a plane (H, W) of the picture as the crop sees it, (h, w)."""
        cv2 = load_cv2()
        x0, y0, x1, y1 = self.box
        size = (self.image.shape[1], self.image.shape[0])
        reduced: ImageF32 = cv2.resize(plane[y0:y1, x0:x1], size, interpolation=cv2.INTER_AREA)
        return reduced

    def guide(self) -> ImageF32:
        """Return the reduced crop as float32 in [0, 1]."""
        return np.multiply(self.image, np.float32(1 / 255), dtype=np.float32)

    def crop(self, image: Image) -> ImageF32:
        """Return the crop of ``image`` at its full size as float32 in [0, 1]."""
        x0, y0, x1, y1 = self.box
        part: NDArray[Any] = image[y0:y1, x0:x1]
        if part.ndim == 2:
            part = np.repeat(part[..., None], 3, axis=2)
        whole: ImageF32 = part.astype(np.float32)
        if part.dtype == np.uint8:
            whole /= 255
        return whole


def check_photo(image: Image) -> None:
    """Refuse what is no picture (H, W, 3) or (H, W) of at least one pixel.

    Raises
    ------
    TypeError, ValueError
        As `cvfast.geometry.sampling.PixelReader.of`; or a picture without pixels.
    """
    if 0 in PixelReader.of(image).size:
        raise ValueError(f"image: expected at least one pixel, got shape {image.shape}")
