"""Face types: where the points of the mean face lie in each, and the way there and back."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.geometry.alignment import transform_points
from cvfast.swap.face_types import FACE_TYPES, MEAN_FACE, STEADY, crop_matrix

# Middle of the eyes, nose tip and mouth corners in sides of the picture, of DeepFaceLab's types.
PLACES = {
    "half": ".2255 .2160 .7548 .2160 .4901 .5156 .2541 .7802 .7261 .7802",
    "midfull": ".2695 .2615 .7139 .2615 .4917 .5131 .2936 .7353 .6899 .7353",
    "full": ".3281 .3221 .6596 .3221 .4938 .5098 .3460 .6755 .6416 .6755",
    "whole": ".3712 .3996 .6195 .3996 .4954 .5402 .3847 .6643 .6061 .6643",
}


def _face(scale: float, angle: float, shift: tuple[float, float]) -> np.ndarray:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = np.vstack([np.zeros((17, 2)), MEAN_FACE])
    return scale * points @ turn.T + shift


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("angle", [0.0, 0.7, -2.5])
def test_places_of_the_mean_face(name: str, angle: float) -> None:
    points = _face(120, angle, (310, 205))
    there = transform_points(crop_matrix(points, name, 256), points) / 256
    five = [there[36:42].mean(0), there[42:48].mean(0), there[30], there[48], there[54]]
    expected = np.array(PLACES[name].split(), float).reshape(5, 2)
    assert np.abs(np.array(five) - expected).max() < 1e-4


def test_only_steady_points_count() -> None:
    points = _face(100, 0.3, (50, 60))
    moved = points.copy()
    moved[[i for i in range(68) if i not in STEADY]] += 15
    for name in set(FACE_TYPES) - {"head"}:  # where the jaw tells how far the head is turned
        assert np.array_equal(crop_matrix(points, name, 64), crop_matrix(moved, name, 64))


def test_refusals() -> None:
    points = _face(100, 0, (0, 0))
    with pytest.raises(ValueError, match="face_type: expected one of half"):
        crop_matrix(points, "nose", 64)
    with pytest.raises(ValueError, match="size"):
        crop_matrix(points, "full", 0)
    with pytest.raises(ValueError, match="landmarks"):
        crop_matrix(points[:67], "full", 64)
