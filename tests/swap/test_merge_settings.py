"""Settings of a merge: ranges, and a TOML of them."""

from __future__ import annotations

import dataclasses

import pytest
from cvfast.errors import MediaError
from cvfast.swap.merge_grid import grid_of, vary
from cvfast.swap.merge_settings import CHOICES, RANGES, MergeSettings, read_settings, settings_text
from hypothesis import given, settings
from hypothesis import strategies as some


def any_settings():
    chosen = {name: some.sampled_from(values) for name, values in CHOICES.items()}
    numbers = {
        name: some.floats(low, high) if name == "morph" else some.integers(int(low), int(high))
        for name, (low, high) in RANGES.items()
    }
    flags = {name: some.booleans() for name in ("masked_hist_match", "steady", "label")}
    return some.builds(MergeSettings, **chosen, **numbers, **flags)


@settings(max_examples=20, deadline=None)
@given(chosen=any_settings(), name=some.text(max_size=20))
def test_the_toml_says_them_all(chosen, name):
    text = settings_text(chosen, {"model": {"name": name, "face_type": None}, "faces": {"t": [1]}})
    read, tables = read_settings(text, "some.toml")
    assert read == chosen
    assert tables == {"model": {"name": name}, "faces": {"t": [1]}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[merge]\nblur = 401", "merge.blur: expected 0 to 400, got 401"),
        ("[merge]\nblur = 1.5", "merge.blur: expected a whole number"),
        ('[merge]\nmode = "magic"', "merge.mode: expected one of original"),
        ("[merge]\nblurr = 1", "merge.blurr: expected one of mode"),
        ("[merge]\nlabel = 1", "merge.label: expected True or False"),
        ("merge = 3", "expected a table"),
        ("[merge", "expected settings in TOML"),
        ("a = " + "[" * 5000, "expected settings in TOML"),
    ],
)
def test_a_wrong_toml_is_named(text, message):
    with pytest.raises(MediaError, match=r"bad\.toml: ") as caught:
        read_settings(text, "bad.toml")
    assert message in str(caught.value)


def test_a_grid_goes_through_what_is_said():
    axes = vary(["mode=overlay,seamless", "blur=0,40,80"])
    tiles = grid_of(MergeSettings(erode=7), axes)
    assert [(tile.mode, tile.blur) for tile in tiles] == [
        (mode, blur) for mode in ("overlay", "seamless") for blur in (0, 40, 80)
    ]
    assert {tile.erode for tile in tiles} == {7}
    for name in (field.name for field in dataclasses.fields(MergeSettings)):
        assert all(grid_of(MergeSettings(), vary([name]))), name
    for words, message in (
        (["blur=0,900"], "blur: expected 0 to 400"), (["nothing"], "expected one of mode"),
        (["blur", "erode", "mode"], "one setting or two"),
        (["mode", "mask_mode"], "at most 64"), (["blur=x"], "blur: expected numbers"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            vary(words)
