"""Faces swapped in groups: in order, whenever somebody asks."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from cvfast.errors import ModelError
from cvfast.swap.group_swap import GroupSwapper


class Counting:
    resolution, face_type = 4, "whole"

    def __init__(self):
        self.calls = []

    def swap(self, faces, morph=1.0):
        self.calls.append(faces[:, 0, 0, 0].tolist())
        return SimpleNamespace(face=faces * 2)


def face(value):
    return np.full((4, 4, 3), value, np.float32)


def test_groups_fill_and_what_is_left_is_swapped_when_asked_for():
    swapper = Counting()
    group = GroupSwapper(swapper, 1.0, size=4)
    places = [group.add(face(value)) for value in (1, 2, 3, 4, 5)]
    assert swapper.calls == [[1, 2, 3, 4]]
    for value, place in enumerate(places, 1):
        swapped, number = group.get(place)
        assert swapped.face[number, 0, 0, 0] == 2 * value
    late = group.add(face(6))  # keeps the place that it has in an undisturbed run
    assert group.get(late)[1] == 1
    assert swapper.calls == [[1, 2, 3, 4], [5, 0, 0, 0], [0, 6, 0, 0]]


def test_who_waits_hears_that_the_model_failed():
    swapper = Counting()
    swapper.swap = lambda faces, morph: (_ for _ in ()).throw(ModelError("broken"))
    group = GroupSwapper(swapper, 1.0, size=2)
    places = [group.add(face(1)), group.add(face(2))]
    for place in places:
        with pytest.raises(ModelError, match="broken"):
            group.get(place)
