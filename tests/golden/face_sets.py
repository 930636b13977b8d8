"""Faces of people that both the tests and `make_faces.py` make: lfw_subset, shifted and noisy."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

PEOPLE, TRAINING, QUERIES = 20, 4, 2


def people() -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.uint8], NDArray[np.int32]]:
    """Return training faces (80, 50, 50) and their people, then others' faces (40, 50, 50)."""
    import skimage.data

    faces = np.rint(skimage.data.lfw_subset()[: 2 * PEOPLE : 2] * 255).astype(np.int16)
    rng = np.random.default_rng(6)
    pictures = []
    for face in np.kron(faces, np.ones((1, 2, 2), np.int16)):
        for _ in range(TRAINING + QUERIES):
            down, across = rng.integers(-2, 3, 2)
            moved = np.roll(face, (down, across), (0, 1)) * rng.integers(80, 121) // 100
            noisy = moved + rng.integers(-15, 16, face.shape)
            pictures.append(np.clip(noisy, 0, 255))
    groups = np.array(pictures, np.uint8).reshape(PEOPLE, -1, 50, 50)
    person = np.arange(PEOPLE, dtype=np.int32)
    return (
        groups[:, :TRAINING].reshape(-1, 50, 50),
        person.repeat(TRAINING),
        groups[:, TRAINING:].reshape(-1, 50, 50),
        person.repeat(QUERIES),
    )


def digest(pixels: NDArray[np.uint8]) -> str:
    """Return what tells these pixels from others."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
