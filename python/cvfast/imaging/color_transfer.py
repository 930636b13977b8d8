"""Giving a picture of a face the colours of another, such as the one that it is to replace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.imaging.blur import gaussian_blur
from cvfast.imaging.checks import check_colors, mask_weights
from cvfast.imaging.lab import lab_to_rgb, rgb_to_lab
from cvfast.imaging.sliced_transport import random_directions, random_rotations, transport
from cvfast.typing import ImageF32

__all__ = ["METHODS", "transfer_color"]

_F64 = NDArray[np.float64]
_QUANTUM = 1e-5  # added to variances of RGB: about a level of 8 bits, squared
_LAB_QUANTUM = 0.1  # the same of L*, a*, b*
_ROTATIONS, _STEPS, _BATCH = 20, 10, 5
_SIGMA = 16.0  # pixels: finer than this, sliced transport keeps the picture's own detail
_FEWEST = 16  # pixels (their weights summed) that tell anything about colours


def transfer_color(
    image: ImageF32,
    like: ImageF32,
    method: str,
    *,
    mask: NDArray[Any] | None = None,
    like_mask: NDArray[Any] | None = None,
    seed: int = 0,
) -> ImageF32:
    """Give a picture the colours of another.

    Parameters
    ----------
    image
        ``(h, w, 3)`` float32 RGB in [0, 1].
    like
        Whose colours: as ``image``, perhaps of another size.
    method
        ``"rct"``: mean and spread of each channel of L*a*b* (Reinhard 2001).
        ``"lct"``: mean and covariance of RGB, by whitening and colouring (Hertzmann 2001).
        ``"mkl"``: the same by the linear map that moves colours least (Pitie and Kokaram 2007).
        ``"idt"``: the whole distribution, by 20 rotations, about two thirds of the way (Pitie
        2005). ``"sot"``: the whole distribution, by slices (Rabin 2011), fine detail left as it
        is. ``"mix"``: lightness as ``lct``, a* and b* as ``sot``.
        ``rct`` and those with ``-m`` (``mkl-m``, ``idt-m``, ``sot-m``, ``mix-m``) look at the
        masked pixels alone; the others at all.
    mask, like_mask
        ``(h, w)`` or ``(h, w, 1)``, how much each pixel counts: numbers from 0 to 1, uint8 from 0
        to 255, or bool. ``like_mask`` None: as ``mask``, if the sizes agree. Pixels outside are
        not counted, but changed alike. Where fewer than 16 pixels count, nothing is changed.
    seed
        Of the random directions. Pictures of one clip take the same, lest their colours flicker.

    Returns
    -------
    ``(h, w, 3)`` float32 in [0, 1], a new array.

    Raises
    ------
    TypeError, ValueError
        Another dtype, shape or method; a method with ``-m`` without a mask; numbers that are not
        finite.

    Notes
    -----
    Masked-out pixels do not count as black, as they do in DeepFaceLab. ``mix`` works in the plane
    of a* and b* itself, not in RGB at full lightness. Slices are matched by histograms of 256 steps
    instead of by sorting.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> dark, light = rng.random((2, 32, 32, 3), np.float32) * 0.3
    >>> light += 0.5
    >>> float(transfer_color(dark, light, "mkl").mean()) > 0.6
    True
    """
    name = method.removesuffix("-m")
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    if method.endswith("-m") and mask is None:
        raise ValueError(f"mask: expected a mask for method {method!r}, got None")
    check_colors("image", image)
    check_colors("like", like)
    weights = like_weights = None
    if mask is not None and (name == "rct" or method.endswith("-m")):
        weights = mask_weights("mask", mask, image)
        same = like.shape[:2] == image.shape[:2]
        theirs = mask if like_mask is None and same else like_mask
        like_weights = None if theirs is None else mask_weights("like_mask", theirs, like)
        if any(w is not None and w.sum() < _FEWEST for w in (weights, like_weights)):
            return image.copy()
    done = _TRANSFERS[name](image, like, weights, like_weights, seed)
    return np.clip(done, 0, 1, out=done)


def _rct(
    image: ImageF32, like: ImageF32, mask: ImageF32 | None, like_mask: ImageF32 | None, _seed: int
) -> ImageF32:
    lab = rgb_to_lab(image)
    mean, covariance = _moments(lab, mask)
    their_mean, theirs = _moments(rgb_to_lab(like), like_mask)
    gain = np.sqrt((np.diag(theirs) + _LAB_QUANTUM) / (np.diag(covariance) + _LAB_QUANTUM))
    moved = _linear(lab, np.diag(gain), mean, their_mean)
    np.clip(moved[..., 0], 0, 100, out=moved[..., 0])
    np.clip(moved[..., 1:], -127, 127, out=moved[..., 1:])
    return lab_to_rgb(moved)


def _lct(
    image: ImageF32, like: ImageF32, mask: ImageF32 | None, like_mask: ImageF32 | None, _seed: int
) -> ImageF32:
    mean, covariance = _moments(image, mask)
    their_mean, theirs = _moments(like, like_mask)
    return _linear(image, _root(theirs) @ _root(covariance, -0.5), mean, their_mean)


def _mkl(
    image: ImageF32, like: ImageF32, mask: ImageF32 | None, like_mask: ImageF32 | None, _seed: int
) -> ImageF32:
    mean, covariance = _moments(image, mask)
    their_mean, theirs = _moments(like, like_mask)
    root, inverse = _root(covariance), _root(covariance, -0.5)
    between = root @ (theirs + _QUANTUM * np.eye(3)) @ root
    return _linear(image, inverse @ _root(between, quantum=0) @ inverse, mean, their_mean)


def _idt(
    image: ImageF32, like: ImageF32, mask: ImageF32 | None, like_mask: ImageF32 | None, seed: int
) -> ImageF32:
    directions = random_rotations(_ROTATIONS, 3, seed)
    return _transported(image, like, directions, 1 / _ROTATIONS, mask, like_mask)


def _sot(
    image: ImageF32, like: ImageF32, mask: ImageF32 | None, like_mask: ImageF32 | None, seed: int
) -> ImageF32:
    directions = random_directions(_STEPS, image.shape[2], _BATCH, seed)
    moved = _transported(image, like, directions, 1 / _BATCH, mask, like_mask)
    return image + _smooth(moved - image, mask)


def _mix(
    image: ImageF32, like: ImageF32, mask: ImageF32 | None, like_mask: ImageF32 | None, seed: int
) -> ImageF32:
    lab, theirs = rgb_to_lab(image), rgb_to_lab(like)
    mean, covariance = _moments(lab[..., :1], mask)
    their_mean, their_covariance = _moments(theirs[..., :1], like_mask)
    gain = np.sqrt((their_covariance + _LAB_QUANTUM) / (covariance + _LAB_QUANTUM))
    lightness = (lab[..., :1] - mean.astype(np.float32)) * gain.astype(np.float32) + their_mean
    colors = _sot(
        np.ascontiguousarray(lab[..., 1:]),
        np.ascontiguousarray(theirs[..., 1:]),
        mask,
        like_mask,
        seed,
    )
    return lab_to_rgb(np.concatenate([lightness.astype(np.float32), colors], axis=2))


def _moments(image: ImageF32, weights: ImageF32 | None) -> tuple[_F64, _F64]:
    """Return mean and covariance of the channels, float64."""
    planes = np.array(image.reshape(-1, image.shape[2]).T, order="C")
    # Shifted by a rough mean, float32 products lose nothing.
    shift = planes[:, :: max(1, planes.shape[1] // 64)].mean(axis=1)
    planes -= shift[:, None]
    if weights is None:
        share = np.full(planes.shape[1], 1 / planes.shape[1], np.float32)
    else:
        share = weights.ravel() / np.float32(weights.sum(dtype=np.float64))
    mean = (planes @ share).astype(np.float64)
    covariance = ((planes * share) @ planes.T).astype(np.float64) - np.outer(mean, mean)
    return mean + shift, covariance


def _root(square: _F64, power: float = 0.5, *, quantum: float = _QUANTUM) -> _F64:
    """Return a power of a symmetric matrix, a quantum added to its variances."""
    values, vectors = np.linalg.eigh(square)
    powers = np.maximum(values + quantum, 1e-12) ** power
    root: _F64 = (vectors * powers) @ vectors.T
    return root


def _linear(image: ImageF32, matrix: _F64, mean: _F64, their_mean: _F64) -> ImageF32:
    # Not by @: BLAS would take all cores for so little.
    planes = np.einsum("ij,nj->in", matrix.astype(np.float32), image.reshape(-1, 3))
    planes += (their_mean - matrix @ mean).astype(np.float32)[:, None]
    return np.ascontiguousarray(planes.T).reshape(image.shape)


def _transported(
    image: ImageF32,
    like: ImageF32,
    directions: NDArray[np.float32],
    gain: float,
    mask: ImageF32 | None,
    like_mask: ImageF32 | None,
) -> ImageF32:
    channels = image.shape[2]
    moved = transport(
        image.reshape(-1, channels),
        like.reshape(-1, channels),
        directions,
        gain,
        None if mask is None else mask.reshape(-1),
        None if like_mask is None else like_mask.reshape(-1),
    )
    return moved.reshape(image.shape)


def _smooth(steps: ImageF32, mask: ImageF32 | None) -> ImageF32:
    """Blur the ways that colours move; what does not count lends nothing to its neighbours."""
    if mask is None:
        return gaussian_blur(steps, _SIGMA)
    weight = np.maximum(mask, np.float32(1e-4))[..., None]  # far from all that counts: as it moved
    blurred = gaussian_blur(steps * weight, _SIGMA)
    return blurred / gaussian_blur(weight[..., 0], _SIGMA)[..., None]


_TRANSFERS: dict[str, Callable[..., ImageF32]] = {
    "rct": _rct,
    "lct": _lct,
    "mkl": _mkl,
    "idt": _idt,
    "sot": _sot,
    "mix": _mix,
}
METHODS = ("rct", "lct", "mkl", "mkl-m", "idt", "idt-m", "sot", "sot-m", "mix", "mix-m")
