"""Writes warp.json: hashes of what the warps and splines give for fixed input.

    python tests/golden/make_warp.py

Run it only for a change that is meant to alter results, and name that in the CHANGELOG. The splines
are given by their coefficients, since the solver's last bits differ between machines.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from cvfast import _core, local_rotate, local_scale, local_translate

FILE = Path(__file__).with_name("warp.json")


def picture(dtype: str, channels: int) -> np.ndarray:
    """Integer waves: the same on every machine."""
    y, x = np.mgrid[:90, :131]
    planes = [(x * (3 + c) + y * (7 - c) + x * y // (5 + c)) % 256 for c in range(channels)]
    image = np.dstack(planes).astype(np.uint8)
    return image if dtype == "uint8" else image.astype(np.float32) / np.float32(255)


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def local_warps() -> dict[str, str]:
    centers = np.array([(40.25, 30.5), (60.0, 45.75), (125.0, 80.0)])
    radii = np.array([25.0, 33.5, 20.25])
    hashes = {}
    for dtype in ("uint8", "float32"):
        for channels in (1, 2, 3, 4):
            image, name = picture(dtype, channels), f"{dtype} x {channels}"
            hashes[f"local_scale {name}"] = digest(
                local_scale(image, centers, radii, [0.5, -1, 0.9])
            )
            targets = centers + np.array([(8.5, -3), (-20, 1.25), (4, 11)])
            hashes[f"local_translate {name}"] = digest(
                local_translate(image, centers, radii, targets)
            )
            hashes[f"local_rotate {name}"] = digest(
                local_rotate(image, centers, radii, [2, -9, 70])
            )
    return hashes


def splines() -> dict[str, str]:
    centers = np.array([(-1.0, -0.5), (1, -0.625), (0.25, 0.125), (-0.75, 0.75), (0.875, 0.6875)])
    weights = np.array([(3.0, -1), (-2.5, 4), (6, -7.5), (-4, 2), (-2.5, 2.5)])
    affine = np.array([(1.5, -2.25), (0.5, 1), (-0.75, 0.25)])
    fit = (centers, np.vstack([weights, affine]), 64.5, 44.25, 1 / 64)
    hashes = {}
    for dtype in ("uint8", "float32"):
        for channels in (1, 3):
            for exact in (False, True):
                image = picture(dtype, channels)
                out = np.empty_like(image)
                _core.tps_warp(*fit, image, out, exact, 0)
                name = "exact" if exact else "default"
                hashes[f"ThinPlateSpline.warp {name} {dtype} x {channels}"] = digest(out)
    points = np.stack(np.mgrid[-50:200:7, -30:150:9], axis=-1).reshape(-1, 2).astype(np.float64)
    moved = np.empty_like(points)
    _core.tps_transform(*fit, points, moved, 0)
    hashes["ThinPlateSpline.transform"] = digest(moved)
    displacement = np.empty((90, 131, 2), np.float32)
    _core.tps_displacement(*fit, displacement, 1, 0)
    hashes["ThinPlateSpline.displacement"] = digest(displacement)
    return hashes


def results() -> dict[str, str]:
    return local_warps() | splines()


if __name__ == "__main__":
    FILE.write_text(json.dumps(results(), indent=1) + "\n")
