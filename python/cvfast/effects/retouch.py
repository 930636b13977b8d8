"""Retouching pictures: find the faces, plan the warps, run them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

from cvfast.effects.discs import Discs, merge
from cvfast.effects.eyes import big_eyes as eye_discs
from cvfast.effects.options import Choice, RetouchOptions, check_choice
from cvfast.effects.slim import slim_face as jaw_discs
from cvfast.faces.types import Landmarks
from cvfast.kernels.arrays import check_image
from cvfast.typing import Image

__all__ = ["area", "choose", "find_landmarks", "plan", "retouch"]

_ImageT = TypeVar("_ImageT", bound=Image)


def retouch(
    image: _ImageT,
    *,
    big_eyes: float = 0.0,
    slim_face: float = 0.0,
    landmarks: Landmarks | Sequence[Landmarks] | None = None,
    faces: Choice = "all",
) -> _ImageT:
    """Retouch the faces of a picture.

    Parameters
    ----------
    image
        (height, width) grey, (height, width, 3) RGB or (height, width, 4) RGBA, uint8 or float32
        in [0, 1]; rows may be strided.
    big_eyes, slim_face
        Strengths in [0, 1]; what they become is told in :mod:`cvfast.effects.eyes` and
        :mod:`cvfast.effects.slim`.
    landmarks
        Those of the faces to retouch (``mesh478`` or ``dlib68``), if they are known already;
        None finds them.
    faces
        ``"all"``, ``"largest"``, or the number of one face in the order of :func:`cvfast.detect`
        (of ``landmarks``, where they are given).

    Returns
    -------
    A new array; a picture without such a face comes back unchanged.

    Raises
    ------
    TypeError, ValueError
        Not a picture, or an option out of its range.

    Examples
    --------
    >>> import numpy as np, cvfast
    >>> blank = np.zeros((48, 64, 3), np.uint8)
    >>> bool((cvfast.retouch(blank, big_eyes=0.4) == blank).all())
    True
    """
    options = RetouchOptions(big_eyes=big_eyes, slim_face=slim_face)
    check_choice(faces)
    check_image("image", image)
    if landmarks is None:
        found = find_landmarks(image) if options.actions else []
    else:
        found = [landmarks] if isinstance(landmarks, Landmarks) else list(landmarks)
        for face in found:
            if not isinstance(face, Landmarks):
                raise TypeError(
                    "landmarks: expected what cvfast.landmarks returns, "
                    f"got a sequence of {type(face).__name__}"
                )
    result: _ImageT = image.copy()  # type: ignore[assignment]
    for discs in plan(choose(found, faces), options):
        discs.warp(result)
    return result


def find_landmarks(image: Image) -> list[Landmarks]:
    """Return the mesh of every face that detector and mesh agree on, best first."""
    from cvfast.faces.detectors import detect
    from cvfast.faces.fitting import landmarks

    rgb: Image = image[..., :3] if image.ndim == 3 and image.shape[2] == 4 else image
    if rgb.ndim == 3 and rgb.shape[2] < 3:
        rgb = rgb[..., 0]
    return landmarks(rgb, faces=detect(rgb))


def choose(found: Sequence[Landmarks], faces: Choice) -> list[Landmarks]:
    """Return the faces that were asked for."""
    if faces == "all" or not found:
        return list(found)
    if faces == "largest":
        return [max(found, key=area)]
    return list(found)[int(faces) : int(faces) + 1]


def plan(found: Sequence[Landmarks], options: RetouchOptions) -> list[Discs]:
    """Return the warps that retouch the given faces, in the order in which they run."""
    wanted = []
    for face in found:
        if options.slim_face:
            wanted.append(jaw_discs(face, options.slim_face))
        if options.big_eyes:
            wanted.append(eye_discs(face, options.big_eyes))
    return merge(wanted)


def area(landmarks: Landmarks) -> float:
    """Return the size by which a face is the largest: that of the box round its points."""
    points = landmarks.points[:, :2]
    return float(np.prod(points.max(axis=0) - points.min(axis=0)))
