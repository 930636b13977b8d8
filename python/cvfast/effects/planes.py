"""Warping a video frame in the decoder's own planes: no trip through RGB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from cvfast.effects.discs import Discs
from cvfast.io.frame import Frame, Plane

__all__ = ["warp_frame"]

# A plane takes a millisecond or less, and decoder and encoder keep the other cores busy: threads
# that wait for each other there cost up to ten times what they save.
_THREADS = 1


def warp_frame(frame: Frame, plan: Sequence[Discs]) -> None:
    """Run warps on a frame in place.

    Samples outside the discs stay bit-equal; chroma moves with its true siting.

    Parameters
    ----------
    frame
        Any pixel format that :class:`cvfast.io.frame.Frame` takes.
    plan
        Discs in pixels of the frame as stored (before its rotation tag).
    """
    for plane in frame.plane_geometry():
        for discs in plan:
            if plane.sx == plane.sy and plane.array.dtype == np.uint8:
                discs.moved(plane.sx, (plane.ox, plane.oy)).warp(plane.array, threads=_THREADS)
            else:
                _warp_in_float(plane, discs)


def _warp_in_float(plane: Plane, discs: Discs) -> None:
    """Warp a plane of more than 8 bits, or one whose samples stand closer in one direction.

    The discs' box is worked on in float32. Where the samples are twice as far apart in x as in y
    (4:2:2), samples are put between them, so that discs are round again, and taken out afterwards.
    Every sample survives both steps exactly.
    """
    height, width = plane.array.shape[:2]
    apart = round(plane.sy / plane.sx)
    local = discs.moved(plane.sy, (plane.ox * apart, plane.oy))
    x0, y0, x1, y1 = local.box(width * apart, height)
    x0, x1 = x0 // apart, min(-(-x1 // apart) + 1, width)
    if x0 >= x1 or y0 >= y1:
        return
    samples = plane.array[y0:y1, x0:x1].astype(np.float32)
    wide = samples
    if apart > 1:
        following = np.concatenate([samples[:, 1:], samples[:, -1:]], axis=1)
        wide = np.stack(
            [samples + (following - samples) * np.float32(k / apart) for k in range(apart)], axis=2
        ).reshape(y1 - y0, (x1 - x0) * apart, *samples.shape[2:])
    shifted = replace(
        local,
        centers=local.centers - (x0 * apart, y0),
        values=local.values - (x0 * apart, y0) if local.kind == "translate" else local.values,
    )
    shifted.warp(wide, threads=_THREADS)
    plane.array[y0:y1, x0:x1] = np.rint(wide[:, ::apart]).astype(plane.array.dtype)
