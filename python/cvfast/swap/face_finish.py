"""What is done to a swapped face before it is pasted: colours, light, sharpness, motion."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.swap.enlarge import enlarge
from cvfast.swap.merge_settings import MergeSettings
from cvfast.typing import ImageF32

__all__ = ["Upscale", "finish_face", "recolored"]

Upscale: TypeAlias = Callable[[ImageF32], ImageF32]
_UPSCALED = 4
_LONGEST_BLUR = 50.0  # pixels


def recolored(
    face: ImageF32, target: ImageF32, mask: ImageF32, settings: MergeSettings
) -> ImageF32:
    """Give a face the target's colours, as the mode says, at the network's size.

    Parameters
    ----------
    face, target
        ``(n, n, 3)`` float32 in [0, 1].
    mask
        ``(n, n)`` float32: what counts.
    """
    if settings.mode.startswith("raw"):
        return face
    if not _is_seamless(settings):  # a seamless face is coloured when it is in its place
        face = _transferred(face, target, mask, settings)
    if "hist-match" in settings.mode:
        from cvfast.imaging.histogram import match_histogram

        counted = mask if settings.masked_hist_match else None
        limit = settings.hist_match_threshold
        face = match_histogram(face, target, mask=counted, like_mask=counted, limit=limit)
    return face


def finish_face(
    face: ImageF32,
    mask: ImageF32,
    settings: MergeSettings,
    *,
    target: Callable[[], ImageF32],
    motion: NDArray[np.float64],
    upscale: Upscale | None,
    bend: Upscale | None = None,
) -> ImageF32:
    """Enlarge a face and do to it what the settings ask for.

    Parameters
    ----------
    face
        ``(n, n, 3)`` float32 in [0, 1].
    mask
        ``(W, W)`` float32; W is a multiple of n.
    target
        Returns the target's square ``(W, W, 3)``; called where it is needed.
    motion
        ``(2,)``: how the face moves over two frames, in pixels of W.
    upscale
        Enlarges a picture four times by a network.
    bend
        Moves features inside a square, at any size.

    Returns
    -------
    ``(W, W, 3)`` float32 in [0, 1].
    """
    factor = mask.shape[0] // face.shape[0]
    large = np.clip(enlarge(face, factor), 0, 1)
    if settings.mode.startswith("raw"):
        return large
    if settings.super_resolution and upscale is not None:
        share = np.float32(settings.super_resolution / 100)
        large += (_fitted(upscale(face), large.shape[0]) - large) * share
    if bend is not None:
        large = bend(large)
    if _is_seamless(settings):
        large = _cloned(large, target(), mask, settings)
    if settings.motion_blur:
        large = _motion_blurred(large, motion * (settings.motion_blur / 100))
    if settings.sharpen and settings.sharpen_mode != "none":
        from cvfast.imaging.sharpen import sharpen

        large = sharpen(large, settings.sharpen_mode, settings.sharpen)
    return _degraded(large, settings)


def _is_seamless(settings: MergeSettings) -> bool:
    return settings.mode.startswith("seamless")


def _transferred(
    face: ImageF32, target: ImageF32, mask: ImageF32, settings: MergeSettings
) -> ImageF32:
    if settings.color_transfer == "none":
        return face
    from cvfast.imaging.color_transfer import transfer_color

    return transfer_color(
        face, target, settings.color_transfer, mask=mask, like_mask=mask, seed=settings.seed
    )


def _cloned(face: ImageF32, target: ImageF32, mask: ImageF32, settings: MergeSettings) -> ImageF32:
    from cvfast.imaging.seamless import seamless_clone

    return _transferred(seamless_clone(face, target, mask), target, mask, settings)


def _motion_blurred(face: ImageF32, motion: NDArray[np.float64]) -> ImageF32:
    from cvfast.imaging.blur import motion_blur

    length = float(np.hypot(*motion))
    angle = math.atan2(motion[1], motion[0])
    return motion_blur(face, angle, min(length, _LONGEST_BLUR))


def _degraded(face: ImageF32, settings: MergeSettings) -> ImageF32:
    from cvfast.imaging import degrade

    if settings.denoise:
        face = degrade.denoise(face, settings.denoise)
    if settings.bicubic_degrade:
        face = degrade.bicubic_degrade(face, settings.bicubic_degrade)
    if settings.color_degrade:
        face = degrade.color_degrade(face, settings.color_degrade)
    return face


def _fitted(face: ImageF32, size: int) -> ImageF32:
    """Bring an upscaled square to a size."""
    if face.shape[0] == size:
        return face
    from cvfast.io.opencv import load_cv2

    cv2 = load_cv2()
    fitted: ImageF32 = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
    return fitted
