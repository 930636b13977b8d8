"""A face made ready for eigenfaces: upright by the eyes, grey, equalised, without its rim."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvfast.faces.types import Landmarks
from cvfast.geometry.alignment import similarity_transform, transform_points
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader, luma_of, read_crop
from cvfast.typing import Image, ImageU8

__all__ = ["Preprocessing", "align_by_eyes", "align_face", "equalise_histogram", "oval"]

# Where the eyes come to lie, as shares of the picture's width and height: brows to mouth fill it.
EYE_FROM_SIDE, EYE_FROM_TOP = 0.3, 0.36
# Half axes of the oval, as shares of width and height.
OVAL_ACROSS, OVAL_DOWN = 0.46, 0.5
OUTSIDE = 128  # the grey outside the oval: the mean of equalised levels
_LEAST_SIDE, _MOST_SIDE = 8, 1024


def align_by_eyes(
    image: Image | PixelReader,
    landmarks: Landmarks,
    size: tuple[int, int] = (64, 64),
    *,
    eye_from_side: float = EYE_FROM_SIDE,
    eye_from_top: float = EYE_FROM_TOP,
) -> ImageU8:
    """Turn, scale and shift a picture so that the centres of the eyes come to fixed places.

    Parameters
    ----------
    image
        RGB or grey picture, uint8 or float32 in [0, 1].
    landmarks
        Of the face, in any scheme that converts to ``five``.
    size
        Width and height of the result.
    eye_from_side, eye_from_top
        Where the centre of the eye on the picture's left comes to lie, as shares of width and
        height; the other lies mirrored. The share 0 is the outer edge of the first pixel.

    Returns
    -------
    (h, w, 3) uint8 RGB. Where the face is larger than that, pixels are averaged; outside the
    picture its border goes on.

    Raises
    ------
    ValueError
        Both eyes in one place, or a picture without pixels.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.zeros((100, 100), np.uint8)
    >>> picture[38:45, 28:35] = 200  # round (31, 41)
    >>> points = [(31, 41), (61, 41), (46, 60), (35, 75), (57, 75)]
    >>> face = Landmarks(points, "five", 1.0, [20, 20, 80, 90])
    >>> aligned = align_by_eyes(picture, face, (50, 50))
    >>> np.argwhere(aligned[..., 0] > 100).mean(axis=0).tolist()  # row and column
    [17.5, 14.5]
    """
    width, height = size
    eyes = landmarks.to("five").points[:2, :2].astype(np.float64)
    if not np.isfinite(eyes).all() or np.allclose(eyes[0], eyes[1]):
        raise ValueError(
            f"landmarks: expected two eyes in different places, got {eyes.round(2).tolist()}"
        )
    y = eye_from_top * height - 0.5
    places = [
        (eye_from_side * width - 0.5, y),
        ((1 - eye_from_side) * width - 0.5, y),
    ]
    to_picture = similarity_transform(places, eyes)
    scale = math.hypot(to_picture[0, 0], to_picture[1, 0])
    angle = math.atan2(to_picture[1, 0], to_picture[0, 0])
    x, y = transform_points(to_picture, ((width - 1) / 2, (height - 1) / 2))
    box = RotatedBox(float(x), float(y), width * scale, height * scale, angle)
    return read_crop(image, box, (width, height))


def equalise_histogram(grey: ImageU8, where: NDArray[np.bool_] | None = None) -> ImageU8:
    """Spread the levels of a grey picture over 0 to 255 so that all are about as frequent.

    A level v becomes 255 (c(v) - c(v0)) / (n - c(v0)), rounded, where c(v) is the number of pixels
    up to v, n that of all pixels and v0 the darkest level: Gonzalez and Woods, *Digital Image
    Processing*, chapter 3. It takes away brightness and contrast of the light, not its direction.

    Parameters
    ----------
    grey
        (h, w) uint8.
    where
        (h, w) bool: the pixels that are counted; all pixels are changed. None counts all.

    Returns
    -------
    (h, w) uint8; a picture of one level is returned as it is.

    Examples
    --------
    >>> import numpy as np
    >>> equalise_histogram(np.array([[10, 10, 11], [11, 12, 12]], np.uint8)).tolist()
    [[0, 0, 128], [128, 255, 255]]
    """
    counted = grey if where is None else grey[where]
    counts = np.bincount(counted.ravel(), minlength=256)
    up_to = np.cumsum(counts)
    darkest = up_to[np.argmax(counts > 0)]
    spread = up_to[-1] - darkest
    if spread == 0:
        return grey.copy()
    levels = np.maximum(up_to - darkest, 0) * (255 / spread)
    spread_out: ImageU8 = np.rint(levels).astype(np.uint8)[grey]
    return spread_out


@functools.lru_cache(maxsize=16)
def oval(size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return where the face is: (h, w) bool, True in an upright oval; read-only.

    Examples
    --------
    >>> oval((4, 5)).astype(int).tolist()
    [[0, 1, 1, 0], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 0]]
    """
    width, height = size
    x = (np.arange(width) + 0.5) / width - 0.5
    y = (np.arange(height) + 0.5) / height - 0.5
    inside: NDArray[np.bool_] = (x / OVAL_ACROSS) ** 2 + (y[:, None] / OVAL_DOWN) ** 2 <= 1
    inside.setflags(write=False)
    return inside


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """What is done to a face before it is compared; the same for everyone that is compared.

    Parameters
    ----------
    size
        Width and height of the result.
    equalise
        Equalise the histogram, of the oval's pixels if there is a mask.
    mask
        Set what is outside the oval, hair and background, to one grey.
    eye_from_side, eye_from_top
        As for `align_by_eyes`.

    Raises
    ------
    TypeError, ValueError
        A setting of another type or out of range.

    Examples
    --------
    >>> Preprocessing(size=(32, 40)).as_dict()["size"]
    [32, 40]
    >>> Preprocessing.from_dict({"size": [32, 40]}) == Preprocessing(size=(32, 40))
    True
    """

    size: tuple[int, int] = (64, 64)
    equalise: bool = True
    mask: bool = True
    eye_from_side: float = EYE_FROM_SIDE
    eye_from_top: float = EYE_FROM_TOP

    def __post_init__(self) -> None:
        size = tuple(self.size)
        if len(size) != 2 or not all(type(side) is int for side in size):
            raise TypeError(f"size: expected (width, height) in whole pixels, got {self.size!r}")
        if not all(_LEAST_SIDE <= side <= _MOST_SIDE for side in size):
            raise ValueError(
                f"size: expected sides of {_LEAST_SIDE} to {_MOST_SIDE} pixels, got {self.size!r}"
            )
        object.__setattr__(self, "size", size)
        for name in ("equalise", "mask"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name}: expected True or False, got {getattr(self, name)!r}")
        for name, most in (("eye_from_side", 0.5), ("eye_from_top", 1.0)):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not 0 < value < most:
                raise ValueError(f"{name}: expected a share in (0, {most:g}), got {value!r}")

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> Preprocessing:
        """Read what `as_dict` gave; a name that is not known is a ValueError."""
        unknown = set(settings) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"preprocessing: expected known settings, got {sorted(unknown)}")
        changed = dict(settings)
        if "size" in changed and isinstance(changed["size"], list):
            changed["size"] = tuple(changed["size"])
        return cls(**changed)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings as JSON takes them."""
        return {**asdict(self), "size": list(self.size)}

    def steps(self, image: Image | PixelReader, landmarks: Landmarks) -> dict[str, ImageU8]:
        """Return the picture after each step, in their order, the last being the result.

        Parameters
        ----------
        image
            RGB or grey picture, uint8 or float32 in [0, 1].
        landmarks
            Of the face, in any scheme that converts to ``five``.

        Returns
        -------
        dict
            ``aligned`` (h, w, 3), ``grey`` (h, w), then, unless they are off, ``equalised`` and
            ``masked``; all uint8.

        Raises
        ------
        ValueError
            Both eyes in one place, or a picture without pixels.
        """
        aligned = align_by_eyes(
            image,
            landmarks,
            self.size,
            eye_from_side=self.eye_from_side,
            eye_from_top=self.eye_from_top,
        )
        grey = luma_of(aligned)
        done = {"aligned": aligned, "grey": grey}
        inside = oval(self.size) if self.mask else None
        if self.equalise:
            grey = done["equalised"] = equalise_histogram(grey, inside)
        if inside is not None:
            done["masked"] = np.where(inside, grey, np.uint8(OUTSIDE))
        return done

    def __call__(self, image: Image | PixelReader, landmarks: Landmarks) -> ImageU8:
        """Return the face after the last step, (h, w) uint8."""
        return list(self.steps(image, landmarks).values())[-1]


def align_face(
    image: Image | PixelReader,
    landmarks: Landmarks,
    size: tuple[int, int] = (64, 64),
    *,
    equalise: bool = True,
    mask: bool = True,
) -> ImageU8:
    """Make a face ready to be compared: aligned by the eyes, grey, equalised, masked.

    Parameters
    ----------
    image
        RGB or grey picture, uint8 or float32 in [0, 1].
    landmarks
        Of the face, in any scheme that converts to ``five``.
    size
        Width and height of the result.
    equalise, mask
        Whether to do these steps; see `Preprocessing`, which also gives the pictures between.

    Returns
    -------
    (h, w) uint8.

    Raises
    ------
    TypeError, ValueError
        As for `Preprocessing` and `align_by_eyes`.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.tile(np.arange(100, dtype=np.uint8), (100, 1))
    >>> points = [(31, 41), (61, 41), (46, 60), (35, 75), (57, 75)]
    >>> face = align_face(picture, Landmarks(points, "five", 1.0, [20, 20, 80, 90]), (32, 32))
    >>> face.shape, int(face[0, 0])
    ((32, 32), 128)
    """
    return Preprocessing(size, equalise, mask)(image, landmarks)
