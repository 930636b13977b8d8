"""Renaming under kill -9 at every file operation, and undoing step by step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cvfast
import pytest
from cvfast.errors import MediaError, OutputError, OutputExistsError
from cvfast.swap.rename_log import LOG, Move, rename_log, trash_of

# Forks a process for each file operation of a change, which is killed just before that one.
DRIVER = """
import os, shutil, signal, sys
from pathlib import Path
from cvfast.swap.rename_log import Move, rename_log, trash_of

EVENTS = {"open", "os.rename", "os.link", "os.remove", "os.chmod", "os.mkdir", "os.rmdir"}
os.fsync = lambda descriptor: None  # a killed process loses nothing that the system has
armed, left = False, 0
place = Path(sys.argv[1]) / "aligned"

def hook(event, args):
    global left
    if armed and event in EVENTS:
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

sys.addaudithook(hook)

def names():
    both = (place, trash_of(place))
    return {str(p.relative_to(place.parent)): p.read_text() for folder in both if folder.is_dir()
            for p in folder.iterdir() if p.is_file()}

def first():
    shutil.rmtree(place.parent, ignore_errors=True)
    place.mkdir(parents=True)
    for name in "abc":
        (place / f"{name}.jpg").write_text(name)
    (place / "mine.txt").write_text("mine")

A = [Move("a.jpg", "0_a.jpg"), Move("b.jpg", "1_b.jpg"), Move("c.jpg", "c.jpg", True)]
B = [Move("0_a.jpg", "1_a.jpg"), Move("1_b.jpg", "0_b.jpg")]

def do(moves):
    with rename_log(place) as log:
        log.settle()
        here = {p.name for p in place.iterdir()}
        log.do("sort", [m for m in moves if m.name in here])

def undo():
    with rename_log(place) as log:
        return log.undo()

def prepared(case):
    first()
    if case in ("second", "undo", "undo second"):
        do(A)
    if case == "undo second":
        do(B)

CHANGES = {"first": lambda: do(A), "second": lambda: do(B), "undo": undo, "undo second": undo}
for case, change in CHANGES.items():
    prepared(case)
    old = names()
    change()
    new = names()
    assert old != new and sorted(old.values()) == sorted(new.values())
    undoing = case.startswith("undo")
    for way in ("again",) if undoing else ("again", "undone"):
        for number in range(1000):
            prepared(case)
            child = os.fork()
            if child == 0:
                armed, left = True, number
                change()
                os._exit(0)
            _, status = os.waitpid(child, 0)
            done = status == 0
            assert done or os.WTERMSIG(status) == signal.SIGKILL, status
            found = names()
            assert sorted(found.values()) == sorted(old.values()), "nothing is lost"
            if way == "again" and not undoing:
                change()
                assert names() == new, (case, number, names())
            elif way == "undone" and not undoing:
                with rename_log(place) as log:
                    moves = A if case == "first" else B
                    begun = bool(log.steps()) and log.steps()[-1].moves == tuple(moves)
                if begun:
                    undo()
                assert names() == old, (case, number, names())
            elif found != new and not done:  # an undo that was killed: the same again
                undo()
                assert names() == new, (case, number, names())
            while undo():
                pass
            assert names() == {f"aligned/{k}.jpg": k for k in "abc"} | {
                "aligned/mine.txt": "mine"}, (case, number, names())
            assert not trash_of(place).exists()
            assert sorted(os.listdir(place)) == ["a.jpg", "b.jpg", "c.jpg", "mine.txt"]
            if done:
                print(case.replace(" ", "-"), number)
                break
"""


def test_killed_before_any_file_operation(tmp_path):
    paths = [str(Path(cvfast.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    words = [sys.executable, "-c", DRIVER, str(tmp_path / "work")]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    counts = [line.split() for line in done.stdout.splitlines()]
    cases = ["first", "first", "second", "second", "undo", "undo-second"]
    assert [name for name, _ in counts] == cases
    assert all(int(number) >= 10 for _, number in counts)


@pytest.fixture
def place(tmp_path):
    folder = tmp_path / "aligned"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.jpg").write_text(name)
    return folder


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def renamed(place, *moves):
    with rename_log(place) as log:
        return log.do("test", [Move(*move) for move in moves])


def undone(place):
    with rename_log(place) as log:
        return log.undo()


def test_steps_are_undone_one_by_one(place):
    renamed(place, ("a.jpg", "1_a.jpg"), ("b.jpg", "0_b.jpg"))
    renamed(place, ("1_a.jpg", "0_a.jpg"), ("c.jpg", "c.jpg", True))
    assert contents(place) == {"0_a.jpg": "a", "0_b.jpg": "b"}
    assert contents(trash_of(place)) == {"c.jpg": "c"}
    with rename_log(place) as log:
        assert log.originals() == {"0_a.jpg": "a.jpg", "0_b.jpg": "b.jpg"}
    undone(place)
    assert contents(place) == {"1_a.jpg": "a", "0_b.jpg": "b", "c.jpg": "c"}
    undone(place)
    assert contents(place) == {"a.jpg": "a", "b.jpg": "b", "c.jpg": "c"}
    assert undone(place) is None
    assert [path.name for path in place.parent.iterdir()] == ["aligned"]


def test_a_taken_name_is_refused_before_anything_is_renamed(place):
    with pytest.raises(OutputExistsError, match=r"b\.jpg"):
        renamed(place, ("c.jpg", "x.jpg"), ("a.jpg", "b.jpg"))
    assert contents(place) == {"a.jpg": "a", "b.jpg": "b", "c.jpg": "c"}
    assert not (place / LOG).exists()


def test_an_old_name_that_is_taken_again(place):
    renamed(place, ("a.jpg", "0.jpg"), ("b.jpg", "1.jpg"))
    (place / "b.jpg").write_text("new")
    before = contents(place)
    with pytest.raises(OutputExistsError, match=r"b\.jpg: another file"):
        undone(place)
    assert contents(place) == before
    (place / "b.jpg").rename(place / "new.jpg")
    undone(place)
    assert contents(place) == {"a.jpg": "a", "b.jpg": "b", "c.jpg": "c", "new.jpg": "new"}


def test_what_somebody_took_away_or_put_into_the_trash_is_left(place):
    renamed(place, ("a.jpg", "0.jpg"), ("b.jpg", "b.jpg", True))
    (place / "0.jpg").unlink()
    (trash_of(place) / "other.jpg").write_text("other")
    undone(place)
    assert contents(place) == {"b.jpg": "b", "c.jpg": "c"}
    assert contents(trash_of(place)) == {"other.jpg": "other"}


def step_file(place):
    renamed(place, ("a.jpg", "0.jpg"))
    return place / LOG / "0001.json"


@pytest.mark.parametrize(
    "moves",
    [
        [["../b.jpg", "c2.jpg", 0]],
        [["a.jpg", "../../evil.jpg", 1]],
        [["a.jpg", "/tmp/evil.jpg", 0]],  # noqa: S108 (nothing is written there)
        [["a.jpg", "..", 0]],
        [["a.jpg", ".bashrc", 0]],
        [["a.jpg", "run.sh", 0]],
        [["a.jpg", "x\0.jpg", 0]],
        [["a.jpg", "b\\c.jpg", 0]],
        [["a.jpg", "x.jpg", 0], ["b.jpg", "x.jpg", 0]],
        [["a.jpg", 7, 0]],
        [["a.jpg"]],
        7,
    ],
)
def test_a_hostile_step_renames_nothing(place, moves):
    file = step_file(place)
    content = json.loads(file.read_text()) | {"state": "doing", "moves": moves}
    file.write_text(json.dumps(content))
    before = contents(place)
    for act in ("settle", "undo", "originals"):
        with rename_log(place) as log, pytest.raises(MediaError, match=r"0001\.json: expected"):
            getattr(log, act)()
    assert contents(place) == before
    assert [path.name for path in place.parent.iterdir()] == ["aligned"]


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '{"version": 2, "state": "done"}', "null"]
)
def test_a_damaged_step(place, text):
    step_file(place).write_text(text)
    with rename_log(place) as log, pytest.raises(MediaError, match="damaged one"):
        log.undo()


def test_one_process_at_a_time(place):
    with rename_log(place), pytest.raises(OutputError, match="another cvfast"), rename_log(place):
        pass


def test_no_folder(tmp_path):
    with pytest.raises(MediaError, match="expected a folder of faces"), rename_log(tmp_path / "no"):
        pass
