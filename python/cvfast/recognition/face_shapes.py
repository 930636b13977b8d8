"""Shapes of faces: found in pictures of any size, and their mean whatever place, size and turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.errors import NothingFoundError
from cvfast.faces.choosing import choose_face
from cvfast.faces.mean_face import mean_face
from cvfast.geometry.alignment import similarity_transform, transform_points
from cvfast.geometry.sampling import PixelReader, as_rgb
from cvfast.typing import Image, ImageU8

__all__ = ["FaceShape", "align", "find_shape", "legible", "mean_shape"]

Points = NDArray[np.float64]

# A face of 20 pixels is found in a picture of 25 once that is as large as the detector's own input
# and not cut off at the face's edge: so small pictures are enlarged, and get room round them.
_LEGIBLE = 200  # px of the longer side
_ROOMS = (0.2, 0.4, 0.0)  # of the picture's sides, tried one after the other
_ROUNDS, _SETTLED = 100, 1e-12


@dataclass(frozen=True, eq=False, slots=True)
class FaceShape:
    """Where the face of a picture is.

    Parameters
    ----------
    points
        (478, 2) float32: the mesh, in pixels of the picture.
    size
        Width and height of the picture.
    number, found
        Which of how many faces: see `cvfast.faces.choosing.Chosen`.
    """

    points: NDArray[np.float32]
    size: tuple[int, int]
    number: int
    found: int


def legible(image: Image) -> Image:
    """Return a picture that is large enough for models: small ones enlarged to 200 pixels.

    Bicubic, so that no lattice of pixels shows; others are returned as they are.

    Examples
    --------
    >>> import numpy as np
    >>> legible(np.zeros((20, 25), np.uint8)).shape
    (160, 200, 3)
    """
    longest = max(image.shape[:2])
    return _enlarged(image, _LEGIBLE / longest) if 0 < longest < _LEGIBLE else image


def _enlarged(image: Image, scale: float) -> ImageU8:
    from PIL import Image as Pillow

    size = [max(1, round(side * scale)) for side in image.shape[1::-1]]
    larger = Pillow.fromarray(as_rgb(image)).resize((size[0], size[1]), Pillow.Resampling.BICUBIC)
    return np.asarray(larger)


def find_shape(image: Image, *, face: str | int = "largest", name: str = "picture") -> FaceShape:
    """Find the shape of the face that is meant.

    Parameters
    ----------
    image
        RGB or grey picture, uint8 or float32 in [0, 1].
    face, name
        As in `cvfast.faces.choosing.choose_face`.

    Raises
    ------
    NothingFoundError
        No face, or none of that number.

    Examples
    --------
    >>> import numpy as np
    >>> find_shape(np.zeros((9, 9), np.uint8), name="dot.png")
    Traceback (most recent call last):
    ...
    cvfast.errors.NothingFoundError: dot.png: no face found
    """
    PixelReader.of(image)  # says what is no picture
    longest = max(image.shape[:2])
    small = 0 < longest < _LEGIBLE
    scale = _LEGIBLE / longest if small else 1.0
    nothing: NothingFoundError | None = None
    for border in dict.fromkeys(round(room * longest) for room in (_ROOMS if small else (0,))):
        # Enlarged with its border, so that this begins softly: a hard edge looks like a contour.
        wide = _enlarged(_bordered(image, border), scale) if small else image
        try:
            chosen = choose_face(wide, face=face, name=name)
        except NothingFoundError as error:
            nothing = error
            continue
        points = (chosen.landmarks.to("mesh478").points[:, :2] + 0.5) / scale - 0.5 - border
        size = int(image.shape[1]), int(image.shape[0])
        return FaceShape(points.astype(np.float32), size, chosen.number, chosen.found)
    raise nothing or NothingFoundError(f"{name}: no face found")


def _bordered(image: Image, border: int) -> ImageU8:
    return np.pad(as_rgb(image), ((border, border), (border, border), (0, 0)))


def align(shape: ArrayLike, to: ArrayLike) -> Points:
    """Move, turn and scale a shape (n, 2) so that it lies closest to another (least squares)."""
    return transform_points(similarity_transform(shape, to), shape)


def mean_shape(shapes: Sequence[ArrayLike], weights: ArrayLike | None = None) -> Points:
    """Return the mean of faces' shapes, by generalised Procrustes analysis.

    Each shape is freed of place and size and turned towards the mean, which is taken again, until
    it stays (Gower, *Generalized Procrustes Analysis*, Psychometrika 40, 1975; in the plane a turn
    with a scale is one complex factor).

    Parameters
    ----------
    shapes
        N arrays (478, 2), pixels of any picture.
    weights
        (N,) 0 or more, not all 0; None: all alike.

    Returns
    -------
    (478, 2) float64, upright as `cvfast.faces.mean_face.mean_face` is: chin to hair is about 2.

    Raises
    ------
    ValueError
        No shape, weights that do not fit, or a shape whose points coincide.

    Examples
    --------
    >>> import numpy as np
    >>> flat = mean_face()[:, :2]
    >>> turned = flat @ [[0, 50], [-50, 0]] + (300, 200)
    >>> bool(np.allclose(mean_shape([flat, turned]), flat))
    True
    """
    if not len(shapes):
        raise ValueError("shapes: expected at least one, got none")
    stack = np.array([np.asarray(one, np.float64)[:, :2] @ (1, 1j) for one in shapes])
    share = _shares(weights, len(stack))
    stack = stack - stack.mean(axis=1, keepdims=True)
    sizes = np.linalg.norm(stack, axis=1, keepdims=True)
    if not (sizes > 0).all():
        raise ValueError("shapes: expected points that differ, got a shape in one place")
    stack = stack / sizes
    upright = mean_face()[:, :2]
    mean = _unit((upright - upright.mean(axis=0)) @ (1, 1j))
    for _ in range(_ROUNDS):
        turns = stack.conj() @ mean  # least squares: unit shapes, so this is the whole factor
        new = _unit(share @ (stack * turns[:, None]))
        moved = float(np.abs(new - mean).max())
        mean = new
        if moved < _SETTLED:
            break
    return align(np.stack([mean.real, mean.imag], axis=1), upright)


def _unit(shape: NDArray[np.complex128]) -> NDArray[np.complex128]:
    unit: NDArray[np.complex128] = shape / np.linalg.norm(shape)
    return unit


def _shares(weights: ArrayLike | None, count: int) -> Points:
    """Weights that sum up to 1."""
    if weights is None:
        return np.full(count, 1 / count)
    values = np.asarray(weights, np.float64)
    if values.shape != (count,):
        raise ValueError(f"weights: expected {count} numbers, got shape {values.shape}")
    if not (np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0):
        raise ValueError("weights: expected finite numbers of 0 or more, not all 0")
    shares: Points = values / values.sum()
    return shares
