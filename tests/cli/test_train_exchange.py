"""``cvfast train acgpn``, ``swapnet``, ``clothes-transform``: what they make and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("undrawn")


def test_networks_are_trained_and_named(run, tmp_path: Path) -> None:
    words = ["--people", 2, "--iterations", 1, "--width", 4, "--batch", 2, "--json"]
    done = run("train", "swapnet", "-o", tmp_path / "nets", *words)
    assert done.code == 0
    told = json.loads(done.out)
    assert [Path(file).name for file in told["files"]] == [
        "swapnet-warp.safetensors", "swapnet-texture.safetensors",
    ]  # fmt: skip
    assert all(Path(file).is_file() for file in told["files"])
    again = run("train", "swapnet", "-o", tmp_path / "nets", *words)
    assert again.code != 0
    assert "--resume" in again.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["acgpn", "--people", 0], "--people: expected at least 1, got 0"),
        (["acgpn", "--size", "much"], "--size: expected two numbers"),
        (["swapnet", "--size", "64x48"], "--size: expected a square for SwapNet"),
        (["swapnet", "--data", "."], "--data: expected none for swapnet"),
        (["clothes-transform", "--data", "."], "--data: expected with --compat"),
    ],
)
def test_what_cannot_be_trained_is_refused(run, tmp_path: Path, words, told) -> None:
    done = run("train", *words, "-o", tmp_path / "nets")
    assert done.code == 2
    assert told in done.err
