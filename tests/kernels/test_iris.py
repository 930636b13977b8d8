"""Iris kernels: what they read, what they paint, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.kernels.iris import EyePlane, EyeShape, IrisPaint, iris_paint, iris_rim, iris_rings

EYE = EyeShape(
    np.array([20.0, 20.0, 10.0, 0.0, 0.0, 10.0, 0.0, 20.0, 1.0, 0.0]),
    np.array([[0.0, 20.0, 40.0], [-30.0, -30.0, -30.0], [6.0, 6.0, 6.0]]),
)
PAINT = IrisPaint(1.0, 0.3, 0.4, 0.6, 0.0, 0.0, 0.3, -0.2, 0.4, 0.4, 0.4, 0)
RAYS = np.array([[1.0, 0.0], [0.0, 1.0]])
DISTANCES = np.array([0.5, 1.0, 1.5])


def plane(array, zero=0.0, levels=1.0):
    return EyePlane(array, 1.0, 1.0, 0.0, 0.0, zero, levels)


def flat(value=0.4, dtype=np.float32):
    return np.full((41, 41), value, dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_rays_are_read_between_samples_and_stop_at_the_lids(dtype):
    ramp = np.tile(np.arange(41), (41, 1)).astype(dtype)
    values, seen = iris_rings(plane(ramp, zero=10, levels=2), EYE, RAYS, DISTANCES)
    assert values.tolist() == [[7.5, 10.0, 12.5], [5.0, 5.0, 5.0]]
    # The lower lid is 6 pixels under the middle.
    assert seen.tolist() == [[True, True, True], [True, False, False]]


def test_no_edge_no_offsets():
    values, seen = iris_rings(plane(flat()), EYE, RAYS, DISTANCES)
    assert iris_rim(values, seen, RAYS, DISTANCES) == (0.0, 0.0, 0.0)


def test_pupil_lids_highlights_and_surroundings_stay():
    luma, blue, red = flat(), flat(0), flat(0)
    luma[20, 26:29] = 0.9
    luma[20, 12:14] = 0.05
    changed = iris_paint(plane(luma), plane(blue), plane(red), EYE, PAINT)
    assert changed == (blue != 0).sum() > 100
    y, x = np.mgrid[:41, :41]
    distance = np.hypot(x - 20, y - 20)
    assert not blue[(distance > 10.1) | (distance < 2.5)].any()
    assert not blue[27:].any()  # beyond the lower lid
    assert not blue[20, 26:29].any()
    assert not blue[20, 12:14].any()
    assert (blue >= 0).all()
    assert (red <= 0).all()


def test_every_other_sample_as_in_nv12():
    pairs = np.full((41, 41, 2), 128, np.uint8)
    luma = flat(102, np.uint8)
    paint = PAINT._replace(limit=255)
    planes = [plane(pairs[..., index], 128, 255) for index in (0, 1)]
    iris_paint(plane(luma, 0, 255), *planes, EYE, paint)
    alone = [flat(128, np.uint8) for _ in range(2)]
    iris_paint(plane(luma, 0, 255), *(plane(each, 128, 255) for each in alone), EYE, paint)
    assert (pairs == np.stack(alone, axis=2)).all()
    assert (alone[0] > 128).any()


def test_what_is_refused():
    with pytest.raises(TypeError, match="plane: expected dtype uint8, uint16 or float32, got int"):
        iris_rings(plane(flat(1, np.int64)), EYE, RAYS, DISTANCES)
    with pytest.raises(ValueError, match=r"plane: expected shape \(height, width\)"):
        iris_rings(plane(np.zeros((4, 4, 3), np.uint8)), EYE, RAYS, DISTANCES)
    with pytest.raises(ValueError, match=r"numbers: expected packed float64 of shape \(10,\)"):
        iris_rings(plane(flat()), EyeShape(np.zeros(9), EYE.lids), RAYS, DISTANCES)
    broken = EYE.numbers.copy()
    broken[0] = np.nan
    with pytest.raises(ValueError, match=r"center\[0\]: expected finite numbers"):
        iris_rings(plane(flat()), EyeShape(broken, EYE.lids), RAYS, DISTANCES)
    with pytest.raises(ValueError, match="luma: expected shape"):
        iris_rim(np.zeros((2, 2), np.float32), np.zeros((2, 2), bool), RAYS, DISTANCES)
    with pytest.raises(TypeError, match="red: expected dtype float32, got uint8"):
        iris_paint(plane(flat()), plane(flat()), plane(flat(1, np.uint8)), EYE, PAINT)
    fixed = flat()
    fixed.setflags(write=False)
    with pytest.raises(ValueError, match="writable"):
        iris_paint(plane(flat()), plane(fixed), plane(flat()), EYE, PAINT)


def test_rays_without_y_are_refused():
    values, seen = iris_rings(plane(flat()), EYE, RAYS, DISTANCES)
    with pytest.raises(ValueError, match="expected shape"):
        iris_rim(values, seen, RAYS[:1], DISTANCES)
