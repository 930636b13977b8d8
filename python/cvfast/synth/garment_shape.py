"""Cut of flat garments: outlines, panels and landmarks, in units of half a face's height.

The origin of an upper garment is the middle between the points where neck and shoulders meet; of a
lower one the middle of the waist. x points to the picture's right (the wearer's left), y down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cvfast.synth.base import Reals

__all__ = ["LOWER", "UPPER", "Cut", "Sleeve", "half_widths"]

UPPER = ("tee", "long", "tank", "shirt")
LOWER = ("trousers", "skirt")


@dataclass(frozen=True)
class Sleeve:
    """The left sleeve (the picture's right one); the other is its mirror image.

    Parameters
    ----------
    corners : ndarray
        (2, 2, 2): [armhole or cuff][outer or inner edge] x, y.
    """

    corners: Reals

    def at(self, along: Reals, across: Reals) -> Reals:
        """Return points of the sleeve: `along` 0 armhole to 1 cuff, `across` 0 outer to 1 inner."""
        s, t = np.asarray(along)[..., None], np.asarray(across)[..., None]
        top = self.corners[0, 0] + t * (self.corners[0, 1] - self.corners[0, 0])
        end = self.corners[1, 0] + t * (self.corners[1, 1] - self.corners[1, 0])
        return np.asarray(top + s * (end - top), np.float64)

    @property
    def length(self) -> float:
        """From the armhole's middle to the cuff's."""
        middle = self.corners.mean(axis=1)
        return float(np.hypot(*(middle[1] - middle[0])))

    @property
    def axis(self) -> Reals:
        """Direction from armhole to cuff, (2,)."""
        middle = self.corners.mean(axis=1)
        return np.asarray((middle[1] - middle[0]) / self.length, np.float64)


@dataclass(frozen=True)
class Cut:
    """How a garment is cut.

    Parameters
    ----------
    kind : str
        One of `UPPER` or `LOWER`.
    rows, widths : ndarray
        (n,) heights and half widths of the panel (of a whole trouser, both legs).
    inner : ndarray
        (n,) where each leg begins beside the middle; 0 above the crotch and for all else.
    outline : tuple of ndarray
        (k, 2) polygons whose union is the cloth seen from the front.
    back : ndarray
        (k, 2) polygon of the back's inner side that shows in the neck opening; may be empty.
    sleeve : Sleeve or None
        The left one.
    landmarks : dict
        Named points, (2,) each.
    bottom : float
        Height of the hem.
    opening : ndarray
        (k, 2) the neckline from right to left; empty where there is none.
    """

    kind: str
    rows: Reals
    widths: Reals
    inner: Reals
    outline: tuple[Reals, ...]
    back: Reals
    sleeve: Sleeve | None
    landmarks: dict[str, Reals]
    bottom: float
    opening: Reals

    def neckband(self, width: float) -> Reals:
        """Return the polygon down to `width` below the neck opening, (k, 2)."""
        reach = np.abs(self.opening[:, 0]).max(initial=1e-9)
        low = self.opening * (1 + width / reach, 1) + (0, width)
        return np.concatenate([[low[0] - (0, 1)], low, [low[-1] - (0, 1)]])


def half_widths(cut: Cut, y: Reals) -> Reals:
    """Return the panel's half width at heights, as `y`."""
    return np.interp(y, cut.rows, cut.widths)


def mirrored(points: Reals) -> Reals:
    """Return the mirror image of a polygon, the other way round."""
    return np.asarray((points * (-1, 1))[::-1], np.float64)


def upper_cut(kind: str, *, neck: str, neck_width: float, neck_depth: float, chest: float,
              waist: float, hem: float, length: float, hem_curve: float, shoulder: float,
              drop: float, armhole: float, sleeve_length: float, cuff: float,
              angle: float, strap: float) -> Cut:  # fmt: skip
    """Cut a top; lengths in units, `angle` of the sleeve below the horizontal in radians."""
    rows = np.array([-3.0, 0.0, drop, armhole, (armhole + length) / 2, length, length + 3])
    widths = np.array([neck_width, neck_width, shoulder, chest, waist, hem, hem])
    tip, pit = np.array([shoulder, drop]), np.array([chest, armhole])
    t = np.linspace(0, 1, 17)[:, None]
    side = np.column_stack([np.interp(y := np.linspace(armhole, length, 12), rows, widths), y])
    x = np.linspace(hem, -hem, 25)
    bottom = np.column_stack([x, length + hem_curve * (1 - (x / hem) ** 2)])
    opening = _neckline(neck, neck_width, neck_depth)
    if kind == "tank":
        tip = np.array([strap, drop * (strap - neck_width) / (shoulder - neck_width)])
        middle = np.array([strap - 0.05, 0.75 * armhole])
        arm = (1 - t) ** 2 * tip + 2 * t * (1 - t) * middle + t**2 * pit
    else:
        arm = tip + t * (pit - tip)
    left = np.concatenate([[(neck_width, 0.0)], arm, side[1:]])
    torso = np.concatenate([left, bottom[1:-1], mirrored(left), opening[1:-1]])
    polygons = [torso]
    marks = {
        "collar_left": np.array([neck_width, 0.0]),
        "collar_center": np.array([0.0, neck_depth]),
        "shoulder_left": tip,
        "armpit_left": pit,
        "hem_left": np.array([hem, length]),
        "hem_center": np.array([0.0, length + hem_curve]),
    }
    sleeve = None
    if kind != "tank":
        sleeve = _sleeve(tip, pit, sleeve_length, cuff, angle)
        marks["cuff_left_outer"], marks["cuff_left_inner"] = sleeve.corners[1]
        ring = sleeve.corners[[0, 1, 1, 0], [0, 0, 1, 1]]
        # A hair's breadth into the torso, so that no seam opens.
        ring = np.array([tip - (0.05, 0), *ring[1:3], pit - (0.05, 0)])
        polygons += [ring, mirrored(ring)]
    if neck == "collar":
        leaf = _leaf(neck_width, neck_depth)
        polygons += [leaf, mirrored(leaf)]
    back = _back(opening, neck_width)
    return Cut(kind, rows, widths, np.zeros(len(rows)), tuple(polygons), back, sleeve,
               _both(marks), length, opening)  # fmt: skip


def _neckline(neck: str, width: float, depth: float) -> Reals:
    """From the right neck point down and up to the left one, (k, 2)."""
    x = np.linspace(-width, width, 33)
    share = np.abs(x / width)
    if neck in {"v", "collar"}:
        down = depth * (1 - share**1.1)
    else:
        down = depth * np.sqrt(np.clip(1 - share ** (2 if neck == "crew" else 2.6), 0, None))
    return np.column_stack([x, down])


def _back(opening: Reals, width: float) -> Reals:
    """Inner side of the back between the back's neckline and the front's."""
    x = np.linspace(width, -width, 17)
    top = np.column_stack([x, 0.22 * np.sqrt(np.clip(1 - (x / width) ** 2, 0, None))])
    # A hair's breadth below the opening, so that no seam shows.
    return np.concatenate([opening + np.array([0.0, 0.08]), top[1:-1]])


def _leaf(width: float, depth: float) -> Reals:
    """Return the left half of a shirt's collar."""
    return np.array(
        [(width - 0.02, -0.42), (width + 0.06, 0.02), (width + 0.3, 0.62), (0.62, 1.28),
         (0.03, depth), (0.03, depth - 0.32), (0.5 * width, 0.42), (0.86 * width, -0.1)]
    )  # fmt: skip


def _sleeve(tip: Reals, pit: Reals, length: float, cuff: float, angle: float) -> Sleeve:
    """Lay a sleeve so that it stays clear of the torso."""
    for _ in range(40):
        along = np.array([np.cos(angle), np.sin(angle)])
        outer = tip + length * along
        inner = outer + cuff * np.array([-along[1], along[0]])
        if inner[0] >= pit[0] + 0.18 and inner[1] - pit[1] < 3 * (inner[0] - pit[0]):
            break
        angle -= 0.03
    return Sleeve(np.array([[tip, pit], [outer, inner]]))


def _both(marks: dict[str, Reals]) -> dict[str, Reals]:
    """Add the right side's landmarks."""
    other = {name.replace("left", "right"): at * (-1, 1) for name, at in marks.items()}
    return {**marks, **other}


def trousers_cut(*, waist: float, hips: float, crotch: float, length: float, knee: float,
                 ankle: float) -> Cut:  # fmt: skip
    """Cut trousers; `knee` and `ankle` are whole widths of a leg, all lengths in units."""
    middle = 0.5 * (crotch + length)
    spread = 0.25 + 0.3 * (hips / 2)  # how far the leg's axis leans out
    knee_in, ankle_in = 0.35 * spread, 0.8 * spread
    rows = np.array([0.0, 0.62 * crotch, crotch, middle, length, length + 2])
    outer = np.array([waist, hips, hips + 0.08, knee_in + knee, ankle_in + ankle, ankle_in + ankle])
    inner = np.array([0.0, 0.0, 0.0, knee_in, ankle_in, ankle_in])
    y = np.linspace(0, length, 40)
    low = np.linspace(length, crotch, 24)
    leg = np.concatenate([
        [(0.0, 0.0)],
        np.column_stack([np.interp(y, rows, outer), y]),
        np.column_stack([np.interp(low, rows, inner), low]),
    ])  # fmt: skip
    leg[0, 0] = leg[-1, 0] = -0.02
    marks = {
        "waist_left": np.array([waist, 0.0]),
        "hip_left": np.array([hips, 0.62 * crotch]),
        "crotch": np.array([0.0, crotch]),
        "cuff_left_outer": np.array([outer[4], length]),
        "cuff_left_inner": np.array([inner[4], length]),
    }
    return Cut("trousers", rows, outer, inner, (leg, mirrored(leg)), np.zeros((0, 2)), None,
               _both(marks), length, np.zeros((0, 2)))  # fmt: skip


def skirt_cut(*, waist: float, hips: float, hem: float, length: float) -> Cut:
    """Cut a skirt."""
    rows = np.array([0.0, min(2.0, 0.5 * length), length, length + 2])
    widths = np.array([waist, hips, hem, hem])
    y = np.linspace(0, length, 24)
    x = np.linspace(hem, -hem, 25)
    side = np.column_stack([np.interp(y, rows, widths), y])
    bottom = np.column_stack([x, length + 0.18 * (1 - (x / hem) ** 2)])
    outline = np.concatenate([side, bottom[1:-1], mirrored(side)])
    marks = {
        "waist_left": np.array([waist, 0.0]),
        "hip_left": np.array([hips, rows[1]]),
        "hem_left": np.array([hem, length]),
        "hem_center": np.array([0.0, length + 0.18]),
    }
    return Cut("skirt", rows, widths, np.zeros(len(rows)), (outline,), np.zeros((0, 2)), None,
               _both(marks), length, np.zeros((0, 2)))  # fmt: skip
