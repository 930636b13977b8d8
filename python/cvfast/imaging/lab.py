"""CIE L*a*b* of sRGB pictures, white D65: lightness 0 to 100, and two axes of colour."""

from __future__ import annotations

import numpy as np

from cvfast.typing import ImageF32

__all__ = ["lab_to_rgb", "rgb_to_lab"]

# IEC 61966-2-1: linear sRGB to XYZ; each row divided by the white point, so that white is 1, 1, 1.
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
_TO_XYZ /= _TO_XYZ.sum(axis=1, keepdims=True)
_TO_RGB = np.linalg.inv(_TO_XYZ).astype(np.float32)
_TO_XYZ = _TO_XYZ.astype(np.float32)
# f(X), f(Y), f(Z) to L, a, b.
_TO_LAB = np.array([[0, 116, 0], [500, -500, 0], [0, 200, -200]], np.float32)
_FROM_LAB = np.linalg.inv(_TO_LAB.astype(np.float64)).astype(np.float32)
_KNEE = np.float32(6 / 29)  # of f: below its cube, it is a straight line
_OFFSET = np.float32(4 / 29)
_SLOPE = np.float32(1 / (3 * (6 / 29) ** 2))


def rgb_to_lab(rgb: ImageF32) -> ImageF32:
    """Return L*, a*, b* of sRGB.

    Parameters
    ----------
    rgb
        (..., 3) float32 in [0, 1]; what is beyond is clipped.

    Returns
    -------
    (..., 3) float32: L* 0 to 100, a* and b* about -110 to 110.

    Notes
    -----
    CIE 15:2004, 8.2.1.

    Examples
    --------
    >>> [round(float(value)) for value in rgb_to_lab(np.float32([[1, 0, 0]]))[0]]
    [53, 80, 67]
    """
    values = _planes(np.clip(rgb, 0, 1))
    linear = np.maximum(values, np.float32(0.04045)) + np.float32(0.055)
    linear *= np.float32(1 / 1.055)
    linear **= np.float32(2.4)
    np.multiply(values, np.float32(1 / 12.92), out=linear, where=values <= np.float32(0.04045))
    xyz = _mixed(_TO_XYZ, linear)
    curve = np.cbrt(xyz)
    low = xyz < _KNEE**3
    np.multiply(xyz, _SLOPE, out=curve, where=low)
    np.add(curve, _OFFSET, out=curve, where=low)
    lab = _mixed(_TO_LAB, curve)
    lab[0] -= 16
    return _picture(lab, rgb)


def lab_to_rgb(lab: ImageF32) -> ImageF32:
    """Return sRGB of L*, a*, b*: the inverse of `rgb_to_lab`.

    Parameters
    ----------
    lab
        (..., 3) float32.

    Returns
    -------
    (..., 3) float32 in [0, 1]; colours that sRGB does not have are clipped channel by channel.

    Examples
    --------
    >>> grey = np.float32([[0.2, 0.5, 0.9]])
    >>> bool(np.abs(lab_to_rgb(rgb_to_lab(grey)) - grey).max() < 1e-5)
    True
    """
    planes = _planes(lab)
    planes[0] += 16
    curve = _mixed(_FROM_LAB, planes)
    xyz = curve * curve * curve
    low = curve < _KNEE
    np.subtract(curve, _OFFSET, out=curve, where=low)
    np.multiply(curve, 1 / _SLOPE, out=xyz, where=low)
    linear = np.clip(_mixed(_TO_RGB, xyz), 0, 1)
    rgb = linear ** np.float32(1 / 2.4)
    rgb *= np.float32(1.055)
    rgb -= np.float32(0.055)
    np.multiply(linear, np.float32(12.92), out=rgb, where=linear <= np.float32(0.0031308))
    return _picture(rgb, lab)


def _planes(image: ImageF32) -> ImageF32:
    """Return ``(3, N)``: long rows are quick to work with, rows of three are not."""
    return np.array(image.reshape(-1, 3).T, order="C")


def _picture(planes: ImageF32, like: ImageF32) -> ImageF32:
    return np.ascontiguousarray(planes.T).reshape(like.shape)


def _mixed(matrix: ImageF32, planes: ImageF32) -> ImageF32:
    """Return ``matrix @ planes`` on this thread: BLAS would take all cores for so little."""
    mixed: ImageF32 = np.einsum("ij,jn->in", matrix, planes)
    return mixed
