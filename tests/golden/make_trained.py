"""Made tests/golden/trained_*.xml, trained_patches.npz and trained.json: cascades trained by us,
and which of 400 patches OpenCV accepts.

    PYTHONPATH=python python tests/golden/make_trained.py
    PYTHON_WITH_OPENCV_CONTRIB tests/golden/make_trained.py --opencv
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
SIZE = (14, 14)
KINDS = {
    "haar": {"features": "haar", "boost": "gentle", "depth": 1},
    "tilted": {"features": "haar-tilted", "boost": "discrete", "depth": 1},
    "lbp": {"features": "lbp", "boost": "gentle", "depth": 1},
    "trees": {"features": "haar-core", "boost": "discrete", "depth": 2},
    "lbp_trees": {"features": "lbp", "boost": "discrete", "depth": 3},
}


def train() -> None:
    from cvfast.models.cascade_file import write_cascade
    from cvfast.training.cascade import CascadeSettings, train_cascade
    from cvfast.training.negatives import Backgrounds
    from cvfast.training.samples import resized

    from benchmarks.train_cascade import lfw, scenes

    faces = np.stack([resized(patch, SIZE) for patch in lfw()])
    pictures = scenes()[:8]
    windows, _ = Backgrounds(pictures, SIZE).collect(
        200, np.random.default_rng(5), lambda w: np.ones(len(w), np.bool_)
    )
    patches = np.concatenate([faces[30:100], faces[130:200], windows, faces[40:100] // 16])
    np.savez_compressed(FOLDER / "trained_patches.npz", patches=patches)
    for name, kind in KINDS.items():
        chosen = CascadeSettings(size=SIZE, stages=4, negatives=400, false_alarm=0.4, **kind)
        made = train_cascade(faces[:50], pictures, chosen, patches=faces[100:150])
        write_cascade(FOLDER / f"trained_{name}.xml", made.cascade, overwrite=True)


def judge() -> None:
    import cv2

    patches = np.load(FOLDER / "trained_patches.npz")["patches"]
    accepted = {}
    for name in KINDS:
        file = f"trained_{name}.xml"
        runner = cv2.CascadeClassifier(str(FOLDER / file))
        passed = [len(runner.detectMultiScale(p, 1.1, 0, 0, SIZE, SIZE)) > 0 for p in patches]
        accepted[file] = np.flatnonzero(passed).tolist()
    record = {"opencv": cv2.__version__, "accepted": accepted}
    (FOLDER / "trained.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    judge() if "--opencv" in sys.argv else train()
