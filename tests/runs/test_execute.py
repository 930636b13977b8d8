from __future__ import annotations

import json

import pytest
from cvfast.errors import CvfastError, MediaError, OutputError, OutputExistsError
from cvfast.runs.crew import cluster, processes
from cvfast.runs.folder import RunFolder, open_run, stored_settings


def _halves(chores):
    parts = [chores.unit(name, group="clip", weight=5) for name in ("p0", "p1")]
    return chores.plan(*parts, chores.unit("all", "gather", group="clip", after=("p0", "p1")))


@pytest.mark.parametrize("crew", [None, 2])
def test_all_is_done_once_and_in_turn(chores, crew):
    told, seen = [], []
    outcome = chores.do(
        _halves(chores),
        crew=processes(crew) if crew else None,
        done=lambda unit, result: told.append((unit.name, result)),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert (outcome.done, outcome.before, outcome.errors) == (3, 0, ())
    assert sorted(chores.log) == ["p0", "p1"]
    assert told[-1] == ("all", {"parts": 2})
    assert seen[-1] == (11, 11)
    assert (chores.run / "shards" / "all.all").read_text() == "p0" * 100 + "p1" * 100


def test_what_is_done_is_not_done_again(chores):
    plan = chores.plan(chores.unit("a"), chores.unit("b"))
    chores.do(plan)
    told = []
    outcome = chores.do(plan, resume=True, done=lambda unit, _: told.append(unit.name))
    assert (outcome.done, outcome.before) == (0, 2)
    assert told == ["a", "b"]
    assert chores.log == ["a", "b"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda run: (run / "shards" / "a.txt").write_text("A"),
        lambda run: (run / "shards" / "a.txt").unlink(),
        lambda run: (run / "done" / "a.json").write_text("{"),
        lambda run: (run / "done" / "a.json").write_text("[]"),
        lambda run: (run / "done" / "a.json").write_text('{"plan": 1}'),
        lambda run: (run / "done" / "a.json").unlink(),
        lambda run: _edit(run / "done" / "a.json", size=None),
        lambda run: _edit(run / "done" / "a.json", plan="another"),
    ],
)
def test_what_is_damaged_is_done_again(chores, damage):
    plan = chores.plan(chores.unit("a"), chores.unit("b"))
    chores.do(plan)
    damage(chores.run)
    outcome = chores.do(plan, resume=True)
    assert (outcome.done, outcome.before) == (1, 1)
    assert chores.log == ["a", "b", "a"]
    assert (chores.run / "shards" / "a.txt").read_text() == "a" * 100


def _edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_parts_of_what_is_done_may_be_gone(chores):
    plan = _halves(chores)
    chores.do(plan)
    (chores.run / "shards" / "p0.txt").unlink()
    assert chores.do(plan, resume=True).before == 3


def test_half_written_files_go(chores):
    plan = chores.plan(chores.unit("a"))
    chores.do(plan)
    left = [chores.run / "shards" / ".a.0123456789abcdef.part.nut", chores.run / "shards" / ".mine"]
    for path in left:
        path.write_text("x")
    chores.do(plan, resume=True)
    assert [path.exists() for path in left] == [False, True]


def test_a_worker_that_dies_is_replaced(chores):
    plan = chores.plan(*(chores.unit(f"u{n}", "die_once" if n == 1 else "write") for n in range(4)))
    outcome = chores.do(plan, crew=processes(2))
    assert (outcome.done, outcome.errors) == (4, ())


def test_a_unit_that_kills_every_worker(chores):
    told = []
    outcome = chores.do(
        chores.plan(chores.unit("bad", "die")),
        crew=processes(1),
        failed=lambda unit, error: told.append((unit.name, str(error))),
    )
    assert not outcome.finished
    assert [name for name, _ in told] == ["bad"]
    assert "its worker died 3 times" in told[0][1]


def test_what_fails_takes_its_group_along(chores):
    plan = chores.plan(
        chores.unit("a0", "refuse", group="a"),
        chores.unit("a1", group="a"),
        chores.unit("a2", "gather", group="a", after=("a0", "a1")),
        chores.unit("b", group="b"),
    )
    told = []
    outcome = chores.do(plan, failed=lambda unit, error: told.append((unit.group, str(error))))
    assert told == [("a", "clip.mp4: damaged")]
    assert isinstance(outcome.errors[0], MediaError)
    assert outcome.finished  # to try again would not help
    assert chores.log == ["b"]


def test_what_lies_with_the_machine_can_be_tried_again(chores):
    outcome = chores.do(chores.plan(chores.unit("a", "full")), crew=processes(1))
    assert isinstance(outcome.errors[0], OutputError)
    assert not outcome.finished


def test_any_exception_comes_back_from_another_process(chores):
    outcome = chores.do(chores.plan(chores.unit("a", "odd")), crew=processes(1))
    assert isinstance(outcome.errors[0], RuntimeError)
    assert str(outcome.errors[0]) == "Odd: 1"


def test_an_unfinished_run_is_not_overwritten(chores):
    chores.do(chores.plan(chores.unit("a")))
    with pytest.raises(OutputExistsError, match=r"out\.run: an unfinished run is here.*--resume"):
        chores.do(chores.plan(chores.unit("a")))


def test_another_run_is_not_resumed(chores):
    chores.do(chores.plan(chores.unit("a"), crf=18))
    with pytest.raises(OutputExistsError, match=r"another one:\n  crf: was 18, is 20\nGive"):
        chores.do(chores.plan(chores.unit("a"), crf=20), resume=True)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"settings": 1}'])
def test_a_damaged_plan(chores, text):
    chores.do(chores.plan(chores.unit("a")))
    (chores.run / "plan.json").write_text(text)
    for ask in (
        lambda: chores.do(chores.plan(chores.unit("a")), resume=True),
        lambda: stored_settings(chores.run),
    ):
        with pytest.raises(OutputError, match=r"plan\.json: the run's plan is damaged"):
            ask()


def test_two_at_once(chores):
    plan = chores.plan(chores.unit("a"))
    with (
        open_run(chores.run, plan, resume=False),
        pytest.raises(OutputExistsError, match="another cvfast is at work on this run"),
    ):
        chores.do(plan, resume=True)
    assert chores.do(plan, resume=True).done == 1


def test_a_finished_run_leaves_nothing(chores):
    plan = chores.plan(chores.unit("a"))
    with open_run(chores.run, plan, resume=True) as folder:
        folder.remove()
    assert not chores.run.exists()
    assert stored_settings(chores.run) is None


def test_crews_are_checked():
    with pytest.raises(ValueError, match="jobs: expected at least 1, got 0"):
        processes(0)
    crew = cluster("nonsense://nowhere")
    with pytest.raises(CvfastError, match="no Dask scheduler answers"), crew.start():
        pass


@pytest.mark.parametrize("over", [False, True])
def test_other_peoples_files_stay(chores, over):
    chores.run.mkdir()
    (chores.run / "thesis.txt").write_text("years")
    with pytest.raises(OutputExistsError, match=r"out\.run: expected a new or empty .*thesis\.txt"):
        chores.do(chores.plan(chores.unit("a")), resume=over)
    assert [path.name for path in chores.run.iterdir()] == ["thesis.txt"]


def test_what_came_later_into_the_folder_stays(chores):
    plan = chores.plan(chores.unit("a"))
    with open_run(chores.run, plan, resume=False) as folder:
        (chores.run / "result.jpg").write_text("mine")
        folder.remove()
    assert [path.name for path in chores.run.iterdir()] == ["result.jpg"]


def test_who_finds_the_lock_taken_removes_nothing(chores, monkeypatch):
    plan = chores.plan(chores.unit("a"))
    prepare = RunFolder.prepare

    def late(folder, given):  # another one comes between the lock and the plan
        with pytest.raises(OutputExistsError, match="at work"):
            chores.do(plan)
        prepare(folder, given)

    monkeypatch.setattr(RunFolder, "prepare", late)
    assert chores.do(plan).done == 1


def test_who_works_beside_a_killer_is_not_blamed(chores):
    slow = [chores.unit(n, "slow", seconds=s) for n, s in (("a", 0.2), ("b", 4))]
    plan = chores.plan(chores.unit("bad", "die"), *slow)
    told = []
    outcome = chores.do(plan, crew=processes(2), failed=lambda unit, error: told.append(unit.name))
    assert told == ["bad"]
    assert outcome.done == 2
