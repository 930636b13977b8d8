"""Template matching against OpenCV's matchTemplate and scikit-image's match_template.

  python -m benchmarks.match              about a minute; writes results/match.json
  python -m benchmarks.match --quick      seconds; writes nothing

Grey pictures of uint8 noise over blotches; templates cut out of them. OpenCV sums products by FFT
in float32, scikit-image in float64; ours are exact integers, summed directly up to 128 x 128.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import cv2
import numpy as np
from cvfast.kernels.match import match_template
from numpy.typing import NDArray
from skimage.feature import match_template as skimage_match

from benchmarks.case import Case, Run, Target
from benchmarks.machine import limit_threads
from benchmarks.program import judged, run

OPENCV, SKIMAGE = "cv2.matchTemplate", "skimage.match_template"
SIZES = ((640, 480), (1280, 720))
SIDES = (16, 24, 32, 48, 64)


def main() -> int:
    return run("match", __doc__, _rows)


def _rows(quick: bool) -> Iterator[dict[str, Any]]:
    for threads in (1,) if quick else (1, 2):
        with limit_threads(threads):
            for size in SIZES[:1] if quick else SIZES:
                for side in SIDES[:2] if quick else SIDES:
                    yield judged(_case(size, side), quick, threads, budget=1, at_least=6)


def _case(size: tuple[int, int], side: int) -> Case:
    image = _picture(size)
    template = image[40 : 40 + side, 60 : 60 + side].copy()
    runs: dict[str, Run] = {
        "cvfast": functools.partial(match_template, image, template),
        OPENCV: lambda: cv2.matchTemplate(image, template, cv2.TM_CCOEFF_NORMED),
        SKIMAGE: lambda: skimage_match(image, template),
    }

    def agree(outputs: Mapping[str, Any]) -> str:
        ours = outputs["cvfast"]
        off = {name: float(np.abs(outputs[name] - ours).max()) for name in (OPENCV, SKIMAGE)}
        assert max(off.values()) < 1e-4, off
        assert np.unravel_index(ours.argmax(), ours.shape) == (40, 60)
        return ", ".join(f"within {value:.0e} of {name}" for name, value in off.items())

    # OpenCV's FFT costs the same for every template: ours has to be faster for small ones only.
    targets = (Target(SKIMAGE, 2.0), *([Target(OPENCV, 1.0)] if side <= 24 else []))
    return Case("match", f"{size[0]} x {size[1]}, template {side} x {side}", runs, agree, targets)


def _picture(size: tuple[int, int]) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    blotches = cv2.resize(rng.random((12, 16)), size, interpolation=cv2.INTER_CUBIC)
    noise = rng.normal(0, 12, size[::-1])
    return np.clip(60 + 130 * blotches + noise, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
