"""The average face: every face warped to the mean of their shapes, and their colours averaged.

Galton (*Composite portraits*, Nature 18, 1878) laid photographs over each other by the eyes, which
blurs all that does not fall together. Here every feature is brought to the mean place first, so
that edges stay edges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cvfast.errors import CvfastError, NothingFoundError
from cvfast.io.image_reader import MAX_PIXELS, read_image
from cvfast.recognition.face_frame import WARPS, FaceFrame, Warp
from cvfast.recognition.face_shapes import FaceShape, find_shape, legible, mean_shape
from cvfast.recognition.face_sum import FaceSum
from cvfast.typing import Image, ImageF32, ImageU8, Progress
from cvfast.typing import Path as PathLike

__all__ = ["AverageFace", "KnownFace", "average_face", "average_of", "find_faces"]

Points = NDArray[np.float64]
_SMALLEST, _LARGEST = 16, 4096


@dataclass(frozen=True, eq=False, slots=True)
class KnownFace:
    """A face whose shape was found, and where its picture is; the pixels are read when needed.

    Parameters
    ----------
    name
        What messages call it.
    source
        A file, or the picture itself.
    shape
        Where the face is.
    weight
        How much it counts, over 0.
    """

    name: str
    source: PathLike | Image
    shape: FaceShape
    weight: float = 1.0

    def read(self, max_pixels: int = MAX_PIXELS) -> tuple[Image, Points]:
        """Read the picture, enlarged if it is tiny, and where the mesh (478, 2) lies in it."""
        picture = legible(_pixels(self.source, max_pixels))
        scale = np.array(picture.shape[1::-1]) / self.shape.size
        return picture, (self.shape.points + 0.5) * scale - 0.5


@dataclass(frozen=True, eq=False)
class AverageFace:
    """An average of faces.

    Parameters
    ----------
    image
        (size, size, 3) uint8 RGB.
    points
        (478, 2) float32: where its mesh lies in the image.
    count
        Of how many faces.
    warp
        How they were brought together.
    skipped
        Name and reason of each picture that was left out.

    Examples
    --------
    >>> import numpy as np
    >>> AverageFace(np.zeros((64, 64, 3), np.uint8), np.zeros((478, 2), np.float32), 3)
    AverageFace(3 faces, 64x64, affine)
    """

    image: ImageU8
    points: ImageF32
    count: int
    warp: Warp = "affine"
    skipped: tuple[tuple[str, Exception], ...] = ()

    def __repr__(self) -> str:
        words = [f"{self.count} face{'s' if self.count > 1 else ''}"]
        words += [f"{self.image.shape[1]}x{self.image.shape[0]}", self.warp]
        words += [f"{len(self.skipped)} skipped"] if self.skipped else []
        return f"AverageFace({', '.join(words)})"

    @property
    def frame(self) -> FaceFrame:
        """The frame that the faces were warped into."""
        return FaceFrame(self.points.astype(np.float64), int(self.image.shape[0]))


def average_face(
    pictures: Sequence[PathLike | Image],
    *,
    size: int = 512,
    warp: Warp = "affine",
    weights: ArrayLike | None = None,
    face: str | int = "largest",
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> AverageFace:
    """Average the faces of pictures: shapes first, then pixels.

    The mean shape is that of generalised Procrustes analysis of the face mesh. Colours are averaged
    as sRGB levels, which are about even to the eye: in linear light, bright photos would
    outweigh dark ones. One picture is held in memory at a time; each is read twice.

    Parameters
    ----------
    pictures
        N files, or pictures (RGB or grey, uint8 or float32 in [0, 1]) of any sizes.
    size
        Pixels of each side of the result, 16 to 4096.
    warp
        ``"affine"``: piecewise affine over the mesh's triangles. ``"tps"``: a thin-plate spline
        through its contours: smoother, a little less sharp. ``"similarity"``: moved, turned and
        scaled only, as Galton did. ``"none"``: the pictures resized and laid over each other
        as they are, the result cut and scaled like the others.
    weights
        (N,) 0 or more; 0 leaves a picture out. None: all alike.
    face
        Which face of a picture: ``"largest"``, or a number in the order of `cvfast.detect`.
    max_pixels
        Larger files are skipped.
    progress
        Called with (steps done, 2 N).

    Returns
    -------
    AverageFace
        Pictures that cannot be read or show no such face are left out: see its ``skipped``.

    Raises
    ------
    NothingFoundError
        No picture shows a face.
    TypeError, ValueError
        No pictures, or an option out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.synth.faces import make_face
    >>> people = [make_face(n, seed=0, pose=(0, 0, 0), occlusion="none").image for n in (1, 2)]
    >>> average_face(people, size=128)
    AverageFace(2 faces, 128x128, affine)
    """
    check_options(size, warp)
    total = 2 * len(pictures)
    skipped: list[tuple[str, Exception]] = []
    found = find_faces(
        pictures,
        weights=weights,
        face=face,
        max_pixels=max_pixels,
        skip=lambda name, error: skipped.append((name, error)),
        progress=progress and (lambda done, _: progress(done, total)),
    )
    before = total - len(found)
    average = average_of(
        found,
        size=size,
        warp=warp,
        max_pixels=max_pixels,
        progress=progress and (lambda done, _: progress(before + done, total)),
    )
    return AverageFace(average.image, average.points, average.count, warp, tuple(skipped))


def check_options(size: int, warp: str) -> None:
    """Refuse a size or a warp that there is not."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise TypeError(f"size: expected an int, got {type(size).__name__}")
    if not _SMALLEST <= size <= _LARGEST:
        raise ValueError(f"size: expected {_SMALLEST} to {_LARGEST} pixels, got {size}")
    if warp not in WARPS:
        raise ValueError(f"warp: expected one of {', '.join(WARPS)}, got {warp!r}")


def find_faces(
    pictures: Sequence[PathLike | Image],
    *,
    weights: ArrayLike | None = None,
    face: str | int = "largest",
    max_pixels: int = MAX_PIXELS,
    skip: Callable[[str, Exception], None],
    progress: Progress | None = None,
) -> list[KnownFace]:
    """Find the shape of each picture's face; the first of the two passes.

    Parameters
    ----------
    pictures, weights, face, max_pixels, progress
        As for `average_face`.
    skip
        Called with the name and the error of a picture that cannot be read or has no such face.
    """
    shares = _checked(weights, len(pictures))
    found = []
    for number, source in enumerate(pictures):
        name = f"picture {number}" if isinstance(source, np.ndarray) else str(source)
        if shares[number] > 0:
            shape = _shape(source, name, face, max_pixels)
            if isinstance(shape, FaceShape):
                found.append(KnownFace(name, source, shape, shares[number]))
            else:
                skip(name, shape)
        if progress is not None:
            progress(number + 1, len(pictures))
    return found


def average_of(
    faces: Sequence[KnownFace],
    *,
    size: int = 512,
    warp: Warp = "affine",
    max_pixels: int = MAX_PIXELS,
    progress: Progress | None = None,
) -> AverageFace:
    """Average faces whose shapes are known; the second of the two passes.

    Parameters
    ----------
    faces
        What `find_faces` returned.
    size, warp, max_pixels, progress
        As for `average_face`.

    Raises
    ------
    NothingFoundError
        No face at all.
    """
    check_options(size, warp)
    if not faces:
        raise NothingFoundError("no face found in any of the pictures")
    weights = np.array([one.weight for one in faces])
    frame = FaceFrame.around(mean_shape([one.shape.points for one in faces], weights), size)
    common = _common_placing(faces, weights, frame) if warp == "none" else None
    total = FaceSum(size)
    for number, one in enumerate(faces):
        picture, points = one.read(max_pixels)
        placing = None if common is None else _after_resizing(common, picture.shape[1::-1])
        pixels, cover = frame.warp(picture, points, warp=warp, placing=placing)
        seen = frame.visibility(points) if warp in ("affine", "tps") else None
        total.add(pixels, cover, one.weight, seen)
        if progress is not None:
            progress(number + 1, len(faces))
    return AverageFace(total.mean(), frame.shape.astype(np.float32), len(faces), warp)


def _shape(
    source: PathLike | Image, name: str, face: str | int, max_pixels: int
) -> FaceShape | CvfastError:
    """Find one picture's face, or say why that picture has none; a missing model is raised."""
    try:
        pixels = _pixels(source, max_pixels)
    except CvfastError as error:
        return error
    try:
        return find_shape(pixels, face=face, name=name)
    except NothingFoundError as error:
        return error


def _pixels(source: PathLike | Image, max_pixels: int) -> Image:
    if isinstance(source, np.ndarray):
        return source
    return read_image(source, max_pixels=max_pixels, first_frame=True).pixels


def _checked(weights: ArrayLike | None, count: int) -> list[float]:
    if not count:
        raise ValueError("pictures: expected at least one, got none")
    if weights is None:
        return [1.0] * count
    values = np.asarray(weights, np.float64)
    if values.shape != (count,):
        raise ValueError(f"weights: expected {count} numbers, got shape {values.shape}")
    if not (np.isfinite(values).all() and (values >= 0).all() and values.any()):
        raise ValueError("weights: expected finite numbers of 0 or more, not all 0")
    listed: list[float] = values.tolist()
    return listed


def _common_placing(faces: Sequence[KnownFace], weights: Points, frame: FaceFrame) -> Points:
    """From pictures resized to unit sides to the frame: one transform for all of them."""
    resized = [
        (one.shape.points + 0.5 - np.array(one.shape.size) / 2) / max(one.shape.size)
        for one in faces
    ]
    mean = np.average(np.array(resized, np.float64), axis=0, weights=weights)
    return frame.placed(mean)


def _after_resizing(common: Points, size: tuple[int, ...]) -> Points:
    """From the pixels of a picture to the frame, by way of unit sides."""
    linear = common[:, :2] / max(size)
    return np.column_stack([linear, common[:, 2] + linear @ (0.5 - np.array(size) / 2)])
