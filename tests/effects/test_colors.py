"""Colours as text: names, hex digits, and what a mistake is answered with."""

from __future__ import annotations

import pytest
from cvfast.effects.colors import BLUSH_COLORS, EYE_COLORS, LIP_COLORS, parse_color


def test_names_and_hex():
    assert parse_color("#3a7f5c") == pytest.approx((0x3A / 255, 0x7F / 255, 0x5C / 255))
    assert parse_color("3A7F5C") == parse_color("#3a7f5c")
    assert parse_color("#fa0") == parse_color("#ffaa00")
    assert parse_color(" Grey ") == parse_color("gray")
    assert parse_color("coral", names=LIP_COLORS) != parse_color("coral", names=BLUSH_COLORS)


@pytest.mark.parametrize("names", [EYE_COLORS, LIP_COLORS, BLUSH_COLORS])
def test_every_name_is_a_colour(names):
    for name in names:
        assert all(0 <= value <= 1 for value in parse_color(name, names=names))


def test_a_mistake_lists_the_names_and_the_nearest():
    with pytest.raises(ValueError, match=r"^eye_color: expected amber, .*, violet or #rrggbb") as e:
        parse_color("gren")
    assert str(e.value).endswith("got 'gren'; did you mean 'green'?")
    with pytest.raises(ValueError, match="lip_color: expected berry, coral") as e:
        parse_color("zzz", names=LIP_COLORS, option="lip_color")
    assert "did you mean" not in str(e.value)
    for wrong in ("#12", "#12345g", "", "#1234567"):
        with pytest.raises(ValueError, match="rrggbb"):
            parse_color(wrong)
    with pytest.raises(TypeError, match="expected a colour as text, got int"):
        parse_color(7)
