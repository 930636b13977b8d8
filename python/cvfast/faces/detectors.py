"""`detect`: one function in front of every face detector."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable
from types import MappingProxyType

from cvfast.faces.blazeface import BlazeFace
from cvfast.faces.types import Faces
from cvfast.geometry.sampling import PixelReader
from cvfast.typing import Image

__all__ = ["DETECTORS", "check_choice", "detect"]


def detect(
    image: Image | PixelReader,
    *,
    model: str = "blazeface",
    min_score: float = 0.5,
    max_faces: int | None = None,
) -> Faces:
    """Find faces in a picture.

    Parameters
    ----------
    image
        RGB ``(height, width, 3)`` or grey ``(height, width)``, uint8 or float32 in [0, 1].
    model
        ``"blazeface"``: bundled; portraits and groups, faces from about 24 pixels across (in
        pictures over two megapixels, from about 1/60 of the side), tilted ones too. ``"hog"``:
        dlib's detector for upright frontal faces from about 80 pixels (40 in pictures under half
        a megapixel); needs the extra ``dlib``.
    min_score
        Lowest score to report, in [0, 1].
    max_faces
        At most this many, the best ones; None for all.

    Returns
    -------
    Faces
        Best first; empty where there is none.

    Raises
    ------
    TypeError
        ``image`` is not an array of uint8 or float32.
    ValueError
        Wrong shape, unknown model, or an option out of range.
    ModelError, MissingDependencyError
        A model file is missing or altered; a package is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.faces.detectors import detect
    >>> detect(np.zeros((48, 64, 3), np.uint8))
    Faces(0 in 64x48)
    """
    find = DETECTORS[check_choice("model", model, tuple(DETECTORS))]
    if not 0 <= min_score <= 1:
        raise ValueError(f"min_score: expected a number in [0, 1], got {min_score}")
    if max_faces is not None and max_faces < 0:
        raise ValueError(f"max_faces: expected None or at least 0, got {max_faces}")
    reader = PixelReader.of(image)
    if 0 in reader.size:
        return Faces.none(reader.size)
    return find(reader, min_score)[:max_faces]


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> str:
    """Return ``value`` if it is one of ``choices``, else raise ValueError with the nearest one."""
    if value in choices:
        return value
    near = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.7)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    expected = ", ".join(repr(choice) for choice in choices)
    raise ValueError(f"{name}: expected one of {expected}, got {value!r}{hint}")


@functools.cache
def _blazeface() -> BlazeFace:
    return BlazeFace()


def _find_blazeface(reader: PixelReader, min_score: float) -> Faces:
    return _blazeface().find(reader, min_score=min_score)


def _find_hog(reader: PixelReader, min_score: float) -> Faces:
    from cvfast.faces.dlib import find_hog

    return find_hog(reader, min_score=min_score)


DETECTORS: MappingProxyType[str, Callable[[PixelReader, float], Faces]] = MappingProxyType(
    {"blazeface": _find_blazeface, "hog": _find_hog}
)
