"""A model for tests: a face as a few grey pixels; and made people that it can tell apart."""

from __future__ import annotations

import numpy as np
from cvfast.faces.alignment import TEMPLATES, read_aligned
from cvfast.faces.embedding import Threshold
from cvfast.synth.faces import make_face

SIDE = 12


class SmallEmbedder:
    """Colours of the aligned face, without their mean; distance is Euclidean."""

    name, dimension = "small", SIDE * SIDE * 3
    threshold = Threshold(0.6, 0.01, "made faces of these tests")

    def __init__(self, key="small-1"):
        self.key = key
        self.embedded = 0

    def embed(self, image, faces):
        self.embedded += len(faces)
        if not len(faces):
            return np.zeros((0, self.dimension), np.float32)
        crops = read_aligned(image, faces, TEMPLATES["dlib"], SIDE).astype(np.float32)
        rows = crops.reshape(len(faces), -1)
        rows = rows - rows.mean(axis=1, keepdims=True)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def distances(self, a, b):
        return np.linalg.norm(a[:, None] - b[None], axis=2).astype(np.float32)


def made(person, seed=0, *, size=128):
    """A picture of a made person, frontal and in soft light."""
    ground = np.full((size, size, 3), 128, np.uint8)
    face = make_face(
        person, seed=seed, size=size, pose=(0.0, 0.0, 0.0), expression="neutral", light="soft",
        occlusion="none", share=0.55, spoil=False, background=ground,
    )  # fmt: skip
    return face.image
