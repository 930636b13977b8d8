from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from cvfast.swap.model_options import COLOR_TRANSFERS, OPTIMIZERS, PRESETS, ModelOptions
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name: str) -> None:
    options = PRESETS[name]

    assert ModelOptions.from_dict(json.loads(json.dumps(options.as_dict()))) == options


@given(
    st.sampled_from(["df", "df-u", "liae-udt", "liae-c", "amp"]),
    st.integers(2, 20),
    st.sampled_from(OPTIMIZERS),
    st.sampled_from(COLOR_TRANSFERS),
    st.floats(0, 5),
    st.booleans(),
)
def test_any_options_survive_json(
    architecture: str, size: int, optimizer: str, transfer: str, gan: float, masked: bool
) -> None:
    options = ModelOptions(
        architecture=architecture, resolution=32 * size, optimizer=optimizer,
        color_transfer=transfer, gan_power=gan, masked_training=masked,
    )  # fmt: skip

    assert ModelOptions.from_dict(json.loads(json.dumps(options.as_dict()))) == options


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"architecture": "sae"}, "architecture: expected df, liae"),
        ({"architecture": "df-uu"}, "architecture: expected df, liae"),
        ({"architecture": "df-x"}, "architecture: expected df, liae"),
        ({"architecture": "amp-u"}, "architecture: expected df, liae"),
        ({"resolution": 48}, "resolution: expected 64 to 640, got 48"),
        ({"resolution": 656}, "resolution: expected 64 to 640, got 656"),
        ({"resolution": 80}, "resolution: expected a multiple of 32 for liae-ud, got 80"),
        ({"architecture": "df", "resolution": 72}, "a multiple of 16 for df, got 72"),
        ({"face_type": "wf"}, "face_type: expected one of half, midfull, full, whole, head"),
        ({"ae_dims": 31}, "ae_dims: expected 32 to 1024, got 31"),
        ({"e_dims": 257}, "e_dims: expected 16 to 256, got 257"),
        ({"morph_factor": 0.6}, r"morph_factor: expected 0.1 to 0.5, got 0.6"),
        ({"gan_power": float("nan")}, "gan_power: expected 0.0 to 5.0, got nan"),
        ({"true_face_power": 0.01}, "true_face_power: expected 0 for liae-ud"),
        ({"optimizer": "sgd"}, "optimizer: expected one of adabelief, rmsprop, adam"),
        ({"lr_dropout": "gpu"}, "lr_dropout: expected one of n, y, cpu"),
        ({"color_transfer": "mix"}, "color_transfer: expected one of none, rct"),
    ],
)
def test_out_of_range(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelOptions(**given_)


@pytest.mark.parametrize(
    "given_", [{"resolution": 64.0}, {"resolution": True}, {"pretrain": 1}, {"architecture": 3}]
)
def test_other_types(given_: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=f"{next(iter(given_))}: expected"):
        ModelOptions(**given_)


def test_unknown_option() -> None:
    with pytest.raises(ValueError, match=r"options: expected some of .* got \['colour'\]"):
        ModelOptions.from_dict({"colour": 1})


def test_flags_and_derived_sizes() -> None:
    assert ModelOptions(architecture="amp").flags == {"u", "d", "t"}
    assert ModelOptions(architecture="liae-udt").flags == {"u", "d", "t"}
    assert ModelOptions(lr_dropout="cpu").lr_dropout == "y"
    assert ModelOptions(resolution=96).patch_size == 12
    assert ModelOptions(gan_patch_size=70).patch_size == 70
    with pytest.raises(dataclasses.FrozenInstanceError):
        PRESETS["tiny"].resolution = 96  # type: ignore[misc]
