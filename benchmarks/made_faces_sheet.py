"""Draw docs/images/made-faces.jpg: what made faces look like.

::

    python -m benchmarks.made_faces_sheet docs/images/made-faces.jpg
"""

from __future__ import annotations

import sys

import numpy as np
from cvfast.io.image_writer import write_image
from cvfast.io.provenance import Mark
from cvfast.synth.faces import make_face
from cvfast.synth.scenes import make_scene

PART_COLORS = np.array(
    [[24, 24, 28], [224, 172, 140], [96, 60, 40], [240, 240, 255], [200, 60, 80], [120, 20, 30],
     [70, 60, 160], [60, 130, 120], [240, 190, 40]], np.uint8
)  # fmt: skip


def main(path: str) -> None:
    """Draw rows of faces, a row of one person, and a row of masks."""
    tile, across = 120, 9
    rows = [
        np.hstack([make_face(row * across + k, seed=row, size=tile).image for k in range(across)])
        for row in range(2)
    ]
    person = [make_face(44, seed=k, size=tile, share=0.6) for k in range(across)]
    rows.append(np.hstack([face.image for face in person]))
    rows.append(np.hstack([PART_COLORS[face.mask] for face in person]))
    rows.append(make_scene(5, size=(tile * across, 270), faces=9).image)
    mark = Mark("algorithmicMedia", actions=("made=faces",))
    write_image(path, np.vstack(rows), mark=mark, overwrite=True, quality=70)


if __name__ == "__main__":
    main(sys.argv[1])
