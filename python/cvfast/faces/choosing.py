"""The one face of a picture that is meant, where there may be several or none."""

from __future__ import annotations

from dataclasses import dataclass

from cvfast.errors import NothingFoundError
from cvfast.faces.detectors import detect
from cvfast.faces.fitting import landmarks
from cvfast.faces.types import Landmarks
from cvfast.geometry.sampling import PixelReader
from cvfast.typing import Image

__all__ = ["Chosen", "choose_face"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A face, and how many were there to choose from.

    Parameters
    ----------
    landmarks
        Its mesh.
    number
        Its number in the order of `cvfast.detect`, best first.
    found
        How many faces the picture has.
    """

    landmarks: Landmarks
    number: int
    found: int


def choose_face(
    image: Image | PixelReader,
    *,
    face: str | int = "largest",
    name: str = "picture",
    model: str = "blazeface",
) -> Chosen:
    """Find the face that is meant.

    Parameters
    ----------
    image
        RGB or grey picture, uint8 or float32 in [0, 1].
    face
        ``"largest"``, or a number in the order of `cvfast.detect`: 0 is the best found.
    name
        What messages call the picture: its file.
    model
        The detector, as in ``detect(model=)``.

    Raises
    ------
    NothingFoundError
        No face, or none of that number.
    ValueError
        Another ``face``.

    Examples
    --------
    >>> import numpy as np
    >>> choose_face(np.zeros((64, 64), np.uint8), name="night.jpg")
    Traceback (most recent call last):
    ...
    cvfast.errors.NothingFoundError: night.jpg: no face found
    """
    if face != "largest" and (not isinstance(face, int) or isinstance(face, bool) or face < 0):
        raise ValueError(f"face: expected 'largest' or a number from 0 on, got {face!r}")
    reader = PixelReader.of(image)
    faces = detect(reader, model=model)
    if not len(faces):
        raise NothingFoundError(f"{name}: no face found")
    if face == "largest":
        boxes = faces.boxes
        number = int(((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).argmax())
    elif int(face) < len(faces):
        number = int(face)
    else:
        raise NothingFoundError(
            f"{name}: no face number {face}: {len(faces)} found, numbered from 0"
        )
    chosen = landmarks(reader, faces=faces[number])[0]
    return Chosen(chosen, number, len(faces))
