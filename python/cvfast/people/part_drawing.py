"""Pictures of parts and of the steps that led to them, to be looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.sampling import as_rgb
from cvfast.people.labels import LABEL_SETS
from cvfast.people.part_priors import MATERIALS
from cvfast.people.parts import Parts
from cvfast.typing import Image, ImageU8

__all__ = ["PART_COLOURS", "draw_parts", "step_pictures"]

#: Colours of the labels in drawings; left parts are bluish, right ones reddish.
PART_COLOURS: dict[str, tuple[int, int, int]] = {
    "background": (40, 40, 40),
    "hat": (150, 120, 60),
    "hair": (250, 200, 40),
    "glove": (120, 60, 120),
    "glasses": (60, 60, 60),
    "upper": (30, 150, 250),
    "dress": (30, 190, 190),
    "coat": (20, 90, 170),
    "socks": (120, 160, 60),
    "trousers": (40, 180, 80),
    "neck": (240, 130, 70),
    "scarf": (200, 60, 160),
    "skirt": (90, 200, 60),
    "face": (250, 200, 170),
    "left_arm": (130, 90, 210),
    "right_arm": (220, 80, 110),
    "left_leg": (110, 120, 220),
    "right_leg": (210, 110, 130),
    "left_shoe": (70, 50, 120),
    "right_shoe": (120, 50, 60),
    "left_sleeve": (80, 220, 250),
    "right_sleeve": (120, 110, 250),
    "left_hand": (180, 120, 250),
    "right_hand": (250, 60, 60),
    "held": (150, 150, 150),
}
_SHARE = 0.6  # of the label's colour in a drawing
_MATERIAL_COLOURS = {
    "background": "background",
    "hair": "hair",
    "skin": "face",
    "upper": "upper",
    "lower": "trousers",
    "shoes": "left_shoe",
}


def draw_parts(image: Image, parts: Parts) -> ImageU8:
    """Copy of ``image``, (H, W, 3) uint8, with each part tinted in its colour."""
    table = np.zeros((256, 3), np.float32)
    for name, number in LABEL_SETS["cvfast"].items():
        table[number] = PART_COLOURS[name]
    tint = table[parts.labels]
    drawn: ImageU8 = np.rint(as_rgb(image) * np.float32(1 - _SHARE) + tint * _SHARE).astype(
        np.uint8
    )
    return drawn


def step_pictures(parts: Parts) -> dict[str, ImageU8]:
    """Pictures of the steps, (h, w, 3) uint8 by name, in the order in which they were made."""
    return {name: _picture(plane) for name, plane in parts.steps.items()}


def _picture(plane: NDArray[np.generic]) -> ImageU8:
    if plane.ndim == 3:
        return plane.astype(np.uint8)
    if plane.dtype == np.uint8:  # numbers of materials
        colours = [PART_COLOURS[_MATERIAL_COLOURS[name]] for name in MATERIALS]
        table: ImageU8 = np.array(colours, np.uint8)
        picture: ImageU8 = table[plane]
        return picture
    grey = np.rint(np.clip(plane.astype(np.float32), 0, 1) * 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
