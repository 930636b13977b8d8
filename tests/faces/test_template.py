"""Template matching: an average face that was pasted is found where it is, and how large."""

from __future__ import annotations

import numpy as np
import pytest
from cvfast.errors import ModelError
from cvfast.faces.template import (
    FaceTemplate,
    candidates_template,
    find_template,
    make_template,
    read_template,
)
from cvfast.geometry.boxes import RotatedBox
from cvfast.geometry.sampling import PixelReader, read_crop
from cvfast.io.images import write_image
from cvfast.kernels.nms import iou
from cvfast.models.registry import model_path

BUNDLED = model_path("face_template")


def pasted(places, size=(300, 220)):
    """Noise, with the package's template at boxes: x, y and side."""
    picture = np.random.default_rng(2).normal(120, 12, size[::-1])
    template = read_template(BUNDLED)
    side = template.size[0]
    for x, y, length in places:
        box = RotatedBox.from_box((0, 0, side, side))
        face = read_crop(template.grey, box, (length, length))[..., 0]
        picture[y : y + length, x : x + length] = 60 + 0.5 * face
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_a_pasted_average_face_is_found_at_its_place_and_size():
    places = [(20, 30, 40), (120, 60, 90), (240, 150, 55)]
    reader = PixelReader.of(pasted(places))

    found = find_template(reader, min_score=0.9)

    boxes = np.array([(x, y, x + s, y + s) for x, y, s in places], np.float32)
    assert len(found) == 3
    overlaps = iou(boxes, found.boxes)
    assert (overlaps.max(axis=1) > 0.75).all()
    assert (np.diff(found.scores) <= 0).all()
    candidates = candidates_template(reader)
    assert len(candidates) > 10
    assert candidates.scores[0] == found.scores[0]


def test_a_template_of_the_users_own_finds_its_face(astronaut, tmp_path):
    """Cut from the photo itself, made by make_template, saved and named: the face is best."""
    box = (173.0, 81.0, 278.0, 182.0)
    make_template([astronaut], [box], mirrored=False).save(tmp_path / "me.png")

    found = find_template(PixelReader.of(astronaut), file=str(tmp_path / "me.png"))

    assert iou([box], found.boxes[:1])[0, 0] > 0.7
    assert found.scores[0] > 0.9


def test_any_picture_of_a_face_is_a_template(astronaut, tmp_path):
    write_image(tmp_path / "cut.jpg", np.ascontiguousarray(astronaut[81:182, 173:278]))
    template = read_template(tmp_path / "cut.jpg")
    assert template.size == (24, 23)
    assert template.mask is None
    found = find_template(PixelReader.of(astronaut), file=str(tmp_path / "cut.jpg"))
    assert iou([(173.0, 81.0, 278.0, 182.0)], found.boxes[:1])[0, 0] > 0.7


def test_a_saved_template_is_the_same(tmp_path):
    rng = np.random.default_rng(3)
    template = FaceTemplate(rng.integers(0, 256, (24, 18), np.uint8), rng.random((24, 18)) < 0.8)
    template.save(tmp_path / "a.png")
    back = read_template(tmp_path / "a.png")
    assert (back.grey == template.grey).all()
    assert back.mask is not None
    assert (back.mask == template.mask).all()
    assert repr(back) == "FaceTemplate(18x24)"


def test_the_mean_of_faces_counts_each_alike():
    """A face of ten times the contrast, and another that is brighter, change nothing."""
    rng = np.random.default_rng(4)
    first, second = rng.integers(0, 20, (2, 24, 24), np.uint8)
    box = [(0, 0, 24, 24)]
    mean = make_template([first, second], [box, box])
    louder = make_template([first * 10, second + 100], [box, box])
    assert np.abs(mean.grey.astype(int) - louder.grey).max() <= 1


def test_the_packages_own_finds_the_astronaut_and_little_else(astronaut):
    found = find_template(PixelReader.of(astronaut))

    assert iou([(173.0, 81.0, 278.0, 182.0)], found.boxes[:1])[0, 0] > 0.7
    assert found.scores[0] > 0.8
    assert len(found) <= 2


def test_half_a_face_in_shade_is_found(astronaut):
    """Local contrast leaves little of the light."""
    shaded = astronaut.copy()
    shaded[:, :225] //= 3
    found = find_template(PixelReader.of(shaded))
    assert iou([(173.0, 81.0, 278.0, 182.0)], found.boxes[:1])[0, 0] > 0.7


def test_a_channel_of_a_picture_is_searched_like_its_copy(astronaut):
    channel = astronaut[:200, :200, 1]
    found = find_template(PixelReader.of(channel))
    same = find_template(PixelReader.of(channel.copy()))
    np.testing.assert_array_equal(found.boxes, same.boxes)


@pytest.mark.parametrize("size", [(5, 5), (31, 200), (200, 31)])
def test_pictures_smaller_than_the_template_have_no_face(size):
    assert len(find_template(PixelReader.of(np.zeros(size, np.uint8)))) == 0


def test_what_is_no_template(tmp_path):
    def refused(name, pixels, text):
        path = tmp_path / name
        if pixels is not None:
            write_image(path, pixels)
        with pytest.raises(ModelError, match=text):
            find_template(PixelReader.of(np.zeros((50, 50), np.uint8)), file=str(path))

    refused("gone.png", None, r"gone.png: expected a picture of a face as template")
    refused("small.png", np.zeros((5, 9), np.uint8), "expected a template of at least 8 x 8")
    refused("long.png", np.zeros((20, 300), np.uint8), "expected a template of at least 8 x 8")
    refused("flat.png", np.full((20, 20), 7, np.uint8), "got one even grey")
    (tmp_path / "text.png").write_bytes(b"no picture")
    refused("text.png", None, "expected a picture of a face as template")
    with pytest.raises(ValueError, match="boxes: expected at least one face"):
        make_template([np.zeros((9, 9), np.uint8)], [np.zeros((0, 4))])
    with pytest.raises(ValueError, match="size: expected sides of 8 to 128"):
        make_template([], [], size=(4, 20))
