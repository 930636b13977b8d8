"""Pairs drawn for judging, LFW's list of pairs, and distances as JSON Lines."""

from __future__ import annotations

import json
import os
from collections import Counter

import numpy as np
import pytest
from cvfast.errors import MediaError
from cvfast.metrics.lfw import read_lfw_pairs
from cvfast.metrics.scores import Scores, read_scores, write_scores
from cvfast.metrics.verification import draw_pairs, make_pairs
from hypothesis import given, settings
from hypothesis import strategies as st


def _check(pairs, identities):
    who = np.array(identities)
    assert ((who[pairs.first] == who[pairs.second]) == pairs.same).all()
    assert (pairs.first != pairs.second).all()
    drawn = {frozenset(pair) for pair in zip(pairs.first, pairs.second, strict=True)}
    assert len(drawn) == len(pairs)
    fold_of = {}
    for side in (pairs.first, pairs.second):
        for at, fold in zip(side, pairs.fold, strict=True):
            assert fold_of.setdefault(who[at], fold) == fold


@given(st.lists(st.integers(0, 8), min_size=4, max_size=80), st.integers(1, 3), st.integers(0, 9))
@settings(deadline=None, max_examples=60)
def test_pairs_keep_their_promises(identities, folds, seed):
    enough = len(set(identities)) >= 2 * folds
    try:
        pairs = make_pairs(identities, folds=folds, per_fold=20, seed=seed)
    except ValueError:
        several = sum(count > 1 for count in Counter(identities).values())
        assert not enough or several < folds
        return
    _check(pairs, identities)
    for fold in range(folds):
        kinds = pairs.same[pairs.fold == fold]
        assert 2 * kinds.sum() == len(kinds) <= 40


def test_pairs_of_more_people_than_can_be_listed():
    identities = [n // 2 for n in range(40_000)]

    pairs = draw_pairs(identities, most=30_000)

    _check(pairs, identities)
    assert Counter(pairs.same.tolist()) == {True: 20_000, False: 30_000}
    halves = np.bincount(pairs.first[~pairs.same] // 20_000) / 30_000
    assert len(halves) == 2
    assert abs(halves - 0.5).max() < 0.02  # nobody is preferred


def test_pairs_are_lfws_where_there_are_enough():
    identities = [n // 20 for n in range(1200)]

    pairs = make_pairs(identities)

    _check(pairs, identities)
    assert len(pairs) == 6000
    assert Counter(pairs.fold.tolist()) == dict.fromkeys(range(10), 600)
    people = np.array(identities)[pairs.first[pairs.same]]
    assert Counter(Counter(people.tolist()).values()) == {50: 60}  # each alike
    again, other = make_pairs(identities), make_pairs(identities, seed=1)
    assert (again.first == pairs.first).all()
    assert (other.first != pairs.first).any()


def test_names_serve_as_well_as_numbers():
    numbers = [n // 5 for n in range(100)]
    named = make_pairs([f"person {n}" for n in numbers], folds=2, per_fold=9)
    assert (named.first == make_pairs(numbers, folds=2, per_fold=9).first).all()


def test_all_pairs_or_as_many_as_are_wanted():
    identities = [n // 4 for n in range(40)]
    every = draw_pairs(identities)
    _check(every, identities)
    assert len(every) == 40 * 39 // 2
    some = draw_pairs(identities, most=50)
    _check(some, identities)
    assert (some.same.sum(), len(some)) == (50, 100)
    shares = Counter(np.array(identities)[some.first[some.same]].tolist())
    assert set(shares.values()) == {5}


@pytest.mark.parametrize(
    ("identities", "folds", "said"),
    [
        (["a", "a", "b"], 2, "at least two people for each of 2 folds, got 2"),
        (["a", "b", "c", "d", "d"], 2, "someone with two faces in each of 2 folds"),
        ([], 1, "at least two people"),
        (["a", "a"], 1, "at least two people"),
        (["a", "b"], 0, "folds, per_fold: expected at least 1, got 0"),
    ],
)
def test_too_few_people_for_pairs(identities, folds, said):
    with pytest.raises(ValueError, match=said):
        make_pairs(identities, folds=folds)
    with pytest.raises(ValueError, match="expected"):
        draw_pairs(["a", "b"], most=10)


@pytest.fixture
def lfw(tmp_path):
    """Write a file and read it."""

    def read(text, **options):
        path = tmp_path / "pairs.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_lfw_pairs(path, **options)

    return read


GOOD = """2\t2
Ann_Lee\t1\t2
Ann_Lee\t1\t3
Ann_Lee\t1\tBo_Ek\t1
Ann_Lee\t2\tBo_Ek\t1
Cy-Da_O'Neil\t10\t11
Cy-Da_O'Neil\t10\t12
Cy-Da_O'Neil\t1\tJosé_Sá\t123
José_Sá\t4\tCy-Da_O'Neil\t2
"""


def test_lfws_pairs(lfw):
    pairs = lfw(GOOD)
    assert pairs.same.tolist() == [True, True, False, False] * 2
    assert pairs.fold.tolist() == [0] * 4 + [1] * 4
    assert pairs.first[4].file == "Cy-Da_O'Neil/Cy-Da_O'Neil_0010.jpg"
    assert pairs.second[6].file == "José_Sá/José_Sá_0123.jpg"
    assert len(pairs) == 8
    windows = lfw(GOOD.replace("\n", "\r\n"))
    assert windows.first == pairs.first


def test_a_development_list_is_one_fold(lfw):
    pairs = lfw("1\nAnn\t1\t2\nAnn\t1\tBo\t2\n")
    assert pairs.fold.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Cy-Da_O'Neil\t10\t11", "Bo_Ek\t10\t11", "line 6: Bo_Ek is in fold 2 here and in fold 1 "
         "on line 4; folds may not share people"),
        ("Ann_Lee\t1\t3", "Ann_Lee\t2\t1", "line 3: .* were paired on line 2 already"),
    ],
)  # fmt: skip
def test_leaks_are_refused_unless_told(lfw, old, new, said):
    with pytest.raises(MediaError, match=rf"pairs.txt, {said}.*--allow-leaks"):
        lfw(GOOD.replace(old, new))
    assert len(lfw(GOOD.replace(old, new), allow_leaks=True)) == 8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected the number of folds"),
        ("ten 300", "line 1: expected the number of folds"),
        ("1 2 3", "line 1: expected the number of folds"),
        ("0 300", "line 1: expected 1 to 1000 folds"),
        ("1000 999999999", "line 1: expected 1 to 1000 folds"),
        ("9" * 5000, "line 1: expected the number of folds"),
        ("1000 1000000\nAnn 1 2", "line 3: expected one person's pair.*got the end"),
        (GOOD + "Ann 1 2", "line 10: expected no more than 2 folds of twice 2 pairs"),
        ("1\nAnn\t1\tBo\t2", "line 2: expected one person's pair"),
        ("1\nAnn\t1\t2\nAnn\t1\t2", "line 3: expected a pair of different people"),
        ("1\nAnn\t1\t1", "line 2: expected two different pictures"),
        ("1\nAnn\t1\t2\nAnn\t1\tAnn\t2", "line 3: expected two different people"),
        ("1\n../etc\t1\t2", "line 2: expected names without separators"),
        ("1\na/b\t1\t2", "line 2: expected names without separators"),
        ("1\nC:x\t1\t2", "line 2: expected names without separators"),
        ("1\n" + "a" * 300 + "\t1\t2", "line 2: expected names without separators"),
        ("1\nAnn\t0\t2", "line 2: expected numbers of pictures from 1 on"),
        ("1\nAnn\t-1\t2", "line 2: expected numbers of pictures from 1 on"),
        ("1\nAnn\t٣\t2", "line 2: expected numbers of pictures from 1 on"),
        ("1\nAnn\t1\t" + "9" * 40, "line 2: expected numbers of pictures from 1 on"),
        (b"\xff\xfe\x00", "expected annotations as text"),
    ],
)
def test_hostile_lists(lfw, text, said):
    with pytest.raises(MediaError, match=said):
        lfw(text)


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(MediaError, match=r"gone\.txt: annotations cannot be read"):
        read_lfw_pairs(tmp_path / "gone.txt")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MediaError, match="got a named pipe"):
        read_lfw_pairs(tmp_path / "pipe")


@given(st.binary(max_size=60))
def test_no_bytes_do_harm(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_bytes(data)
    for read in (read_lfw_pairs, read_scores):
        with pytest.raises(MediaError, match=r"any\.txt"):
            read(path)


def test_distances_come_back_as_they_were(tmp_path):
    scores = Scores(np.array([0.1, 1 / 3]), np.array([True, False]), np.array([0, 1]))
    write_scores(tmp_path / "s.jsonl", scores, (["é.jpg", "b"], ["c", "d"]))
    again = read_scores(tmp_path / "s.jsonl")
    assert again.distances.tolist() == [0.1, 1 / 3]
    assert again.same.tolist() == [True, False]
    assert again.fold.tolist() == [0, 1]
    assert json.loads((tmp_path / "s.jsonl").read_text("utf-8").split("\n")[0])["first"] == "é.jpg"


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("[1]", "line 2: expected one JSON object a line"),
        ("{" * 100_000, "line 2: expected one JSON object a line"),
        ('{"distance": 1}', "line 2: expected same: true or false"),
        ('{"same": 1, "distance": 1}', "line 2: expected same: true or false, got '1'"),
        ('{"same": true}', "line 2: expected distance: a finite number"),
        ('{"same": true, "distance": NaN}', "line 2: expected distance: a finite number"),
        ('{"same": true, "distance": true}', "line 2: expected distance: a finite number"),
        ('{"same": true, "distance": 1' + "0" * 400 + "}", "line 2: expected distance: a finite"),
        ('{"same": true, "distance": 1}', "line 2: expected a fold in all lines or in none"),
        ('{"same": true, "distance": 1, "fold": -1}', "line 2: expected fold: a whole number"),
        ("", "line 2: expected pairs of one person and of different people, got '1 of one kind'"),
    ],
)
def test_hostile_distances(tmp_path, second, said):
    (tmp_path / "s.jsonl").write_text(f'{{"same": false, "distance": 2, "fold": 0}}\n{second}\n')
    with pytest.raises(MediaError, match=said):
        read_scores(tmp_path / "s.jsonl")
