"""Retouching pictures: find the faces, paint them, warp them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar, Unpack

import numpy as np

from cvfast.effects.canvas import picture_canvas, write_picture
from cvfast.effects.discs import Discs, merge
from cvfast.effects.eyes import big_eyes as eye_discs
from cvfast.effects.mouth import big_mouth
from cvfast.effects.nose import small_nose
from cvfast.effects.options import Choice, Effects, RetouchOptions, check_choice
from cvfast.effects.paint import paint
from cvfast.effects.slim import slim_face as jaw_discs
from cvfast.effects.subject import Subject
from cvfast.faces.types import Landmarks
from cvfast.kernels.arrays import check_image
from cvfast.typing import Image

__all__ = ["apply_effects", "area", "choose", "find_landmarks", "paint_picture", "plan", "retouch"]

# Painters reach this far beyond a face's box, in face sizes.
_REACH = 0.25

_ImageT = TypeVar("_ImageT", bound=Image)


def retouch(
    image: _ImageT,
    *,
    landmarks: Landmarks | Sequence[Landmarks] | None = None,
    faces: Choice = "all",
    **effects: Unpack[Effects],
) -> _ImageT:
    """Retouch the faces of a picture.

    Parameters
    ----------
    image
        (height, width) grey, (height, width, 3) RGB or (height, width, 4) RGBA, uint8 or float32
        in [0, 1]; rows may be strided.
    landmarks
        Those of the faces to retouch (``mesh478`` or ``dlib68``), if they are known already;
        None finds them.
    faces
        ``"all"``, ``"largest"``, or the number of one face in the order of :func:`cvfast.detect`
        (of ``landmarks``, where they are given).
    **effects
        Strengths in [0, 1], each 0 by default: ``smooth_skin``, ``blush``, ``white_teeth``,
        ``white_eyes``, ``slim_face``, ``small_nose``, ``big_mouth``, ``big_eyes``. Colours, each
        None by default: ``eye_color``, ``lip_color``, with ``eye_color_strength=1.0`` and
        ``lip_color_strength=0.6``. What each becomes is told in
        :class:`cvfast.effects.options.RetouchOptions`.

    Returns
    -------
    A new array; a picture without such a face comes back unchanged.

    Raises
    ------
    TypeError, ValueError
        Not a picture, landmarks of another scheme or not finite, or an option out of its range.

    Examples
    --------
    >>> import numpy as np, cvfast
    >>> blank = np.zeros((48, 64, 3), np.uint8)
    >>> bool((cvfast.retouch(blank, big_eyes=0.4) == blank).all())
    True
    """
    options = RetouchOptions(**effects)
    check_choice(faces)
    check_image("image", image)
    if landmarks is None:
        found = find_landmarks(image) if options.actions else []
    else:
        found = _checked(landmarks)
    result: _ImageT = image.copy()  # type: ignore[assignment]
    subjects = [Subject(face) for face in choose(found, faces)]
    apply_effects(result, subjects, options)
    return result


def apply_effects(
    image: Image,
    subjects: Sequence[Subject],
    options: RetouchOptions,
    *,
    alpha: Image | None = None,
) -> bool:
    """Paint and warp a picture in place; its alpha moves along. Return whether it was changed."""
    changed = paint_picture(image, subjects, options)
    for discs in plan(subjects, options):
        changed = True
        discs.warp(image)
        if alpha is not None:
            discs.warp(alpha)
    return changed


def _checked(landmarks: Landmarks | Sequence[Landmarks]) -> list[Landmarks]:
    """Return landmarks that were given, as a list; raise unless effects can work with them."""
    found = [landmarks] if isinstance(landmarks, Landmarks) else list(landmarks)
    for face in found:
        if not isinstance(face, Landmarks):
            raise TypeError(
                "landmarks: expected what cvfast.landmarks returns, "
                f"got a sequence of {type(face).__name__}"
            )
        if face.scheme not in ("mesh478", "dlib68"):
            raise ValueError(f"landmarks: expected mesh478 or dlib68, got {face.scheme}")
        if not np.isfinite(face.points).all():
            raise ValueError("landmarks: expected finite points, got NaN or infinite ones")
    return found


def paint_picture(image: Image, subjects: Sequence[Subject], options: RetouchOptions) -> bool:
    """Paint faces on an RGB or grey picture in place; return whether a pixel was changed."""
    changed = False
    height, width = image.shape[:2]
    for subject in subjects:
        points = subject.landmarks.points[:, :2].astype(np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        reach = _REACH * float((high - low).max())
        x0, y0 = np.clip(np.floor(low - reach), 0, (width, height)).astype(int).tolist()
        x1, y1 = np.clip(np.ceil(high + reach) + 1, 0, (width, height)).astype(int).tolist()
        if x0 >= x1 or y0 >= y1:
            continue
        canvas = picture_canvas(image, (x0, y0, x1, y1))
        if paint(canvas, [subject], options):
            write_picture(image, picture_canvas(image, (x0, y0, x1, y1)), canvas)
            changed = True
    return changed


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


def plan(subjects: Sequence[Subject], options: RetouchOptions) -> list[Discs]:
    """Return the warps that retouch the given faces, in the order in which they run."""
    wanted = []
    for subject in subjects:
        face, weight = subject.landmarks, subject.weight
        if weight <= 0:
            continue
        if options.slim_face:
            wanted.append(jaw_discs(face, options.slim_face * weight))
        if options.small_nose:
            wanted += small_nose(face, options.small_nose * weight)
        if options.big_mouth:
            wanted.append(big_mouth(face, options.big_mouth * weight))
        if options.big_eyes:
            wanted.append(eye_discs(face, options.big_eyes * weight))
    return merge(wanted)


def area(landmarks: Landmarks) -> float:
    """Return the size by which a face is the largest: that of the box round its points."""
    points = landmarks.points[:, :2]
    return float(np.prod(points.max(axis=0) - points.min(axis=0)))
