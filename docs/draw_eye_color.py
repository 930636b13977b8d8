"""Draws docs/images/eye-color.jpg: the astronaut's eyes, six times enlarged, in several colours.

python docs/draw_eye_color.py OUT.jpg
"""

from __future__ import annotations

import sys

import cvfast
import numpy as np
import skimage.data
from cvfast.io.images import write_image
from cvfast.io.provenance import Mark
from PIL import Image

COLORS = (None, "green", "blue", "hazel", "grey", "violet")
BOX = (186, 84, 266, 118)  # both eyes of skimage's astronaut
SCALE, GAP, ACROSS = 6, 2, 2


def main(target: str) -> None:
    """Draw the picture."""
    portrait = skimage.data.astronaut()
    found = cvfast.landmarks(portrait)
    x0, y0, x1, y1 = BOX
    size = (x1 - x0) * SCALE, (y1 - y0) * SCALE
    rows = -(-len(COLORS) // ACROSS)
    sheet = Image.new(
        "RGB", (ACROSS * (size[0] + GAP) - GAP, rows * (size[1] + GAP) - GAP), "white"
    )
    for index, color in enumerate(COLORS):
        image = portrait
        if color is not None:
            image = cvfast.retouch(portrait, eye_color=color, landmarks=found)
        eyes = Image.fromarray(np.ascontiguousarray(image[y0:y1, x0:x1]))
        place = index % ACROSS * (size[0] + GAP), index // ACROSS * (size[1] + GAP)
        sheet.paste(eyes.resize(size, Image.Resampling.BICUBIC), place)
    mark = Mark(actions=tuple(f"eye_color={color}" for color in COLORS if color))
    write_image(target, np.asarray(sheet), mark=mark, quality=88, overwrite=True)


if __name__ == "__main__":
    main(sys.argv[1])
