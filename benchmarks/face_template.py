"""Make the package's template: the average of made faces that look nearly ahead.

  PYTHONPATH=python python -m benchmarks.face_template OUT.png

A minute. OUT.png is python/cvfast/models/data/face_template.png; its SHA-256 stands in
models/registry.py. The faces are of the training split.
"""

from __future__ import annotations

import sys

import numpy as np
from cvfast.faces.template import make_template
from cvfast.synth.faces import Pose, make_face, split_of

PEOPLE = [number for number in range(3000, 3400) if split_of(number) == "train"][:160]
FARTHEST = np.array([0.25, 0.15, 0.08])  # yaw, pitch and roll in radians


def main() -> None:
    pictures, boxes = [], []
    for number, person in enumerate(PEOPLE):
        turned = np.random.default_rng(number).uniform(-1, 1, 3) * FARTHEST
        pose = Pose(*turned.tolist())
        face = make_face(person, seed=number, size=96, pose=pose, occlusion="none", spoil=False)
        pictures.append(face.image)
        boxes.append([aligned(face.points68)])
    make_template(pictures, boxes).save(sys.argv[1], overwrite=True)


def aligned(points: np.ndarray) -> np.ndarray:
    """Return the square that has eyes and mouth at its own places, about brows to chin."""
    eyes, mouth = points[36:48].mean(axis=0), points[48:68].mean(axis=0)
    half = 1.18 * float(np.linalg.norm(mouth - eyes))
    middle = eyes + 0.65 * (mouth - eyes)
    return np.concatenate([middle - half, middle + half])


if __name__ == "__main__":
    main()
