"""Made garments: flat pictures as shops show them, with exact masks and landmarks.

They are drawn from numbers; no photo is in them.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from cvfast.kernels.mask import polygon_mask
from cvfast.synth.base import Reals
from cvfast.synth.garment_paint import LOGOS, PATTERNS, WORDS, folds, logo_stamp, pattern
from cvfast.synth.garment_shape import LOWER, UPPER, Cut, skirt_cut, trousers_cut, upper_cut
from cvfast.synth.seeds import check_seed
from cvfast.typing import ImageF32, ImageU8

__all__ = ["KINDS", "GarmentSpec", "MadeGarment", "cut_of", "make_garment", "random_garment"]

KINDS = (*UPPER, *LOWER)
_SALT = 0x6A2
_COLORS = np.array(
    [[238, 238, 236], [28, 28, 32], [40, 56, 104], [168, 34, 44], [70, 110, 172], [228, 196, 60],
     [52, 110, 74], [236, 150, 160], [128, 84, 54], [150, 152, 156], [112, 66, 140], [238, 132, 44],
     [30, 130, 140], [210, 190, 160]], np.float32
)  # fmt: skip
_CHANCES = ((0.34, 0.18, 0.08, 0.1, 0.08, 0.06, 0.08, 0.08),
            (0.62, 0.0, 0.08, 0.05, 0.03, 0.0, 0.1, 0.12))  # fmt: skip


@dataclass(frozen=True)
class GarmentSpec:
    """How a garment is cut and painted; lengths in units of half a face's height (some 9 cm).

    Parameters
    ----------
    kind : str
        One of tee, long, tank, shirt, trousers, skirt.
    seed : int
        Of weave and folds.
    chest, waist, hem : float
        Half widths; of trousers and skirts those of hips, waist and (skirt) hem or (trousers) leg.
    length : float
        From the neck points to the hem; of trousers and skirts from the waist.
    neck : str
        crew, v, scoop or collar.
    neck_width, neck_depth : float
        Half width and depth of the opening.
    sleeve_length, cuff, angle : float
        Length and cuff width of the sleeves, and how far below the horizontal they lie (radians).
    strap : float
        Half distance of a tank's straps' outer edges.
    hem_curve : float
        How much lower the hem is in the middle.
    pattern : str
        One of plain, stripes, bands, checks, dots, halves, plaid, marl.
    scale : float
        Period of the pattern in units.
    colors : tuple
        Three colours, RGB levels: ground, pattern, logo.
    logo, word : str
        One of none, disc, ring, star, badge, text; what is written.
    logo_size : float
        Width of the logo in units.
    folds : float
        Strength of folds in the flat picture, 0 to 0.3.
    trim : bool
        Whether neckband and cuffs have the pattern's colour.
    inner_collar : bool
        Whether the back's inner side shows in the neck opening of the flat picture.
    """

    kind: str = "tee"
    seed: int = 0
    chest: float = 2.55
    waist: float = 2.45
    hem: float = 2.5
    length: float = 7.0
    neck: str = "crew"
    neck_width: float = 0.86
    neck_depth: float = 0.95
    sleeve_length: float = 2.3
    cuff: float = 1.7
    angle: float = 0.55
    strap: float = 1.35
    hem_curve: float = 0.1
    pattern: str = "plain"
    scale: float = 0.6
    colors: tuple[tuple[int, int, int], ...] = ((60, 90, 160), (235, 235, 235), (240, 200, 60))
    logo: str = "none"
    word: str = "CVFAST"
    logo_size: float = 1.8
    folds: float = 0.08
    trim: bool = False
    inner_collar: bool = True

    def __post_init__(self) -> None:
        _choice("kind", self.kind, KINDS)
        _choice("pattern", self.pattern, PATTERNS)
        _choice("logo", self.logo, LOGOS)
        _choice("neck", self.neck, ("crew", "v", "scoop", "collar"))
        if not 0 <= self.folds <= 0.3:
            raise ValueError(f"folds: expected a number in [0, 0.3], got {self.folds}")
        if len(self.colors) != 3 or any(len(color) != 3 for color in self.colors):
            raise ValueError(f"colors: expected three RGB colours, got {self.colors}")


@dataclass(frozen=True)
class MadeGarment:
    """A flat garment and all that is known of it.

    Parameters
    ----------
    image : ndarray
        (h, w, 3) uint8 on the background.
    mask : ndarray
        (h, w) float32 in [0, 1], with the inner collar where there is one.
    landmarks : dict
        Named points x, y in pixels, (2,) float64: collar_left, collar_right, collar_center,
        shoulder_*, armpit_*, cuff_*_outer, cuff_*_inner, hem_*; of trousers waist_*, hip_*, crotch,
        cuff_*. Left is the wearer's: the picture's right.
    kind : str
        As the spec's.
    spec : GarmentSpec
        How it was made.
    texture : ndarray
        (h, w, 3) uint8: the cloth alone, painted on beyond its edges.
    front : ndarray
        (h, w) float32: the mask without the inner collar; what is seen when worn.
    scale, origin : float, ndarray
        Pixels a unit, and the pixel (2,) of the cut's origin.
    """

    image: ImageU8
    mask: ImageF32
    landmarks: dict[str, Reals]
    kind: str
    spec: GarmentSpec
    texture: ImageU8
    front: ImageF32
    scale: float
    origin: Reals

    def pixels(self, points: ArrayLike) -> Reals:
        """Return pixels of points of the cut, (..., 2)."""
        return np.asarray(np.asarray(points, np.float64) * self.scale + self.origin)


def _choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name}: expected one of {', '.join(known)}, got {value!r}")


def random_garment(seed: int, kind: str | None = None) -> GarmentSpec:
    """Draw a garment; the same number gives the same one.

    Raises
    ------
    ValueError
        No such kind, or a negative number.

    Examples
    --------
    >>> random_garment(3) == random_garment(3), random_garment(3, "tank").kind
    (True, 'tank')
    """
    check_seed(seed)
    rng = np.random.default_rng([_SALT, seed])
    drawn = str(rng.choice(UPPER, p=(0.4, 0.26, 0.14, 0.2)))
    kind = drawn if kind is None else kind
    _choice("kind", kind, KINDS)
    lower = kind in LOWER
    shared: dict[str, Any] = {
        "kind": kind,
        "seed": seed,
        "colors": _colors(rng),
        "pattern": str(rng.choice(PATTERNS, p=_CHANCES[lower])),
        "scale": float(np.exp(rng.uniform(np.log(0.35), np.log(1.3)))),
        "folds": float(rng.uniform(0.02, 0.12)),
        "trim": bool(rng.random() < 0.3),
        "word": str(rng.choice(WORDS)),
    }
    return GarmentSpec(**shared, **(_lower(kind, rng) if lower else _upper(kind, rng)))


def _upper(kind: str, rng: np.random.Generator) -> dict[str, Any]:
    """Draw what only tops have."""
    chest = float(rng.uniform(2.38, 2.85))
    long = kind == "long" or (kind == "shirt" and rng.random() < 0.6)
    drawn = str(rng.choice(("crew", "v", "scoop"), p=(0.6, 0.2, 0.2)))
    neck = "collar" if kind == "shirt" else drawn
    wide = 0.2 if neck == "scoop" else 0.0
    depth = {"crew": (0.75, 1.05), "v": (1.5, 2.1), "scoop": (1.2, 1.7)}.get(neck, (1.35, 1.7))
    logo = str(rng.choice(LOGOS, p=(0.38, 0.1, 0.08, 0.1, 0.1, 0.24)))
    return {
        "logo": "none" if kind == "shirt" else logo,
        "logo_size": float(rng.uniform(2.2, 3.2) if logo == "text" else rng.uniform(1.2, 2.4)),
        "chest": chest,
        "waist": chest * float(rng.uniform(0.88, 1.0)),
        "hem": chest * float(rng.uniform(0.94, 1.06)),
        "length": float(rng.uniform(6.3, 7.5)),
        "neck": neck,
        "neck_depth": float(rng.uniform(*depth)),
        "neck_width": float(rng.uniform(0.8, 0.95) + wide),
        "sleeve_length": float(rng.uniform(6.1, 6.7) if long else rng.uniform(1.9, 2.7)),
        "cuff": float(rng.uniform(0.9, 1.15) if long else rng.uniform(1.5, 1.85)),
        "angle": float(rng.uniform(0.95, 1.25) if long else rng.uniform(0.3, 0.7)),
        "strap": float(rng.uniform(1.25, 1.55) + 0.6 * wide),
        "hem_curve": float(rng.uniform(0.0, 0.25)),
        "inner_collar": bool(rng.random() < 0.75),
    }


def _colors(rng: np.random.Generator) -> tuple[tuple[int, int, int], ...]:
    """Draw colours of ground, pattern and logo; the logo's stands out of both others."""
    first, second = rng.choice(len(_COLORS), 2, replace=False)
    apart = np.abs(_COLORS - _COLORS[first]).sum(axis=1) * (
        np.abs(_COLORS - _COLORS[second]).sum(axis=1)
    )
    third = rng.choice(np.argsort(apart)[-5:])
    drawn = np.clip(_COLORS[[first, second, third]] + rng.normal(0, 9, (3, 3)), 6, 244)
    return tuple((int(r), int(g), int(b)) for r, g, b in drawn)


def _lower(kind: str, rng: np.random.Generator) -> dict[str, Any]:
    hips = float(rng.uniform(2.3, 2.75))
    if kind == "trousers":
        return {"chest": hips, "waist": hips * 0.82, "hem": float(rng.uniform(1.0, 1.6)),
                "length": float(rng.uniform(10.0, 10.8))}  # fmt: skip
    return {"chest": hips, "waist": hips * 0.8, "hem": float(rng.uniform(2.6, 3.8)),
            "length": float(rng.uniform(4.0, 6.5))}  # fmt: skip


@functools.lru_cache(maxsize=256)
def cut_of(spec: GarmentSpec) -> Cut:
    """Return a garment's cut, in units."""
    if spec.kind == "trousers":
        return trousers_cut(waist=spec.waist, hips=spec.chest, crotch=2.9, length=spec.length,
                            knee=0.55 * spec.hem + 1.1, ankle=spec.hem)  # fmt: skip
    if spec.kind == "skirt":
        return skirt_cut(waist=spec.waist, hips=spec.chest, hem=spec.hem, length=spec.length)
    return upper_cut(
        spec.kind, neck=spec.neck, neck_width=spec.neck_width, neck_depth=spec.neck_depth,
        chest=spec.chest, waist=spec.waist, hem=spec.hem, length=spec.length,
        hem_curve=spec.hem_curve, shoulder=2.12, drop=0.62, armhole=2.45,
        sleeve_length=spec.sleeve_length, cuff=spec.cuff, angle=spec.angle, strap=spec.strap,
    )  # fmt: skip


def make_garment(
    spec: GarmentSpec,
    *,
    size: tuple[int, int] = (768, 1024),
    background: tuple[int, int, int] = (255, 255, 255),
) -> MadeGarment:
    """Make the flat picture of a garment.

    Parameters
    ----------
    spec
        The garment.
    size
        Width and height in pixels, 24 to 4096 each.
    background
        RGB levels.

    Raises
    ------
    ValueError
        A size out of range.

    Examples
    --------
    >>> shirt = make_garment(random_garment(5, "shirt"), size=(96, 128))
    >>> shirt.image.shape, shirt.mask.dtype.name, sorted(shirt.landmarks)[:2]
    ((128, 96, 3), 'float32', ['armpit_left', 'armpit_right'])
    """
    if not all(24 <= side <= 4096 for side in size):
        raise ValueError(f"size: expected sides of 24 to 4096 pixels, got {size}")
    cut = cut_of(spec)
    scale, origin = _fit(cut, size)
    front = polygon_mask(size, [polygon * scale + origin for polygon in cut.outline])
    mask, inner = front, None
    if spec.inner_collar and len(cut.back):
        inner = polygon_mask(size, [cut.back * scale + origin])
        mask = np.maximum(front, inner)
    rng = np.random.default_rng([_SALT, spec.seed, 1])
    levels = _painted(spec, cut, size, scale, origin, rng)
    shade = folds(rng, size, scale, spec.folds, float(rng.normal(0, 0.15)))
    levels *= shade[..., None]
    texture = np.clip(levels + 0.5, 0, 255).astype(np.uint8)
    if inner is not None:  # the back lies in the front's shadow
        levels += (inner * (1 - front))[..., None] * (
            np.float32(0.62) * np.array(spec.colors[0], np.float32) - levels
        )
    plain = np.asarray(background, np.float32)
    levels = plain + mask[..., None] * (np.clip(levels, 0, 255) - plain)
    marks = {name: at * scale + origin for name, at in cut.landmarks.items()}
    image = (levels + np.float32(0.5)).astype(np.uint8)
    return MadeGarment(image, mask, marks, spec.kind, spec, texture, front, scale, origin)


def _fit(cut: Cut, size: tuple[int, int]) -> tuple[float, Reals]:
    """Pixels a unit and the origin's pixel, so that the garment fills the picture but for 5 %."""
    points = np.concatenate(cut.outline)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = float((0.9 * np.array(size) / (high - low)).min())
    return scale, np.asarray((np.array(size) - 1) / 2 - scale * (low + high) / 2, np.float64)


def _painted(spec: GarmentSpec, cut: Cut, size: tuple[int, int], scale: float, origin: Reals,
             rng: np.random.Generator) -> ImageF32:  # fmt: skip
    """Levels of the cloth, (h, w, 3), without folds."""
    width, height = size
    x = (np.arange(width, dtype=np.float32)[None] - np.float32(origin[0])) / np.float32(scale)
    y = (np.arange(height, dtype=np.float32)[:, None] - np.float32(origin[1])) / np.float32(scale)
    x, y = np.broadcast_to(x, (height, width)), np.broadcast_to(y, (height, width))
    u, v = _along_sleeves(cut, x, y) if cut.sleeve is not None else (x, y)
    colors = np.array(spec.colors, np.float32)
    levels = pattern(spec.pattern, u, v, colors, spec.scale, 1 / scale, rng)
    if spec.trim and cut.kind in {"tee", "long", "tank"}:
        _trim(levels, spec, cut, scale, origin)
    if cut.kind == "shirt":
        _placket(levels, spec, cut, scale, origin)
    if cut.kind in LOWER:
        band = np.clip((0.38 - y) * scale + 0.5, 0, 1)[..., None]
        levels *= 1 - np.float32(0.22) * band
    if spec.logo != "none":
        stamp = logo_stamp(spec.logo, spec.word, max(2, round(spec.logo_size * scale)))
        x0 = round(float(origin[0]) - stamp.shape[1] / 2)
        y0 = round(float(origin[1]) + 3.1 * scale - stamp.shape[0] / 2)
        left, top = max(x0, 0), max(y0, 0)  # a logo may be larger than the picture
        here = levels[top : max(y0 + stamp.shape[0], 0), left : max(x0 + stamp.shape[1], 0)]
        seen = stamp[top - y0 :, left - x0 :][: here.shape[0], : here.shape[1]]
        here += seen[..., None] * (colors[2] - here)
    return levels


def _along_sleeves(cut: Cut, x: ImageF32, y: ImageF32) -> tuple[ImageF32, ImageF32]:
    """Turn the pattern on the sleeves: its rows run round the arm."""
    assert cut.sleeve is not None  # noqa: S101
    (tip, pit), axis = cut.sleeve.corners[0], cut.sleeve.axis
    away = np.abs(x)
    edge = tip[0] + (y - tip[1]) * ((pit[0] - tip[0]) / (pit[1] - tip[1]))
    on = (away > edge) & (y > -0.5)
    dx, dy = away - np.float32(tip[0]), y - np.float32(tip[1])
    v = dx * np.float32(axis[0]) + dy * np.float32(axis[1]) + np.float32(tip[1])
    u = np.float32(tip[0]) + dx * np.float32(axis[1]) - dy * np.float32(axis[0])
    return np.where(on, u * np.sign(x), x), np.where(on, v, y)


def _trim(levels: ImageF32, spec: GarmentSpec, cut: Cut, scale: float, origin: Reals) -> None:
    """Paint neckband and cuffs in the second colour."""
    bands = [cut.neckband(0.28)]
    if cut.sleeve is not None:
        start = 1 - 0.3 / cut.sleeve.length
        along, across = np.array([start, 1.05, 1.05, start]), np.array([-0.1, -0.1, 1.1, 1.1])
        cuff = cut.sleeve.at(along, across)
        bands += [cuff, cuff * (-1, 1)]
    size = levels.shape[1], levels.shape[0]
    band = polygon_mask(size, [polygon * scale + origin for polygon in bands])
    levels += band[..., None] * (np.array(spec.colors[1], np.float32) - levels)


def _placket(levels: ImageF32, spec: GarmentSpec, cut: Cut, scale: float, origin: Reals) -> None:
    """Darken the edges of collar and button strip, and sew on buttons."""
    height, width = levels.shape[:2]
    leaves = [polygon * scale + origin for polygon in cut.outline[-2:]]
    leaf = polygon_mask((width, height), leaves)
    soft = polygon_mask((width, height), leaves, feather=0.2 * scale)
    x = (np.arange(width, dtype=np.float32) - np.float32(origin[0])) / np.float32(scale)
    top = int(np.clip(origin[1] + (spec.neck_depth - 0.2) * scale, 0, height))
    strip = 1 - np.float32(0.25) * np.exp(-(((np.abs(x) - np.float32(0.26)) * 14) ** 2))
    levels[top:] *= strip[:, None]
    levels += (np.float32(0.12) * leaf)[..., None] * (np.float32(255) - levels)
    levels *= (1 - np.float32(0.3) * np.clip(4 * soft * (1 - soft), 0, 1) * (1 - leaf))[..., None]
    turn = np.arange(12) * (np.pi / 6)
    circle = 0.11 * np.column_stack([np.cos(turn), np.sin(turn)])
    heights = np.arange(spec.neck_depth + 0.4, spec.length - 0.2, 0.85)
    buttons = [(circle + np.array([0.0, y])) * scale + origin for y in heights]
    levels += polygon_mask((width, height), buttons)[..., None] * (
        np.array(spec.colors[1], np.float32) - levels
    )
