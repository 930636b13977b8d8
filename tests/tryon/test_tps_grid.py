"""Thin-plate grids in torch against SciPy's interpolator and the layouts of the two papers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cvfast.tryon.tps_grid import (
    OffsetGrid,
    ThinPlateGrid,
    control_points,
    pixel_centres,
    plate_tables,
    sample,
)
from scipy.interpolate import RBFInterpolator


@pytest.mark.parametrize(("order", "reach"), [("rows", 0.9), ("columns", 1.0)])
def test_the_grid_is_scipys_thin_plate(order: str, reach: float) -> None:
    rng = np.random.default_rng(0)
    controls = control_points(5, reach=reach, order=order)
    values = controls + rng.uniform(-0.2, 0.2, controls.shape)

    grid = ThinPlateGrid((24, 32), controls)(torch.from_numpy(values[None]).float())

    truth = RBFInterpolator(controls, values, kernel="thin_plate_spline")(pixel_centres((24, 32)))
    assert np.allclose(grid[0].reshape(-1, 2).numpy(), truth, atol=1e-4)


def test_cp_vtons_offsets_are_column_by_column_all_x_then_all_y() -> None:
    grid = OffsetGrid((5, 5))
    theta = torch.zeros(1, 50)
    theta[0, 1] = 0.25  # x of the first column's second point
    theta[0, 25 + 5] = -0.25  # y of the second column's first point

    moved = (grid(theta) - grid(torch.zeros(1, 50)))[0]

    assert moved[1, 0].tolist() == pytest.approx([0.25, 0], abs=1e-5)
    assert moved[0, 1].tolist() == pytest.approx([0, -0.25], abs=1e-5)


def test_acgpns_tables_have_its_sizes_and_give_the_same_plate() -> None:
    controls = control_points(5, reach=0.9)
    inverse, rows = plate_tables(controls, pixel_centres((12, 16)))
    values = np.concatenate([controls + 0.1 * np.sin(7 * controls), np.zeros((3, 2))])

    grid = ThinPlateGrid((12, 16), controls)(torch.from_numpy(values[None, :25]).float())

    assert rows.shape == (192, 28)
    assert np.allclose(rows @ (inverse @ values), grid[0].reshape(-1, 2), atol=1e-5)


def test_no_offsets_change_nothing_and_gradients_flow() -> None:
    picture = torch.rand(1, 3, 16, 12)
    theta = torch.zeros(1, 50, requires_grad=True)

    out = sample(picture, OffsetGrid((12, 16))(theta))
    (out * picture).sum().backward()  # type: ignore[no-untyped-call]

    assert torch.allclose(out, picture, atol=1e-4)
    assert theta.grad is not None
    assert (theta.grad.abs() > 0).float().mean() > 0.8


def test_bad_control_points_are_named() -> None:
    with pytest.raises(ValueError, match="count: expected at least 2"):
        control_points(1)
    with pytest.raises(ValueError, match="order: expected rows or columns"):
        control_points(order="diagonal")
    with pytest.raises(ValueError, match="span a plane"):
        plate_tables(np.zeros((3, 2)), np.zeros((1, 2)))
