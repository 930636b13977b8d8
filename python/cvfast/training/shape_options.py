"""What a training of landmark trees does: parts of the face, ensembles, boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from cvfast.training.shape_data import MIRROR68

__all__ = ["PARTS", "Growth", "ShapeOptions"]

PARTS = MappingProxyType(
    {
        "right_eye": (*range(17, 22), *range(36, 42)),
        "left_eye": (*range(22, 27), *range(42, 48)),
        "nose": tuple(range(27, 36)),
        "mouth": tuple(range(48, 68)),
        "jaw": tuple(range(17)),
    }
)


def _expect(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name}: expected {least} to {most}, got {value}")


@dataclass(frozen=True)
class Growth:
    """How an ensemble grows.

    Attributes
    ----------
    stages, trees, depth
        Stages of so many trees, each so many splits deep.
    features
        Pixels a stage.
    candidates, nearness, shrinkage
        See `cvfast.kernels.trees.train_stage`.
    padding
        The pixels lie in the box of the initial shape, larger by this share on each side.
    """

    stages: int
    trees: int
    depth: int
    features: int = 400
    candidates: int = 20
    nearness: float = 0.1
    shrinkage: float = 0.1
    padding: float = 0.1

    def __post_init__(self) -> None:
        _expect("stages", self.stages, 1, 1000)
        _expect("trees", self.trees, 1, 100_000)
        _expect("depth", self.depth, 1, 10)


@dataclass(frozen=True)
class ShapeOptions:
    """What a training does with its faces.

    Attributes
    ----------
    side, margin
        Pixels of a face's box, and the crop's side over the box's.
    coarse, fine
        Ensembles for the whole face and for each part.
    parts
        Numbers of the points of each part.
    mirror
        Each point's partner in a mirror; None: no mirror images.
    eyes
        Outer corners, whose distance errors are told in.
    copies
        Starts a face, each with a box of its own.
    shift, zoom
        Spread of those boxes: standard deviation over the box's side, and of the side's logarithm.
    widen
        Side of a part's box over its points'.
    unrest
        Standard deviation, over a part's box, by which its start is moved for training, since
        coarse results are better on the faces that made them.
    seed
        Of everything.
    """

    side: int = 128
    margin: float = 1.6
    coarse: Growth = Growth(2, 30, 4)
    fine: Growth = Growth(8, 80, 4, features=300)
    parts: Mapping[str, Sequence[int]] = field(default_factory=lambda: PARTS)
    mirror: Sequence[int] | None = field(default_factory=lambda: MIRROR68.tolist())
    eyes: tuple[int, int] = (36, 45)
    copies: int = 5
    shift: float = 0.05
    zoom: float = 0.08
    widen: float = 1.5
    unrest: float = 0.03
    seed: int = 0

    def __post_init__(self) -> None:
        _expect("side", self.side, 16, 1024)
        _expect("margin", self.margin, 1, 4)
        _expect("copies", self.copies, 1, 1000)
        _expect("seed", self.seed, 0, (1 << 63) - 1)
