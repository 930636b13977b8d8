"""Pickles read instruction by instruction: plain values as Python reads them, others refused."""

from __future__ import annotations

import collections
import contextlib
import datetime
import pickle
from typing import Any

import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.swap.pickle_values import pickled_values
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.swap.attacks import dfl_values

_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False)
    | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner)
    | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(_PLAIN, st.integers(0, 5))
def test_plain_values(value: Any, protocol: int) -> None:
    assert pickled_values(pickle.dumps(value, protocol), "x") == value


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", ["u1", "<i2", ">i4", "<f4", ">f8", "?", "i8"])
def test_arrays(kind: str, protocol: int) -> None:
    values = np.arange(24).reshape(2, 3, 4).astype(kind)
    for array in (values, np.asfortranarray(values), values[:, ::2], values[:0], values[0, 0, 0]):
        got = pickled_values(pickle.dumps({"a": array, "b": array}, protocol), "x")
        if array.ndim:  # a single number becomes Python's
            assert got["a"].dtype.kind == values.dtype.kind
        assert np.array_equal(got["a"], array)
        assert np.array_equal(got["b"], array)


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        1 + 2j,
        datetime.date(2020, 1, 1),
        collections.OrderedDict(a=1),
        np.array(["a"]),
        np.array([1 + 2j]),
        np.array([None], object),
        np.zeros(2, [("a", "f4"), ("b", "i4")]),
        np.datetime64("2020-01-01"),
        np.random.default_rng(0),
        print,
        int,
    ],
)
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(MediaError, match=r"^x\.jpg: "):
        pickled_values(pickle.dumps(value), "x.jpg")


@settings(max_examples=60)
@given(st.data())
def test_damage(data: st.DataObject) -> None:
    values = dfl_values(seg_ie_polys={"polys": [{"type": 1, "pts": np.zeros((3, 2), np.float32)}]})
    content = bytearray(pickle.dumps(values, data.draw(st.integers(0, 5))))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    _read(bytes(content))


@given(st.binary(max_size=200))
def test_noise(content: bytes) -> None:
    _read(content)


def _read(content: bytes) -> None:
    """Read what may be anything: no other error may come out."""
    with contextlib.suppress(MediaError):
        pickled_values(content, "x")
