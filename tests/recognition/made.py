"""Faces of made people for the tests of this folder: a smooth pattern each, light and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def made_people(
    people: int = 10, each: int = 6, side: int = 24, seed: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return faces (people * each, side, side) and whose they are."""
    rng = np.random.default_rng(seed)
    patterns = rng.standard_normal((people, side, side))
    for axis in (1, 2):  # smooth: means of four neighbours, twice
        for _ in range(2):
            patterns = sum(np.roll(patterns, shift, axis) for shift in range(-2, 2)) / 4
    patterns *= 35 / patterns.std()
    person = np.repeat(np.arange(people), each)
    light = rng.normal(0, 15, (len(person), 1, 1)) + rng.normal(0, 1, (len(person), 1, 1)) * (
        np.arange(side) - side / 2
    )
    faces = 128 + patterns[person] + light + rng.normal(0, 8, (len(person), side, side))
    return np.clip(np.rint(faces), 0, 255).astype(np.uint8), person
