"""A swapped face whose features sit elsewhere is moved back to where the target's are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from cvfast.geometry.alignment import transform_points
from cvfast.swap.proportions import Proportions, measured

from tests.swap.people import face_folder

SIZE = 128


@dataclass(frozen=True)
class Moved:
    """Gives the target's own face, smaller and elsewhere."""

    matrix: tuple[tuple[float, float, float], tuple[float, float, float]]
    resolution: int = SIZE
    face_type: str = "whole"

    def swap(self, faces, morph=1.0):
        matrix = np.array(self.matrix, float)
        matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5  # cv2 counts from pixels' middles
        made = [
            cv2.warpAffine(face, matrix, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
            for face in faces
        ]
        ones = np.ones((len(faces), SIZE, SIZE), np.float32)
        return SimpleNamespace(face=np.stack(made), mask=ones, target_mask=ones)


def test_the_scale_and_the_shift_are_found(tmp_path: Path) -> None:
    folder = face_folder(tmp_path / "faces", 8, 8, turn=0.3)
    paths = sorted(folder.iterdir())
    there = measured(Moved(((1, 0, 0), (0, 1, 0))), paths)
    moved = measured(Moved(((0.9, 0, 9), (0, 0.9, 3))), paths)
    # What the mesh says of an unmoved face is not what the record says, but nearly.
    assert moved.scale == pytest.approx(there.scale / 0.9, abs=0.02)
    point = np.array([64.0, 70.0])
    was = there.scale * point + there.shift
    now = moved.scale * (0.9 * point + (9, 3)) + np.array(moved.shift)
    assert np.abs(now - was).max() < 1.0


def test_a_frame_is_read_where_the_face_came_to_lie() -> None:
    matrix = np.array([[2.0, 0, 5], [0, 2.0, 7]])
    proportions = Proportions(0.8, (3.0, -2.0))
    point = np.array([[10.0, 20.0]])
    square = transform_points(matrix, point)
    seen = transform_points(proportions.before(matrix), point)
    assert np.allclose(0.8 * seen + (3.0, -2.0), square)


def test_without_faces_nothing_is_moved(tmp_path: Path) -> None:
    paths = sorted(face_folder(tmp_path / "faces", 8, 2).iterdir())
    assert measured(Moved(((1, 0, 0), (0, 1, 0))), paths) == Proportions()
