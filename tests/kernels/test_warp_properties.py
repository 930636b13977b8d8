"""What must hold for any local warp, looked for with random cases."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cvfast import local_rotate, local_scale, local_translate
from cvfast.kernels.warp import MAX_DRAG
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

WARPS: dict[str, Callable[..., Any]] = {
    "scale": local_scale,
    "translate": local_translate,
    "rotate": local_rotate,
}
WIDTH, HEIGHT = 70, 50
kinds = st.sampled_from(sorted(WARPS))
dtypes = st.sampled_from(["uint8", "float32"])
quick = settings(max_examples=60, deadline=None, derandomize=True)


def noise(seed: int, dtype: str = "uint8", channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if dtype == "uint8":
        return rng.integers(0, 256, (HEIGHT, WIDTH, channels), np.uint8)
    return rng.random((HEIGHT, WIDTH, channels), np.float32)


def amount(kind: str, share: float, center: tuple[float, float], radius: float) -> Any:
    """A parameter from ``share`` in (-1, 1)."""
    if kind == "scale":
        return share if share > 0 else 3 * share
    if kind == "rotate":
        return 3 * share
    return center[0] + share * MAX_DRAG * radius * 0.8, center[1] + share * MAX_DRAG * radius * 0.6


points = st.tuples(st.floats(-10, WIDTH + 10), st.floats(-10, HEIGHT + 10))
discs = st.lists(
    st.tuples(points, st.floats(0.01, 60), st.floats(-0.99, 0.99)), min_size=1, max_size=5
)


def arguments(kind: str, chosen: list[Any]) -> tuple[Any, Any, Any]:
    return (
        [center for center, _, _ in chosen],
        [radius for _, radius, _ in chosen],
        [amount(kind, share, center, radius) for center, radius, share in chosen],
    )


@quick
@given(kinds, dtypes, discs)
def test_nothing_asked_for_is_the_identity(kind: str, dtype: str, chosen: list[Any]) -> None:
    image = noise(1, dtype)
    still = [(center, radius, 0.0) for center, radius, _ in chosen]
    out = WARPS[kind](image, *arguments(kind, still))
    assert out.tobytes() == image.tobytes()


@quick
@given(kinds, dtypes, discs)
def test_in_place_is_out_of_place(kind: str, dtype: str, chosen: list[Any]) -> None:
    image = noise(2, dtype)
    expected = WARPS[kind](image, *arguments(kind, chosen))
    WARPS[kind](image, *arguments(kind, chosen), out=image)
    assert image.tobytes() == expected.tobytes()


@quick
@given(kinds, discs, st.integers(1, 4))
def test_float_results_stay_between_the_pictures_extremes(
    kind: str, chosen: list[Any], channels: int
) -> None:
    image = noise(3, "float32", channels)
    out = WARPS[kind](image, *arguments(kind, chosen))
    assert image.min() <= out.min()
    assert out.max() <= image.max()


@quick
@given(kinds, discs)
def test_the_mirrored_picture_gives_the_mirrored_result(kind: str, chosen: list[Any]) -> None:
    image = np.ascontiguousarray(data.chelsea()[80 : 80 + HEIGHT, 150 : 150 + WIDTH])
    last = WIDTH - 1
    mirrored_discs = []
    for (x, y), radius, share in chosen:
        parameter = amount(kind, share, (x, y), radius)
        if kind == "translate":
            parameter = last - parameter[0], parameter[1]
        elif kind == "rotate":
            parameter = -parameter
        mirrored_discs.append(((last - x, y), radius, parameter))
    out = WARPS[kind](image, *arguments(kind, chosen))
    mirrored = WARPS[kind](image[:, ::-1].copy(), *zip(*mirrored_discs, strict=True))
    assert np.abs(mirrored[:, ::-1].astype(int) - out).max() <= 1


@quick
@given(st.floats(-2.999, 0.999), st.floats(20, 400))
def test_scaling_is_monotone_along_a_ray(strength: float, radius: float) -> None:
    """A ramp stays a ramp: no point of the source is passed twice."""
    ramp = np.linspace(0, 1, 801, dtype=np.float32)[None]
    out = local_scale(ramp, [(400, 0)], [radius], [strength])
    assert np.diff(out[0]).min() >= -1e-6


@quick
@given(st.floats(0, 2 * math.pi), st.floats(0.9, 0.9999), st.floats(20, 400))
def test_translation_is_free_of_folds_up_to_its_limit(
    direction: float, share: float, radius: float
) -> None:
    ramp = np.linspace(0, 1, 801, dtype=np.float32)[None]
    drag = math.copysign(share * MAX_DRAG * radius, math.cos(direction))
    out = local_translate(ramp, [(400, 0)], [radius], [(400 + drag, 0)])
    assert np.diff(out[0]).min() >= -1e-6


@quick
@given(kinds, dtypes, st.permutations(range(6)), st.integers(0, 1000))
def test_disjoint_discs_in_any_order(kind: str, dtype: str, order: list[int], seed: int) -> None:
    image = noise(4, dtype)
    rng = np.random.default_rng(seed)
    chosen = [
        (
            (12.0 + 23 * (i % 3) + rng.uniform(-1, 1), 12 + 24 * (i // 3) + rng.uniform(-1, 1)),
            rng.uniform(3, 10),
            rng.uniform(-0.9, 0.9),
        )
        for i in range(6)
    ]
    expected = WARPS[kind](image, *arguments(kind, chosen))
    out = WARPS[kind](image, *arguments(kind, [chosen[i] for i in order]))
    assert out.tobytes() == expected.tobytes()


@quick
@given(st.floats(0.001, 100_000), st.floats(0, 2 * math.pi), points)
def test_the_translation_limit(radius: float, angle: float, center: tuple[float, float]) -> None:
    image = noise(5)

    def target(share: float) -> tuple[float, float]:
        drag = share * 3 * math.sqrt(3) / 8 * radius
        return center[0] + drag * math.cos(angle), center[1] + drag * math.sin(angle)

    local_translate(image, [center], [radius], [target(1 - 1e-9)])
    with pytest.raises(ValueError, match=r"^targets\[0\]: expected a point nearer to its centre"):
        local_translate(image, [center], [radius], [target(1 + 1e-9)])


@quick
@given(kinds, discs, st.integers(2, 9))
def test_threads_do_not_matter(kind: str, chosen: list[Any], threads: int) -> None:
    image = noise(6)
    expected = WARPS[kind](image, *arguments(kind, chosen), threads=1)
    out = WARPS[kind](image, *arguments(kind, chosen), threads=threads)
    assert out.tobytes() == expected.tobytes()


def test_the_exact_limits() -> None:
    image = noise(7)
    with pytest.raises(ValueError, match=r"^targets\[0\]: expected a point nearer"):
        local_translate(image, [(0, 0)], [1], [(3 * math.sqrt(3) / 8, 0)])
    for strength in (np.nextafter(1.0, 0), np.nextafter(-3.0, 0)):
        local_scale(image, [(30, 30)], [20], [strength])
    for strength in (1.0, -3.0):
        with pytest.raises(ValueError, match=r"^strengths\[0\]: expected a number in \(-3, 1\)"):
            local_scale(image, [(30, 30)], [20], [strength])
