"""Training DeepFace: tell the people of a set apart, then keep all but the last layer.

What the net learns on the way, its feature F7, tells apart people that it has never seen too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from cvfast.recognition.deepface_net import DeepFaceNet
from cvfast.training.loop import Task
from cvfast.typing import ImageU8

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["People", "features_of"]

_FIRST = 256  # faces by which the normalisations of a pretrained net begin
_WARM = 0.1  # share of the iterations in which the rates rise
_STEEPEST = 2.0  # norm of the gradients; longer ones are shortened


class People(Task):
    """Softmax training on aligned faces of known people.

    Parameters
    ----------
    faces
        (N, size, size, 3) uint8 RGB, aligned.
    people
        (N,) integers from 0 on: whose.
    width
        Of the net; see `DeepFaceNet`.
    iterations
        In all: the rates rise in the first tenth, then fall along a cosine.
    seed
        Of the first weights.
    batch
        Faces a step.
    rate, decay, dropout
        AdamW's learning rate and weight decay, and the share of F7 left out.
    pretrained
        Weights of another training by name, as `folded_state` gives them; its F8 is left out,
        since it knows other people.
    trunk_rate
        Rate of all layers but F8 over F8's, where weights are given.

    Raises
    ------
    ValueError
        Fewer than two people, or faces of another shape.
    """

    def __init__(
        self,
        faces: ImageU8,
        people: NDArray[np.integer[Any]],
        *,
        width: float = 1.0,
        iterations: int,
        seed: int = 0,
        batch: int = 64,
        rate: float = 2e-3,
        decay: float = 0.05,
        dropout: float = 0.3,
        pretrained: Mapping[str, Tensor] | None = None,
        trunk_rate: float = 0.3,
    ) -> None:
        super().__init__()
        classes = int(people.max()) + 1 if len(people) else 0
        if classes < 2:
            raise ValueError(f"people: expected at least two, got {classes}")
        if faces.ndim != 4 or faces.shape[1] != faces.shape[2] or len(faces) != len(people):
            raise ValueError(
                f"faces: expected (N, size, size, 3), a person each, got {faces.shape}"
            )
        size = faces.shape[1]
        self.settings = {
            "faces": len(faces), "people": classes, "size": size, "width": width, "batch": batch,
            "pretrained": pretrained is not None,
        }  # fmt: skip
        self._faces = torch.from_numpy(faces)
        self._people = torch.from_numpy(people.astype(np.int64))
        self._iterations, self._batch = iterations, batch
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            net = DeepFaceNet(classes, size=size, width=width, dropout=dropout, normalised=True)
        net.mean.copy_(torch.from_numpy(faces.mean(axis=0) / 255).permute(2, 0, 1))
        if pretrained is not None:
            known = {name: w for name, w in pretrained.items() if not name.startswith("F8.")}
            begun = net.state_dict()
            if any(begun[name].shape != w.shape for name, w in known.items()):
                raise ValueError("pretrained: got weights of another width or size")
            net.load_state_dict({**begun, **known})
            net.begin_norms(pixels_of(torch.from_numpy(faces[:_FIRST])))
        trunk = [w for name, w in net.named_parameters() if not name.startswith("F8.")]
        self._rates = (rate * (trunk_rate if pretrained is not None else 1.0), rate)
        groups = [{"params": trunk}, {"params": list(net.F8.parameters())}]
        last: Any = net  # whose stubs know no memory format
        self.modules["net"] = last.to(memory_format=torch.channels_last)
        self.optimizers["net"] = torch.optim.AdamW(groups, rate, weight_decay=decay)
        self._shown: Tensor | None = None

    def batch(self, iteration: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw faces, each moved, lit and covered a little differently than it is."""
        share = _share_of_rate(iteration / self._iterations)
        for group, rate in zip(self.optimizers["net"].param_groups, self._rates, strict=True):
            group["lr"] = rate * share
        chosen = torch.from_numpy(rng.integers(len(self._faces), size=self._batch))
        return disturbed(pixels_of(self._faces[chosen]), rng), self._people[chosen]

    def step(self, batch: tuple[Tensor, Tensor], fabric: Fabric) -> Mapping[str, Any]:
        """One step down the cross-entropy."""
        pixels, people = (part.to(fabric.device) for part in batch)
        net, optimizer = self.modules["net"], self.optimizers["net"]
        net.train()
        logits = net(pixels)
        loss = functional.cross_entropy(logits, people)
        optimizer.zero_grad()
        fabric.backward(loss)
        fabric.clip_gradients(net, optimizer, max_norm=_STEEPEST)
        optimizer.step()
        self._shown = pixels.detach()
        return {"loss": loss, "wrong": (logits.detach().argmax(1) != people).float().mean()}

    def preview(self) -> ImageU8 | None:
        """Return faces of the last batch, as the net saw them."""
        if self._shown is None:
            return None
        shown = self._shown[: len(self._shown) // 8 * 8 or 1].permute(0, 2, 3, 1).cpu().numpy()
        rows = np.array_split(np.rint(shown * 255).astype(np.uint8), max(1, len(shown) // 8))
        sheet: ImageU8 = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
        return sheet


def pixels_of(faces: Tensor) -> Tensor:
    """Return (N, 3, h, w) in [0, 1] for (N, h, w, 3) uint8; channels stay last in memory."""
    return faces.permute(0, 3, 1, 2).float() / 255


def disturbed(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """Half of the faces mirrored; all moved, lit and covered a little: (N, 3, h, w) in [0, 1]."""
    count, _, side, _ = pixels.shape

    def normal(spread: float, columns: int = 1) -> Tensor:
        drawn = rng.normal(0, spread, (count, columns)).astype(np.float32)
        return torch.from_numpy(drawn)

    angle, scale, shift = normal(0.06)[:, 0], torch.exp(normal(0.05))[:, 0], normal(0.03, 2)
    mirror = torch.from_numpy(np.where(rng.random(count) < 0.5, -1, 1).astype(np.float32))
    cos, sin = torch.cos(angle) * scale, torch.sin(angle) * scale
    rows = [torch.stack([cos * mirror, -sin, shift[:, 0]], 1)]
    rows.append(torch.stack([sin * mirror, cos, shift[:, 1]], 1))
    grid = functional.affine_grid(torch.stack(rows, 1), list(pixels.shape), align_corners=False)
    moved = functional.grid_sample(pixels, grid, padding_mode="border", align_corners=False)
    shape, face = (count, 1, 1, 1), moved.amax(dim=1, keepdim=True) > 0
    contrast, light, tint = torch.exp(normal(0.15)), normal(0.06), normal(0.02, 3)
    moved = (moved - 0.5) * contrast.view(shape) + 0.5 + light.view(shape)
    moved = (moved + tint.view(count, 3, 1, 1)) * face
    _cover(moved, rng, side)
    return moved.clamp_(0, 1).contiguous(memory_format=torch.channels_last)


def _cover(pixels: Tensor, rng: np.random.Generator, side: int) -> None:
    """Cover a rectangle of a third of the faces with one colour (Zhong et al., 2020)."""
    for number in np.flatnonzero(rng.random(len(pixels)) < 1 / 3).tolist():
        width, height = rng.integers(side // 10, side // 2, 2)
        x, y = rng.integers(0, side - width), rng.integers(0, side - height)
        colour = torch.from_numpy(rng.random((3, 1, 1), np.float32))
        pixels[number, :, y : y + height, x : x + width] = colour


def features_of(net: Any, faces: ImageU8, *, batch: int = 128) -> NDArray[np.float32]:
    """Return F7 of aligned faces (N, size, size, 3), not yet normalised: (N, features)."""
    net.eval()
    parts = torch.split(torch.from_numpy(faces), batch)
    with torch.no_grad():
        return np.concatenate([net.features(pixels_of(part)).cpu().numpy() for part in parts])


def _share_of_rate(done: float) -> float:
    """Share of the full learning rate when so much of the training is done."""
    if done < _WARM:
        return done / _WARM
    return 0.5 + 0.5 * math.cos(math.pi * (min(done, 1) - _WARM) / (1 - _WARM))
