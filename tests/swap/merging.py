"""A made target clip with one face, its face pictures, and a stand-in for a network."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from cvfast.geometry.alignment import transform_points
from cvfast.io.movie import write_movie
from cvfast.swap.face_file import FaceRecord, write_face
from cvfast.swap.face_types import crop_matrix
from cvfast.swap.workspace import Workspace
from cvfast.synth.faces import make_face

SIZE, RATE, FRAMES = (256, 192), 25, 12
FACE = 128  # pixels of the made face in the frame


@dataclass(frozen=True)
class Tinted:
    """Gives the target's own face with red and blue swapped, and an oval mask."""

    resolution: int = 64
    face_type: str = "whole"
    has_morph: bool = False
    fingerprint: str = "tinted"

    def swap(self, faces, morph=1.0):
        grid = (np.arange(self.resolution) + 0.5) / self.resolution - 0.5
        inside = np.clip((0.4 - np.hypot(grid, grid[:, None])) * 16, 0, 1).astype(np.float32)
        masks = np.repeat(inside[None, :, :, None], len(faces), axis=0)
        return SimpleNamespace(face=faces[..., ::-1].copy(), mask=masks, target_mask=masks)


@lru_cache
def made_face(seed: int):
    return make_face(7, seed=seed, size=FACE)


def picture(number: int, *, corner=(60, 30), seed: int = 1):
    """Return a frame with a made face that moves, and its landmarks."""
    face = made_face(seed)
    x, y = corner[0] + number * 2, corner[1]
    frame = np.full((SIZE[1], SIZE[0], 3), 90, np.uint8)
    frame[::8] = 110
    frame[y : y + FACE, x : x + FACE] = face.image
    return frame, face.points68 + np.array([x, y])


def make_workspace(folder: Path, *, missing=(), frames: int = FRAMES) -> Workspace:
    """Make a workspace whose target has a face in every frame but the missing ones."""
    clip = folder / "target.mp4"
    made = [picture(number) for number in range(frames)]
    pictures = (pixels for pixels, _ in made)
    write_movie(clip, pictures, size=SIZE, rate=RATE, loudness=lambda _: 0.5)
    source = folder / "source.mp4"
    write_movie(source, [np.zeros((SIZE[1], SIZE[0], 3), np.uint8)], size=SIZE, rate=RATE)
    workspace = Workspace.init(folder / "work", source=source, target=clip, consent=True)
    workspace.faces("target").mkdir(parents=True)
    for number, (pixels, points) in enumerate(made):
        if number not in missing:
            write_record_of(workspace, number, pixels, points)
    return workspace


def write_record_of(workspace, number, pixels, points, *, track=0, mask=None):
    """Write the face picture of a frame."""
    matrix = crop_matrix(points, "whole", 128)
    record = FaceRecord(
        face_type="whole",
        landmarks=transform_points(matrix, points),
        source="target.mp4",
        frame=number,
        seconds=number / RATE,
        face=track,
        source_landmarks=points,
        source_box=np.array([*points.min(axis=0), *points.max(axis=0)]),
        matrix=matrix,
        mask=mask,
    )
    path = workspace.faces("target") / f"{number:05d}_{track}.png"
    write_face(path, np.zeros((128, 128, 3), np.uint8), record)
