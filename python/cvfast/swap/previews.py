"""How far a swap's training is: a sheet to look at, and figures of faces it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.metrics.similarity import ssim
from cvfast.swap.training_data import Examples
from cvfast.typing import ImageF32, ImageU8

__all__ = ["judged", "masked_ssim", "preview_sheet"]

Reconstruct: TypeAlias = Callable[[ImageF32, ImageF32], tuple[ImageF32, ...]]
_SHOWN = 6
_JUDGED = 16
_NARROWEST = 11  # pixels, of ssim's window


def preview_sheet(
    examples: Examples, swap: Callable[[ImageF32], tuple[ImageF32, ...]], reconstruct: Reconstruct
) -> ImageU8:
    """Return a sheet of faces, a column each; held-out ones where there are some.

    From the top: source, what is made of it, its mask; target, what is made of it, its mask; the
    target with the source's face, and the mask of that.

    Parameters
    ----------
    examples
        Gives the faces.
    swap
        Called with (N, h, w, 3) targets; returns faces and masks.
    reconstruct
        Called with sources and targets; returns source, mask, target, mask.
    """
    source, target = (examples.faces(side, _chosen(examples, side, _SHOWN)) for side in (0, 1))
    made = reconstruct(source.face, target.face)
    swapped, swapped_mask = swap(target.face)[:2]
    rows = [source.face, *made[:2], target.face, *made[2:4], swapped, swapped_mask]
    lines = []
    for row in rows:
        colours = np.broadcast_to(row, (*row.shape[:3], 3))
        lines.append(np.concatenate(list(colours), axis=1))
    sheet = np.clip(np.concatenate(lines), 0, 1)
    levels: ImageU8 = np.rint(sheet * 255).astype(np.uint8)
    return levels


def judged(examples: Examples, reconstruct: Reconstruct) -> dict[str, float]:
    """Return the mean structural similarity of held-out faces with what is made of them.

    Without held-out faces there are no figures.
    """
    if not all(len(numbers) for numbers in examples.held_out):
        return {}
    source, target = (examples.faces(side, _chosen(examples, side, _JUDGED)) for side in (0, 1))
    made = reconstruct(source.face, target.face)
    masked = examples.options.masked_training
    return {
        f"{name}_ssim": float(
            np.mean(
                [
                    masked_ssim(a, b, mask[..., 0] if masked else None)
                    for a, b, mask in zip(side.face, faces, side.mask, strict=True)
                ]
            )
        )
        for name, side, faces in (("source", source, made[0]), ("target", target, made[2]))
    }


def masked_ssim(a: ImageF32, b: ImageF32, mask: ImageF32 | None) -> float:
    """Return the structural similarity of what a mask shows, in its bounding box.

    Examples
    --------
    >>> face = np.random.default_rng(0).random((32, 32, 3), np.float32)
    >>> mask = np.zeros((32, 32), np.float32)
    >>> mask[8:24, 8:24] = 1
    >>> masked_ssim(face, face * mask[..., None], mask)
    1.0
    """
    if mask is None:
        return ssim(a, b)
    spans = []
    for axis in (1, 0):
        found = np.flatnonzero(mask.max(axis=axis) > 0.5)
        first, last = (int(found[0]), int(found[-1]) + 1) if len(found) else (0, 0)
        if last - first < _NARROWEST:
            return ssim(a, b)
        spans.append(slice(first, last))
    part, weight = tuple(spans), mask[..., None]
    return ssim(np.ascontiguousarray((a * weight)[part]), np.ascontiguousarray((b * weight)[part]))


def _chosen(examples: Examples, side: int, count: int) -> NDArray[np.intp]:
    """Return numbers of faces: held-out ones, else some of all, evenly; as many of each side."""
    pools = [
        held if len(held) else np.arange(len(store))
        for held, store in zip(examples.held_out, examples.stores, strict=True)
    ]
    count = min(count, *(len(pool) for pool in pools))
    places = np.linspace(0, len(pools[side]) - 1, count).round().astype(np.intp)
    return pools[side][places]
