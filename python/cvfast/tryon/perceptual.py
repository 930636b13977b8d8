"""Pictures compared by what a VGG19 sees in them, with a user's own file of its weights.

No such weights are shipped: those of torchvision were learnt from ImageNet, whose terms leave
commercial use open to doubt. Without a file the trainings do without (Johnson, Alahi and Fei-Fei,
*Perceptual Losses*, 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from cvfast.errors import ModelError
from cvfast.tryon.checkpoints import read_tensors
from cvfast.typing import Path as PathLike

__all__ = ["CP_VTON", "VITON", "Perceptual", "vgg19_shapes"]

_WIDTHS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))  # channels, convolutions: five blocks
#: Weights of the five layers; VITON's looks at each block's second convolution.
CP_VTON = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1.0)
VITON = tuple(weight / 5 / 128 for weight in (2.5 / 5.3, 1 / 3.24, 1 / 3.105, 1 / 5.494, 1 / 0.16))


def vgg19_shapes() -> dict[str, tuple[int, ...]]:
    """Return the convolutions of torchvision's vgg19: ``features.N.weight`` and ``.bias``.

    Examples
    --------
    >>> shapes = vgg19_shapes()
    >>> len(shapes), shapes["features.34.weight"]
    (32, (512, 512, 3, 3))
    """
    shapes: dict[str, tuple[int, ...]] = {}
    at, before = 0, 3
    for width, count in _WIDTHS:
        for _ in range(count):
            shapes[f"features.{at}.weight"] = (width, before, 3, 3)
            shapes[f"features.{at}.bias"] = (width,)
            at, before = at + 2, width
        at += 1  # the pool
    return shapes


class Perceptual(nn.Module):
    """The weighted absolute difference of five layers' features.

    Parameters
    ----------
    path
        torchvision's ``vgg19`` weights, ``.pth`` or ``.safetensors``; its classifier is ignored.
    weights
        Of the five layers.
    convolution
        Which of each block is looked at: CP-VTON 1 (relu1_1, ...), VITON 2.

    Raises
    ------
    ModelError
        The file cannot be read or is of another network.
    """

    def __init__(
        self, path: PathLike, weights: Sequence[float] = CP_VTON, *, convolution: int = 1
    ) -> None:
        super().__init__()
        tensors, shapes = read_tensors(Path(path)), vgg19_shapes()
        for name, shape in shapes.items():
            got = tuple(tensors[name].shape) if name in tensors else None
            if got != shape:
                raise ModelError(f"{path}: {name}: expected {shape} as VGG19 has it, got {got}")
        self._weights, self._convolution = tuple(weights), convolution
        for name in shapes:
            self.register_buffer(name.replace(".", "_"), tensors[name].float(), persistent=False)

    def features(self, pictures: Tensor) -> list[Tensor]:
        """Return five maps of pictures (N, 3, h, w) in [-1, 1], fed as they are."""
        found, at, maps = [], 0, pictures
        for block, (_, count) in enumerate(_WIDTHS):
            if block:
                maps = functional.max_pool2d(maps, 2)
            for number in range(1, count + 1):
                weight, bias = (getattr(self, f"features_{at}_{x}") for x in ("weight", "bias"))
                maps = functional.relu(functional.conv2d(maps, weight, bias, padding=1))
                at += 2
                if number == self._convolution:
                    found.append(maps)
                    if block + 1 == len(_WIDTHS):
                        return found
            at += 1
        return found

    def forward(self, made: Tensor, truth: Tensor) -> Tensor:
        """Return the difference, one number."""
        with torch.no_grad():
            wanted = self.features(truth)
        pairs = zip(self._weights, self.features(made), wanted, strict=True)
        return torch.stack([w * functional.l1_loss(a, b) for w, a, b in pairs]).sum()
