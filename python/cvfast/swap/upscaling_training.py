"""Training the network that enlarges faces, on sharp faces made small."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from cvfast.errors import NothingFoundError
from cvfast.geometry.sampling import as_rgb, luma_of
from cvfast.io.images import read_image
from cvfast.models.upscaler_file import UpscalerWeights, write_upscaler
from cvfast.swap.face_file import face_files
from cvfast.swap.spoiling import draw_example
from cvfast.swap.upscaler import Upscaler
from cvfast.swap.upscaling_net import UpscalingNet
from cvfast.training.loop import Task, train
from cvfast.typing import ImageU8, Progress
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["Enlarging", "sharpest", "train_upscaler", "weights_of"]

_RIM = 4  # small pixels at the border that see zeros outside: not judged
_WARM = 100, 0.1  # iterations, or this share of them, if fewer: the rate rises


class Enlarging(Task):
    """Learning to enlarge.

    Parameters
    ----------
    pictures
        Sharp faces, each ``(h, w, 3)`` uint8 with sides of at least ``4 * side``.
    iterations
        In all: the rate falls to zero along a cosine.
    seed
        Of the first weights.
    side
        Pixels of the small pieces.
    batch
        Pieces a step; one step is at twice the size, the next at four times.
    rate
        Adam's learning rate.
    channels, blocks
        See `UpscalingNet`.
    begin
        Weights to begin with, as `UpscalingNet.state_dict` gives them; None: fresh ones.

    Raises
    ------
    ValueError
        No picture, or one that is too small.
    """

    def __init__(
        self,
        pictures: Sequence[ImageU8],
        *,
        iterations: int,
        seed: int = 0,
        side: int = 32,
        batch: int = 16,
        rate: float = 1e-3,
        channels: int = 32,
        blocks: int = 4,
        begin: Mapping[str, Tensor] | None = None,
    ) -> None:
        super().__init__()
        smallest = min((min(picture.shape[:2]) for picture in pictures), default=0)
        if smallest < 4 * side:
            raise ValueError(
                f"pictures: expected at least one, sides of {4 * side} pixels or more, got "
                f"{len(pictures)}, the smallest side {smallest}"
            )
        self.settings = {
            "pictures": len(pictures), "side": side, "batch": batch, "channels": channels,
            "blocks": blocks, "iterations": iterations, "begun": begin is not None,
        }  # fmt: skip
        self._pictures, self._side, self._batch = pictures, side, batch
        self._iterations, self._rate = iterations, rate
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            net: Any = UpscalingNet(channels, blocks)
        if begin is not None:
            net.load_state_dict(begin)
        self.modules["net"] = net.to(memory_format=torch.channels_last)
        self.optimizers["net"] = torch.optim.Adam(net.parameters(), rate)
        self._shown: tuple[Tensor, Tensor, Tensor] | None = None

    def batch(self, iteration: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, int]:
        """Draw pieces, spoilt."""
        done = iteration / self._iterations
        rising = min(1.0, iteration / min(_WARM[0], _WARM[1] * self._iterations))
        rate = self._rate * rising * (0.5 + 0.5 * math.cos(math.pi * done))
        for group in self.optimizers["net"].param_groups:
            group["lr"] = max(rate, 1e-7)
        scale = 2 if iteration % 2 else 4
        drawn = [draw_example(self._pictures, self._side, scale, rng) for _ in range(self._batch)]
        sharp, small = (
            torch.from_numpy(np.stack([getattr(e, name) for e in drawn])).permute(0, 3, 1, 2)
            for name in ("sharp", "small")
        )
        return sharp, small, torch.from_numpy(np.stack([e.mend for e in drawn])), scale

    def step(self, batch: tuple[Tensor, Tensor, Tensor, int], fabric: Fabric) -> Mapping[str, Any]:
        """One step down the mean absolute difference."""
        sharp, small, mend = (part.to(fabric.device) for part in batch[:3])
        scale = batch[3]
        net, optimizer = self.modules["net"], self.optimizers["net"]
        made = net(small, mend, scale)
        rim = slice(_RIM * scale, -_RIM * scale)
        loss = (made - sharp)[..., rim, rim].abs().mean()
        optimizer.zero_grad()
        fabric.backward(loss)
        fabric.clip_gradients(net, optimizer, max_norm=1.0)
        optimizer.step()
        self._shown = small, made.detach(), sharp
        return {f"x{scale}": loss}

    def preview(self) -> ImageU8 | None:
        """Return pieces of the last batch: small, enlarged, as they were."""
        if self._shown is None:
            return None
        small, made, sharp = self._shown
        near = torch.nn.functional.interpolate(small, made.shape[2:], mode="nearest")
        pieces = zip(near[:6], made[:6], sharp[:6], strict=True)
        rows = [torch.cat(row, 2) for row in pieces]
        sheet = np.rint(torch.cat(rows, 1).permute(1, 2, 0).clamp(0, 1).cpu().numpy() * 255)
        shown: ImageU8 = sheet.astype(np.uint8)
        return shown


def train_upscaler(
    faces: PathLike,
    folder: PathLike,
    *,
    iterations: int,
    seed: int = 0,
    batch: int = 8,
    most: int = 300,
    begin: Upscaler | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> Path:
    """Train a network on the sharp faces of a set; a run that was interrupted goes on.

    Parameters
    ----------
    faces
        Folder of face pictures.
    folder
        Where checkpoints, previews, losses and ``model.safetensors`` go.
    iterations
        In all.
    seed
        Of everything random.
    batch
        Pieces a step.
    most
        At most so many pictures, the sharpest, are learned from.
    begin
        A network to go on from; None: from nothing.
    device
        Fabric's accelerator.
    progress
        Called with (done, total).

    Returns
    -------
    pathlib.Path
        The model's file.

    Raises
    ------
    NothingFoundError
        No picture of 128 pixels at least.
    TrainingError, OutputError, MissingDependencyError
        See `cvfast.training.loop.train`.
    """
    pictures = sharpest(faces, most)
    weights = None
    if begin is not None:
        weights = {name: torch.from_numpy(a.copy()) for name, a in begin.weights.layers.items()}
    size = {} if begin is None else {
        "channels": begin.weights.channels, "blocks": begin.weights.blocks,
    }  # fmt: skip
    task = Enlarging(
        pictures, iterations=iterations, seed=seed, batch=batch, begin=weights, **size,
        rate=1e-3 if begin is None else 2e-4,
    )  # fmt: skip
    train(
        task, folder=Path(folder), iterations=iterations, seed=seed, resume=True, device=device,
        progress=progress,
    )  # fmt: skip
    path = Path(folder) / "model.safetensors"
    notes = {"trained on": f"{len(pictures)} sharp faces of a set, {iterations} iterations"}
    write_upscaler(path, weights_of(task.modules["net"], notes), overwrite=True)
    return path


def weights_of(net: Any, notes: Mapping[str, str] | None = None) -> UpscalerWeights:
    """Return a network's weights as a file holds them."""
    state = {name: w.detach().cpu().float().numpy() for name, w in net.state_dict().items()}
    layers = {name: np.ascontiguousarray(array) for name, array in state.items()}
    blocks = sum(name.startswith("first") and name.endswith("bias") for name in layers)
    return UpscalerWeights(len(layers["head.bias"]), blocks, layers, notes or {})


def sharpest(faces: PathLike, most: int, *, smallest: int = 128) -> list[ImageU8]:
    """Return the sharper half of a folder's face pictures, at most so many.

    Sharpness is the mean square of the Laplacian over the variance, in the picture's middle.

    Raises
    ------
    NothingFoundError
        No picture with sides of ``smallest`` pixels at least.
    """
    ranked: list[tuple[float, Path]] = []
    for path in face_files(faces):
        grey = luma_of(as_rgb(read_image(path).pixels)).astype(np.float32)
        if min(grey.shape) < smallest:
            continue
        rows, columns = (slice(side // 4, -(side // 4)) for side in grey.shape)
        inner = grey[rows, columns]
        around = inner[:-2, 1:-1] + inner[2:, 1:-1] + inner[1:-1, :-2] + inner[1:-1, 2:]
        edges = 4 * inner[1:-1, 1:-1] - around
        ranked.append((float((edges**2).mean() / (inner.var() + 1)), path))
    if not ranked:
        raise NothingFoundError(
            f"{faces}: expected face pictures with sides of {smallest} pixels at least, found none"
        )
    ranked.sort(key=lambda item: (-item[0], item[1]))
    chosen = ranked[: min(most, (len(ranked) + 1) // 2)]
    return [as_rgb(read_image(path).pixels) for _, path in chosen]
