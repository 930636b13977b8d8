"""The patch network: a face or not in 24 x 24 grey pixels, trained with negatives it finds itself.

The errors that matter are rare: of the tens of thousands of windows of a picture none should be
taken for a face by mistake. Windows drawn at random are too easy, so every few hundred iterations
the network is run over pictures, and what it takes for a face there becomes an example of what is
none (bootstrapping; Rowley, Baluja and Kanade, *Neural Network-Based Face Detection*, 1998).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.pyramid import grey_levels
from cvfast.geometry.sampling import PixelReader, read_crop
from cvfast.io.atomic import write_bytes
from cvfast.kernels.nms import iou
from cvfast.models.patch_net import LAYERS, MARGIN, STRIDE, WINDOW
from cvfast.training.loop import Task
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from lightning_fabric import Fabric

__all__ = ["PatchPicture", "Patches", "export_patch_net", "held_out", "patch_logits", "patch_net"]

_RATE, _DECAY = 3e-3, 1e-3
_MINED_PICTURES, _MOST_OF_ONE, _MOST_HARD = 16, 40, 20_000
_SMALLEST = 20  # side of a face's window that is still learned from, in pixels
_DIFFERENT = 0.3  # IoU with a face's window under which a window shows none
_SUSPECT = 0.2  # score from which a window is a hard negative
_MIDDLE, _SPREAD = 0.5, 0.25  # of pixels in [0, 1]


@dataclass(frozen=True, eq=False, slots=True)
class PatchPicture:
    """A picture to learn from.

    Parameters
    ----------
    grey
        ``(h, w)`` uint8.
    boxes
        ``(N, 4)`` boxes of all faces in it, brows to chin; none: all of it is background.
    """

    grey: ImageU8
    boxes: NDArray[np.float32]

    def windows(self) -> NDArray[np.float64]:
        """Squares round the faces, ``(N, 3)``: centre x, y (of a pixel's grid), and side."""
        boxes = self.boxes.reshape(-1, 4).astype(np.float64)
        middle = (boxes[:, :2] + boxes[:, 2:] - 1) / 2
        side = MARGIN * (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
        return np.column_stack([middle, side])


def patch_net() -> Any:
    """Return the network, a `torch.nn.Sequential` for ``(N, 1, h, w)`` in [-2, 2]."""
    from torch import nn

    parts: list[Any] = []
    channels = 1
    for layer in LAYERS[:-1]:
        parts += [
            nn.Conv2d(channels, layer.channels, layer.side, layer.stride, bias=False),
            nn.BatchNorm2d(layer.channels),
            nn.ReLU(),
        ]
        channels = layer.channels
    return nn.Sequential(*parts, nn.Conv2d(channels, 1, 1))


def patch_logits(net: Any, patches: Any) -> Any:
    """Return a logit a patch from a network in evaluation; ``(N, 1, 24, 24)`` in [0, 1]."""
    net.eval()
    return net((patches - _MIDDLE) / _SPREAD).flatten()


class Patches(Task):
    """Training the patch network.

    Parameters
    ----------
    pictures
        What to learn from; at least one face, and one picture larger than a window.
    iterations
        In all. The learning rate rises in the first tenth and falls to zero in the last quarter,
        so a resumed training may end sooner or later than it was to at first.
    seed
        Of the first weights.
    batch
        Patches a step, a third of them faces; a multiple of 16.
    mine_every
        Iterations between searches for hard negatives.
    """

    def __init__(
        self,
        pictures: Sequence[PatchPicture],
        *,
        iterations: int,
        seed: int = 0,
        batch: int = 192,
        mine_every: int = 150,
    ) -> None:
        import torch

        super().__init__()
        large = [p for p in pictures if min(p.grey.shape) >= WINDOW]
        self._windows = [picture.windows() for picture in large]
        self._faces = [
            (i, w) for i, found in enumerate(self._windows) for w in found if w[2] >= _SMALLEST
        ]
        if not self._faces:
            raise ValueError("pictures: expected at least one face in a picture of 24 pixels")
        self._readers = [PixelReader.of(picture.grey) for picture in large]
        areas = np.array([picture.grey.size for picture in large], np.float64)
        self._chances = areas / areas.sum()
        self.settings = {"pictures": len(large)}
        self._iterations = iterations
        self._batch, self._mine_every = batch, mine_every
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            net = patch_net()
        optimizer = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=_DECAY)
        self.modules["net"], self.optimizers["net"] = net, optimizer
        self.extra["hard"] = torch.zeros((0, WINDOW, WINDOW), dtype=torch.uint8)
        self._shown: tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None = None

    def batch(self, iteration: int, rng: np.random.Generator) -> tuple[Any, Any]:
        """Draw faces, windows beside faces and elsewhere, and hard negatives."""
        import torch

        for group in self.optimizers["net"].param_groups:
            group["lr"] = _RATE * _share_of_rate(iteration / self._iterations)
        if iteration % self._mine_every == 0:
            self._mine(rng)
        faces = self._batch // 3
        patches = np.stack(
            [self._face(rng) if i < faces else self._other(rng) for i in range(self._batch)]
        )
        truth = (np.arange(self._batch) < faces).astype(np.float32)
        changed = _disturbed(patches, rng)
        return torch.from_numpy(changed[:, None]), torch.from_numpy(truth)

    def step(self, batch: Any, fabric: Fabric) -> Mapping[str, Any]:
        """One step down the cross-entropy."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        pixels, truth = (part.to(fabric.device) for part in batch)
        net, optimizer = self.modules["net"], self.optimizers["net"]
        net.train()
        logits = net((pixels - _MIDDLE) / _SPREAD).flatten()
        loss = binary_cross_entropy_with_logits(logits, truth)
        optimizer.zero_grad()
        fabric.backward(loss)
        optimizer.step()
        wrong = ((logits.detach() > 0) != (truth > 0.5)).float()
        self._shown = tuple(x.detach().cpu().numpy() for x in (pixels[:, 0], truth, logits))
        return {
            "loss": loss,
            "missed": wrong[truth > 0.5].mean(),
            "false": wrong[truth < 0.5].mean(),
        }

    def preview(self) -> ImageU8 | None:
        """Faces of the last batch, the worst first; then others, those most like a face first."""
        if self._shown is None:
            return None
        pixels, truth, logits = self._shown
        order = np.lexsort((np.where(truth > 0.5, logits, -logits), -truth))
        tiles = np.full((self._batch, WINDOW + 2, WINDOW + 2, 3), 30, np.uint8)
        tiles[(logits > 0) != (truth > 0.5)] = (230, 60, 40)
        tiles[:, 1:-1, 1:-1] = np.rint(pixels * 255).astype(np.uint8)[..., None]
        rows = tiles[order].reshape(self._batch // 16, 16, *tiles.shape[1:])
        sheet = np.concatenate(list(np.concatenate(list(rows.swapaxes(0, 1)), axis=2)), axis=0)
        return np.ascontiguousarray(sheet.repeat(2, axis=0).repeat(2, axis=1))

    def patches(self, count: int, rng: np.random.Generator) -> tuple[ImageU8, ImageU8]:
        """Cut up to ``count`` faces, each as it is, and as many windows without one."""
        chosen = rng.permutation(len(self._faces))[:count]
        faces = [
            self._cut(i, x, y, side, 0.0)
            for i, (x, y, side) in map(self._faces.__getitem__, chosen)
        ]
        return np.stack(faces), np.stack([self._other(rng) for _ in faces])

    def _face(self, rng: np.random.Generator) -> ImageU8:
        index, (x, y, side) = self._faces[int(rng.integers(len(self._faces)))]
        dx, dy = rng.normal(0, 0.035, 2) * side
        side *= float(np.exp(rng.normal(0, 0.06)))
        return self._cut(index, x + dx, y + dy, side, float(rng.normal(0, 0.1)))

    def _other(self, rng: np.random.Generator) -> ImageU8:
        kind = rng.random()
        hard = self.extra["hard"]
        if kind < 0.5 and len(hard):
            chosen: ImageU8 = hard[int(rng.integers(len(hard)))].numpy()
            return chosen
        while True:
            if kind > 0.8:  # beside a face, or a part of it, or more than it
                index, (x, y, side) = self._faces[int(rng.integers(len(self._faces)))]
                angle, way = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.9) * side
                x, y = x + way * np.cos(angle), y + way * np.sin(angle)
                side *= float(np.exp(rng.normal(0, 0.6)))
            else:
                index = int(rng.choice(len(self._readers), p=self._chances))
                width, height = self._readers[index].size
                side = float(np.exp(rng.uniform(np.log(WINDOW * 0.8), np.log(min(width, height)))))
                x, y = rng.uniform(0, (width, height))
            if self._shows_none(index, np.array([[x, y, side]]))[0]:
                return self._cut(index, x, y, side, float(rng.normal(0, 0.3)))

    def _shows_none(self, index: int, windows: NDArray[np.float64]) -> NDArray[np.bool_]:
        faces = self._windows[index]
        if not len(faces):
            return np.ones(len(windows), bool)
        apart: NDArray[np.bool_] = np.all(iou(_boxes(windows), _boxes(faces)) < _DIFFERENT, axis=1)
        return apart

    def _cut(self, index: int, x: float, y: float, side: float, angle: float) -> ImageU8:
        box = RotatedBox(x, y, side, side, angle)
        return read_crop(self._readers[index], box, (WINDOW, WINDOW))[..., 0]

    def _mine(self, rng: np.random.Generator) -> None:
        """Run the network over some pictures and keep what it takes for faces."""
        import torch

        found = [self.extra["hard"]]
        count = min(_MINED_PICTURES, len(self._readers))
        chosen = rng.choice(len(self._readers), count, replace=False, p=self._chances)
        for index in chosen.tolist():
            patches, scores = self._suspects(index)
            best = np.argsort(-scores, kind="stable")[: 4 * _MOST_OF_ONE]
            best = rng.permutation(best)[:_MOST_OF_ONE]
            found.append(torch.from_numpy(patches[best]))
        self.extra["hard"] = torch.cat(found)[-_MOST_HARD:]

    def _suspects(self, index: int) -> tuple[ImageU8, NDArray[np.float32]]:
        """Windows without a face that score too high, and their scores."""
        import torch

        net = self.modules["net"]
        device = next(net.parameters()).device
        patches, scores = [np.zeros((0, WINDOW, WINDOW), np.uint8)], [np.zeros(0, np.float32)]
        net.eval()
        for level in grey_levels(self._readers[index], (WINDOW, WINDOW), step=1.3):
            pixels = torch.from_numpy(level.grey.astype(np.float32) / 255).to(device)
            with torch.no_grad():
                logits = net((pixels[None, None] - _MIDDLE) / _SPREAD)[0, 0]
            values = torch.sigmoid(logits).cpu().numpy()
            rows, columns = np.nonzero(values >= _SUSPECT)
            corners = STRIDE * np.stack([columns, rows], axis=1)
            boxes = level.boxes(corners, (WINDOW, WINDOW)).astype(np.float64)
            sides = (boxes[:, 2:] - boxes[:, :2]).mean(axis=1)
            windows = np.column_stack([(boxes[:, :2] + boxes[:, 2:] - 1) / 2, sides])
            keep = self._shows_none(index, windows) if len(windows) else np.zeros(0, bool)
            cuts = [level.grey[y : y + WINDOW, x : x + WINDOW] for x, y in corners[keep]]
            if cuts:
                patches.append(np.stack(cuts))
                scores.append(values[rows, columns][keep])
        return np.concatenate(patches), np.concatenate(scores)


def held_out(
    pictures: Sequence[PatchPicture], *, count: int = 1000, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Cut patches to judge by: all faces (up to ``count``) and as many windows without one.

    Returns
    -------
    tuple of numpy.ndarray
        ``(N, 1, 24, 24)`` float32 in [0, 1], and ``(N,)`` bool: which are faces.
    """
    source = Patches(pictures, iterations=1)
    rng = np.random.default_rng(seed)
    faces, others = source.patches(count, rng)
    patches = np.concatenate([faces, others])[:, None].astype(np.float32) / np.float32(255)
    return patches, np.arange(len(patches)) < len(faces)


def export_patch_net(net: Any, path: PathLike, *, overwrite: bool = False) -> None:
    """Write the network as ONNX for grey pictures ``(N, 1, h, w)`` in [0, 1] of any size.

    The normalisations become part of the convolutions, which have no padding: the file has five
    convolutions, four of them with a ReLU, and says the same as the network in evaluation.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes, weights, name = [], [], "pixels"
    for number, (kernel, bias) in enumerate(_folded(net)):
        last = number == len(LAYERS) - 1
        out = "logits" if last else f"sum{number}"
        for kind, values in (("kernel", kernel), ("bias", bias)):
            weights.append(numpy_helper.from_array(values.astype(np.float32), f"{kind}{number}"))
        stride = LAYERS[number].stride
        inputs = [name, f"kernel{number}", f"bias{number}"]
        nodes.append(helper.make_node("Conv", inputs, [out], strides=[stride, stride]))
        name = out
        if not last:
            name = f"layer{number}"
            nodes.append(helper.make_node("Relu", [out], [name]))
    ends = [
        helper.make_tensor_value_info(end, TensorProto.FLOAT, ["n", 1, f"{end}_h", f"{end}_w"])
        for end in ("pixels", "logits")
    ]
    graph = helper.make_graph(nodes, "face_patch", ends[:1], ends[1:], weights)
    model = helper.make_model(
        graph, producer_name="cvfast", opset_imports=[helper.make_opsetid("", 13)], ir_version=8
    )
    checker.check_model(model)
    write_bytes(path, model.SerializeToString(deterministic=True), overwrite=overwrite)


def _folded(net: Any) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Kernels and biases that take pixels in [0, 1], every normalisation folded into them."""
    parts = [part for part in net if type(part).__name__ != "ReLU"]
    folded = []
    for conv, norm in zip(parts[:-1:2], parts[1::2], strict=True):
        gain = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
        kernel = _array(conv.weight) * gain[:, None, None, None]
        folded.append((kernel, _array(norm.bias) - gain * _array(norm.running_mean)))
    folded.append((_array(parts[-1].weight), _array(parts[-1].bias)))
    kernel, bias = folded[0]
    folded[0] = kernel / _SPREAD, bias - kernel.sum(axis=(1, 2, 3)) * _MIDDLE / _SPREAD
    return folded


def _array(tensor: Any) -> NDArray[np.float64]:
    values: NDArray[np.float64] = tensor.detach().cpu().double().numpy()
    return values


def _share_of_rate(done: float) -> float:
    """Share of the full learning rate when so much of the training is done."""
    if done < 0.1:
        return 10 * done
    return 1.0 if done < 0.75 else 0.5 + 0.5 * math.cos(math.pi * (done - 0.75) / 0.25)


def _boxes(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    half = windows[:, 2:] / 2
    return np.concatenate([windows[:, :2] - half + 0.5, windows[:, :2] + half + 0.5], axis=1)


def _disturbed(patches: ImageU8, rng: np.random.Generator) -> NDArray[np.float32]:
    """Half of them mirrored; other light, contrast, noise and sharpness: pixels in [0, 1]."""
    count = (len(patches), 1, 1)
    mirrored = np.where(rng.random(count) < 0.5, patches[:, :, ::-1], patches)
    x = mirrored.astype(np.float32) / 255
    soft = (x + np.roll(x, 1, 1) + np.roll(x, 1, 2) + np.roll(x, (1, 1), (1, 2))) / 4
    x = np.where(rng.random(count) < 0.2, soft, x)
    x = x ** np.exp(rng.normal(0, 0.3, count))
    mean = x.mean(axis=(1, 2), keepdims=True)
    x = mean + (x - mean) * np.exp(rng.normal(0, 0.3, count)) + rng.normal(0, 0.08, count)
    ramp = np.linspace(-1, 1, WINDOW)
    x = x + ramp * rng.normal(0, 0.06, count) + ramp[:, None] * rng.normal(0, 0.04, count)
    x = x + rng.normal(0, 1, x.shape) * np.abs(rng.normal(0, 0.02, count))
    disturbed: NDArray[np.float32] = np.clip(x, 0, 1).astype(np.float32)
    return disturbed
