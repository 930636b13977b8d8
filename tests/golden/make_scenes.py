"""Make the 100 pictures of tests/golden/scenes: made scenes of 1 to 4 faces, grey, marked as made.

    PYTHONPATH=python python tests/golden/make_scenes.py

They are kept as files, so that the golden results hold on when scenes come to be made otherwise.
"""

from __future__ import annotations

from pathlib import Path

from cvfast.geometry.sampling import luma_of
from cvfast.io.image_writer import write_image
from cvfast.io.provenance import Mark
from cvfast.synth.scenes import make_scene

FOLDER = Path(__file__).parent / "scenes"
COUNT, FIRST_SEED = 100, 70_000
SIZES = [(200, 150), (224, 168), (240, 180), (256, 192), (280, 210)]


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for number in range(COUNT):
        seed = FIRST_SEED + number
        size = SIZES[number % len(SIZES)]
        scene = make_scene(seed, size=size, faces=(1, 4), smallest=48.0)
        mark = Mark("algorithmicMedia", actions=("made=scenes", f"seed={seed}"))
        path = FOLDER / f"{number:02d}.jpg"
        write_image(path, luma_of(scene.image), mark=mark, quality=60, overwrite=True)


if __name__ == "__main__":
    main()
