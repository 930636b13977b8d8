"""Looks of a clip's frames made steady: each is carried into the next, and only drawn towards it.

What was fitted to the frame before moves with what is seen there, so that the cloth sticks to the
person; the frame's own fit corrects it within a fraction of a second. Noise of the camera, which
makes every fit a little different, so neither shakes the cloth nor lets its light flicker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
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
_HASTE = 10.0  # times sooner, at a speed of the frame's longer side a second
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

    def moved(self, motion: Motion | None) -> float:
        """Return how far cloth and arms moved, as a share of the longer side; 1: not known."""
        if motion is None or self._last is None:
            return 1.0
        return motion.most(_seen(self._last), self._last.corner)

    def carry(self, motion: Motion | None, passed: float) -> Look | None:
        """Return the look before, moved as what is seen there has moved; None: there is none."""
        if self._last is not None and motion is not None and passed > 0:
            self._last = _followed(self._last, None, motion, passed)
        return self._last


def _seen(look: Look) -> NDArray[np.bool_]:
    seen: NDArray[np.bool_] = (look.alpha > 0.5) | (look.front.alpha > 0.5)
    return seen


def _followed(last: Look, fitted: Look | None, motion: Motion, passed: float) -> Look:
    """Carry a look into the next frame, and draw it towards what was fitted there, if anything."""
    look = last if fitted is None else fitted
    passed = 0.0 if fitted is None else passed
    cloth_seen = (look.alpha > 0.5) & (look.front.alpha < 0.5)
    with_cloth = _Carrier(motion, cloth_seen, (look.corner, last.corner), passed)
    in_front = look.front.alpha > 0.5
    front_seen = in_front if in_front.any() else cloth_seen
    with_front = _Carrier(motion, front_seen, (look.corner, last.corner), passed)
    cloth = look.cloth
    if cloth.shape == last.cloth.shape:
        cloth = last.cloth + _share(passed / _CLOTH) * (cloth - last.cloth)
    front = Front(
        _clean(with_front.blend(last.front.alpha, look.front.alpha, _FRONT, nimble=True)),
        _overlay(with_front, last.front.rim, look.front.rim, _FRONT),
    )
    light_before, light = _alike(last.light, look.light)
    return replace(
        look,
        fill=_overlay(with_cloth, last.fill, look.fill, _FILL),
        grid=with_cloth.blend(last.grid, look.grid, _GRID),
        sleeves=_sleeves(last, look, motion, passed),
        cloth=cloth,
        alpha=_clean(with_cloth.blend(last.alpha, look.alpha, _EDGE, nimble=True)),
        light=with_cloth.blend(light_before, light, _LIGHT),
        front=front,
    )


class _Carrier:
    """Carries planes of the frame before to where what they belong to is now.

    Parameters
    ----------
    motion
        From the frame before.
    seen
        (h, w) bool: whose motion counts.
    corners
        x, y of the planes' first pixel, in this frame and in the one before.
    passed
        Seconds between the two; 0: nothing was fitted to this frame.
    """

    def __init__(
        self,
        motion: Motion,
        seen: NDArray[np.bool_],
        corners: tuple[_Corner, _Corner],
        passed: float,
    ) -> None:
        flow = motion.within(seen, corners[0])
        height, width = seen.shape
        offset = np.array(corners[0], np.float32) - np.array(corners[1], np.float32)
        self._x = flow[..., 0] + (np.arange(width, dtype=np.float32) + offset[0])
        self._y = flow[..., 1] + (np.arange(height, dtype=np.float32) + offset[1])[:, None]
        self._passed = passed
        speed = np.sqrt((flow * flow).sum(axis=2)) / np.float32(max(passed, 1e-3) * motion.side)
        self._haste = 1 + np.float32(_HASTE) * speed

    def blend(
        self, last: ImageF32, now: ImageF32, seconds: float, *, nimble: bool = False
    ) -> ImageF32:
        """Return ``last`` carried here and drawn towards ``now``; beyond its edge ``now`` alone.

        What is `nimble` follows sooner where it moves.
        """
        cv2 = load_cv2()
        carried: Any = cv2.remap(
            last, self._x, self._y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        if not self._passed:
            return np.asarray(carried, np.float32)
        height, width = last.shape[:2]
        outside = (self._x < 0) | (self._y < 0) | (self._x > width - 1) | (self._y > height - 1)
        share: Any = _share(self._passed / seconds * (self._haste if nimble else 1.0))
        carried += (share[..., None] if nimble and now.ndim == 3 else share) * (now - carried)
        carried[outside] = now[outside]
        return np.asarray(carried, np.float32)


def _share(passed: Any) -> Any:
    """Return how far a difference dies down in a time, in units of the time that it takes."""
    return np.float32(1) - np.exp(-np.float32(passed))


def _overlay(carrier: _Carrier, last: Overlay, now: Overlay, seconds: float) -> Overlay:
    """Blend colours by their opacity, so that what is clear lends none."""
    alpha = carrier.blend(last.alpha, now.alpha, seconds, nimble=True)
    before, wanted = (one.colour * one.alpha[..., None] for one in (last, now))
    summed = carrier.blend(before, wanted, seconds, nimble=True)
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


def _sleeves(last: Look, look: Look, motion: Motion, passed: float) -> tuple[SleevePatch, ...]:
    kept = []
    for sleeve in look.sleeves:
        before = _nearest(last.sleeves, sleeve, last.corner, look.corner)
        seen = sleeve.weight > 0.5
        if before is None or not seen.any():
            kept.append(sleeve)
            continue
        corners = _placed(sleeve, look.corner), _placed(before, last.corner)
        carrier = _Carrier(motion, seen, corners, passed)
        grid = carrier.blend(before.grid, sleeve.grid, _GRID)
        weight = _clean(carrier.blend(before.weight, sleeve.weight, _EDGE, nimble=True))
        kept.append(SleevePatch(grid, weight, sleeve.corner))
    return tuple(kept)


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
