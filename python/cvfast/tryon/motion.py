"""How what is seen moved from the frame before to this one, smooth and free of noise."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageF32, ImageU8

__all__ = ["Motion", "MotionReader"]

_Mask: TypeAlias = NDArray[np.bool_]
_SIDE = 384  # pixels of the longer side at which motion is read
_REST = 0.3  # pixels there: less is the camera's noise
_SMOOTH = 0.02  # of the longer side: motion is even over so much


class Motion:
    """Where each pixel of a frame was in the frame before.

    Parameters
    ----------
    flow
        (h, w, 2) float32, x and y in pixels of that small frame.
    size
        Width and height of the frame that it is for.
    """

    def __init__(self, flow: ImageF32, size: tuple[int, int]) -> None:
        self._flow, self._size = flow, size

    @property
    def side(self) -> int:
        """The frame's longer side in pixels."""
        return max(self._size)

    def most(self, mask: _Mask, corner: tuple[int, int]) -> float:
        """Return how far what moves most in a mask has moved, as a share of the longer side."""
        even, weight, _ = self._even(mask, corner)
        inside = weight > 0.5
        far = float(np.percentile(_speed(even)[inside], 97)) if inside.any() else 0.0
        return far / float(max(self._flow.shape[:2]))

    def speed(self, shape: tuple[int, ...], corner: tuple[int, int]) -> ImageF32:
        """Return how far what is near each pixel has moved, as a share of the longer side.

        Parameters
        ----------
        shape
            Height and width of a part of the frame.
        corner
            x, y of its first pixel.
        """
        cv2 = load_cv2()
        longer = max(self._flow.shape[:2])
        side = 2 * max(1, round(_SMOOTH * longer)) + 1
        near = cv2.dilate(_speed(_beyond_noise(self._flow)) / longer, np.ones((side, side)))
        (x, y), (across, down) = corner, self._ratio
        place = np.array([[1 / across, 0, x / across], [0, 1 / down, y / down]], np.float64)
        speed: ImageF32 = cv2.warpAffine(
            near,
            place,
            (shape[1], shape[0]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return speed

    def within(self, mask: _Mask, corner: tuple[int, int]) -> ImageF32:
        """Return the motion of what a mask shows, gone on smoothly beyond it.

        Parameters
        ----------
        mask
            (h, w) bool, a part of the frame.
        corner
            x, y of its first pixel.

        Returns
        -------
        (h, w, 2) float32: from each pixel to its place in the frame before.
        """
        cv2 = load_cv2()
        even, _, place = self._even(mask, corner)
        moved: Any = cv2.warpAffine(
            even,
            place,
            (mask.shape[1], mask.shape[0]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        scaled: ImageF32 = np.asarray(moved * np.array(self._ratio, np.float32), np.float32)
        return scaled

    @property
    def _ratio(self) -> tuple[float, float]:
        return self._size[0] / self._flow.shape[1], self._size[1] / self._flow.shape[0]

    def _even(
        self, mask: _Mask, corner: tuple[int, int]
    ) -> tuple[ImageF32, ImageF32, NDArray[np.float64]]:
        """Return the small frame's motion as the mask shows it, the mask there, and its place."""
        cv2 = load_cv2()
        height, width = self._flow.shape[:2]
        (x, y), (across, down) = corner, self._ratio
        place = np.array([[1 / across, 0, x / across], [0, 1 / down, y / down]], np.float64)
        weight: ImageF32 = cv2.warpAffine(mask.astype(np.float32), place, (width, height))
        sigma = _SMOOTH * max(width, height)
        total = cv2.GaussianBlur(weight, (0, 0), sigma)
        weighted = self._flow * weight[..., None]
        summed = cv2.GaussianBlur(weighted, (0, 0), sigma)
        # Far from the mask there is its mean motion.
        mean = weighted.sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6)
        little = np.float32(1e-3)
        even = (summed + little * mean) / (total + little)[..., None]
        return _beyond_noise(even.astype(np.float32)), weight, place


class MotionReader:
    """Reads the motion between the frames that it is given, by dense inverse search.

    Notes
    -----
    Kroeger, Timofte, Dai and Van Gool, "Fast Optical Flow using Dense Inverse Search", ECCV 2016,
    as in OpenCV.
    """

    def __init__(self) -> None:
        self._last: ImageU8 | None = None
        self._flow: Any = None

    def update(self, image: ImageU8) -> Motion | None:
        """Take the next frame, (H, W, 3) uint8; None for a first one or one of another size."""
        cv2 = load_cv2()
        scale = min(1.0, _SIDE / max(image.shape[:2]))
        small = (max(16, round(image.shape[1] * scale)), max(16, round(image.shape[0] * scale)))
        grey = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(grey, cv2.COLOR_RGB2GRAY)
        grey = cv2.GaussianBlur(grey, (0, 0), 1.0)
        last, self._last = self._last, grey
        if last is None or last.shape != grey.shape:
            return None
        if self._flow is None:
            self._flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        flow: ImageF32 = self._flow.calc(grey, last, None)
        return Motion(flow, (image.shape[1], image.shape[0]))


def _speed(flow: ImageF32) -> ImageF32:
    speed: ImageF32 = np.sqrt((flow * flow).sum(axis=2))
    return speed


def _beyond_noise(flow: ImageF32) -> ImageF32:
    """Return motion without what noise alone brings about."""
    speed = np.maximum(_speed(flow)[..., None], np.float32(1e-6))
    kept: ImageF32 = flow * np.maximum(0, 1 - (_REST / speed) ** 2)
    return kept.astype(np.float32)
