"""Local warps after Gustafsson, *Interactive Image Warping* (1993), in discs."""

from __future__ import annotations

import math
from typing import TypeVar

from numpy.typing import ArrayLike

from cvfast import _core
from cvfast.config import thread_count
from cvfast.kernels.arrays import check_image, check_out, real_array
from cvfast.typing import Image

__all__ = ["MAX_DRAG", "local_rotate", "local_scale", "local_translate"]

# The longest drag, in radii, that local_translate takes: beyond it the map folds.
MAX_DRAG = 3 * math.sqrt(3) / 8
_SCALE, _TRANSLATE, _ROTATE = 0, 1, 2
_ImageT = TypeVar("_ImageT", bound=Image)


def local_scale(
    image: _ImageT,
    centers: ArrayLike,
    radii: ArrayLike,
    strengths: ArrayLike,
    *,
    threads: int | None = None,
    out: _ImageT | None = None,
) -> _ImageT:
    """Enlarge (strength > 0) or shrink (< 0) what lies in each disc, smoothly to its rim.

    The inverse map inside a disc of radius R is r' = r (1 - a (1 - r/R)^2): free of folds for
    -3 < a < 1, and the centre is magnified by 1/(1 - a). Several discs act as if applied one after
    the other, sampled once. Pixels outside all discs stay as they are.

    Parameters
    ----------
    image
        (height, width) or (height, width, 1 to 4), uint8 or float32; rows may be strided.
    centers
        (N, 2) points x, y in pixels; (0, 0) is the centre of the first pixel.
    radii
        (N,) pixels, over 0.
    strengths
        (N,) in (-3, 1).
    threads
        At most so many threads; None: :func:`cvfast.get_num_threads`.
    out
        Array to write to, of the image's shape and dtype; the image itself works in place.

    Returns
    -------
    ``out``, or a new array. uint8 differs from a float64 computation by at most one level.

    Raises
    ------
    TypeError, ValueError
        Wrong dtype, shape or layout, values that are not finite or out of range, ``out`` read-only
        or partly overlapping ``image``.

    Examples
    --------
    >>> import numpy as np, cvfast
    >>> image = np.zeros((64, 64, 3), np.uint8)
    >>> image[30:34, 30:34] = 255
    >>> bigger = cvfast.local_scale(image, [(31.5, 31.5)], [20], [0.4])
    >>> int((bigger > 127).sum()) > int((image > 127).sum())
    True
    """
    return _warp(_SCALE, image, centers, radii, "strengths", strengths, threads, out)


def local_translate(
    image: _ImageT,
    centers: ArrayLike,
    radii: ArrayLike,
    targets: ArrayLike,
    *,
    threads: int | None = None,
    out: _ImageT | None = None,
) -> _ImageT:
    """Drag what lies at each disc's centre towards its target, smoothly to the rim.

    The inverse map inside a disc of radius R round c is u = x - (1 - r^2/R^2)^2 (m - c): free of
    folds exactly for |m - c| < (3 sqrt 3 / 8) R, an error beyond. The paper's own weight folds at
    the rear rim for every drag under 0.55 R (docs/warps.md shows both).

    Parameters
    ----------
    image, centers, radii, threads, out
        As for :func:`local_scale`.
    targets
        (N, 2) points x, y in pixels.

    Returns
    -------
    ``out``, or a new array.

    Raises
    ------
    TypeError, ValueError
        As for :func:`local_scale`, and for a drag too long for its radius.

    Examples
    --------
    >>> import numpy as np, cvfast
    >>> image = np.zeros((64, 64), np.float32)
    >>> image[28:36, 28:36] = 1
    >>> moved = cvfast.local_translate(image, [(32, 32)], [25], [(37, 32)])
    >>> bool(moved[32, 38] > image[32, 38])
    True
    """
    return _warp(_TRANSLATE, image, centers, radii, "targets", targets, threads, out)


def local_rotate(
    image: _ImageT,
    centers: ArrayLike,
    radii: ArrayLike,
    angles: ArrayLike,
    *,
    threads: int | None = None,
    out: _ImageT | None = None,
) -> _ImageT:
    """Turn what lies in each disc: by the whole angle at its centre, by none at its rim.

    The angle at distance r is a (1 - r/R)^2; positive turns the picture clockwise as seen.

    Parameters
    ----------
    image, centers, radii, threads, out
        As for :func:`local_scale`.
    angles
        (N,) radians in [-1000, 1000].

    Returns
    -------
    ``out``, or a new array.

    Raises
    ------
    TypeError, ValueError
        As for :func:`local_scale`.

    Examples
    --------
    >>> import numpy as np, cvfast
    >>> image = np.zeros((64, 64), np.uint8)
    >>> image[:32] = 255
    >>> turned = cvfast.local_rotate(image, [(32, 32)], [30], [1.5])
    >>> bool((turned != image).any())
    True
    """
    return _warp(_ROTATE, image, centers, radii, "angles", angles, threads, out)


def _warp(
    kind: int,
    image: _ImageT,
    centers: ArrayLike,
    radii: ArrayLike,
    name: str,
    values: ArrayLike,
    threads: int | None,
    out: _ImageT | None,
) -> _ImageT:
    # The core takes plain arguments as they are: checks here cost more than a small disc.
    done: _ImageT | None
    done = _core.plain_local_warp(kind, image, centers, radii, values, threads, out)
    if done is not None:
        return done
    check_image("image", image)
    points = real_array("centers", centers, (None, 2), "shape (N, 2), one point x, y a disc")
    n = len(points)
    numbers = f"{n} numbers, one a disc"
    radius = real_array("radii", radii, (n,), numbers)
    if kind == _TRANSLATE:
        parameters = real_array(name, values, (n, 2), f"shape ({n}, 2), one point a disc")
    else:
        parameters = real_array(name, values, (n,), numbers)
    count = thread_count(threads)
    result = check_out(image, out)
    _core.local_warp(kind, image, result, points, radius, parameters, count)
    return result
