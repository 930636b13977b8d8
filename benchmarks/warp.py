"""Local warps of two discs in a frame, 3-channel uint8."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import cvfast
import numpy as np
from numpy.typing import NDArray

from benchmarks.case import Case, Limit, Run, Target
from benchmarks.workload import frame

Array = NDArray[Any]
Disc = tuple[
    float, float, float, tuple[float, float]
]  # centre, radius, parameter (x, y or x alone)
Map = tuple[tuple[slice, slice], Array, Array]
PER_CALL, FREE = "cv2 region, map per call", "cv2 region, free map"
COPY, COPY_AND_WARP = "copy of the discs' rows", "copy + in place"
HD, UHD = (1920, 1080), (3840, 2160)


def cases(quick: bool, threads: int) -> Iterator[Case]:
    if quick:
        yield _in_place("scale", 20, (320, 180))
        return
    for radius in (40, 80, 200):
        targets = Target(PER_CALL, 6.0), Target(FREE, 3.0)
        yield _in_place("scale", radius, HD, targets=targets)
    for radius, at_least in ((40, 1.4), (80, 2.0), (200, 2.0)):
        yield _new_frame(radius, at_least)
    for kind in ("translate", "rotate"):
        for radius in (40, 80, 200):
            yield _in_place(kind, radius, HD)
    for radius in (40, 200):
        yield _uhd(radius)
    for radius in (40, 200) if threads == 1 else ():
        yield _other_ways(radius)


def _in_place(
    kind: str,
    radius: float,
    size: tuple[int, int],
    *,
    targets: tuple[Target, ...] = (),
) -> Case:
    """Every contestant warps a frame of its own; only the first call's output is compared."""
    image, discs = frame(*size), _discs(kind, radius, size)
    ours, per_call, free = image.copy(), image.copy(), image.copy()
    maps = [region_map(kind, disc) for disc in discs]
    boxes = [image[region] for region, _, _ in maps]
    kept = [np.empty_like(box) for box in boxes]
    warp = _ours(kind, discs)

    def copy_rows() -> None:
        for box, copy in zip(boxes, kept, strict=True):
            np.copyto(copy, box)

    runs: dict[str, Run] = {
        "cvfast": lambda: warp(ours, out=ours),
        PER_CALL: lambda: cv2_regions(per_call, [region_map(kind, disc) for disc in discs]),
        FREE: lambda: cv2_regions(free, maps),
        COPY: copy_rows,
    }
    name = f"in place, two eyes, R={radius:g}" if kind == "scale" else f"{kind}, R={radius:g}"
    agree = _agreement(kind, image, discs)
    return Case("warp", name, runs, agree, targets, (Limit(COPY, 25.0 if targets else None),))


def _new_frame(radius: float, at_least: float) -> Case:
    image, discs = frame(*HD), _discs("scale", radius, HD)
    warp = _ours("scale", discs)

    def copy_and_warp() -> Array:
        copy = image.copy()
        return warp(copy, out=copy)

    peer = "cv2 copy + region"
    runs: dict[str, Run] = {
        "cvfast": lambda: warp(image),
        peer: lambda: cv2_regions(image.copy(), [region_map("scale", disc) for disc in discs]),
        COPY_AND_WARP: copy_and_warp,
        "copy of the frame": image.copy,
    }
    limits = Limit(COPY_AND_WARP, 1.15), Limit("copy of the frame")
    name = f"new frame, 1080p, R={radius:g}"
    agree = _agreement("scale", image, discs)
    return Case("warp", name, runs, agree, (Target(peer, at_least),), limits)


def _uhd(radius: float) -> Case:
    """The same discs in a larger frame: what is not touched must cost nothing."""
    small = frame(*HD)
    large = np.zeros((UHD[1], UHD[0], 3), np.uint8)
    large[: HD[1], : HD[0]] = small
    warp = _ours("scale", _discs("scale", radius, HD))
    runs: dict[str, Run] = {
        "cvfast": lambda: warp(large, out=large),
        "the same on 1080p": lambda: warp(small, out=small),
    }

    def agree(outputs: Mapping[str, Any]) -> str:
        assert (outputs["cvfast"][: HD[1], : HD[0]] == outputs["the same on 1080p"]).all()
        return "the same pixels"

    name = f"4K in place, two eyes, R={radius:g}"
    return Case("warp", name, runs, agree, (), (Limit("the same on 1080p", 1.1),))


def _discs(kind: str, radius: float, size: tuple[int, int]) -> list[Disc]:
    parameter = {"scale": (0.4, 0), "rotate": (0.5, 0), "translate": (0.2 * radius, 0.1 * radius)}
    height = 0.5 * size[1] + 0.6
    left, right = 0.27 * size[0] + 0.3, 0.73 * size[0] + 0.2
    return [(x, height, radius, parameter[kind]) for x in (left, right)]


def _ours(kind: str, discs: list[Disc]) -> Callable[..., Array]:
    centers, radii = np.array([d[:2] for d in discs]), np.array([d[2] for d in discs])
    parameters = np.array([d[3] for d in discs])
    if kind == "translate":
        targets = centers + parameters
        return lambda image, out=None: cvfast.local_translate(
            image, centers, radii, targets, out=out
        )
    warp = cvfast.local_scale if kind == "scale" else cvfast.local_rotate
    amounts = parameters[:, 0].copy()
    return lambda image, out=None: warp(image, centers, radii, amounts, out=out)


def region_map(kind: str, disc: Disc, dtype: type = np.float32) -> Map:
    """The disc's bounding box, and where in it each of its pixels comes from."""
    x, y, radius, (p, q) = disc
    left, top = math.ceil(x - radius), math.ceil(y - radius)
    right, bottom = math.floor(x + radius) + 1, math.floor(y + radius) + 1
    dx = np.arange(left, right, dtype=dtype) - dtype(x)
    dy = (np.arange(top, bottom, dtype=dtype) - dtype(y))[:, None]
    r2 = dx * dx + dy * dy
    u, v = dtype(x - left), dtype(y - top)
    if kind == "translate":
        weight = np.maximum(1 - r2 * dtype(1 / radius**2), 0)
        weight *= weight
        u, v = u + (dx - weight * dtype(p)), v + (dy - weight * dtype(q))
    else:
        t = np.maximum(1 - np.sqrt(r2) * dtype(1 / radius), 0)
        amount = t * t * dtype(p)
        if kind == "scale":
            factor = 1 - amount
            u, v = u + dx * factor, v + dy * factor
        else:
            cosine, sine = np.cos(amount), np.sin(amount)
            u, v = u + (dx * cosine + dy * sine), v + (dy * cosine - dx * sine)
    return (slice(top, bottom), slice(left, right)), u, v


def cv2_regions(image: Array, maps: list[Map]) -> Array:
    import cv2

    for region, u, v in maps:
        part = image[region]
        part[...] = cv2.remap(part, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return image


def _other_ways(radius: float) -> Case:
    """What else people use. A case of its own: whole frames would empty the caches between."""
    import cv2
    from skimage import transform

    image, discs = frame(*HD), _discs("scale", radius, HD)
    ours, by_numba, for_skimage = image.copy(), image.copy(), image.copy()
    warp = _ours("scale", discs)
    numba_disc = _numba_disc()
    height, width = image.shape[:2]

    def whole_frame() -> Array:
        y, x = np.mgrid[:height, :width].astype(np.float32)
        for cx, cy, radius, (strength, _) in discs:
            dx, dy = x - np.float32(cx), y - np.float32(cy)
            t = np.maximum(1 - np.sqrt(dx * dx + dy * dy) / np.float32(radius), 0)
            x, y = x - dx * t * t * strength, y - dy * t * t * strength
        return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

    def numba_in_place() -> Array:
        for cx, cy, radius, (strength, _) in discs:
            numba_disc(by_numba, cx, cy, radius, strength)
        return by_numba

    def skimage_regions() -> Array:
        for disc in discs:
            region, u, v = region_map("scale", disc)
            part = for_skimage[region]
            for channel in range(3):
                plane = transform.warp(part[..., channel], np.stack([v, u]), order=1, mode="edge")
                part[..., channel] = np.rint(plane * 255)
        return for_skimage

    runs: dict[str, Run] = {
        "cvfast": lambda: warp(ours, out=ours),
        "numba disc": numba_in_place,
        "skimage.warp, region": skimage_regions,
        "numpy map + cv2.remap, whole frame": whole_frame,
    }
    return Case("warp", f"other ways, R={radius:g}", runs, _agreement("scale", image, discs))


def _numba_disc() -> Callable[..., None]:
    import numba

    @numba.njit(parallel=True, fastmath=True)
    def disc(image, cx, cy, radius, strength):  # type: ignore[no-untyped-def]
        one = np.float32(1)  # plain numbers would make it all float64
        height, width = image.shape[:2]
        x0, x1 = max(math.ceil(cx - radius), 1), min(math.floor(cx + radius) + 1, width - 2)
        y0, y1 = max(math.ceil(cy - radius), 1), min(math.floor(cy + radius) + 1, height - 2)
        source = image[y0 - 1 : y1 + 2, x0 - 1 : x1 + 2].copy()
        for y in numba.prange(y0, y1):
            dy = np.float32(y - cy)
            half = math.sqrt(max(radius * radius - dy * dy, 0))
            for x in range(max(x0, math.ceil(cx - half)), min(x1, math.floor(cx + half) + 1)):
                dx = np.float32(x - cx)
                t = one - np.sqrt(dx * dx + dy * dy) / np.float32(radius)
                k = one - np.float32(strength) * t * t
                sx, sy = np.float32(cx - x0 + 1) + dx * k, np.float32(cy - y0 + 1) + dy * k
                ix, iy = int(sx), int(sy)
                fx, fy = sx - np.float32(ix), sy - np.float32(iy)
                for c in range(3):
                    top = source[iy, ix, c] * (one - fx) + source[iy, ix + 1, c] * fx
                    low = source[iy + 1, ix, c] * (one - fx) + source[iy + 1, ix + 1, c] * fx
                    image[y, x, c] = np.uint8(top + (low - top) * fy + np.float32(0.5))

    result: Callable[..., None] = disc
    return result


def _agreement(kind: str, image: Array, discs: list[Disc]) -> Callable[[Mapping[str, Any]], str]:
    """Ours within 1 level of float64, the peers within 2; nobody touches other pixels."""
    expected = image.astype(np.float64)
    for disc in discs:
        region, u, v = region_map(kind, disc, np.float64)
        expected[region] = _bilinear(image[region], u, v)

    def agree(outputs: Mapping[str, Any]) -> str:
        apart = {}
        for name, output in outputs.items():
            if name in (COPY, "copy of the frame"):
                continue
            levels = float(np.abs(output - expected).max())
            most = 1.0 if name in ("cvfast", COPY_AND_WARP) else 2.0
            assert levels <= most, f"{name}: {levels:.2f} levels from float64"
            apart[name] = levels
        return f"{apart['cvfast']:.2f} levels from float64, the peers {max(apart.values()):.2f}"

    return agree


def _bilinear(image: Array, u: Array, v: Array) -> Array:
    height, width = image.shape[:2]
    u, v = np.clip(u, 0, width - 1), np.clip(v, 0, height - 1)
    x, y = np.minimum(u.astype(int), width - 2), np.minimum(v.astype(int), height - 2)
    fx, fy = (u - x)[..., None], (v - y)[..., None]
    top = image[y, x] * (1 - fx) + image[y, x + 1] * fx
    low = image[y + 1, x] * (1 - fx) + image[y + 1, x + 1] * fx
    result: Array = top * (1 - fy) + low * fy
    return result
