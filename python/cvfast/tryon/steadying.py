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
_LIMB = 0.4
_GRID, _LIGHT, _CLOTH, _EDGE, _FRONT, _FILL = 1.2, 0.25, 1.0, 0.2, 0.1, 0.3
_HASTE, _LIMB_HASTE = 10.0, 40.0  # times sooner, at a speed of the frame's longer side a second
_SURER = 1.6  # ratio of confidences
_DRIFT = 0.03  # of the garment a second: most that its pattern swims towards a fit
_THICK = 0.01  # of the longer side: a shape's edge that differs by less trembles
_APART = 0.4  # opacities that differ by more are of two shapes
_MOVING = 0.03  # of the longer side a second: what moves faster leaves no ghost
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
        self._fits, self._trust = 0, 0.0

    @property
    def begun(self) -> bool:
        """Whether there is a look that the next one follows from."""
        return self._last is not None

    def reset(self) -> None:
        """Forget what was: a new scene begins, or the person was away."""
        self._last = None
        self._fits, self._trust = 0, 0.0

    def steady(
        self,
        look: Look,
        motion: Motion | None,
        passed: float,
        *,
        sure: float = 1.0,
        settling: bool = False,
    ) -> Look:
        """Return a look that follows from the one before.

        Parameters
        ----------
        look
            As the frame alone gave it.
        motion
            From the frame before; None: not known, and the look is taken as it is.
        passed
            Seconds since then.
        sure
            Confidence of the frame's fit: one that is much surer than those before is taken as it
            is, and one that is less sure is followed the less.
        settling
            Nobody sees the frame: the garment's map is the mean of all fits so far, which is where
            it would be had the clip begun long before.
        """
        last = self._last
        self._fits += 1
        alike = last is not None and last.frame == look.frame and sure <= _SURER * self._trust
        if last is None or motion is None or passed <= 0 or not alike:
            self._last, self._trust = look, sure
        else:
            least = 1 / self._fits if settling else 0.0
            share = max(least, min(1.0, passed / _GRID))
            pace = min(1.0, sure / max(self._trust, 1e-3))
            self._trust += share * (sure - self._trust)
            self._last = _followed(last, look, motion, passed, least, pace)
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


def _followed(
    last: Look,
    fitted: Look | None,
    motion: Motion,
    passed: float,
    least: float = 0.0,
    pace: float = 1.0,
) -> Look:
    """Carry a look into the next frame, and draw it towards what was fitted there, if anything.

    The garment's map by at least a share, and else at a share of the usual pace; its colours by the
    same share.
    """
    look = last if fitted is None else fitted
    passed = 0.0 if fitted is None else passed
    corners = look.corner, last.corner
    cloth_seen = (look.alpha > 0.5) & (look.front.alpha < 0.5)
    in_front, filled = look.front.alpha > 0.5, look.fill.alpha > 0.5
    with_cloth = _Carrier(motion, cloth_seen, corners, passed)
    with_front = _Carrier(motion, in_front if in_front.any() else cloth_seen, corners, passed)
    with_fill = _Carrier(motion, filled if filled.any() else cloth_seen, corners, passed)
    cloth = look.cloth
    if cloth.shape == last.cloth.shape:
        cloth = last.cloth + np.float32(max(least, _share(passed / _CLOTH))) * (cloth - last.cloth)
    front = Front(
        with_front.blend_shape(last.front.alpha, look.front.alpha, _FRONT),
        _overlay(with_front, last.front.rim, look.front.rim, _FRONT),
    )
    light_before, light = _alike(last.light, look.light)
    grain = look.grain
    if grain is not None and fitted is None:
        grain = with_cloth.carry(grain)
    return replace(
        look,
        grain=grain,
        fill=_overlay(with_fill, last.fill, look.fill, _FILL),
        grid=with_cloth.drift(last.grid, look.grid, pace * _DRIFT * max(cloth.shape[:2]), least),
        sleeves=_sleeves(last, look, motion, passed),
        cloth=cloth,
        alpha=with_cloth.blend_shape(last.alpha, look.alpha, _EDGE),
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
        if passed:
            self._speed = motion.speed(seen.shape, corners[0]) / np.float32(passed)
        self._thick = 2 * round(_THICK * motion.side / 2) + 1

    def carry(self, last: ImageF32) -> ImageF32:
        """Return ``last`` as what it belongs to has moved."""
        cv2 = load_cv2()
        carried: ImageF32 = cv2.remap(
            last, self._x, self._y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return carried

    def blend(
        self, last: ImageF32, now: ImageF32, seconds: float, share: ImageF32 | None = None
    ) -> ImageF32:
        """Return ``last`` carried here and drawn towards ``now``; beyond its edge ``now`` alone.

        ``share`` says how far, pixel by pixel, where `seconds` do not.
        """
        carried = self.carry(last)
        if not self._passed:
            return carried
        weight: Any = _share(self._passed / seconds) if share is None else share
        if share is not None and now.ndim == 3:
            weight = share[..., None]
        carried += weight * (now - carried)
        outside = self._outside(last)
        carried[outside] = now[outside]
        return carried

    def _outside(self, last: ImageF32) -> NDArray[np.bool_]:
        """Return which pixels the planes of the frame before did not show."""
        height, width = last.shape[:2]
        outside: NDArray[np.bool_] = (
            (self._x < 0) | (self._y < 0) | (self._x > width - 1) | (self._y > height - 1)
        )
        return outside

    def drift(self, last: ImageF32, now: ImageF32, most: float, least: float) -> ImageF32:
        """Return a garment's map carried here and drawn slowly towards ``now``.

        Fits of neighbouring frames disagree by more than the cloth moves on the body, so that haste
        would let its pattern swim; ``most``, in its pixels a second, counts where ``least``,
        a share, is 0.
        """
        wanted = self.blend(last, now, min(_GRID, self._passed / least) if least else _GRID)
        if not self._passed or least:
            return wanted
        carried = self.carry(last)
        step = wanted - carried
        cv2 = load_cv2()
        far = cv2.magnitude(*cv2.split(step))[..., None]
        carried += step * np.minimum(1, np.float32(most * self._passed) / np.maximum(far, 1e-6))
        outside = self._outside(last)
        carried[outside] = now[outside]
        return carried

    def share(self, last: ImageF32, now: ImageF32, seconds: float) -> ImageF32 | None:
        """Return how far a shape's opacity is drawn towards ``now``: all where it has moved.

        An edge that trembles is steadied; a limb that is elsewhere by more than its edge leaves no
        ghost behind.
        """
        if not self._passed:
            return None
        cv2 = load_cv2()
        share: Any = _share(self._passed / seconds * (1 + np.float32(_HASTE) * self._speed))
        apart = (np.abs(self.carry(last) - now) > _APART) & (self._speed > _MOVING)
        square = np.ones((self._thick, self._thick), np.uint8)
        opened = cv2.morphologyEx(apart.astype(np.uint8), cv2.MORPH_OPEN, square)
        share[cv2.dilate(opened, square, iterations=2) > 0] = 1
        return np.asarray(share, np.float32)

    def haste(self, seconds: float) -> ImageF32 | None:
        """Return how far what moves with a limb is drawn towards its fit: the sooner it moves."""
        if not self._passed:
            return None
        speed = np.float32(_LIMB_HASTE) * self._speed
        return np.asarray(_share(self._passed / seconds * (1 + speed)), np.float32)

    def blend_shape(self, last: ImageF32, now: ImageF32, seconds: float) -> ImageF32:
        """Blend a shape's opacity."""
        return _clean(self.blend(last, now, seconds, self.share(last, now, seconds)))


def _share(passed: Any) -> Any:
    """Return how far a difference dies down in a time, in units of the time that it takes."""
    return np.float32(1) - np.exp(-np.float32(passed))


def _overlay(carrier: _Carrier, last: Overlay, now: Overlay, seconds: float) -> Overlay:
    """Blend colours by their opacity, so that what is clear lends none."""
    share = carrier.share(last.alpha, now.alpha, seconds)
    alpha = carrier.blend(last.alpha, now.alpha, seconds, share)
    before, wanted = (one.colour * one.alpha[..., None] for one in (last, now))
    summed = carrier.blend(before, wanted, seconds, share)
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
        share = carrier.share(before.weight, sleeve.weight, _EDGE)
        weight = _clean(carrier.blend(before.weight, sleeve.weight, _EDGE, share))
        grid = carrier.blend(before.grid, sleeve.grid, _LIMB, carrier.haste(_LIMB))
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
