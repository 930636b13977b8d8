"""Colours after a transfer, and how steady they are."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.imaging.color_transfer import METHODS, transfer_color
from cvfast.imaging.lab import rgb_to_lab
from cvfast.imaging.sliced_transport import random_directions, random_rotations, transport

SIDE = 96


def scene(seed: int, middle: tuple[float, ...], spread: float) -> np.ndarray:
    """Smooth coloured waves with a little texture, float32 in [0, 1]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    waves = [np.sin(5 * x * rng.random() + 7 * y * rng.random() + k) for k in range(3)]
    mixed = np.stack(waves, axis=2) @ (np.eye(3) + 0.3 * rng.random((3, 3)))
    textured = mixed + rng.normal(0, 0.05, mixed.shape)
    return np.clip(np.array(middle) + spread * textured, 0.02, 0.98).astype(np.float32)


IMAGE = scene(1, (0.45, 0.35, 0.3), 0.12)
LIKE = scene(2, (0.6, 0.5, 0.45), 0.1)
DISC = (np.hypot(*(np.mgrid[:SIDE, :SIDE] - SIDE / 2)) < SIDE / 3).astype(np.float32)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Sliced Wasserstein distance of two clouds of colours, by sorting."""
    axes = np.random.default_rng(9).normal(size=(32, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    sorted_a, sorted_b = (np.sort(c.reshape(-1, 3) @ axes.T, axis=0) for c in (a, b))
    return float(np.abs(sorted_a - sorted_b).mean())


@pytest.mark.parametrize("method", METHODS)
def test_same_input_same_output(method: str) -> None:
    first = transfer_color(IMAGE, LIKE, method, mask=DISC)
    assert first.dtype == np.float32
    assert first.min() >= 0
    assert first.max() <= 1
    assert np.array_equal(first, transfer_color(IMAGE, LIKE, method, mask=DISC))


@pytest.mark.parametrize("method", METHODS)
def test_own_colours_change_nothing(method: str) -> None:
    same = transfer_color(IMAGE, IMAGE, method, mask=DISC)
    assert np.abs(same - IMAGE).max() < 1 / 255


@pytest.mark.parametrize("method", METHODS)
def test_comes_nearer(method: str) -> None:
    done = transfer_color(IMAGE, LIKE, method, mask=np.ones_like(DISC))
    assert distance(done, LIKE) < (0.5 if "idt" in method else 0.25) * distance(IMAGE, LIKE)


def test_rct_has_their_means_and_spreads() -> None:
    lab, theirs = (rgb_to_lab(c).reshape(-1, 3) for c in (transfer_color(IMAGE, LIKE, "rct"), LIKE))
    assert lab.mean(0) == pytest.approx(theirs.mean(0), abs=0.3)
    assert lab.std(0) == pytest.approx(theirs.std(0), rel=0.03)


@pytest.mark.parametrize("method", ["lct", "mkl"])
def test_linear_ones_have_their_covariance(method: str) -> None:
    done = transfer_color(IMAGE, LIKE, method).reshape(-1, 3)
    assert done.mean(0) == pytest.approx(LIKE.reshape(-1, 3).mean(0), abs=2e-3)
    assert np.cov(done.T) == pytest.approx(np.cov(LIKE.reshape(-1, 3).T), abs=2e-4)


def test_mkl_moves_least() -> None:
    moved = [np.square(transfer_color(IMAGE, LIKE, m) - IMAGE).mean() for m in ("mkl", "lct")]
    assert moved[0] <= moved[1] + 1e-6


@pytest.mark.parametrize("method", ["rct", "mkl-m", "idt-m", "sot-m", "mix-m"])
def test_masked_out_pixels_do_not_count(method: str) -> None:
    """What lies outside of the masks may be anything: the inside comes out the same."""
    outside = DISC[..., None] == 0
    noise = np.random.default_rng(5).random(IMAGE.shape, np.float32)
    other, other_like = np.where(outside, noise, IMAGE), np.where(outside, 0, LIKE)
    a = transfer_color(IMAGE, LIKE, method, mask=DISC)
    b = transfer_color(other, other_like, method, mask=DISC)
    inner = np.hypot(*(np.mgrid[:SIDE, :SIDE] - SIDE / 2)) < SIDE / 6
    assert np.abs(a - b)[inner].max() < 2 / 255


def test_masks_of_any_kind_and_size() -> None:
    small = LIKE[::2, ::3]
    theirs = DISC[::2, ::3]
    expected = transfer_color(IMAGE, small, "mkl-m", mask=DISC, like_mask=theirs)
    for mask in (DISC > 0, (DISC * 255).astype(np.uint8), DISC[..., None].astype(np.float64)):
        done = transfer_color(IMAGE, small, "mkl-m", mask=mask, like_mask=theirs)
        assert np.array_equal(done, expected)


@pytest.mark.parametrize("method", ["rct", "mkl-m", "sot-m"])
def test_empty_mask_changes_nothing(method: str) -> None:
    assert np.array_equal(transfer_color(IMAGE, LIKE, method, mask=DISC * 0), IMAGE)


@pytest.mark.parametrize("method", METHODS)
def test_no_flicker_of_its_own(method: str) -> None:
    """Two frames that differ by noise alone differ by about that noise after the transfer."""
    like = IMAGE[:, ::-1] * np.float32([0.9, 1.0, 1.1]) + np.float32(0.08)
    frames = [
        np.clip(IMAGE + np.random.default_rng(k).normal(0, 1 / 255, IMAGE.shape), 0, 1).astype(
            np.float32
        )
        for k in (1, 2)
    ]
    before = frames[1] - frames[0]
    a, b = (transfer_color(frame, like, method, mask=DISC) for frame in frames)
    after = (b - a)[DISC > 0]
    assert after.std() < 1.35 * before[DISC > 0].std()
    assert np.abs(after.mean(0)).max() < 0.15 / 255


@pytest.mark.parametrize("method", METHODS)
def test_flat_pictures(method: str) -> None:
    flat = np.full((20, 20, 3), 0.3, np.float32)
    done = transfer_color(flat, flat + np.float32(0.2), method, mask=np.ones((20, 20)))
    assert np.isfinite(done).all()
    wanted = 0.3 + 0.2 * (0.6 if "idt" in method else 1)
    assert done.mean() == pytest.approx(wanted, abs=0.02)


def test_slices_match_ranks() -> None:
    """All the way along orthogonal axes: each axis has the other cloud's distribution."""
    rng = np.random.default_rng(0)
    points = rng.normal(size=(4000, 3)).astype(np.float32)
    like = (rng.random((3000, 3)) * [1, 2, 3] + 5).astype(np.float32)
    moved = transport(points, like, np.eye(3, dtype=np.float32)[None], 1.0)
    quantiles = np.linspace(0.02, 0.98, 25)
    assert np.quantile(moved, quantiles, axis=0) == pytest.approx(
        np.quantile(like, quantiles, axis=0), abs=0.04
    )
    for axis in range(3):  # and the order is kept
        assert (np.diff(moved[np.argsort(points[:, axis], kind="stable"), axis]) > -1e-4).all()


def test_directions() -> None:
    rotations = random_rotations(20, 3, 0)
    assert rotations @ rotations.transpose(0, 2, 1) == pytest.approx(
        np.broadcast_to(np.eye(3), (20, 3, 3)), abs=1e-5
    )
    assert np.linalg.norm(random_directions(4, 2, 5, 1), axis=2) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("image", "method", "mask", "error", "words"),
    [
        (IMAGE, "rgb", None, ValueError, "method: expected one of rct, lct"),
        (IMAGE, "mkl-m", None, ValueError, "mask: expected a mask for method 'mkl-m'"),
        (IMAGE, "rct", DISC[1:], ValueError, "mask: expected shape"),
        (IMAGE, "rct", DISC * np.float32(np.nan), ValueError, "mask: expected finite"),
        ((IMAGE * 255).astype(np.uint8), "rct", None, TypeError, "image: expected a float32"),
        (IMAGE[..., 0], "rct", None, ValueError, "image: expected shape"),
        (IMAGE * np.float32(np.nan), "rct", None, ValueError, "image: expected finite numbers"),
    ],
)
def test_bad_input(
    image: np.ndarray, method: str, mask: np.ndarray | None, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        transfer_color(image, LIKE, method, mask=mask)
