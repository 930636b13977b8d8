from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from cvfast.faces.blazeface import BlazeFace
from cvfast.faces.search import FaceSearch
from cvfast.geometry.boxes import overlap_of_smaller
from cvfast.geometry.sampling import PixelReader

Paste = Callable[[np.ndarray, float, tuple[int, int]], np.ndarray]


@pytest.fixture(scope="module")
def detector() -> BlazeFace:
    return BlazeFace()


@pytest.mark.parametrize(
    ("width", "corner", "steps"),
    [(200, (900, 300), 1), (100, (1500, 200), 6), (100, (100, 600), 6), (60, (1000, 500), 90)],
)
def test_a_new_face_is_found_within_so_many_steps(
    detector: BlazeFace, paste: Paste, background, width: float, corner, steps: int
) -> None:
    scene = background("gradient")
    box = paste(scene, width, corner)
    search, reader = FaceSearch(detector), PixelReader.of(scene)
    for _ in range(steps):
        found = search.step(reader)
        if len(found):
            break
    assert len(found) == 1
    assert found.size == (1920, 1080)
    assert overlap_of_smaller(found.boxes, box)[0, 0] > 0.7


def test_known_faces_are_passed_over(detector: BlazeFace, paste: Paste, background) -> None:
    scene = background("gradient")
    first, second = paste(scene, 200, (300, 300)), paste(scene, 200, (1200, 300))
    search, reader = FaceSearch(detector), PixelReader.of(scene)
    for known, wanted in (([first], second), ([second], first)):
        search.reset()
        found = search.step(reader, known)
        assert len(found) == 1
        assert overlap_of_smaller(found.boxes, wanted)[0, 0] > 0.7
    assert all(len(search.step(reader, [first, second])) == 0 for _ in range(6))


@pytest.mark.parametrize("size", [(1, 1), (2, 700), (640, 480), (500, 500), (0, 4)])
def test_frames_of_any_size(detector: BlazeFace, size: tuple[int, int]) -> None:
    search = FaceSearch(detector)
    reader = PixelReader.of(np.full((size[1], size[0], 3), 90, np.uint8))
    for _ in range(4):
        assert search.step(reader).size == size
