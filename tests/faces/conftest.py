from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import skimage.data
from cvfast.faces.detectors import detect
from cvfast.faces.fitting import landmarks
from cvfast.faces.types import Faces, Landmarks
from PIL import Image

# The astronaut's face as boxes of the 512 x 512 picture: the head to paste, and the face in it.
HEAD, FACE = (125, 10, 325, 210), (177, 68, 273, 177)


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    return skimage.data.astronaut()


@pytest.fixture(scope="session")
def astronaut_faces(astronaut: np.ndarray) -> Faces:
    return detect(astronaut)


@pytest.fixture(scope="session")
def astronaut_mesh(astronaut: np.ndarray, astronaut_faces: Faces) -> Landmarks:
    return landmarks(astronaut, faces=astronaut_faces)[0]


@pytest.fixture(scope="session")
def paste(astronaut: np.ndarray) -> Callable[[np.ndarray, float, tuple[int, int]], np.ndarray]:
    """Paste the astronaut's head into a scene, its face ``width`` pixels wide; gives its box."""

    def paste(scene: np.ndarray, width: float, corner: tuple[int, int]) -> np.ndarray:
        scale = width / (FACE[2] - FACE[0])
        side = round((HEAD[2] - HEAD[0]) * scale)
        head = Image.fromarray(astronaut).crop(HEAD).resize((side, side), Image.Resampling.LANCZOS)
        x, y = corner
        part = scene[max(y, 0) : y + side, max(x, 0) : x + side]
        part[:] = np.asarray(head)[max(-y, 0) :, max(-x, 0) :][: part.shape[0], : part.shape[1]]
        face = (np.array(FACE) - (HEAD[0], HEAD[1]) * 2) * scale
        return (face + np.array([x, y, x, y])).astype(np.float32)

    return paste


@pytest.fixture(scope="session")
def background() -> Callable[[str], np.ndarray]:
    """Picture without a face, 1920 x 1080."""

    def background(name: str) -> np.ndarray:
        if name == "noise":
            return np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
        if name == "gradient":
            row = np.linspace(0, 255, 1920).astype(np.uint8)
            return np.tile(row[None, :, None], (1080, 1, 3))
        picture = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
        return np.array(picture.resize((1920, 1080)))

    return background
