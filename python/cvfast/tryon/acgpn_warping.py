"""ACGPN's clothes warping network U: a spatial transformer of 25 points, then a refinement.

The transformer (Jaderberg et al., 2015) predicts for each point of a regular 5 x 5 grid in the
result where in the garment's picture to look; a thin-plate spline fills in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.tryon.acgpn_net import INPUTS, OUTPUTS, Refine
from cvfast.tryon.norms import norm_layer
from cvfast.tryon.tps_grid import control_points, pixel_centres, plate_tables, sample

__all__ = [
    "ClothesWarping",
    "Localisation",
    "PointSpline",
    "Transformer",
    "Warped",
    "regular_points",
]

SIDE = 5  # points a row and a column
_REACH = 0.9  # of the outermost points; tanh reaches 1 only at infinity
_POINTS = control_points(SIDE, reach=_REACH)
_SMALLEST = 4, 3  # height and width of the last convolutions' maps
_FIRST = 8  # channels of the first convolution
_SEEN = 5  # channels: mask of the garment, mask wanted, garment


class Warped(NamedTuple):
    """What U gives.

    Attributes
    ----------
    clothes
        (N, 3, h, w): the warped garment and the refinement's picture of it, blended.
    warped, mask
        (N, 3, h, w) and (N, 1, h, w): garment and its mask as the spline warps them.
    refined, alpha
        (N, 3, h, w) in [-1, 1] and (N, 1, h, w) in [0, 1]: what the refinement paints, and the
        share of the warped garment.
    points
        (N, 25, 2): where the grid's points look, x and y in [-1, 1], row by row.
    grid
        (N, h, w, 2): where each pixel looks.
    """

    clothes: Tensor
    warped: Tensor
    mask: Tensor
    refined: Tensor
    alpha: Tensor
    points: Tensor
    grid: Tensor


class PointSpline(nn.Module):
    """A thin-plate spline from 25 points to a grid of all pixels.

    Parameters
    ----------
    size
        Width and height of the grid.

    Notes
    -----
    Bookstein, 1989. The published tables are kept by name: ``inverse_kernel`` (28, 28),
    ``padding_matrix`` (3, 2), ``target_coordinate_repr`` (width * height, 28); the kernel is half
    of r^2 ln r^2, which leaves the spline as it is.
    """

    inverse_kernel: Tensor
    padding_matrix: Tensor
    target_coordinate_repr: Tensor

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size
        inverse, rows = plate_tables(_POINTS, pixel_centres(size))
        for name, table in (
            ("inverse_kernel", inverse),
            ("padding_matrix", np.zeros((3, 2))),
            ("target_coordinate_repr", rows),
        ):
            self.register_buffer(name, torch.from_numpy(table.astype(np.float32)))

    def forward(self, points: Tensor) -> Tensor:
        """Return the grid (N, h, w, 2) of where each pixel looks, for points (N, 25, 2)."""
        padded = torch.cat([points, self.padding_matrix.expand(len(points), 3, 2)], 1)
        looks = self.target_coordinate_repr @ (self.inverse_kernel @ padded)
        return looks.view(len(points), self.size[1], self.size[0], 2)


def regular_points() -> Tensor:
    """Return the grid's points in the result, (25, 2): x and y in [-0.9, 0.9], row by row."""
    return torch.from_numpy(_POINTS.astype(np.float32))


class Localisation(nn.Module):
    """The convolutions that find the 25 points; ``cnn.model``, ``cnn.fc1``, ``cnn.fc2``.

    Parameters
    ----------
    size
        Width and height of the maps: 3 and 4 times a power of two. As many convolutions of step
        two follow each other as lead to 4 x 3 pixels (six from 256 x 192).
    compat
        Instance normalisation as published; else group normalisation. Dropout of one half before
        the last layer in both.
    """

    def __init__(self, size: tuple[int, int], *, compat: bool = True) -> None:
        super().__init__()
        halvings = (size[1] // _SMALLEST[0]).bit_length() - 1
        if size != (_SMALLEST[1] << halvings, _SMALLEST[0] << halvings) or halvings < 1:
            raise ValueError(f"size: expected (3, 4) times a power of two, got {size}")
        # Published: only the first convolution is rectified before it is normalised.
        layers = [nn.Conv2d(_SEEN, _FIRST, 4, 2, 1), nn.ReLU(), norm_layer(_FIRST, compat)]
        width = _FIRST
        for _ in range(halvings - 1):
            layers += [
                nn.Conv2d(width, 2 * width, 4, 2, 1),
                norm_layer(2 * width, compat),
                nn.ReLU(),
            ]
            width *= 2
        for _ in range(2):
            layers += [nn.Conv2d(width, width, 3, 1, 1), norm_layer(width, compat), nn.ReLU()]
        self.cnn = nn.Module()
        self.cnn.model = nn.Sequential(*layers)
        self.cnn.fc1 = nn.Linear(2 * width, 128)
        self.cnn.fc2 = nn.Linear(128, 2 * SIDE**2)
        self.drop = nn.Dropout(0.5)
        self.start()

    def start(self) -> None:
        """Let the last layer give the regular grid, whatever it sees."""
        last: Any = self.cnn.fc2
        nn.init.zeros_(last.weight)
        with torch.no_grad():
            last.bias.copy_(torch.atanh(regular_points()).flatten())

    def forward(self, maps: Tensor) -> Tensor:
        """Return where the points look, (N, 25, 2), for maps (N, 5, h, w)."""
        net: Any = self.cnn
        seen = functional.max_pool2d(net.model(maps), 2).flatten(1)
        hidden = self.drop(functional.relu(net.fc1(seen)))
        points: Tensor = torch.tanh(net.fc2(hidden)).view(len(maps), -1, 2)
        return points


class Transformer(nn.Module):
    """The spatial transformer: garment and mask as the found points warp them."""

    def __init__(self, size: tuple[int, int], *, compat: bool = True) -> None:
        super().__init__()
        self.loc_net = Localisation(size, compat=compat)
        self.tps = PointSpline(size)

    def forward(self, garment: Tensor, mask: Tensor, wanted: Tensor) -> tuple[Tensor, ...]:
        """Return garment and mask, warped, the points, and the grid."""
        points = self.loc_net(torch.cat([mask, wanted, garment], 1))
        grid = self.tps(points)
        warped, moved = (sample(maps, grid, padding="zeros") for maps in (garment, mask))
        return warped, moved, points, grid


class ClothesWarping(Refine):
    """U: transformer and refinement in one, as they are published.

    Parameters
    ----------
    size
        Width and height: 192 x 256 in the paper.
    width, compat
        See `Refine`.

    Examples
    --------
    >>> net = ClothesWarping((48, 64), width=4).eval()
    >>> garment, mask = torch.zeros(1, 3, 64, 48), torch.ones(1, 1, 64, 48)
    >>> net(garment, mask, mask).clothes.shape
    torch.Size([1, 3, 64, 48])
    """

    def __init__(
        self, size: Sequence[int] = (192, 256), *, width: int = 64, compat: bool = True
    ) -> None:
        super().__init__(INPUTS["U"], OUTPUTS["U"], width=width, compat=compat)
        self.stn = Transformer((size[0], size[1]), compat=compat)

    def forward(self, garment: Tensor, mask: Tensor, wanted: Tensor) -> Warped:  # type: ignore[override]
        """Warp a garment.

        Parameters
        ----------
        garment
            (N, 3, h, w) in [-1, 1], zero outside its mask.
        mask, wanted
            (N, 1, h, w) in {0, 1}: of the garment, and of where it shall be.
        """
        warped, moved, points, grid = self.stn(garment, mask, wanted)
        # The refinement's loss does not reach the transformer.
        painted = super().forward(torch.cat([wanted, warped], 1).detach())
        refined, alpha = torch.tanh(painted[:, :3]), torch.sigmoid(painted[:, 3:])
        if not self.training:
            alpha = alpha * wanted
        blended = alpha * warped + (1 - alpha) * refined
        return Warped(blended, warped, moved, refined, alpha, points, grid)
