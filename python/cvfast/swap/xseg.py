"""Masks of face pictures by a trained network, without torch.

`XSeg.load` without a path gives the one that comes with cvfast: it was trained on made faces, and
leaves out hair, hands and what else is before a face.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cvfast.io.opencv import load_cv2
from cvfast.kernels.product import FixedProduct
from cvfast.models.registry import model_path
from cvfast.models.xseg_file import XSegWeights, read_xseg
from cvfast.models.xseg_layers import Layer, xseg_layers
from cvfast.typing import Image, ImageF32
from cvfast.typing import Path as PathLike

__all__ = ["XSeg", "resized"]


class XSeg:
    """A mask network, ready to run; may be used from several threads.

    Parameters
    ----------
    weights
        From a file; `load` reads one.

    Attributes
    ----------
    weights
        The same.

    Examples
    --------
    >>> from cvfast.synth.faces import make_face
    >>> face = make_face(7, seed=1, size=128)
    >>> masks = XSeg.load().masks(face.image[None])
    >>> masks.shape, masks.dtype.name
    ((1, 128, 128), 'float32')
    """

    def __init__(self, weights: XSegWeights) -> None:
        self.weights = weights
        self._layers = {
            name: _Convolution(
                layer, weights.layers[f"{name}.weight"], weights.layers[f"{name}.bias"]
            )
            for name, layer in xseg_layers(weights.widths).items()
        }

    @classmethod
    def load(cls, path: PathLike | None = None) -> XSeg:
        """Read a network of ``cvfast swap mask train``; None: the one that comes with cvfast.

        Raises
        ------
        ModelError
            See `cvfast.models.xseg_file.read_xseg`.
        """
        return _bundled() if path is None else cls(read_xseg(path))

    @property
    def fingerprint(self) -> str:
        """Names the weights."""
        return self.weights.digest

    def masks(self, pixels: Image, *, threads: int | None = None) -> ImageF32:
        """Return how likely each pixel is face.

        Parameters
        ----------
        pixels
            ``(N, h, w, 3)`` RGB face pictures, uint8 or float32 in [0, 1], of any size: they are
            brought to the network's, and the masks to theirs.
        threads
            None: the default.

        Returns
        -------
        numpy.ndarray
            ``(N, h, w)`` float32 in [0, 1].

        Raises
        ------
        TypeError, ValueError
            Another dtype or shape.
        """
        if pixels.dtype not in (np.uint8, np.float32):
            raise TypeError(f"pixels: expected uint8 or float32, got {pixels.dtype}")
        if pixels.ndim != 4 or pixels.shape[3] != 3 or 0 in pixels.shape[1:]:
            raise ValueError(f"pixels: expected shape (N, h, w, 3), got {pixels.shape}")
        masks = np.empty(pixels.shape[:3], np.float32)
        for picture, mask in zip(pixels, masks, strict=True):
            found = self._run(resized(picture, self.weights.size, self.weights.size), threads)
            mask[:] = resized(found, *mask.shape)
        return masks

    def _run(self, picture: Image, threads: int | None) -> ImageF32:
        """Return the mask ``(size, size)`` of a picture of the network's size."""
        top = 255 if picture.dtype == np.uint8 else 1
        values = (picture.astype(np.float32) / np.float32(top) - np.float32(0.5)) * np.float32(4)
        half = self.weights.size // 2
        # 2 x 2 pixels of a colour side by side, as torch's pixel_unshuffle lays them.
        cells = values.reshape(half, 2, half, 2, 3).transpose(0, 2, 4, 1, 3)
        maps: ImageF32 = cells.reshape(half, half, 12)
        seen = []
        levels = len(self.weights.widths)
        for level in range(levels):
            maps = self._layers[f"down{level}"](maps, threads)
            maps = self._layers[f"deep{level}"](maps, threads)
            seen.append(maps)
        for level in reversed(range(levels - 1)):
            wide = self._layers[f"narrow{level}"](maps, threads).repeat(2, 0).repeat(2, 1)
            wide += seen[level]
            maps = self._layers[f"join{level}"](wide, threads)
        logits = self._layers["mask"](maps, threads).reshape(half, half, 2, 2)
        flat = logits.transpose(0, 2, 1, 3).reshape(2 * half, 2 * half)
        mask: ImageF32 = 1 / (1 + np.exp(-flat.clip(-60, 60)))
        return mask


class _Convolution:
    """A layer with zeros round what comes in."""

    def __init__(self, layer: Layer, weight: ImageF32, bias: ImageF32) -> None:
        self._layer, self._bias = layer, bias
        # Rows of windows, then columns, then channels: as they lie in memory.
        self._product = FixedProduct(weight.transpose(0, 2, 3, 1).reshape(layer.outside, -1))

    def __call__(self, maps: ImageF32, threads: int | None) -> ImageF32:
        """Return ``(h, w, C)`` filtered."""
        size, step, inside = self._layer.size, self._layer.step, self._layer.inside
        height, width, _ = maps.shape
        rows, columns = height // step, width // step
        if size == 1:
            samples = maps.reshape(-1, inside)
        else:
            edge = size // 2
            framed = np.zeros((height + 2 * edge, width + 2 * edge, inside), np.float32)
            framed[edge:-edge, edge:-edge] = maps
            down, right, one = framed.strides
            windows = as_strided(
                framed,
                (rows, columns, size, size * inside),
                (down * step, right * step, down, one),
                writeable=False,
            )
            samples = windows.reshape(rows * columns, size * size * inside)
        made = self._product(samples, threads=threads)
        made += self._bias
        if self._layer.rectified:
            np.maximum(made, 0, out=made)
        return made.reshape(rows, columns, -1)


@functools.cache
def _bundled() -> XSeg:
    return XSeg(read_xseg(model_path("face_mask")))


def resized(picture: Image, height: int, width: int) -> Image:
    """Return a picture or mask, uint8 or float32, at another size; itself at its own.

    Examples
    --------
    >>> resized(np.zeros((8, 8, 3), np.uint8), 4, 4).shape
    (4, 4, 3)
    """
    if picture.shape[:2] == (height, width):
        return picture
    cv2 = load_cv2()
    way = cv2.INTER_AREA if height < picture.shape[0] else cv2.INTER_LINEAR
    made: Image = cv2.resize(np.ascontiguousarray(picture), (width, height), interpolation=way)
    return made
