"""Whether somebody wears the garment in its photo: by a face, or by the pose without one."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from cvfast.io.opencv import load_cv2
from cvfast.typing import ImageU8

if TYPE_CHECKING:
    from cvfast.faces.blazeface import BlazeFace

__all__ = ["has_wearer"]

_FACE_SIDE, _SIDE = 400, 256  # px: a wearer is large
_SURELY = 0.88  # score of the pose detector, which flat garments do not reach
_BODY = 0.5  # score of the landmark model, which some flat garments do reach
_APART = 18.0  # levels from the background
_NECK, _TRUNK = 0.04, 0.6  # of the picture's width: what is cut off by the upper edge


def has_wearer(image: ImageU8) -> bool:
    """Say whether somebody wears the garment that a photo shows.

    A large face tells, or a sure pose detector. Of somebody whose head is outside the picture the
    pose models are less sure, and they see bodies in flat garments, too; so something must be cut
    off by the picture's upper edge besides.

    Parameters
    ----------
    image
        (H, W, 3) uint8, RGB.

    Raises
    ------
    ModelError, MissingDependencyError
        As `cvfast.models.session.Session`.

    Examples
    --------
    >>> picture = np.full((120, 120, 3), 250, np.uint8)
    >>> picture[20:100, 30:90] = (40, 60, 120)
    >>> has_wearer(picture)
    False
    """
    return _face(image) or _body(_reduced(image))


def _reduced(image: ImageU8) -> ImageU8:
    scale = min(1.0, _SIDE / max(image.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    cv2 = load_cv2()
    small: ImageU8 = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small


def _face(image: ImageU8) -> bool:
    step = max(1, max(image.shape[:2]) // _FACE_SIDE)
    image = np.ascontiguousarray(image[::step, ::step])
    faces = _face_finder().find(image, min_score=0.7, smallest=None)
    if len(faces) == 0:
        return False
    x0, y0, x1, y1 = faces.boxes[0]
    return bool(max(x1 - x0, y1 - y0) > 0.06 * max(image.shape[:2]) and y0 < 0.5 * image.shape[0])


def _body(image: ImageU8) -> bool:
    from cvfast.geometry.boxes import RotatedBox
    from cvfast.geometry.sampling import PixelReader
    from cvfast.people.blazepose import candidate_regions
    from cvfast.people.finding import find_people

    height, width = image.shape[:2]
    side = float(max(height, width))
    square = RotatedBox((width - 1) / 2, (height - 1) / 2, side, side)
    candidates = candidate_regions(PixelReader.of(image), square)
    best = max((score for _, score in candidates), default=0.0)
    if best >= _SURELY or not _cut_off_above(image):
        return best >= _SURELY
    if best:
        return True
    people = find_people(image, limit=1, quick=True)
    return bool(people) and people[0].score >= _BODY


def _cut_off_above(image: ImageU8) -> bool:
    """Whether something runs into the middle of the picture's upper edge, but not along it."""
    from cvfast.tryon.cutout import plain_background

    levels = image.astype(np.float64)
    top = np.abs(levels - plain_background(levels)[0])[:2].max(axis=(0, 2)) > _APART
    columns = np.flatnonzero(top)
    width = len(top)
    if not _NECK * width < columns.size < _TRUNK * width:
        return False
    return bool(abs(columns.mean() / width - 0.5) < 0.25)


@functools.cache
def _face_finder() -> BlazeFace:
    from cvfast.faces.blazeface import BlazeFace

    return BlazeFace()
