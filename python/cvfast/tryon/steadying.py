"""Looks of a clip's frames made steady: each is carried into the next, and only drawn towards it.

What was fitted to the frame before moves with what is seen there, so that the cloth sticks to the
person; the frame's own fit corrects it within a fraction of a second. Noise of the camera, which
makes every fit a little different, so neither shakes the cloth nor lets its light flicker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.tryon.finishing import Look
from cvfast.tryon.fitting import SleevePatch
from cvfast.tryon.layers import Front, Overlay
from cvfast.tryon.motion import Motion
from cvfast.typing import ImageF32

__all__ = ["LookSteadier"]

_Corner: TypeAlias = tuple[int, int]

# Seconds in which a look follows its frame's own fit.
_GRID, _LIGHT, _CLOTH, _EDGE, _FRONT, _FILL = 0.4, 0.25, 1.0, 0.2, 0.1, 0.3
_FAINT = np.float32(0.02)  # opacity that is none
_SAME_SLEEVE = 0.5  # of a sleeve's size: its box in two frames lies no further apart


class LookSteadier:
    """Makes the looks of one clip steady; give it each in order.

    Examples
    --------
    >>> steadier = LookSteadier()
    >>> steadier.reset()
    """

    def __init__(self) -> None:
        self._last: Look | None = None

    def reset(self) -> None:
        """Forget what was: a new scene begins, or the person was away."""
        self._last = None

    def steady(self, look: Look, motion: Motion | None, passed: float) -> Look:
        """Return a look that follows from the one before.

        Parameters
        ----------
        look
            As the frame alone gave it.
        motion
            From the frame before; None: not known, and the look is taken as it is.
        passed
            Seconds since then.
        """
        last = self._last
        if last is None or motion is None or passed <= 0 or last.frame != look.frame:
            self._last = look
        else:
            self._last = _followed(last, look, motion, passed)
        return self._last


def _followed(last: Look, look: Look, motion: Motion, passed: float) -> Look:
    def share(seconds: float) -> np.float32:
        return np.float32(1 - np.exp(-passed / seconds))

    cloth_seen = (look.alpha > 0.5) & (look.front.alpha < 0.5)
    with_cloth = _Carrier(motion, cloth_seen, look.corner, last.corner)
    front_seen = (look.front.alpha > 0.5) if (look.front.alpha > 0.5).any() else cloth_seen
    with_front = _Carrier(motion, front_seen, look.corner, last.corner)
    cloth = look.cloth
    if cloth.shape == last.cloth.shape:
        cloth = last.cloth + share(_CLOTH) * (cloth - last.cloth)
    front = Front(
        _clean(with_front.blend(last.front.alpha, look.front.alpha, share(_FRONT))),
        _overlay(with_front, last.front.rim, look.front.rim, share(_FRONT)),
    )
    light_before, light = _alike(last.light, look.light)
    return replace(
        look,
        fill=_overlay(with_cloth, last.fill, look.fill, share(_FILL)),
        grid=with_cloth.blend(last.grid, look.grid, share(_GRID)),
        sleeves=_sleeves(last, look, motion, share(_GRID), share(_EDGE)),
        cloth=cloth,
        alpha=_clean(with_cloth.blend(last.alpha, look.alpha, share(_EDGE))),
        light=with_cloth.blend(light_before, light, share(_LIGHT)),
        front=front,
    )


class _Carrier:
    """Carries planes of the frame before to where what they belong to is now."""

    def __init__(
        self, motion: Motion, seen: NDArray[np.bool_], corner: _Corner, before: _Corner
    ) -> None:
        flow = motion.within(seen, corner)
        height, width = seen.shape
        offset = np.array(corner, np.float32) - np.array(before, np.float32)
        self._x = flow[..., 0] + (np.arange(width, dtype=np.float32) + offset[0])
        self._y = flow[..., 1] + (np.arange(height, dtype=np.float32) + offset[1])[:, None]

    def blend(self, last: ImageF32, now: ImageF32, share: np.float32) -> ImageF32:
        """Return ``last`` carried here and drawn towards ``now``; beyond its edge ``now`` alone."""
        carried: Any = load_cv2().remap(
            last, self._x, self._y, load_cv2().INTER_LINEAR,
            borderMode=load_cv2().BORDER_REPLICATE,
        )  # fmt: skip
        height, width = last.shape[:2]
        outside = (self._x < 0) | (self._y < 0) | (self._x > width - 1) | (self._y > height - 1)
        carried += share * (now - carried)
        carried[outside] = now[outside]
        return np.asarray(carried, np.float32)


def _overlay(carrier: _Carrier, last: Overlay, now: Overlay, share: np.float32) -> Overlay:
    """Blend colours by their opacity, so that what is clear lends none."""
    alpha = carrier.blend(last.alpha, now.alpha, share)
    summed = carrier.blend(
        last.colour * last.alpha[..., None], now.colour * now.alpha[..., None], share
    )
    covered = alpha > _FAINT
    colour = now.colour.copy()
    colour[covered] = summed[covered] / alpha[covered][:, None]
    return Overlay(colour, _clean(alpha))


def _clean(alpha: ImageF32) -> ImageF32:
    """Return opacity without the faint rests that blending leaves for ever."""
    alpha[alpha < _FAINT] = 0
    alpha[alpha > 1 - _FAINT] = 1
    return alpha


def _alike(last: ImageF32, now: ImageF32) -> tuple[ImageF32, ImageF32]:
    """Return both lights with colours, where one of them has some."""
    if last.ndim == now.ndim:
        return last, now
    wide = [
        np.ascontiguousarray(np.repeat(one[..., None], 3, axis=2)) if one.ndim == 2 else one
        for one in (last, now)
    ]
    return wide[0], wide[1]


def _sleeves(
    last: Look, look: Look, motion: Motion, share: np.float32, edge: np.float32
) -> tuple[SleevePatch, ...]:
    return tuple(
        _sleeve(_nearest(last.sleeves, sleeve, last.corner, look.corner), sleeve, last, look,
                motion, share, edge)
        for sleeve in look.sleeves
    )  # fmt: skip


def _sleeve(
    before: SleevePatch | None,
    sleeve: SleevePatch,
    last: Look,
    look: Look,
    motion: Motion,
    share: np.float32,
    edge: np.float32,
) -> SleevePatch:
    seen = sleeve.weight > 0.5
    if before is None or not seen.any():
        return sleeve
    here, there = _placed(sleeve, look.corner), _placed(before, last.corner)
    carrier = _Carrier(motion, seen, here, there)
    grid = carrier.blend(before.grid, sleeve.grid, share)
    weight = _clean(carrier.blend(before.weight, sleeve.weight, edge))
    return SleevePatch(grid, weight, sleeve.corner)


def _placed(sleeve: SleevePatch, corner: _Corner) -> _Corner:
    return sleeve.corner[0] + corner[0], sleeve.corner[1] + corner[1]


def _middle(sleeve: SleevePatch, corner: _Corner) -> NDArray[np.float64]:
    height, width = sleeve.weight.shape
    return np.array(_placed(sleeve, corner)) + np.array([width, height]) / 2


def _nearest(
    before: Sequence[SleevePatch], sleeve: SleevePatch, last: _Corner, corner: _Corner
) -> SleevePatch | None:
    """Return the same sleeve of the frame before."""
    here = _middle(sleeve, corner)
    reach = _SAME_SLEEVE * max(sleeve.weight.shape)
    away = [float(np.hypot(*(_middle(one, last) - here))) for one in before]
    best = int(np.argmin(away)) if away else -1
    return before[best] if best >= 0 and away[best] < reach else None
