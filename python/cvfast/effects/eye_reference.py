"""The eye colour of somebody in a photo."""

from __future__ import annotations

import os
from typing import Literal

import numpy as np

from cvfast.effects.canvas import picture_canvas
from cvfast.effects.colors import RGB
from cvfast.effects.iris_fit import eye_of
from cvfast.effects.iris_look import LookMemory, eye_planes
from cvfast.effects.retouch import choose, find_landmarks
from cvfast.typing import Image
from cvfast.typing import Path as PathLike

__all__ = ["reference_color"]

_MARGIN = 4  # pixels round the face
_SIDES: tuple[Literal["right"], Literal["left"]] = ("right", "left")


def reference_color(photo: PathLike | Image) -> RGB:
    """Return the colour of the irises of the largest face in a photo, as in white light.

    Parameters
    ----------
    photo
        A file, or RGB (height, width, 3), uint8 or float32 in [0, 1].

    Raises
    ------
    MediaError
        The file cannot be read.
    ValueError
        It shows no face, or none whose irises can be seen.
    """
    if isinstance(photo, np.ndarray):
        pixels, name = photo, "the photo"
    else:
        from cvfast.io.images import read_image

        pixels, name = read_image(photo).pixels, os.fspath(photo)
    if pixels.ndim != 3 or pixels.shape[2] < 3:
        raise ValueError(f"eye_color: expected a photo in colour, got shape {pixels.shape}")
    faces = choose(find_landmarks(pixels), "largest")
    if not faces:
        raise ValueError(f"eye_color: expected a face in {name}, found none")
    height, width = pixels.shape[:2]
    points = faces[0].points[:, :2]
    low = np.clip(np.floor(points.min(axis=0)) - _MARGIN, 0, (width, height)).astype(int)
    high = np.clip(np.ceil(points.max(axis=0)) + _MARGIN, 0, (width, height)).astype(int)
    canvas = picture_canvas(pixels, (*low.tolist(), *high.tolist()))
    planes = eye_planes(canvas)
    colors = []
    for side in _SIDES:
        eye = eye_of(faces[0], side)
        followed = eye and LookMemory().follow(planes, eye, None)
        if followed:
            _, look = followed
            own = canvas.rgb(look.luma, np.multiply((look.own_blue, look.own_red), look.luma))
            white = canvas.rgb(np.float32(0.5), (look.light_blue / 2, look.light_red / 2)) * 2
            colors.append(np.clip(own / np.maximum(white, 0.2), 0, 1))
    if not colors:
        raise ValueError(f"eye_color: expected a face with open eyes in {name}, found none")
    red, green, blue = np.mean(colors, axis=0).tolist()
    return red, green, blue
