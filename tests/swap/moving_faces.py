"""Clips of made faces for these tests: known landmarks, a known way, few frames."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from cvfast.io.movie import write_movie
from cvfast.synth.faces import MadeFace, make_face
from cvfast.typing import ImageU8
from numpy.typing import NDArray

SIDE, MARGIN, RATE = 256, 32, 10


@functools.cache
def person(identity: int) -> MadeFace:
    """A face in a picture that is larger than the frames cut out of it."""
    return make_face(
        identity, seed=3, size=SIDE + 2 * MARGIN, pose=(0.1, 0.0, 0.05), share=0.5,
        expression="neutral", occlusion="none", light="soft", spoil=False,
    )  # fmt: skip


def offset(frame: int) -> tuple[int, int]:
    """Where frame's window lies in the picture: it goes to and fro."""
    return MARGIN + round(12 * np.sin(frame / 5)), MARGIN + frame % 7


def frame_of(*identities: int, frame: int) -> ImageU8:
    """One frame: the people side by side."""
    x, y = offset(frame)
    return np.hstack([person(who).image[y : y + SIDE, x : x + SIDE] for who in identities])


def points_of(identity: int, frame: int) -> NDArray[np.float64]:
    """Where the 68 points of a person are who stands alone, or leftmost."""
    return person(identity).points68.astype(np.float64) - offset(frame)


def write_clip(path: Path, *identities: int, frames: int = 10, turns: int = 0) -> Path:
    """Write a clip; its frames turned clockwise by quarter turns."""
    made = (
        np.ascontiguousarray(np.rot90(frame_of(*identities, frame=number), -turns))
        for number in range(frames)
    )
    height, width = np.rot90(frame_of(*identities, frame=0), turns).shape[:2]
    write_movie(path, made, size=(width, height), rate=RATE, crf=10)
    return path


def write_empty(path: Path, frames: int = 3) -> Path:
    """Write a clip of nobody."""
    write_movie(path, (np.full((128, 128, 3), 90, np.uint8) for _ in range(frames)),
                size=(128, 128), rate=RATE)  # fmt: skip
    return path
