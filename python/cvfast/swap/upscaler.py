"""Enlarging faces by a trained network, without torch.

`Upscaler.load` without a path gives the one that comes with cvfast.
"""

from __future__ import annotations

import functools
from typing import TypeVar

import numpy as np
from numpy.lib.stride_tricks import as_strided

from cvfast.errors import LimitError
from cvfast.io.opencv import load_cv2
from cvfast.kernels.product import FixedProduct
from cvfast.models.registry import model_path
from cvfast.models.upscaler_file import UpscalerWeights, read_upscaler
from cvfast.typing import ImageF32, ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["SCALES", "Upscaler"]

SCALES = (2, 4)
_TILE = 128  # pixels: what is at work fits into the cache
_MOST_SIDE = 4096
_ImageT = TypeVar("_ImageT", ImageU8, ImageF32)


class Upscaler:
    """A network that enlarges faces, ready to run; may be used from several threads.

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
    >>> face = make_face(7, seed=1, size=48)
    >>> Upscaler.load().upscale(face.image, 2).shape
    (96, 96, 3)
    """

    def __init__(self, weights: UpscalerWeights) -> None:
        self.weights = weights
        names = {name.partition(".")[0] for name in weights.layers}
        self._layers = {
            name: _Convolution(weights.layers[f"{name}.weight"], weights.layers[f"{name}.bias"])
            for name in names
        }
        # Each convolution looks a pixel farther.
        self._reach = 2 + 2 * weights.blocks

    @classmethod
    def load(cls, path: PathLike | None = None) -> Upscaler:
        """Read a network of ``cvfast swap enhance --train``; None: the one that comes with cvfast.

        Raises
        ------
        ModelError
            See `cvfast.models.upscaler_file.read_upscaler`.
        """
        return _bundled() if path is None else cls(read_upscaler(path))

    @property
    def fingerprint(self) -> str:
        """Names the weights."""
        return self.weights.digest

    def upscale(
        self,
        image: _ImageT,
        scale: int,
        *,
        deblur: bool = False,
        denoise: bool = False,
        threads: int | None = None,
    ) -> _ImageT:
        """Enlarge a picture.

        Parameters
        ----------
        image
            ``(h, w, 3)`` RGB, uint8 or float32 in [0, 1]; sides up to 4096.
        scale
            2 or 4.
        deblur, denoise
            Also take away blur (up to a sigma of 2 pixels), or noise and JPEG's blocks.
        threads
            None: the default.

        Returns
        -------
        ``(scale * h, scale * w, 3)`` of the same dtype. Pixels are squares: what is seen does not
        shift.

        Raises
        ------
        TypeError, ValueError
            Another dtype, shape or scale.
        LimitError
            A longer side.
        """
        if image.dtype not in (np.uint8, np.float32):
            raise TypeError(f"image: expected uint8 or float32 in [0, 1], got {image.dtype}")
        if image.ndim != 3 or image.shape[2] != 3 or not image.size:
            raise ValueError(f"image: expected shape (height, width, 3), got {image.shape}")
        if scale not in SCALES:
            raise ValueError(f"scale: expected 2 or 4, got {scale}")
        if max(image.shape) > _MOST_SIDE:
            raise LimitError(f"image: expected sides of at most {_MOST_SIDE}, got {image.shape}")
        top = np.float32(255 if image.dtype == np.uint8 else 1)
        pixels = image.astype(np.float32) / top
        height, width = image.shape[:2]
        cv2 = load_cv2()
        made: ImageF32 = cv2.resize(
            pixels, (width * scale, height * scale), interpolation=cv2.INTER_CUBIC
        )
        reach = self._reach
        framed = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), "edge")
        for y in range(0, height, _TILE):
            for x in range(0, width, _TILE):
                tile = framed[y : y + _TILE + 2 * reach, x : x + _TILE + 2 * reach]
                detail = self._detail(tile, scale, (deblur, denoise), threads)
                rows, columns = detail.shape[:2]
                made[y * scale :, x * scale :][:rows, :columns] += detail
        np.clip(made, 0, 1, out=made)
        if image.dtype == np.uint8:
            return np.rint(made * top).astype(np.uint8)
        return made

    def _detail(
        self, tile: ImageF32, scale: int, mend: tuple[bool, bool], threads: int | None
    ) -> ImageF32:
        """Return what a tile lacks; its reach is cut off."""
        planes = np.empty((*tile.shape[:2], 5), np.float32)
        planes[..., :3] = tile - np.float32(0.5)
        planes[..., 3:] = mend
        maps = self._layers["head"](planes, threads)
        for number in range(self.weights.blocks):
            inner = self._layers[f"first{number}"](maps, threads)
            np.maximum(inner, 0, out=inner)
            maps = maps[2:-2, 2:-2] + self._layers[f"second{number}"](inner, threads)
        made = self._layers[f"tail{scale}"](maps, threads)
        rows, columns = made.shape[:2]
        # As torch's pixel_shuffle lays them: colour, then row and column in the cell.
        cells = made.reshape(rows, columns, 3, scale, scale).transpose(0, 3, 1, 4, 2)
        return cells.reshape(rows * scale, columns * scale, 3)


class _Convolution:
    """3 x 3 filters, where they fit into what comes in."""

    def __init__(self, weight: ImageF32, bias: ImageF32) -> None:
        # Rows of windows, then columns, then channels: as they lie in memory.
        self._product = FixedProduct(weight.transpose(0, 2, 3, 1).reshape(len(weight), -1))
        self._bias = bias

    def __call__(self, maps: ImageF32, threads: int | None) -> ImageF32:
        """Return ``(h - 2, w - 2, C)`` filtered."""
        packed = np.ascontiguousarray(maps)
        rows, columns, inside = packed.shape[0] - 2, packed.shape[1] - 2, packed.shape[2]
        down, right, one = packed.strides
        windows = as_strided(
            packed, (rows, columns, 3, 3 * inside), (down, right, down, one), writeable=False
        )
        made = self._product(windows.reshape(rows * columns, 9 * inside), threads=threads)
        made += self._bias
        return made.reshape(rows, columns, -1)


@functools.cache
def _bundled() -> Upscaler:
    return Upscaler(read_upscaler(model_path("face_upscaler")))
