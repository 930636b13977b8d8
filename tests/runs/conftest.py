"""Small chores to run: a module of its own, so that spawned processes can import it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
from cvfast.runs.crew import alone
from cvfast.runs.execute import execute
from cvfast.runs.folder import open_run
from cvfast.runs.plan import Plan, Unit

CHORES = """
    import os, signal, time
    from pathlib import Path
    from cvfast.errors import MediaError, OutputError

    def write(task):
        with open(task.unit.arguments["log"], "a") as log:
            log.write(task.unit.name + "\\n")
        path = task.shard(".txt")
        path.write_text(task.unit.name * 100)
        task.progress(1, 1)
        task.done(path, {"length": len(task.unit.name)})

    def gather(task):
        parts = [task.folder.shard(name, ".txt").read_text() for name in task.unit.after]
        path = task.shard(".all")
        path.write_text("".join(parts))
        task.done(path, {"parts": len(parts)})

    def die_once(task):
        flag = Path(task.unit.arguments["log"] + ".died")
        if not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        write(task)

    def die(task):
        os.kill(os.getpid(), signal.SIGKILL)

    def slow(task):
        time.sleep(task.unit.arguments["seconds"])
        write(task)

    def refuse(task):
        raise MediaError("clip.mp4: damaged")

    def full(task):
        raise OutputError("out.mp4: no space left")

    class Odd(Exception):
        def __init__(self, one, two):
            super().__init__(one)

    def odd(task):
        raise Odd(1, 2)
"""


@dataclass
class Chores:
    """Makes plans of chores and does them."""

    folder: Path

    @property
    def run(self):
        return self.folder / "out.run"

    @property
    def log(self):
        path = self.folder / "log"
        return path.read_text().split() if path.exists() else []

    def unit(self, name, work="write", *, seconds=0, **options):
        arguments = {"log": str(self.folder / "log"), "seconds": seconds}
        return Unit(name, f"cvfast_test_chores:{work}", arguments, **options)

    def plan(self, *units, **settings):
        return Plan({"size": 1} | settings, (), units)

    def do(self, plan, *, crew=None, resume=False, **told):
        with open_run(self.run, plan, resume=resume) as folder:
            return execute(folder, plan, crew or alone(), **told)


@pytest.fixture
def chores(tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "cvfast_test_chores.py").write_text(textwrap.dedent(CHORES))
    monkeypatch.syspath_prepend(tmp_path / "lib")
    return Chores(tmp_path)
