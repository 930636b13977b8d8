"""Arms as sleeves see them: a path from shoulder over elbow to wrist, and widths along it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from cvfast.io.opencv import load_cv2
from cvfast.people.body import Body

__all__ = ["Limb", "capsule"]

_Mask: TypeAlias = NDArray[np.bool_]
_F64: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Limb:
    """One limb of three joints.

    Parameters
    ----------
    joints
        (3, 2): shoulder, elbow, wrist; or hip, knee, ankle.
    """

    joints: _F64

    @classmethod
    def arm(cls, body: Body, side: str) -> Limb:
        """Return the arm of that side, ``"left"`` or ``"right"``."""
        names = (f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")
        return cls(np.array([body[name] for name in names]))

    @classmethod
    def leg(cls, body: Body, side: str) -> Limb:
        """Return the leg of that side."""
        names = (f"{side}_hip", f"{side}_knee", f"{side}_ankle")
        return cls(np.array([body[name] for name in names]))

    @property
    def lengths(self) -> _F64:
        """Pixels of the two bones, (2,)."""
        steps = np.diff(self.joints, axis=0)
        lengths: _F64 = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-6)
        return lengths

    @property
    def length(self) -> float:
        """Pixels from the first joint to the last, along the bones."""
        return float(self.lengths.sum())

    def at(self, share: float) -> tuple[_F64, _F64]:
        """Return the point at a share of the whole length, and the direction there.

        Shares under 0 and over 1 go on straight.
        """
        upper, lower = self.lengths
        along = share * (upper + lower)
        bone = int(along > upper)
        start, end = self.joints[bone], self.joints[bone + 1]
        length = (upper, lower)[bone]
        direction = (end - start) / length
        return start + direction * (along - bone * upper), direction

    def measure_sides(self, points: _F64) -> tuple[_F64, _F64]:
        """Return each point's share along the limb and its offset to one side or the other.

        Parameters
        ----------
        points
            (N, 2).

        Returns
        -------
        share
            (N,), going on straight beyond both ends.
        offset
            (N,) pixels: positive on the side that the direction along the limb turns to through a
            quarter clockwise as seen.
        """
        share, distance = self.measure(points)
        upper = float(self.lengths[0]) / self.length
        side = np.empty(len(points))
        for bone, chosen in ((0, share <= upper), (1, share > upper)):
            direction = np.diff(self.joints[bone : bone + 2], axis=0)[0] / self.lengths[bone]
            away = points[chosen] - self.joints[bone]
            side[chosen] = away[:, 1] * direction[0] - away[:, 0] * direction[1]
        # Beyond the ends only what lies across counts.
        beyond = (share < 0) | (share > 1)
        distance = np.where(beyond, np.abs(side), distance)
        return share, np.where(side < 0, -distance, distance)

    def measure(self, points: _F64) -> tuple[_F64, _F64]:
        """Return each point's share along the limb and its distance from the bones in pixels.

        Parameters
        ----------
        points
            (N, 2).

        Returns
        -------
        share, distance
            (N,) each; the share is not clipped at the ends.
        """
        upper, upper_away = self._measure_bone(points, 0)
        lower, lower_away = self._measure_bone(points, 1)
        length = float(self.lengths[0])
        along = np.where(
            lower_away < upper_away, length + np.maximum(lower, 0), np.minimum(upper, length)
        )
        return along / self.length, np.sqrt(np.minimum(upper_away, lower_away))

    def _measure_bone(self, points: _F64, bone: int) -> tuple[_F64, _F64]:
        """Return each point's way along one bone's line, and its squared distance from the bone."""
        length = float(self.lengths[bone])
        right, down = (self.joints[bone + 1] - self.joints[bone]) / length
        x, y = (points[:, axis] - self.joints[bone, axis] for axis in (0, 1))
        along = x * right + y * down
        on_bone = np.clip(along, 0, length)
        x -= on_bone * right
        y -= on_bone * down
        return along, x * x + y * y

    def reach(self, mask: _Mask, most: float) -> float:
        """Return how far along the limb a mask reaches without a gap, as a share; 0 of none.

        Parameters
        ----------
        mask
            (H, W) bool.
        most
            Pixels further than this from the bones are left out.
        """
        points = np.argwhere(mask[::2, ::2])[:, ::-1].astype(np.float64) * 2
        if len(points) < 8:
            return 0.0
        share, distance = self.measure(points)
        near = share[(distance <= most) & (share > -0.1) & (share < 1.15)]
        bins = 40
        counts = np.bincount(np.clip((near * bins).astype(int), 0, int(1.2 * bins)), minlength=bins)
        # A sleeve fills its stretch of the arm; specks do not.
        enough = 0.3 * max(float(np.median(counts[counts > 0])) if counts.any() else 0.0, 4.0)
        last, gap = -1, 0
        for number, count in enumerate(counts):
            if count >= enough:
                last, gap = number, 0
            else:
                gap += 1
            if gap > 0.2 * bins:
                break
        if last < 0:
            return 0.0
        kept = near[near <= (last + 1) / bins]
        return float(np.clip(np.quantile(kept, 0.97), 0, 1.1)) if kept.size else 0.0

    def half_width(self, mask: _Mask, low: float, high: float, most: float) -> float:
        """Return the half width of a mask between two shares, 0 where it has nothing there."""
        points = np.argwhere(mask[::2, ::2])[:, ::-1].astype(np.float64) * 2
        if not len(points):
            return 0.0
        share, distance = self.measure(points)
        inside = (share >= low) & (share <= high) & (distance <= most)
        length = (high - low) * self.length
        # The area of a strip of that length is twice its half width times it.
        area = 4.0 * float(inside.sum())
        return area / (2 * length) if length > 0 else 0.0

    def strip(
        self, size: tuple[int, int], start: float, end: float, widths: tuple[float, float]
    ) -> _Mask:
        """Return the limb between two shares as a mask that tapers between two half widths.

        Parameters
        ----------
        size
            Width and height of the mask.
        start, end
            Shares of the length; the strip ends square there and is round at the elbow.
        widths
            Half widths in pixels at both ends.

        Returns
        -------
        (H, W) bool.
        """
        mask = np.zeros((size[1], size[0]), np.uint8)
        bend = float(self.lengths[0]) / self.length
        stops = [start, *([bend] if start < bend < end else []), end]
        half = np.interp(stops, (start, end), widths)
        places = [self.at(stop) for stop in stops]
        for (a, _), (b, direction), wa, wb in zip(
            places[:-1], places[1:], half[:-1], half[1:], strict=True
        ):
            normal = np.array([-direction[1], direction[0]])
            corners = np.array([a + normal * wa, b + normal * wb, b - normal * wb, a - normal * wa])
            _fill(mask, corners)
        if len(stops) == 3:
            _disc(mask, places[1][0], float(half[1]))
        return mask > 0


def capsule(size: tuple[int, int], a: _F64, b: _F64, radius: float) -> _Mask:
    """Return the pixels within a distance of the line between two points, (H, W) bool."""
    mask = np.zeros((size[1], size[0]), np.uint8)
    step = b - a
    length = float(np.hypot(*step))
    if length > 1e-6:
        normal = np.array([-step[1], step[0]]) / length * radius
        _fill(mask, np.array([a + normal, b + normal, b - normal, a - normal]))
    for point in (a, b):
        _disc(mask, point, radius)
    return mask > 0


def _fill(mask: NDArray[np.uint8], corners: _F64) -> None:
    limit = 8 * max(mask.shape)
    fixed = np.round(np.clip(corners, -limit, limit) * 16).astype(np.int32)
    load_cv2().fillPoly(mask, [fixed], 1, shift=4)


def _disc(mask: NDArray[np.uint8], centre: _F64, radius: float) -> None:
    limit = 8 * max(mask.shape)
    x, y = (round(float(value) * 16) for value in np.clip(centre, -limit, limit))
    load_cv2().circle(mask, (x, y), round(max(radius, 0.5) * 16), 1, -1, shift=4)
