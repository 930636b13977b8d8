"""Morphs: both ends exact, the way between even, the clip whole and marked."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from cvfast.errors import OutputExistsError
from cvfast.io.movie import write_movie
from cvfast.io.provenance import Mark, read_provenance
from cvfast.io.video import probe, read_frames
from cvfast.recognition.average import average_face
from cvfast.recognition.face_shapes import find_shape
from cvfast.recognition.morph import Morph, morph_video
from cvfast.synth.faces import make_face


@pytest.fixture(scope="module")
def ends():
    kept = {"pose": (0, 0, 0), "occlusion": "none", "light": "soft", "share": 0.5}
    return [average_face([make_face(n, seed=1, **kept).image], size=161) for n in (21, 22)]


def test_the_ends_are_the_faces_themselves(ends):
    morph = Morph(*ends)
    assert morph.size == (161, 161)
    for share, face in ((0, ends[0]), (1, ends[1])):
        np.testing.assert_array_equal(morph.at(share), face.image)
    near = morph.at(1e-6).astype(int) - ends[0].image
    assert np.abs(near).mean() < 0.5  # and nothing jumps where the way begins


def test_shape_goes_over_with_the_colour(ends):
    morph = Morph(*ends)
    first, second = (one.points[:468] for one in ends)
    for share in (0.25, 0.5, 0.75):
        between = find_shape(morph.at(share)).points[:468]
        wanted = (1 - share) * first + share * second
        assert np.median(np.linalg.norm(between - wanted, axis=1)) < 2.5  # px of 161


def test_each_pixel_is_filled_on_the_way(ends):
    white = [type(one)(np.full_like(one.image, 255), one.points, 1) for one in ends]
    for share in np.linspace(0.05, 0.95, 7):
        assert Morph(*white).at(float(share)).min() == 255


def test_sizes_and_shares_are_checked(ends):
    other = average_face([ends[0].image], size=64)
    with pytest.raises(ValueError, match="second: expected 161 pixels"):
        Morph(ends[0], other)
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"share: expected a number in \[0, 1\]"):
            Morph(*ends).at(share)


def test_a_clip_goes_from_one_to_the_other(ends, tmp_path):
    path, steps = tmp_path / "over.mp4", []
    count = morph_video(path, *ends, seconds=1, hold=0.2, rate=20,
                        progress=lambda *step: steps.append(step))  # fmt: skip
    info = probe(path)
    assert (count, info.frames, info.rate, info.width, info.height) == (29, 29, 20, 160, 160)
    assert steps[-1] == (29, 29)
    frames = [frame.rgb().astype(int) for frame in read_frames(path)]
    first, second = (one.image[:160, :160].astype(int) for one in ends)
    assert np.abs(frames[0] - first).mean() < 4
    assert np.abs(frames[-1] - second).mean() < 4
    moved = [np.abs(b - a).mean() for a, b in pairwise(frames)]
    assert max(moved) < 0.25 * np.abs(frames[-1] - frames[0]).mean()  # no jump
    assert moved[5] < np.median(moved[8:20])  # a gentle start
    mark = read_provenance(path)
    assert mark.source_type == "compositeCapture"
    assert mark.actions == ("morph=between averages of 2 faces",)


def test_nothing_half_written_remains(ends, tmp_path):
    class Stop(Exception):
        pass

    def stop(done, _total):
        if done == 5:
            raise Stop

    with pytest.raises(Stop):
        morph_video(tmp_path / "over.mp4", *ends, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_bad_names_and_numbers(ends, tmp_path):
    path = tmp_path / "over.mp4"
    for options, words in (
        ({"seconds": -1}, "seconds: expected 0 to 600"),
        ({"seconds": float("nan")}, "seconds: expected 0 to 600"),
        ({"hold": 1e9}, "hold: expected 0 to 600"),
        ({"rate": 0}, "rate: expected a whole number"),
    ):
        with pytest.raises(ValueError, match=words):
            morph_video(path, *ends, **options)
    with pytest.raises(ValueError, match=r"expected a name that ends with \.mp4"):
        morph_video(tmp_path / "over.gif", *ends)
    path.write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        morph_video(path, *ends, seconds=0, hold=0)
    assert path.read_bytes() == b"mine"


def test_a_movie_of_any_pictures(tmp_path):
    path = tmp_path / "grey.mp4"
    levels = range(20, 240, 20)
    frames = (np.full((32, 48, 3), level, np.uint8) for level in levels)
    assert write_movie(path, frames, size=(48, 32), rate=10, mark=Mark(actions=("a=1",))) == 11
    seen = [frame.rgb().mean() for frame in read_frames(path)]
    np.testing.assert_allclose(seen, levels, atol=2)
    assert read_provenance(path).actions == ("a=1",)
    with pytest.raises(ValueError, match="even sides"):
        write_movie(tmp_path / "odd.mp4", [], size=(31, 32), rate=10)
