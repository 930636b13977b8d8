"""Names of followed faces: several frames decide."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from cvfast.errors import ModelError
from cvfast.faces.embedding import Threshold
from cvfast.recognition.gallery import Enrolled, Gallery
from cvfast.recognition.naming import TrackNamer


class Line:
    """Faces are numbers on a line; ann is at 0, bob at 1. The picture is what each face has."""

    name, key, dimension = "line", "line-1", 1
    threshold = Threshold(0.6, None, "tests")

    def embed(self, image, faces):
        return np.array([[image[face]] for face in faces], np.float32)

    def distances(self, a, b):
        return np.abs(a - b.T).astype(np.float32)


ROWS = (Enrolled("ann", "a", "0" * 64), Enrolled("bob", "b", "1" * 64))
GALLERY = Gallery("line", "line-1", ROWS, np.array([[0], [1]], np.float32))


def track(number, memory, *, held=False):
    return SimpleNamespace(number=number, landmarks=number, memory=memory, held=held)


def names(values, **options):
    """Name one track that has these values, frame by frame."""
    namer, memory = TrackNamer(GALLERY, Line(), **options), {}
    found = [namer.name([value], [track(0, memory)])[0][1].name for value in values]
    return found, namer.embedded


def test_a_glance_changes_nothing():
    found, embedded = names([0.1] * 6 + [0.9] + [0.1] * 6, every=1)
    assert found == ["ann"] * 13
    assert embedded == 13


def test_a_face_that_became_another_gets_its_name():
    found, _ = names([0.1] * 9 + [0.9] * 9, every=1)
    assert found[:9] == ["ann"] * 9
    assert found[-1] == "bob"
    assert sum(a != b for a, b in pairwise(found)) == 1  # it flips once


def test_between_two_people_the_first_name_stays():
    rng = np.random.default_rng(3)
    found, _ = names(0.49 + rng.normal(0, 0.003, 40), every=1)
    assert len(set(found)) == 1


def test_a_stranger_is_unknown_and_stays_so():
    found, _ = names([1.9] * 12, every=1)
    assert found == [None] * 12


@pytest.mark.parametrize(("every", "vectors"), [(1, 20), (5, 3 + 3), (10, 3 + 1), (100, 3)])
def test_how_often_a_face_is_embedded(every, vectors):
    _, embedded = names([0.1] * 20, every=every)
    assert embedded == vectors


def test_a_lost_face_has_no_name_and_begins_anew():
    namer, memory = TrackNamer(GALLERY, Line(), every=1), {}
    for _ in range(9):
        namer.name([0.1], [track(0, memory)])
    assert namer.name([0.1], [track(0, memory, held=True)]) == []
    assert namer.name([0.9], [track(0, memory)])[0][1].name == "bob"


def test_several_tracks():
    namer = TrackNamer(GALLERY, Line())
    tracks = [track(0, {}), track(1, {}, held=True), track(2, {})]
    named = namer.name([0.2, 0.5, 0.8], tracks)
    assert [(one.number, match.name) for one, match in named] == [(0, "ann"), (2, "bob")]


def test_an_empty_gallery_knows_nobody():
    namer, memory = TrackNamer(Gallery.empty(Line()), Line()), {}
    for _ in range(5):
        ((_, match),) = namer.name([0.1], [track(0, memory)])
        assert (match.name, match.distance) == (None, None)


def test_options_are_checked():
    with pytest.raises(ValueError, match="every"):
        TrackNamer(GALLERY, Line(), every=0)
    other = Line()
    other.key = "line-2"
    with pytest.raises(ModelError, match="line-2"):
        TrackNamer(GALLERY, other)
