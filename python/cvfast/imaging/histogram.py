"""Giving each channel of a picture the distribution of values that another has."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.imaging.checks import check_colors, mask_weights
from cvfast.imaging.sliced_transport import rank_steps
from cvfast.typing import ImageF32

__all__ = ["match_histogram"]

_FEWEST = 16  # pixels that tell anything


def match_histogram(
    image: ImageF32,
    like: ImageF32,
    *,
    mask: NDArray[Any] | None = None,
    like_mask: NDArray[Any] | None = None,
    limit: float = 255,
) -> ImageF32:
    """Match the histograms of red, green and blue.

    Parameters
    ----------
    image, like
        ``(h, w, 3)`` float32 RGB in [0, 1]; sizes may differ.
    mask, like_mask
        What is counted; see `cvfast.imaging.color_transfer.transfer_color`. Pixels outside are
        changed alike. Where fewer than 16 count, nothing is changed.
    limit
        0 to 255: the picture's brightest pixels become as bright as this rank of ``like``'s, so
        that a few highlights do not make a face glare; 255 matches all.

    Returns
    -------
    ``(h, w, 3)`` float32 in [0, 1], a new array.

    Raises
    ------
    TypeError, ValueError
        Another dtype or shape, numbers that are not finite, or a limit out of range.

    Examples
    --------
    >>> ramp = np.repeat(np.linspace(0, 0.5, 256, dtype=np.float32).reshape(16, 16, 1), 3, axis=2)
    >>> bool(np.abs(match_histogram(ramp, ramp * 2) - ramp * 2).max() < 0.01)
    True
    """
    check_colors("image", image)
    check_colors("like", like)
    if not 0 <= limit <= 255:
        raise ValueError(f"limit: expected 0 to 255, got {limit}")
    weights = their_weights = None
    if mask is not None:
        weights = mask_weights("mask", mask, image)
    if like_mask is None and mask is not None and like.shape == image.shape:
        like_mask = mask
    if like_mask is not None:
        their_weights = mask_weights("like_mask", like_mask, like)
    if any(w is not None and w.sum() < _FEWEST for w in (weights, their_weights)):
        return image.copy()
    counted = None if weights is None else weights.ravel()
    theirs = None if their_weights is None else their_weights.ravel()
    matched = image.copy()
    for channel in range(3):
        values = np.ascontiguousarray(image[..., channel]).ravel()
        wanted = np.ascontiguousarray(like[..., channel]).ravel()
        steps = rank_steps(values, wanted, counted, theirs, top=limit / 255)
        matched[..., channel] += steps.reshape(image.shape[:2])
    return np.clip(matched, 0, 1, out=matched)
