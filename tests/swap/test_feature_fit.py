"""Brows, eyes, nose and mouth of a swapped face come to lie where the target's are."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from cvfast.geometry.sampling import PixelReader
from cvfast.swap.compose import Composer, FrameFace
from cvfast.swap.face_types import crop_matrix
from cvfast.swap.feature_fit import INNER, Bend, inner_points
from cvfast.swap.frame_faces import find_faces
from cvfast.swap.merge_settings import MergeSettings
from cvfast.synth.faces import make_face

SIZE = 128


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return make_face(7, seed=5, size=320).image


class Grimace:
    """Gives the target's own face with all that is below the nose drawn downwards."""

    resolution, face_type = SIZE, "whole"

    def swap(self, faces, morph=1.0):
        rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
        low = np.clip((rows - 0.55 * SIZE) / (0.2 * SIZE), 0, 1)
        made = [cv2.remap(face, columns, rows - 4 * low, cv2.INTER_LINEAR) for face in faces]
        ones = np.ones((len(faces), SIZE, SIZE), np.float32)
        return SimpleNamespace(face=np.stack(made), mask=ones, target_mask=ones)


def _off(picture: np.ndarray, fit: str) -> float:
    """Return how far the mouth is from where it was, in shares of the face's size."""
    settings = MergeSettings(fit=fit, color_transfer="none", mask_mode="dst", label=False)
    face = find_faces(PixelReader.of(picture))[0]
    composer = Composer(Grimace(), settings)
    pixels = picture.copy()
    for patch in composer.patches(PixelReader.of(picture).source, [FrameFace(face.points)]):
        x0, y0, x1, y1 = patch.box((picture.shape[1], picture.shape[0]))
        patch.paste(pixels[y0:y1, x0:x1], (x0, y0))
    now = find_faces(PixelReader.of(pixels))[0].points
    size = np.sqrt(np.prod(np.ptp(face.points, axis=0)))
    return float(np.linalg.norm((now - face.points)[48:68], axis=1).mean() / size)


def test_a_mouth_comes_back_to_the_targets(picture: np.ndarray) -> None:
    left, brought = _off(picture, "none"), _off(picture, "features")
    assert left > 0.02
    assert brought < left / 2


def test_points_move_no_farther_than_a_share_of_the_square_and_the_rim_stays() -> None:
    points = np.random.default_rng(0).uniform(40, 88, (51, 2))
    face = np.random.default_rng(1).random((SIZE, SIZE, 3), np.float32)
    far = Bend(points, points + np.array([60.0, 0.0]), SIZE).warp(face)
    near = Bend(points, points + np.array([0.05 * SIZE, 0.0]), SIZE).warp(face)
    assert np.array_equal(far, near)
    still = Bend(points, points, SIZE).warp(face)
    assert np.abs(still - face).max() < 1e-3


def test_the_jaw_is_not_among_the_points(picture: np.ndarray) -> None:
    face = find_faces(PixelReader.of(picture))[0]
    matrix = crop_matrix(face.points, "whole", SIZE)
    cut = cv2.warpAffine(picture, matrix, (SIZE, SIZE)).astype(np.float32) / 255
    found = inner_points(cut)
    assert found is not None
    assert found.shape == face.points[INNER].shape == (51, 2)
    assert inner_points(np.zeros((SIZE, SIZE, 3), np.float32)) is None
