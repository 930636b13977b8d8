"""Draw the pictures of docs/tryon.md: made people, made garments, what the classical engine makes.

    python docs/draw_tryon.py

They are found as a photo would be: nothing but the two pictures is given.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from cvfast.io.images import write_image
from cvfast.io.opencv import load_cv2
from cvfast.io.provenance import Mark
from cvfast.synth.garments import make_garment, random_garment
from cvfast.synth.people import make_person, random_person
from cvfast.tryon.classic import try_on

IMAGES = Path(__file__).parent / "images"
SIZE = (768, 1024)
PAIRS = ((500, 507, "tee"), (502, 514, "long"), (505, 512, "tee"), (509, 515, "tee"))
STEPS = ("pose", "parts", "garment", "target", "without", "front", "result")


def main() -> None:
    """Draw them."""
    rows, steps = [], None
    for person_seed, garment_seed, kind in PAIRS:
        worn = make_garment(random_garment(person_seed), size=SIZE)
        person = make_person(random_person(person_seed), worn, size=SIZE)
        spec = replace(random_garment(garment_seed, kind), logo="text")
        garment = make_garment(spec, size=SIZE)
        done = try_on(person.image, garment.image, keep_layers=True)
        rows.append([person.image, garment.image, done.image])
        if steps is None:
            steps = [done.layers[name] for name in STEPS]
    sheet = np.vstack([np.hstack([small(p, 300) for p in (*a, *b)])
                       for a, b in zip(rows[::2], rows[1::2], strict=True)])  # fmt: skip
    mark = Mark("compositeCapture", actions=("docs/draw_tryon.py",))
    write_image(IMAGES / "tryon.jpg", sheet, mark=mark, overwrite=True, quality=82)
    line = np.hstack([small(picture, 260) for picture in steps or []])
    write_image(IMAGES / "tryon-steps.jpg", line, mark=mark, overwrite=True, quality=82)


def small(picture: np.ndarray, height: int) -> np.ndarray:
    """Return a picture at a height."""
    size = round(picture.shape[1] * height / picture.shape[0]), height
    return load_cv2().resize(picture, size, interpolation=3)


if __name__ == "__main__":
    main()
