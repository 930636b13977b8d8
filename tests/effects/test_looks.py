"""Looks: presets as TOML, their errors, and the flag."""

from __future__ import annotations

import tomllib
from dataclasses import asdict

import pytest
from cvfast.cli.effects import EffectFlags
from cvfast.effects.looks import bundled_looks, load_look, save_look
from cvfast.effects.options import RetouchOptions
from cvfast.errors import MediaError, OutputExistsError


def written(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, "utf-8")
    return path


def test_bundled_looks_are_complete_and_differ():
    looks = {name: load_look(name) for name in bundled_looks()}

    assert {"natural", "studio", "evening"} <= set(looks)
    assert all(look.actions for look in looks.values())
    assert len({look.actions for look in looks.values()}) == len(looks)


def test_a_file_sets_what_it_names(tmp_path):
    look = load_look(written(tmp_path, 'smooth_skin = 0.5\nlip_color = "rose"\nbig_eyes = 1\n'))

    assert look == RetouchOptions(smooth_skin=0.5, lip_color="rose", big_eyes=1)


def test_what_is_saved_is_loaded(tmp_path):
    options = RetouchOptions(smooth_skin=0.35, lip_color="#b01030", lip_color_strength=0.1)
    save_look(options, tmp_path / "a.toml")

    assert load_look(tmp_path / "a.toml") == options
    assert (tmp_path / "a.toml").read_text("utf-8").splitlines() == [
        "smooth_skin = 0.35",
        'lip_color = "#b01030"',
        "lip_color_strength = 0.1",
    ]
    with pytest.raises(OutputExistsError):
        save_look(options, tmp_path / "a.toml")


def test_odd_file_names_survive_being_saved(tmp_path):
    name = str(tmp_path / 'a "quoted" back\\slash.jpg')
    options = RetouchOptions(smooth_skin=0.5)
    object.__setattr__(options, "eye_color", name)  # a photo that need not be there
    save_look(options, tmp_path / "b.toml")

    assert tomllib.loads((tmp_path / "b.toml").read_text("utf-8"))["eye_color"] == name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "smooth_skn = 0.5",
            r"mine\.toml: expected keys out of .*got smooth_skn; did you mean smo",
        ),
        ("big-eyes = 0.5", r"mine\.toml: .*did you mean big_eyes\?"),
        ("blush = 2", r"mine\.toml: blush: expected a number in \[0, 1\], got 2"),
        ("[face]\nblush = 1", r"mine\.toml: expected keys out of .*got face"),
        ("blush = ", r"mine\.toml: expected TOML, got a file that is none: "),
        ('lip_color = "rse"', r"mine\.toml: lip_color: .*rose"),
    ],
)
def test_mistakes_are_named_with_file_and_key(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        load_look(written(tmp_path, text))


def test_values_of_another_type_are_named(tmp_path):
    with pytest.raises(TypeError, match=r"mine\.toml: blush: expected a number.*got 'much'"):
        load_look(written(tmp_path, 'blush = "much"'))
    with pytest.raises(TypeError, match=r"mine\.toml: blush: expected a number.*got true"):
        load_look(written(tmp_path, "blush = true"))


def test_a_look_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="one of evening, natural, studio, got 'natrual'; did you"):
        load_look("natrual")
    with pytest.raises(MediaError, match=r"look: cannot read .*gone\.toml: No such file"):
        load_look(tmp_path / "gone.toml")


def test_flags_go_before_the_look():
    plain = EffectFlags(look="studio").options()
    other = EffectFlags(look="studio", smooth_skin=0.1, lip_color="wine").options()

    assert plain == load_look("studio")
    assert asdict(other) == asdict(plain) | {"smooth_skin": 0.1, "lip_color": "wine"}
    with pytest.raises(ValueError, match=r"no effect is switched on: .*--look natural"):
        EffectFlags().options()


def test_a_look_that_is_too_deep(tmp_path):
    (tmp_path / "deep.toml").write_text("x = " + "[" * 100_000)
    with pytest.raises(ValueError, match=r"deep\.toml: expected TOML"):
        load_look(tmp_path / "deep.toml")
