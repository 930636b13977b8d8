"""Thin-plate grids in torch: where each pixel of a warped garment is taken from.

Control points lie in the picture that comes out, their values are places in the picture that goes
in: a backward warp. Between them the plate of least bending is linear in the values, so the whole
grid is one matrix product, and gradients flow through it (Duchon, 1977; Jaderberg et al., *Spatial
Transformer Networks*, 2015). Coordinates are torch's: (-1, -1) is the centre of the first pixel,
(1, 1) that of the last, ``align_corners=True`` as in the torch that the papers used.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["OffsetGrid", "ThinPlateGrid", "control_points", "plate_tables", "sample"]


def control_points(
    count: int = 5, *, reach: float = 1.0, order: str = "rows"
) -> NDArray[np.float64]:
    """Return a regular square of control points, (count * count, 2) x and y.

    Parameters
    ----------
    count
        Along a side, two or more.
    reach
        They lie in [-reach, reach]: CP-VTON 1, ACGPN 0.9.
    order
        ``"rows"``: x runs fastest (ACGPN); ``"columns"``: y runs fastest (CP-VTON).

    Raises
    ------
    ValueError
        Fewer than two a side, or another order.

    Examples
    --------
    >>> control_points(2, order="columns").tolist()
    [[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]]
    """
    if count < 2:
        raise ValueError(f"count: expected at least 2, got {count}")
    if order not in ("rows", "columns"):
        raise ValueError(f"order: expected rows or columns, got {order!r}")
    side = np.linspace(-reach, reach, count)
    slow, fast = (part.ravel() for part in np.meshgrid(side, side, indexing="ij"))
    return np.stack([fast, slow] if order == "rows" else [slow, fast], axis=1)


def pixel_centres(size: tuple[int, int]) -> NDArray[np.float64]:
    """Return x and y of all pixels of a picture of (width, height) row by row: (h * w, 2)."""
    width, height = size
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    return np.stack([x.ravel(), y.ravel()], axis=1)


def plate_tables(
    controls: NDArray[np.float64], points: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the inverse of the plate's system, (N + 3, N + 3), and its rows at (P, 2) points.

    The system is [[K, 1, X], [1, 0, 0], [X, 0, 0]] with K = r^2 ln(r^2) / 2. A row times the
    inverse times the values (three zeros behind them) is the plate at that point. Half of the
    kernel or twice as much gives the same plate, with other weights.

    Raises
    ------
    ValueError
        The control points lie on one line, or two in one place.

    Examples
    --------
    >>> inverse, rows = plate_tables(control_points(5, reach=0.9), pixel_centres((192, 256)))
    >>> inverse.shape, rows.shape
    ((28, 28), (49152, 28))
    """
    count = len(controls)
    ones = np.ones((count, 1))
    system = np.zeros((count + 3, count + 3))
    system[:count] = np.concatenate([_kernel(controls, controls), ones, controls], axis=1)
    system[count:, :count] = system[:count, count:].T
    try:
        inverse = np.linalg.inv(system).astype(np.float64)
    except np.linalg.LinAlgError as error:
        raise ValueError("controls: expected points that span a plane, got others") from error
    rows = [_kernel(points, controls), np.ones((len(points), 1)), points]
    table: NDArray[np.float64] = np.concatenate(rows, axis=1)
    return inverse, table


def _kernel(points: NDArray[np.float64], controls: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return r^2 ln(r^2) / 2 between all points and controls; 0 where they meet."""
    x, y = (points[:, None, axis] - controls[None, :, axis] for axis in (0, 1))
    squared = x * x + y * y
    kernel: NDArray[np.float64] = 0.5 * squared * np.log(np.where(squared > 0, squared, 1.0))
    return kernel


class ThinPlateGrid(nn.Module):
    """The plate through values at fixed control points, at every pixel.

    Parameters
    ----------
    size
        Width and height of the grid.
    controls
        (N, 2) x and y in [-1, 1], as `control_points` gives them.

    Attributes
    ----------
    controls
        (N, 2) float32; like the table no part of the module's state.

    Examples
    --------
    >>> plate = ThinPlateGrid((4, 3), control_points(3))
    >>> grid = plate(plate.controls[None] + torch.tensor([0.5, 0.0]))
    >>> grid.shape, [round(x, 2) for x in grid[0, 0, :, 0].tolist()]
    (torch.Size([1, 3, 4, 2]), [-0.5, 0.17, 0.83, 1.5])
    """

    controls: Tensor
    table: Tensor

    def __init__(self, size: tuple[int, int], controls: NDArray[np.float64]) -> None:
        super().__init__()
        self.size = size
        inverse, rows = plate_tables(controls, pixel_centres(size))
        table = np.einsum("pk,kn->pn", rows, inverse[:, : len(controls)])
        for name, array in (("controls", controls), ("table", table)):
            self.register_buffer(name, torch.from_numpy(array.astype(np.float32)), persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """Return the grid (B, height, width, 2) for values (B, N, 2): x, y to sample at."""
        width, height = self.size
        return (self.table @ values).view(len(values), height, width, 2)


class OffsetGrid(ThinPlateGrid):
    """CP-VTON's grid: theta holds all x offsets of the control points, then all y offsets.

    Parameters
    ----------
    size
        Width and height of the grid.
    count
        Control points along a side.
    order
        Of the control points: CP-VTON's are column by column, since its meshgrid is swapped.

    Examples
    --------
    >>> grid = OffsetGrid((192, 256))(torch.zeros(1, 50))
    >>> grid.shape, [round(x, 3) for x in grid[0, 0, 0].tolist()]
    (torch.Size([1, 256, 192, 2]), [-1.0, -1.0])
    """

    def __init__(self, size: tuple[int, int], count: int = 5, *, order: str = "columns") -> None:
        super().__init__(size, control_points(count, order=order))

    def forward(self, values: Tensor) -> Tensor:
        """Return the grid (B, height, width, 2) for theta (B, 2 N)."""
        offsets = values.view(len(values), 2, -1).transpose(1, 2)
        return super().forward(self.controls + offsets)


def sample(pictures: Tensor, grid: Tensor, *, padding: str = "border") -> Tensor:
    """Take pixels of (B, C, h, w) at a grid (B, H, W, 2): (B, C, H, W), bilinear.

    Parameters
    ----------
    pictures, grid
        Coordinates as in this module: -1 and 1 are the centres of the outer pixels.
    padding
        Outside: ``"border"`` (a garment's picture) or ``"zeros"`` (its mask).

    Examples
    --------
    >>> sample(torch.arange(3.0).view(1, 1, 1, 3), torch.tensor([[[[0.5, 0.0]]]])).item()
    1.5
    """
    return functional.grid_sample(
        pictures, grid, mode="bilinear", padding_mode=padding, align_corners=True
    )
