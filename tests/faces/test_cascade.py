"""Faces by a boosted cascade, in pictures that people see."""

from __future__ import annotations

from pathlib import Path

import cvfast
import numpy as np
import pytest
from cvfast.errors import ModelError
from cvfast.faces.cascade import candidates_cascade, find_cascade
from cvfast.geometry.sampling import PixelReader
from cvfast.io.images import read_image
from cvfast.models.registry import model_path

PORTRAIT = Path(cvfast.__file__).with_name("data") / "astronaut.jpg"
FACE = (180, 70, 270, 160)  # x0, y0, x1, y1


@pytest.fixture(scope="module")
def reader() -> PixelReader:
    return PixelReader.of(read_image(PORTRAIT).pixels)


def test_the_portraits_face_is_found_once(reader: PixelReader) -> None:
    faces = find_cascade(reader)
    assert len(faces) == 1
    assert cvfast.iou(faces.boxes.astype(np.float64), np.array([FACE], float)).item() > 0.7
    assert 0.8 < faces.scores[0] < 1
    assert faces.keypoints.shape == (1, 0, 2)


def test_candidates_are_the_windows_before_grouping(reader: PixelReader) -> None:
    faces, candidates = find_cascade(reader), candidates_cascade(reader)
    assert len(candidates) > 20
    assert (cvfast.iou(candidates.boxes, faces.boxes) > 0.3).sum() >= 4
    assert np.allclose(candidates.scores, 0.2)
    sides = np.array(reader.size * 2)
    assert (candidates.boxes >= 0).all()
    assert (candidates.boxes <= sides).all()


def test_scores_count_windows(reader: PixelReader) -> None:
    every = find_cascade(reader, min_score=0)
    assert len(every) >= 1
    assert (np.diff(every.scores) <= 0).all()
    for score in (0.2, 0.4, 0.5, 0.8, 1.0):
        found = find_cascade(reader, min_score=score)
        assert (found.scores >= score - 1e-6).all()


@pytest.mark.parametrize("size", [(5, 7), (23, 40), (1, 1)])
def test_pictures_smaller_than_a_face_have_none(size: tuple[int, int]) -> None:
    small = PixelReader.of(np.full((*size, 3), 90, np.uint8))
    assert len(find_cascade(small)) == 0
    assert len(candidates_cascade(small)) == 0


def test_a_file_of_ones_own_is_used_and_named_if_wrong(reader: PixelReader, tmp_path: Path) -> None:
    own = tmp_path / "own.xml"
    own.write_bytes(model_path("cascade_frontal").read_bytes())
    assert np.array_equal(find_cascade(reader, file=str(own)).boxes, find_cascade(reader).boxes)
    own.write_text("<opencv_storage/>")  # written again: read again
    with pytest.raises(ModelError, match=r"own\.xml, line 1"):
        find_cascade(reader, file=str(own))
    with pytest.raises(ModelError, match=r"gone\.xml: cannot be read"):
        find_cascade(reader, file=str(tmp_path / "gone.xml"))
