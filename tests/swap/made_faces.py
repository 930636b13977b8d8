"""Made faces as the extraction writes them, and folders of plain pictures with a record."""

from __future__ import annotations

import functools
from pathlib import Path

import cv2
import numpy as np
from cvfast.geometry.alignment import transform_points
from cvfast.swap.face_file import FaceRecord, write_face
from cvfast.swap.face_types import MEAN_FACE, crop_matrix
from cvfast.synth.faces import MadeFace, make_face


def mean_landmarks(side: float = 40.0, at: tuple[float, float] = (12.0, 12.0)) -> np.ndarray:
    """68 points of the mean face, its jaw a half ellipse below."""
    around = np.linspace(np.pi, 0, 17)
    jaw = np.stack([0.5 + 0.62 * np.cos(around), 0.25 + 0.95 * np.sin(around)], axis=1)
    return np.concatenate([jaw, MEAN_FACE]) * side + at


def record(landmarks: np.ndarray | None = None, **more: object) -> FaceRecord:
    points = mean_landmarks() if landmarks is None else landmarks
    low, high = points.min(axis=0), points.max(axis=0)
    fields = {
        "face_type": "whole", "landmarks": points, "source": "a.mp4", "frame": 0, "seconds": 0.0,
        "face": 0, "source_landmarks": points, "source_box": np.concatenate([low, high]),
        "matrix": np.eye(2, 3),
    }  # fmt: skip
    return FaceRecord(**(fields | more))  # type: ignore[arg-type]


def write_plain(folder: Path, count: int, *, name: str = "{:05d}_0.jpg", side: int = 64) -> None:
    """Write faces of noise, each of its own brightness, in no order."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)
    for number, level in enumerate(rng.permutation(np.linspace(40, 200, count))):
        noise = rng.normal(0, 12, (side, side, 3))
        pixels = np.clip(level + noise, 0, 255).astype(np.uint8)
        write_face(folder / name.format(number), pixels, record(frame=number))


def write_made(path: Path, made: MadeFace, *, side: int = 96, pixels=None, **more: object) -> None:
    """Write a made face cut out as a whole face; ``pixels`` changes the cut-out picture."""
    matrix = crop_matrix(made.points68, "whole", side)
    picture = cv2.warpAffine(made.image, matrix, (side, side), flags=cv2.INTER_AREA)
    if pixels is not None:
        picture = pixels(picture)
    fields = {"source_landmarks": made.points68.astype(float), "matrix": matrix,
              "source_box": made.box.astype(float)} | more  # fmt: skip
    write_face(path, picture, record(transform_points(matrix, made.points68), **fields))


@functools.cache
def made(identity: int, seed: int, **options: object) -> MadeFace:
    """Return a small made face, nothing over it, in soft light unless said otherwise."""
    plain = {"size": 128, "light": "front", "occlusion": "none", "share": 0.55, "spoil": False}
    return make_face(identity, seed=seed, **(plain | options))  # type: ignore[arg-type]
