from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cvfast.errors import ModelError, OutputExistsError
from cvfast.models.tensors import parse_tensors, write_tensors
from cvfast.swap.model_file import read_model, write_model

from tests.swap.small_nets import FAMILIES, faces, small_nets, small_options


@pytest.mark.parametrize("architecture", FAMILIES)
def test_what_was_written_is_read(architecture: str, tmp_path: Path) -> None:
    options = small_options(architecture, face_type="whole")
    nets, path = small_nets(options), tmp_path / "model.safetensors"
    write_model(path, nets, options, {"iteration": 12, "faces": {"source": "ab"}})
    read_options, read_nets, facts = read_model(path)

    assert read_options == options
    assert facts["iteration"] == 12
    assert facts["faces"] == {"source": "ab"}
    with torch.no_grad():
        for a, b in zip(nets.swap(faces(1, 64)), read_nets.swap(faces(1, 64)), strict=True):
            assert torch.equal(a, b)


def test_the_same_bytes_again_and_half_of_them(tmp_path: Path) -> None:
    options = small_options()
    nets, files = small_nets(options), [tmp_path / name for name in "abc"]
    write_model(files[0], nets, options)
    write_model(files[1], read_model(files[0])[1], options)
    write_model(files[2], nets, options, numbers="float16")

    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[2].stat().st_size < 0.51 * files[0].stat().st_size
    with torch.no_grad():
        half = read_model(files[2])[1].swap(faces(1, 64))[0]
        torch.testing.assert_close(half, nets.swap(faces(1, 64))[0], atol=5e-3, rtol=0)
    with pytest.raises(OutputExistsError):
        write_model(files[0], nets, options, overwrite=False)


def test_what_is_not_finite_is_not_written(tmp_path: Path) -> None:
    options = small_options()
    nets = small_nets(options)
    with torch.no_grad():
        next(nets.parameters())[0, 0, 0, 0] = 1e30
    write_model(tmp_path / "a", nets, options)
    with pytest.raises(ValueError, match="expected finite weights in float16"):
        write_model(tmp_path / "b", nets, options, numbers="float16")
    with torch.no_grad():
        next(nets.parameters())[0, 0, 0, 0] = float("nan")
    with pytest.raises(ValueError, match="expected finite weights"):
        write_model(tmp_path / "b", nets, options)
    assert not (tmp_path / "b").exists()


def _written(tmp_path: Path) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    options, path = small_options(), tmp_path / "model.safetensors"
    write_model(path, small_nets(options), options, {"iteration": 1})
    arrays, metadata = parse_tensors(path.read_bytes(), path)
    return path, dict(arrays), json.loads(metadata["cvfast.swap"])


def _rewrite(path: Path, arrays: dict[str, Any], head: dict[str, Any]) -> None:
    write_tensors(path, arrays, {"cvfast.swap": json.dumps(head)}, overwrite=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "expected a model of version 1, got 2: a newer cvfast"),
        ({"version": "1"}, "expected a swap model"),
        ({"format": "other"}, "expected a swap model"),
        ({"options": {"resolution": 100}}, "header cannot be used: ValueError.*resolution"),
        ({"options": {"resolution": 1 << 40}}, "header cannot be used"),
        ({"options": {"evil": 1}}, "header cannot be used: ValueError.*evil"),
        ({"options": []}, "header cannot be used"),
        ({"facts": 3}, "header cannot be used: TypeError.*facts"),
        ({"options": {}}, "expected (the weights of|float32)"),
    ],
)
def test_headers_that_lie(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path, arrays, head = _written(tmp_path)
    _rewrite(path, arrays, head | change)
    with pytest.raises(ModelError, match=message):
        read_model(path)


def test_weights_that_lie(tmp_path: Path) -> None:
    path, arrays, head = _written(tmp_path)
    first = next(iter(arrays))
    spoilt = arrays[first].copy()
    spoilt.flat[0] = np.nan
    lies: list[tuple[dict[str, Any], str]] = [
        (arrays | {first: spoilt}, "expected finite weights, got NaN"),
        (arrays | {first: arrays[first][:1]}, "expected float32 .* as its options say"),
        (arrays | {first: arrays[first].astype(np.int16)}, "expected float32 .* got int16"),
        ({name: a for name, a in arrays.items() if name != first}, "are missing or more"),
        (arrays | {"more": arrays[first]}, "are missing or more"),
    ]
    for lie, message in lies:
        _rewrite(path, lie, head)
        with pytest.raises(ModelError, match=message):
            read_model(path)


def test_no_models(tmp_path: Path) -> None:
    path, _, _ = _written(tmp_path)
    whole = path.read_bytes()
    other = tmp_path / "other"
    for data in (b"", whole[:100], whole[:-1], b"\xff" * 64):
        other.write_bytes(data)
        with pytest.raises(ModelError, match="other"):
            read_model(other)
    write_tensors(other, {"a": np.zeros(2, np.float32)}, {}, overwrite=True)
    with pytest.raises(ModelError, match="got another safetensors file"):
        read_model(other)
    with pytest.raises(ModelError, match="cannot be read"):
        read_model(tmp_path / "gone")


def test_long_facts_and_other_numbers(tmp_path: Path) -> None:
    options = small_options()
    nets = small_nets(options)
    with pytest.raises(ValueError, match="facts: expected at most"):
        write_model(tmp_path / "a", nets, options, {"note": "x" * (1 << 18)})
    with pytest.raises(ValueError, match="numbers: expected one of float32, float16"):
        write_model(tmp_path / "a", nets, options, numbers="int8")
    assert dataclasses.asdict(options)  # untouched
