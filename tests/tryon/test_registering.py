"""The same pattern is laid onto the photo's; another garment stays where it was."""

from __future__ import annotations

import numpy as np
from cvfast.tryon.finishing import Look
from cvfast.tryon.layers import Front, Overlay
from cvfast.tryon.registering import registered

SIDE = 160


def _pattern(seed: int) -> np.ndarray:
    import cv2

    noise = np.random.default_rng(seed).random((20, 20, 3)).astype(np.float32)
    return np.clip(cv2.resize(noise, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), 0, 1)


def _look(cloth: np.ndarray) -> Look:
    x, y = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    nothing = np.zeros((SIDE, SIDE), np.float32)
    empty = Overlay(np.zeros_like(cloth), nothing)
    return Look(
        fill=empty, grid=np.stack([x, y], axis=2).astype(np.float32), sleeves=(), cloth=cloth,
        alpha=nothing + 1, light=nothing + 1, front=Front(nothing, empty), corner=(0, 0),
        frame=(SIDE, SIDE),
    )  # fmt: skip


def _seen() -> np.ndarray:
    seen = np.zeros((SIDE, SIDE), bool)
    seen[20:-20, 20:-20] = True
    return seen


def test_a_shifted_pattern_is_found_again():
    cloth = _pattern(1)
    photo = np.roll(cloth, (4, -6), axis=(0, 1))
    look = registered(_look(cloth), photo, _seen())
    assert look is not None
    middle = look.grid[60:100, 60:100] - _look(cloth).grid[60:100, 60:100]
    assert np.abs(middle - (6, -4)).mean() < 0.5


def test_another_pattern_is_left_alone():
    assert registered(_look(_pattern(1)), _pattern(2), _seen()) is None


def test_other_colours_are_left_alone():
    assert registered(_look(_pattern(1)), _pattern(1) * np.float32(0.4), _seen()) is None


def test_a_flat_picture_comes_back_as_it_is_worn():
    import cvfast
    from cvfast.metrics.similarity import ssim
    from cvfast.synth.garments import make_garment, random_garment
    from cvfast.synth.people import make_person, random_person

    size = (384, 512)
    garment = make_garment(random_garment(708), size=size)  # stripes and a word
    person = make_person(random_person(708), garment, size=size)
    done = cvfast.try_on(person.image, garment.image, pose=person.pose, labels=person.labels)
    assert any("same pattern" in reason for reason in done.reasons)
    rows, columns = np.nonzero(done.worn > 0.5)
    box = slice(rows.min(), rows.max() + 1), slice(columns.min(), columns.max() + 1)
    inside = (done.worn > 0.5)[box]
    shown = np.where(inside[..., None], done.image[box], person.image[box])
    assert 1 - (1 - ssim(shown, person.image[box])) / inside.mean() > 0.8
    assert np.abs(done.image.astype(float) - person.image)[done.worn > 0.5].mean() < 8
