"""A gallery under kill -9: before any of its file operations, and while enrolling."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cvfast
import pytest
from cvfast.io.images import write_image
from cvfast.recognition.gallery_file import read_gallery

from tests.recognition.small_embedder import made

# Forks a process for each file operation of a change, which is killed just before that one.
DRIVER = """
import os, shutil, signal, sys
from pathlib import Path
import numpy as np
from cvfast.recognition.gallery import Enrolled, Gallery
from cvfast.recognition.gallery_file import change_gallery, read_gallery

EVENTS = {"open", "os.rename", "os.link", "os.remove", "os.chmod", "os.mkdir"}
armed, left = False, 0
place = Path(sys.argv[1]) / "gallery"

def hook(event, args):
    global left
    if armed and event in EVENTS:
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

sys.addaudithook(hook)

def gallery(*names):
    rows = tuple(Enrolled(name, f"{name}.jpg", f"{ord(name):064x}") for name in names)
    vectors = np.array([[ord(name), 0.5] for name in names], np.float32).reshape(-1, 2)
    return Gallery("plain", "plain-1", rows, vectors)

def state():
    if not (place / "gallery.json").exists():
        return None
    found = read_gallery(place)  # raises if it is damaged
    assert [v[0] for v in found.vectors] == [ord(row.name) for row in found.rows]
    return "".join(found.people)

CASES = {  # what there is, and what the change makes of it
    "begin": ((), lambda old: gallery("a", "b")),
    "enrol": (("a", "b"), lambda old: gallery("a", "b", "c")),
    "forget": (("a", "b"), lambda old: old.forget(["a"])),
    "empty": (("a",), lambda old: old.forget(["a"])),
}
for case, (before, change) in CASES.items():
    for number in range(1000):
        shutil.rmtree(place, ignore_errors=True)
        if before:
            change_gallery(place, lambda old: gallery(*before))
        old = state()
        child = os.fork()
        if child == 0:
            armed, left = True, number
            change_gallery(place, change)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        done = status == 0
        assert done or os.WTERMSIG(status) == signal.SIGKILL, status
        found = state()
        change_gallery(place, change)  # the same again: the lock is free, nothing is left over
        new = state()
        assert found in ((new,) if done else (old, new)), (case, number, found)
        names = sorted(path.name.partition("-")[0] for path in place.iterdir())
        assert names == [".lock", "gallery.json", "vectors"], names
        if case == "forget":
            gone = gallery("a").vectors.tobytes()
            assert not any(gone in path.read_bytes() for path in place.iterdir())
        if done:
            print(case, number)
            break
"""


@pytest.fixture
def environment():
    package = str(Path(cvfast.__file__).parents[1])
    root = str(Path(__file__).parents[2])
    paths = [package, root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def test_killed_before_any_file_operation(tmp_path, environment):
    words = [sys.executable, "-c", DRIVER, str(tmp_path)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    operations = dict(line.split() for line in done.stdout.splitlines())
    assert list(operations) == ["begin", "enrol", "forget", "empty"]
    assert all(int(number) >= 8 for number in operations.values())


ENROLL = """
import sys
from cvfast.recognition import enrolling, recognisers
from tests.recognition.small_embedder import SmallEmbedder
recognisers.open_recogniser = lambda *_args, **_more: SmallEmbedder()
enrolling._SAVE_EVERY = 0.0
from cvfast.cli.app import main
sys.exit(main())
"""


def test_killed_while_enrolling_and_done_again(tmp_path, environment, until):
    for person in range(2):
        (tmp_path / f"people/p{person}").mkdir(parents=True)
        for seed in range(4):
            picture = made(person, seed)
            write_image(tmp_path / f"people/p{person}/{seed}.png", picture)
    place = tmp_path / "gallery"

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", ENROLL, "recognize", "enroll", tmp_path / "people", "-g", place],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    process = start()
    until(process, lambda: (place / "gallery.json").exists())
    process.kill()
    process.communicate()
    assert set(read_gallery(place).people) <= {"p0", "p1"}
    process = start()
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "known already" in out
    assert read_gallery(place).people == {"p0": 4, "p1": 4}
    assert len(list(place.iterdir())) == 3
