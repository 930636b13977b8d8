"""Train whole families of networks on made people: ACGPN, SwapNet, Clothes Transform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from cvfast.io.atomic import make_folder
from cvfast.training.loop import Task, train
from cvfast.tryon.acgpn_training import FuseTask, LabelTask, MaskTask, WarpTask
from cvfast.tryon.checkpoints import write_checkpoint
from cvfast.tryon.clothes_transform_training import CoarseTask, GarmentTask
from cvfast.tryon.dressed_people import DressedPeople
from cvfast.tryon.networks import build_network
from cvfast.tryon.swapnet_inputs import TwoWearers
from cvfast.tryon.swapnet_training import TextureTask, WarpingTask
from cvfast.typing import Path as PathLike
from cvfast.typing import Progress

__all__ = ["check_size", "train_acgpn", "train_clothes_transform", "train_swapnet"]

Networks = dict[str, nn.Module]


def check_size(family: str, size: tuple[int, int]) -> None:
    """Refuse pictures that the layers of a family's networks cannot halve.

    Parameters
    ----------
    family
        ``"acgpn"``, ``"swapnet"`` or ``"clothes-transform"``.
    size
        Width and height.

    Raises
    ------
    ValueError
        Another size than it takes.

    Examples
    --------
    >>> check_size("swapnet", (96, 96))
    Traceback (most recent call last):
    ValueError: size: expected a square of 64, 128 and so on for swapnet, got 96 x 96
    """
    width, height = size
    power = height & (height - 1) == 0
    if family == "acgpn":
        fits, wanted = power and height >= 64 and 4 * width == 3 * height, "48 x 64, 96 x 128 and"
    elif family == "swapnet":
        fits, wanted = power and height >= 64 and width == height, "a square of 64, 128 and"
    else:
        fits = width % 16 == height % 16 == 0 and min(size) > 0
        wanted = "sides of 16, 32, 48 and"
    if not fits:
        raise ValueError(f"size: expected {wanted} so on for {family}, got {width} x {height}")


def train_acgpn(
    people: DressedPeople,
    folder: PathLike,
    *,
    iterations: int = 500,
    width: int = 8,
    compat: bool = False,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
    **options: Any,
) -> Networks:
    """Train G1, G2, U and G, one after the other.

    Parameters
    ----------
    people
        To learn from; 48 x 64, 96 x 128 and so on.
    folder
        ``acgpn-g1.safetensors`` and so on go here, and a folder of each training's checkpoints,
        losses and previews. What was interrupted goes on.
    iterations
        Of each network.
    width
        See `Refine`; 64 in the paper.
    compat
        Published forms and losses, or those that train better.
    seed
        Of weights and examples.
    device, progress
        See `cvfast.training.loop.train`; progress counts all four trainings.
    options
        Of all tasks: ``batch``, ``rate``, ``paired``.

    Returns
    -------
    dict
        Networks by kind, ready to run.

    Raises
    ------
    ValueError
        A size that the networks cannot halve, or a number out of range.
    TrainingError, OutputError, MissingDependencyError
        See `cvfast.training.loop.train`.
    """
    check_size("acgpn", people.size)
    chain = _Chain(folder, 4, iterations, seed, device, progress, made=people.made)
    shared = {"iterations": iterations, "compat": compat, **options}
    plain = {"width": width, "compat": compat}
    chain.add("acgpn-g1", plain, lambda net: LabelTask(net, people, **shared))
    chain.add("acgpn-g2", plain, lambda net: MaskTask(net, people, **shared))
    sized = plain | {"size": list(people.size)}
    warping: Any = chain.add("acgpn-u", sized, lambda net: WarpTask(net, people, **shared))
    chain.add("acgpn-g", plain, lambda net: FuseTask(net, people, warping=warping, **shared))
    return chain.networks


def train_swapnet(
    wearers: TwoWearers,
    folder: PathLike,
    *,
    iterations: int = 500,
    width: int = 8,
    compat: bool = False,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
    **options: Any,
) -> Networks:
    """Train the warping and the texturing module; see `train_acgpn`.

    Parameters
    ----------
    wearers
        To learn from; squares with sides of a power of two, 64 at least (128 in the paper).
    options
        Of both tasks: ``batch``, ``rate``, ``self_supervised``.
    """
    side = wearers.people.shape[2]
    check_size("swapnet", (wearers.people.shape[3], side))
    chain = _Chain(folder, 2, iterations, seed, device, progress)
    shared = {"iterations": iterations, "compat": compat, **options}
    plain = {"width": width, "compat": compat}
    chain.add("swapnet-warp", plain, lambda net: WarpingTask(net, wearers, **shared))
    sized = plain | {"side": side}
    chain.add("swapnet-texture", sized, lambda net: TextureTask(net, wearers, **shared))
    return chain.networks


def train_clothes_transform(
    people: DressedPeople,
    folder: PathLike,
    *,
    iterations: int = 500,
    width: int = 8,
    compat: bool = False,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress | None = None,
    **options: Any,
) -> Networks:
    """Train the coarse exchange and the transform; see `train_acgpn`.

    Parameters
    ----------
    people
        To learn from; sides are multiples of 16.
    options
        Of both tasks: ``batch``, ``rate``.
    """
    check_size("clothes-transform", people.size)
    chain = _Chain(folder, 2, iterations, seed, device, progress, made=people.made)
    shared = {"iterations": iterations, "compat": compat, **options}
    coarse: Callable[[Any], Task] = lambda net: CoarseTask(net, people, **shared)  # noqa: E731
    chain.add("clothes-transform-coarse", {"width": 2 * width}, coarse)
    sized = {"width": width, "compat": compat, "size": list(people.size)}
    chain.add("clothes-transform-garment", sized, lambda net: GarmentTask(net, people, **shared))
    return chain.networks


class _Chain:
    """Trainings that follow each other, with one progress."""

    def __init__(
        self,
        folder: PathLike,
        count: int,
        iterations: int,
        seed: int,
        device: str,
        progress: Progress | None,
        *,
        made: bool = True,
    ) -> None:
        self._folder = make_folder(Path(folder))
        self._count, self._iterations, self._seed = count, iterations, seed
        self._device, self._progress = device, progress
        self._whose = "made people" if made else "people of a folder"
        self.networks: Networks = {}

    def add(
        self, kind: str, settings: Mapping[str, Any], task_of: Callable[[nn.Module], Task]
    ) -> nn.Module:
        """Build and train one network; return it, ready to run."""
        net = build_network(kind, settings, seed=self._seed)
        done, whole = len(self.networks) * self._iterations, self._count * self._iterations

        def tell(now: int, _: int | None) -> None:
            if self._progress is not None:
                self._progress(done + now, whole)

        train(
            task_of(net), folder=self._folder / kind, iterations=self._iterations,
            seed=self._seed, resume=True, device=self._device, progress=tell,
        )  # fmt: skip
        net = net.cpu().eval()
        path = self._folder / f"{kind}.safetensors"
        notes = {"trained on": self._whose, "iterations": self._iterations, "seed": self._seed}
        write_checkpoint(path, net, kind, settings, notes=notes, overwrite=True)
        self.networks[kind] = net
        return net
