"""Finding people in a photo: their poses, and the masks that come with them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.blazeface import BlazeFace
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader
from cvfast.people.blazepose import BodyFit, candidate_regions, fit_body, next_region
from cvfast.people.pose import Pose
from cvfast.typing import Image, ImageF32

__all__ = ["FoundPerson", "find_people", "find_poses", "person_of_fit"]

_LEAST_SCORE = 0.5
# The torso's length is at least so many times the distance of the ears, unless a person bends.
_TORSO_IN_HEADS, _PLAUSIBLE = 2.6, 0.8
_OUTSIDE = 0.2  # most confidence of a point outside the photo, which is a guess
_TRIES = 4  # fits until the crop no longer moves
_SETTLED = 0.04  # of the crop's side
_SAME_PERSON = 0.08  # mean distance of the points, of the larger crop's side
_HEAD, _SAME_HEAD = slice(0, 11), 0.7  # numbers of its points; distance in spans of them
# From a face's box to the crop round its body, in sides of that box: the hips lie so far below the
# face, and the crop is so large. Sitting and half-length people answer to the second.
_BELOW_FACE, _BODY_SIDES = 4.2, (15.0, 9.0)
# The smallest faces to look for: in pixels, and beside a person found, of the photo's longer side.
_SMALL_FACE, _SMALLER = 24.0, 25
# A face belongs to a pose whose nose lies within so many sides of the face's box.
_FACE_REACH = 1.0


@dataclass(frozen=True, eq=False, slots=True)
class FoundPerson:
    """One person in a photo.

    Parameters
    ----------
    pose
        The 33 points of BlazePose, in the picture's pixels.
    mask
        ``(256, 256)`` float32, the model's own mask of the person in its crop; see `full_mask`.
    box
        ``(4,)`` float64 ``x0, y0, x1, y1`` round the person inside the picture.
    score
        How sure the model is that this is a person, in [0, 1].
    region
        The crop that `mask` belongs to.
    size
        Width and height of the picture.
    """

    pose: Pose
    mask: ImageF32
    box: NDArray[np.float64]
    score: float
    region: RotatedBox
    size: tuple[int, int]

    def __repr__(self) -> str:
        x0, y0, x1, y1 = (round(float(value)) for value in self.box)
        return f"FoundPerson({x1 - x0}x{y1 - y0} at {x0},{y0}, score {self.score:.2f})"

    @property
    def area(self) -> float:
        """Area of the box, in pixels."""
        x0, y0, x1, y1 = self.box.tolist()
        return float((x1 - x0) * (y1 - y0))

    def full_mask(self) -> ImageF32:
        """Return the mask in the picture's size, ``(height, width)`` float32; 0 outside the crop.

        Smooth and coarse: one pixel of the model's mask may cover many of the picture's.
        """
        from cvfast.io.opencv import load_cv2

        cv2 = load_cv2()
        cells = self.mask.shape[0]
        matrix = self.region.matrix()  # fractions of the crop to pixels
        matrix[:, 2] += matrix[:, :2] @ (0.5 / cells, 0.5 / cells)
        matrix[:, :2] /= cells
        placed: ImageF32 = cv2.warpAffine(self.mask, matrix, self.size, flags=cv2.INTER_LINEAR)
        return placed


def find_poses(image: Image | PixelReader, *, limit: int | None = None) -> list[Pose]:
    """Find the poses of the people in a photo.

    Parameters
    ----------
    image
        RGB ``(H, W, 3)`` or grey ``(H, W)``, uint8 or float32 in [0, 1].
    limit
        Return at most so many.

    Returns
    -------
    list of Pose
        ``blaze33``, the largest person first; empty where nobody is found.

    Raises
    ------
    TypeError, ValueError
        Not a picture, or a limit under 1.
    ModelError, MissingDependencyError
        As `cvfast.models.session.Session`.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.people.finding import find_poses
    >>> find_poses(np.zeros((64, 48, 3), np.uint8))
    []
    """
    return [person.pose for person in find_people(image, limit=limit)]


def find_people(
    image: Image | PixelReader, *, limit: int | None = None, quick: bool = False
) -> list[FoundPerson]:
    """Find people in a photo, with their poses and coarse masks.

    The detector looks at the whole photo, then at it from further off (people who fill it); every
    face without a body, and if that brings nobody, the whole photo, are tried as crops for the
    landmark model.

    Parameters
    ----------
    image, limit
        As for `find_poses`.
    quick
        Once somebody is found, do not look for further people by small faces.

    Returns
    -------
    list of FoundPerson
        The largest first.

    Raises
    ------
    TypeError, ValueError, ModelError, MissingDependencyError
        As for `find_poses`.

    Notes
    -----
    Bazarevsky and others, "BlazePose: On-device Real-time Body Pose Tracking", 2020. The landmark
    model runs again on the crop that its own result asks for, until that no longer moves.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.people.finding import find_people
    >>> find_people(np.zeros((64, 48, 3), np.uint8), limit=1)
    []
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    reader = PixelReader.of(image)
    if 0 in reader.size:
        return []
    fits = _fits(reader, quick)
    people = sorted((person_of_fit(fit, reader.size) for fit in fits), key=_rank)
    return people[:limit]


def _rank(person: FoundPerson) -> tuple[float, float]:
    return -person.area, -person.score


def _fits(reader: PixelReader, quick: bool) -> list[BodyFit]:
    """Fit every person that one of the ways of looking finds."""
    whole = _whole(reader)
    fits: list[BodyFit] = []
    for square in (whole, whole.scaled(1.5)):
        if not any(_quality(fit) > _PLAUSIBLE for fit in fits):
            for region, _ in candidate_regions(reader, square):
                _add(fits, _settled(reader, region))
    for box in _face_boxes(reader, careful=not fits, quick=quick):
        if not any(_belongs(box, fit) and _quality(fit) > _PLAUSIBLE for fit in fits):
            _add_first(fits, reader, _below_face(box), box)
    if not fits:
        _add(fits, _settled(reader, whole))
    return fits


def _whole(reader: PixelReader) -> RotatedBox:
    width, height = reader.size
    side = float(max(width, height))
    return RotatedBox((width - 1) / 2, (height - 1) / 2, side, side)


def _settled(reader: PixelReader, region: RotatedBox) -> BodyFit:
    """Fit on the crop that the fit before asked for, until it stays where it is."""
    fit = fit_body(reader, region)
    for _ in range(_TRIES - 1):
        wanted = next_region(fit)
        moved = max(
            abs(wanted.x - fit.region.x),
            abs(wanted.y - fit.region.y),
            abs(wanted.width - fit.region.width) / 2,
        )
        if moved < _SETTLED * fit.region.width or fit.score < _LEAST_SCORE / 10:
            break
        again = fit_body(reader, wanted)
        if _quality(again) < min(_PLAUSIBLE, _quality(fit)):
            break  # led astray: what was seen before counts
        fit = again
    return fit


def _quality(fit: BodyFit) -> float:
    """Score, lowered where the torso is too short for the head.

    In half-length photos the model sometimes sees a whole small body in the torso, and is sure.
    """
    shoulders, hips = fit.points[[11, 12]].mean(axis=0), fit.points[[23, 24]].mean(axis=0)
    torso = float(np.linalg.norm(shoulders - hips))
    head = float(np.linalg.norm(fit.points[7] - fit.points[8]))
    return fit.score * min(1.0, torso / max(_TORSO_IN_HEADS * head, 1e-6))


def _add(fits: list[BodyFit], fit: BodyFit) -> bool:
    """Add a fit that shows a person, unless it shows one that is there already."""
    if fit.score < _LEAST_SCORE:
        return False
    for index, other in enumerate(fits):
        if _same_person(fit, other):
            if _quality(fit) > _quality(other):
                fits[index] = fit
            return True
    fits.append(fit)
    return True


def _same_person(a: BodyFit, b: BodyFit) -> bool:
    """Whether two fits have one head, or all points in nearly the same places."""
    heads = [fit.points[_HEAD] for fit in (a, b)]
    span = max(float(np.ptp(head, axis=0).max()) for head in heads)
    away = float(np.linalg.norm(heads[0].mean(axis=0) - heads[1].mean(axis=0)))
    apart = float(np.linalg.norm(a.points - b.points, axis=1).mean())
    return away < _SAME_HEAD * span or apart < _SAME_PERSON * max(a.region.width, b.region.width)


def _add_first(
    fits: list[BodyFit],
    reader: PixelReader,
    regions: Iterator[RotatedBox],
    box: NDArray[np.float64],
) -> None:
    """Add the first of some crops in which a body with this face is seen."""
    for region in regions:
        fit = _settled(reader, region)
        if _belongs(box, fit) and _add(fits, fit):
            return


def _face_boxes(reader: PixelReader, *, careful: bool, quick: bool) -> list[NDArray[np.float64]]:
    """Boxes of faces: of a quick look, or of a careful one where nobody was found yet."""
    smallest = max(_SMALL_FACE if careful else max(reader.size) / _SMALLER, _SMALL_FACE)
    faces = _face_finder().find(reader, smallest=None if quick and not careful else smallest)
    return [box.astype(np.float64) for box in faces.boxes]


@functools.cache
def _face_finder() -> BlazeFace:
    return BlazeFace()


def _below_face(box: NDArray[np.float64]) -> Iterator[RotatedBox]:
    face = RotatedBox.from_box(box)
    side = max(face.width, face.height)
    for sides in _BODY_SIDES:
        below = _BELOW_FACE * sides / _BODY_SIDES[0]
        yield RotatedBox(face.x, face.y + below * side, sides * side, sides * side)


def _belongs(box: NDArray[np.float64], fit: BodyFit) -> bool:
    """Whether a fit's nose lies in or near a face's box."""
    face = RotatedBox.from_box(box)
    away = np.abs(fit.points[0] - (face.x, face.y)).max()
    return bool(away < _FACE_REACH * max(face.width, face.height))


def person_of_fit(fit: BodyFit, size: tuple[int, int]) -> FoundPerson:
    """Return what a fit found in a picture of a width and height."""
    points = fit.points[:33]
    outside = ((points < -0.5) | (points > np.asarray(size) - 0.5)).any(axis=1)
    confidence = np.where(outside, np.minimum(fit.confidence, _OUTSIDE), fit.confidence)
    pose = Pose(points, confidence, "blaze33")
    return FoundPerson(pose, fit.mask, _box(fit, size), fit.score, fit.region, size)


def _box(fit: BodyFit, size: tuple[int, int]) -> NDArray[np.float64]:
    """Box of the mask's pixels, or of the points where the mask is empty, inside the picture."""
    rows, columns = np.nonzero(fit.mask > 0.5)
    cells = fit.mask.shape[0]
    if len(rows):
        corners = fit.region.to_picture((np.stack([columns, rows], axis=1) + 0.5) / cells)
    else:
        corners = fit.points[:33]
    low, high = corners.min(axis=0), corners.max(axis=0) + 1
    limits = np.asarray(size, np.float64)
    return np.concatenate([np.clip(low, 0, limits), np.clip(high, 0, limits)])
