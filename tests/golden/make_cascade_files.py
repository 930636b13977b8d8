"""Write cascade_tilted.xml, cascade_lbp.xml and cascade_tree.xml, of random features.

    PYTHONPATH=. python tests/golden/make_cascade_files.py

Their thresholds are such that a share of the astronaut's windows passes each stage.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from cvfast.models.cascade_file import write_cascade

from tests.golden.cascade_images import images
from tests.kernels.cascade_reference import make_cascade

FOLDER = Path(__file__).parent
KINDS = {
    "tilted": {"kind": "haar", "tilted": True, "share": 0.45},
    "lbp": {"kind": "lbp", "share": 0.45},
    "tree": {"kind": "haar", "nodes": 3, "share": 0.45},
}


def main() -> None:
    grey = next(iter(images()))[1]
    for seed, (name, options) in enumerate(KINDS.items()):
        rng = np.random.default_rng(seed)
        corners = rng.integers(0, 512 - 20, (600, 2))
        patches = np.stack([grey[y : y + 20, x : x + 20] for y, x in corners])
        cascade = make_cascade(patches=patches, rng=rng, stages=6, trees=6, **options)
        comment = "Made by tests/golden/make_cascade_files.py; finds nothing in particular."
        path = FOLDER / f"cascade_{name}.xml"
        write_cascade(path, cascade, comment=comment, overwrite=True)


if __name__ == "__main__":
    main()
