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

__all__ = ["train_acgpn", "train_clothes_transform", "train_swapnet"]

Networks = dict[str, nn.Module]


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
        To learn from; U and G take pictures of 3 to 4, sides 3 and 4 times a power of two.
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
    TrainingError, OutputError, MissingDependencyError
        See `cvfast.training.loop.train`.
    """
    chain = _Chain(folder, 4, iterations, seed, device, progress)
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
    chain = _Chain(folder, 2, iterations, seed, device, progress)
    shared = {"iterations": iterations, "compat": compat, **options}
    plain = {"width": width, "compat": compat}
    chain.add("swapnet-warp", plain, lambda net: WarpingTask(net, wearers, **shared))
    sized = plain | {"side": wearers.people.shape[2]}
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
    chain = _Chain(folder, 2, iterations, seed, device, progress)
    shared = {"iterations": iterations, "compat": compat, **options}
    coarse: Callable[[Any], Task] = lambda net: CoarseTask(net, people, **shared)  # noqa: E731
    chain.add("clothes-transform-coarse", {"width": 2 * width}, coarse)
    plain = {"width": width, "compat": compat}
    chain.add("clothes-transform-garment", plain, lambda net: GarmentTask(net, people, **shared))
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
    ) -> None:
        self._folder = make_folder(Path(folder))
        self._count, self._iterations, self._seed = count, iterations, seed
        self._device, self._progress = device, progress
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
        notes = {"trained on": "made people", "iterations": self._iterations, "seed": self._seed}
        write_checkpoint(path, net, kind, settings, notes=notes, overwrite=True)
        self.networks[kind] = net
        return net
