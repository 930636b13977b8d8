"""Verbs that have kinds: train, make, evaluate, recognize."""

from __future__ import annotations

import pytest
from cvfast.cli import evaluate, make, recognize, train
from cvfast.cli.app import build

GROUPS = {group.verb: group for group in (train.KINDS, make.KINDS, evaluate.KINDS, recognize.KINDS)}
KINDS = [(verb, kind) for verb, group in GROUPS.items() for kind in group.names]


def test_the_kinds() -> None:
    assert {verb: group.names for verb, group in GROUPS.items()} == {
        "train": (
            "acgpn",
            "cascade",
            "clothes-transform",
            "deepface",
            "eigenfaces",
            "fisherfaces",
            "gmm",
            "landmarks",
            "lbph",
            "patches",
            "swapnet",
            "tom",
            "viton",
        ),
        "make": ("faces", "scenes", "people", "garments", "clip"),
        "evaluate": ("detect", "recognition", "tryon", "dataset"),
        "recognize": ("enroll", "identify", "verify", "list", "forget", "cluster", "explain"),
    }


@pytest.mark.parametrize(("verb", "kind"), KINDS)
def test_the_help_of_a_kind_starts_with_its_examples(run, verb, kind):
    result = run(verb, kind, "--help")
    assert result.code == 0
    assert result.out.startswith("Examples:\n  cvfast ")
    assert f"Usage: cvfast {verb} {kind} " in result.out


@pytest.mark.parametrize("verb", sorted({verb for verb, _ in KINDS}))
def test_the_help_of_a_verb_names_its_kinds(run, verb):
    result = run(verb, "--help")
    assert result.code == 0
    assert result.out.startswith(f"Examples:\n  {GROUPS[verb].examples()[0].split(' --')[0]}")
    assert f"Usage: cvfast {verb} KIND" in result.out
    for kind in GROUPS[verb].names:
        assert f" {kind} " in result.out


@pytest.mark.parametrize(("verb", "kind"), KINDS)
def test_a_misspelt_kind(run, verb, kind):
    result = run(verb, f"{kind[:-1]}x", "a")
    assert result.code == 2
    assert f'Did you mean "{kind}"?' in result.err
    assert f"See: cvfast {verb} --help" in result.err


def test_train_cascade_is_an_alias(run):
    assert "train-cascade" in build()
    assert "Usage: cvfast train-cascade" in run("train-cascade", "--help").out
