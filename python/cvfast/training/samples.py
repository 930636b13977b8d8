"""Training pictures: read from folders, made grey, cut and brought to one size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cvfast.errors import MediaError
from cvfast.io.files import expand_inputs
from cvfast.io.image_reader import read_image
from cvfast.typing import Image, ImageU8
from cvfast.typing import Path as PathLike

__all__ = ["crop_boxes", "grey", "jittered", "mirrored", "read_grey", "read_patches", "resized"]

_LUMA = np.array([0.299, 0.587, 0.114])


def grey(image: Image) -> ImageU8:
    """Return a picture's luma (BT.601) as uint8.

    Parameters
    ----------
    image
        (h, w) or (h, w, 3), uint8 or float32 in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from cvfast.training.samples import grey
    >>> grey(np.full((1, 2, 3), 7, np.uint8))
    array([[7, 7]], dtype=uint8)
    """
    values = image.astype(np.float64) * (1.0 if image.dtype == np.uint8 else 255.0)
    if values.ndim == 3:
        values = values[..., 0] if values.shape[2] < 3 else values[..., :3] @ _LUMA
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def resized(picture: ImageU8, size: tuple[int, int]) -> ImageU8:
    """Return a grey picture at another size; shrinking averages.

    Parameters
    ----------
    picture
        (h, w) uint8.
    size
        Width and height.
    """
    from PIL import Image as Pillow

    if (picture.shape[1], picture.shape[0]) == tuple(size):
        return picture
    made = Pillow.fromarray(np.ascontiguousarray(picture)).resize(size, Pillow.Resampling.BILINEAR)
    return np.asarray(made)


def read_grey(folder: PathLike, *, recursive: bool = False) -> tuple[list[Path], list[ImageU8]]:
    """Read all pictures of a folder as grey.

    Parameters
    ----------
    folder : str or path
        A folder, a file or a pattern.
    recursive : bool
        Folders of folders too.

    Returns
    -------
    tuple
        The files, sorted, and their pictures.

    Raises
    ------
    MediaError
        No such folder, no picture in it, or one that cannot be read.
    """
    files = expand_inputs([folder], recursive=recursive, videos=False)
    return files, [grey(read_image(file).pixels) for file in files]


def read_patches(folder: PathLike, size: tuple[int, int], *, recursive: bool = False) -> ImageU8:
    """Read pictures that each show one thing, all of one shape, at the window's size.

    Parameters
    ----------
    folder : str or path
        Where they are.
    size
        Width and height of the window.
    recursive : bool
        Folders of folders too.

    Returns
    -------
    numpy.ndarray
        (N, height, width) uint8.

    Raises
    ------
    MediaError
        No picture, one that cannot be read, pictures of different shapes or smaller than the
        window.
    """
    files, pictures = read_grey(folder, recursive=recursive)
    first = pictures[0].shape
    for file, picture in zip(files, pictures, strict=True):
        height, width = picture.shape
        if picture.shape != first:
            raise MediaError(
                f"{file}: expected {first[1]} x {first[0]} pixels as {files[0].name} has, got "
                f"{width} x {height}. Cut all to one shape, or give face boxes (--boxes)."
            )
        if width < size[0] or height < size[1]:
            raise MediaError(
                f"{file}: expected at least the window's {size[0]} x {size[1]} pixels, got "
                f"{width} x {height}. Take larger pictures or a smaller --window."
            )
    return np.stack([resized(picture, size) for picture in pictures])


def crop_boxes(
    picture: ImageU8,
    boxes: NDArray[np.float64],
    size: tuple[int, int],
    *,
    jitter: int = 0,
    rng: np.random.Generator | None = None,
) -> ImageU8:
    """Cut boxes out of a picture, widened to the window's shape, at its size.

    Parameters
    ----------
    picture
        (h, w) uint8.
    boxes
        (N, 4) x0, y0, x1, y1.
    size
        Width and height of the window.
    jitter
        So many further copies of each, moved by up to 4 % and scaled by up to 6 %.
    rng
        Decides the copies.

    Returns
    -------
    numpy.ndarray
        (N (1 + jitter), height, width) uint8; what lies outside the picture repeats its edge.
    """
    rng = rng or np.random.default_rng(0)
    out = []
    for box in np.asarray(boxes, np.float64).reshape(-1, 4):
        for copy in range(1 + jitter):
            shift, scale = rng.uniform(-0.04, 0.04, 2), rng.uniform(0.94, 1.06)
            if copy == 0:
                shift, scale = np.zeros(2), 1.0
            out.append(_crop(picture, box, size, shift, scale))
    return np.stack(out) if out else np.empty((0, size[1], size[0]), np.uint8)


def _crop(
    picture: ImageU8,
    box: NDArray[np.float64],
    size: tuple[int, int],
    shift: NDArray[np.float64],
    scale: float,
) -> ImageU8:
    side = max((box[2] - box[0]) / size[0], (box[3] - box[1]) / size[1]) * scale
    whole = np.maximum(np.rint(side * np.asarray(size)), 1).astype(int)
    center = (box[:2] + box[2:]) / 2 + shift * whole
    x, y = np.rint(center - whole / 2).astype(int)
    rows = np.clip(np.arange(y, y + whole[1]), 0, picture.shape[0] - 1)
    columns = np.clip(np.arange(x, x + whole[0]), 0, picture.shape[1] - 1)
    return resized(picture[np.ix_(rows, columns)], size)


def mirrored(patches: ImageU8) -> ImageU8:
    """Return patches and, behind them, their mirror images."""
    return np.concatenate([patches, patches[:, :, ::-1]])


def jittered(
    patches: ImageU8,
    size: tuple[int, int],
    copies: int,
    rng: np.random.Generator,
    *,
    part: float = 1.0,
    amount: float = 1.0,
) -> ImageU8:
    """Return patches at a size, and behind them copies that are turned, moved and scaled a little.

    Parameters
    ----------
    patches
        (N, h, w) uint8.
    size
        Width and height of the result.
    copies
        Of each patch: turned by up to 9 degrees, moved by up to 5 % and scaled by up to 8 %; what
        lies outside repeats the patch's edge.
    rng
        Decides them.
    part
        How much of a patch's width and height to show, its middle.
    amount
        Of all the turning, moving and scaling: 0.5 halves it.

    Returns
    -------
    numpy.ndarray
        (N (1 + copies), height, width) uint8, all patches as they are first.
    """
    from PIL import Image as Pillow

    out = [_middle(patch, size, part) for patch in patches]
    for _ in range(copies):
        for patch in patches:
            height, width = patch.shape
            wide = np.pad(patch, ((height, height), (width, width)), "edge")
            angle, scale = (
                amount * rng.uniform(-0.157, 0.157),
                1 + amount * rng.uniform(-0.08, 0.08),
            )
            move = amount * rng.uniform(-0.05, 0.05, 2) * (width, height)
            step = np.array([width, height]) * (scale * part) / size
            c, s = np.cos(angle), np.sin(angle)
            turn = np.array([[c, -s], [s, c]]) * step
            start = np.array([1.5 * width, 1.5 * height]) + move - turn @ (np.array(size) / 2)
            data = (turn[0, 0], turn[0, 1], start[0], turn[1, 0], turn[1, 1], start[1])
            made = Pillow.fromarray(wide).transform(
                size, Pillow.Transform.AFFINE, data, Pillow.Resampling.BILINEAR
            )
            out.append(np.asarray(made))
    return np.stack(out)


def _middle(patch: ImageU8, size: tuple[int, int], part: float) -> ImageU8:
    """Return the middle part of a patch at a size."""
    from PIL import Image as Pillow

    if part == 1.0:
        return resized(patch, size)
    height, width = patch.shape
    box = tuple(side * (1 + sign * part) / 2 for sign in (-1, 1) for side in (width, height))
    made = Pillow.fromarray(np.ascontiguousarray(patch)).resize(
        size, Pillow.Resampling.BILINEAR, box
    )
    return np.asarray(made)


def split(count: int, share: float, rng: np.random.Generator) -> tuple[NDArray[np.int64], ...]:
    """Return the indices of two parts of `count` things, the second of about `share` of them."""
    order = rng.permutation(count)
    held = round(count * share)
    return np.sort(order[held:]), np.sort(order[:held])


def as_patches(name: str, values: Sequence[Image] | ImageU8, size: tuple[int, int]) -> ImageU8:
    """Return pictures of one shape as (N, height, width) uint8 at the window's size.

    Raises
    ------
    ValueError
        None, or pictures of different shapes.
    """
    shapes = {np.shape(value)[:2] for value in values}
    if len(shapes) != 1:
        got = "none" if not shapes else f"shapes {sorted(shapes)}"
        raise ValueError(f"{name}: expected pictures of one shape, got {got}")
    return np.stack([resized(grey(np.asarray(value)), size) for value in values])
