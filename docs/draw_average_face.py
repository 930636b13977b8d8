"""Draws docs/images/average-face.jpg: averages of made people, a morph, and what averaging does.

python docs/draw_average_face.py OUT.jpg
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np
from cvfast.cli.average_drawings import why_picture
from cvfast.io.images import write_image
from cvfast.io.provenance import Mark
from cvfast.recognition.average import average_face, average_of, find_faces
from cvfast.recognition.averageness import averageness
from cvfast.recognition.morph import Morph
from cvfast.synth.faces import make_face
from cvfast.typing import ImageU8
from PIL import Image, ImageDraw, ImageFont

PEOPLE, PAIR = range(500, 564), (21, 22)
SIDE, GAP, LINE = 300, 6, 26
WARPS = {
    "none": "resized, laid over each other",
    "similarity": "aligned: moved, turned, scaled",
    "affine": "warped to the mean shape",
}


def main(target: str) -> None:
    """Draw the picture."""
    pictures = [
        make_face(number, seed=1, size=320, share=0.5, occlusion="none").image for number in PEOPLE
    ]
    faces = find_faces(pictures, skip=lambda name, error: print(f"{name}: {error}"))  # noqa: T201
    top = _row(
        {words: average_of(faces, size=SIDE, warp=warp).image for warp, words in WARPS.items()}
    )
    plain = {"size": 320, "share": 0.5, "occlusion": "none", "light": "soft", "pose": (0.1, 0, 0)}
    pair = [average_face([make_face(number, seed=1, **plain).image], size=180) for number in PAIR]
    morph = Morph(*pair)
    steps = {f"{share:.0%}": morph.at(share) for share in (0, 0.25, 0.5, 0.75, 1)}
    parts = [top, _row(steps), why_picture(averageness(faces))]
    width = parts[0].shape[1]
    parts = [_resized(part, width) for part in parts]
    mark = Mark("compositeSynthetic", actions=(f"average_face={len(faces)} made faces",))
    write_image(target, np.concatenate(parts), mark=mark, quality=84, overwrite=True)


def _row(pictures: Mapping[str, ImageU8]) -> ImageU8:
    """Put pictures side by side, each over its words."""
    side = next(iter(pictures.values())).shape[0]
    sheet = Image.new("RGB", (len(pictures) * (side + GAP) - GAP, side + LINE), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for number, (words, picture) in enumerate(pictures.items()):
        left = number * (side + GAP)
        sheet.paste(Image.fromarray(picture), (left, 0))
        pen.text((left + side / 2, side + LINE / 2), words, (40, 40, 44), font, "mm")
    return np.asarray(sheet)


def _resized(picture: ImageU8, width: int) -> ImageU8:
    height = round(picture.shape[0] * width / picture.shape[1])
    resized = Image.fromarray(picture).resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(resized)


if __name__ == "__main__":
    main(sys.argv[1])
