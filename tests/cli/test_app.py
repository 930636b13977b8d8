from __future__ import annotations

import contextlib
import errno
import json
import os
import pty
import subprocess
import sys

import cvfast
import pytest
from cvfast.cli import doctor as doctor_verb
from cvfast.cli import provenance
from cvfast.cli.batch import Batch
from cvfast.cli.report import Report
from cvfast.errors import MissingDependencyError
from cvfast.io import opencv

VERBS = (
    *("retouch", "live", "tryon", "average-face", "detect", "landmarks", "pose", "parts"),
    *("provenance", "demo", "info", "doctor"),
)


def test_help_starts_with_an_example_for_each_verb(run):
    lines = run("--help").out.splitlines()
    assert lines[0] == "Examples:"
    assert [line.split()[:2] for line in lines[1 : 1 + len(VERBS)]] == [
        ["cvfast", verb] for verb in VERBS
    ]
    assert lines[1] == "  cvfast retouch portrait.jpg -o new.jpg --big-eyes 0.4"
    assert run().out.splitlines() == lines


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_starts_with_its_examples(run, verb):
    result = run(verb, "--help")
    assert result.code == 0
    assert result.out.startswith(f"Examples:\n  cvfast {verb}")
    assert f"Usage: cvfast {verb} " in result.out
    assert "--json" in result.out


def test_version(run):
    assert run("--version").out == f"cvfast {cvfast.__version__}\n"


def test_an_unknown_verb(run):
    result = run("retuch", "a.jpg")
    assert result.code == 2
    assert 'Did you mean "retouch"?' in result.err


def test_a_fault_of_ours_has_no_traceback_unless_asked(run, samples, monkeypatch):
    def fail(*_):
        raise RuntimeError("wires crossed")

    monkeypatch.setattr(provenance, "_one", fail)
    result = run("provenance", samples / "face.png")
    assert result.code == 1
    assert "unexpected RuntimeError: wires crossed" in result.err
    assert "Traceback" not in result.err
    assert "Traceback" in run("provenance", samples / "face.png", "--debug").err
    monkeypatch.setenv("CVFAST_DEBUG", "1")
    assert "Traceback" in run("provenance", samples / "face.png").err


def test_no_room_for_a_picture(run, samples, monkeypatch):
    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(provenance, "_one", fail)
    result = run("provenance", samples / "face.png")
    assert result.code == 6
    assert "not enough memory" in result.err


def test_help_loads_nothing_heavy(environment):
    script = (
        "import sys\nfrom cvfast.cli.app import main\nmain(['retouch', '--help'])\n"
        "heavy = {'av', 'PIL', 'cv2', 'scipy', 'ai_edge_litert', 'dlib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, capture_output=True)


@pytest.mark.parametrize(
    "words",
    [
        ("detect", "face.png"),
        ("detect", "face.png", "--model", "hog,blazeface", "--compare", "{out}/sheet.png"),
        ("detect", "face.png", "--steps", "{out}"),
        ("landmarks", "face.png"),
        ("info",),
    ],
)
def test_the_base_verbs_never_load_cv2(environment, samples, tmp_path, words):
    words = [word.format(out=tmp_path) for word in words]
    script = (
        "import sys\nfrom cvfast.cli.app import main\n"
        "assert main(sys.argv[1:]) == 0\nassert 'cv2' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", script, *words], env=environment, cwd=samples, check=True,
        capture_output=True,
    )  # fmt: skip


def test_python_dash_m(environment):
    done = subprocess.run(
        [sys.executable, "-m", "cvfast", "--version"],
        env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.startswith("cvfast ")


@pytest.mark.parametrize("words", [("-m", "cvfast", "--help"), ("-m", "cvfast", "doctor")])
def test_an_unknown_instruction_set_is_said_in_words(environment, words):
    done = subprocess.run(
        [sys.executable, *words], env=environment | {"CVFAST_ISA": "mmx"},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 2
    choices = ", ".join(cvfast.available_isas())
    said = f"CVFAST_ISA: expected one of {choices} on this machine, got 'mmx'"
    assert done.stderr == f"cvfast: {said}\n"


@pytest.mark.parametrize("closed", [("stdout",), ("stderr",), ("stdin", "stdout", "stderr")])
def test_closed_streams(environment, samples, tmp_path, closed):
    numbers = {"stdin": 0, "stdout": 1, "stderr": 2}
    target = tmp_path / "new.png"
    code = (
        f"import os, sys\nfor number in {[numbers[name] for name in closed]}: os.close(number)\n"
        f"os.execv(sys.executable, [sys.executable, '-m', 'cvfast', *sys.argv[1:]])"
    )
    words = ["retouch", samples / "face.png", "-o", target, "--big-eyes", "1"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert target.read_bytes().startswith(b"\x89PNG")


def test_names_that_the_terminal_cannot_show(environment, samples, tmp_path):
    name = "\u00fc\U0001f600.png"
    (tmp_path / name).write_bytes((samples / "face.png").read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "cvfast", "detect", str(tmp_path / name)],
        env=environment | {"PYTHONIOENCODING": "ascii"},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "\\xfc\\U0001f600.png: 1 face" in done.stdout


def test_no_work_for_a_reader_that_left():
    seen = []

    def gone(job):
        seen.append(job)
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    with pytest.raises(BrokenPipeError):
        Batch(Report("detect")).run(["a.jpg", "b.jpg"], str, gone)
    assert seen == ["a.jpg"]


def test_a_reader_that_leaves_early(child, samples):
    process = child("provenance", *[samples / "face.png", samples / "face.jpg"])
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 1
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_info(run):
    result = run("info")
    assert result.code == 0
    for word in (cvfast.__version__, cvfast.get_isa(), "Apache-2.0, unaltered", "numpy"):
        assert word in result.out
    (record,) = run("info", "--json").records
    assert record["threads"] == cvfast.get_num_threads()
    assert {model["state"] for model in record["models"]} == {"unaltered"}


def test_doctor(run):
    result = run("doctor")
    assert result.code == 0
    (first, *others) = run("doctor", "--json").records
    assert first["feature"] == "kernels"
    assert all(record["ok"] for record in (first, *others))


@pytest.mark.parametrize(
    ("name", "needed", "command"),
    [("av", True, "pip install av"), ("dlib", False, "'cvfast[dlib]'"),
     ("onnxruntime", False, "'cvfast[onnx]'"), ("torch", False, "'cvfast[train]'"),
     ("matplotlib", False, "'cvfast[plot]'"), ("distributed", False, "'cvfast[cluster]'"),
     ("pillow_heif", False, "'cvfast[heif]'"),
     ("cv2", False, "pip install opencv-python")],
)  # fmt: skip
def test_doctor_names_the_command_that_adds_what_is_missing(
    run, monkeypatch, name, needed, command
):
    monkeypatch.setitem(sys.modules, name, None)
    result = run("doctor", "--json")
    assert result.code == int(needed)
    (broken,) = [record for record in result.records if not record["ok"]]
    assert broken["needed"] is needed
    assert command in broken["remedy"]


def test_doctor_in_a_folder_that_cannot_be_written(run, monkeypatch):
    def refuse(**_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(doctor_verb.tempfile, "TemporaryFile", refuse)
    result = run("doctor")
    assert result.code == 0
    assert "Read-only file system" in result.out


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModuleNotFoundError("No module named 'cv2'", name="cv2"), "pip install opencv-python"),
        (ImportError("libGL.so.1: cannot open shared object file"), "apt-get install libgl1"),
        (ImportError("bad magic number"), "--force-reinstall"),
    ],
)
def test_opencv_that_does_not_load(monkeypatch, error, said):
    def fail(_):
        raise error

    monkeypatch.setattr(opencv.importlib, "import_module", fail)
    with pytest.raises(MissingDependencyError, match=said):
        opencv.load_cv2()


def test_progress_goes_to_a_terminal_and_results_to_stdout(environment, samples, tmp_path):
    primary, secondary = pty.openpty()
    words = ("retouch", samples / "face.png", samples / "face.mp4", "-o", tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "cvfast", *words, "--big-eyes", "1", "--json"],
        env=environment | {"TERM": "xterm", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=secondary,
        text=True,
    )
    os.close(secondary)
    out, _ = process.communicate(timeout=60)
    shown = b""
    with contextlib.suppress(OSError):  # Linux says so at the end of a terminal
        while part := os.read(primary, 65536):
            shown += part
    os.close(primary)
    assert process.returncode == 0
    assert [json.loads(line)["kind"] for line in out.splitlines()] == ["clip", "photo"]
    assert b"frames" in shown
    assert b"/18" in shown  # of both inputs: together they are a run
    assert b"\x1b[31m" not in shown


def test_control_characters_of_names_reach_no_terminal(capsys):
    report = Report("detect")
    report.result("a\x1b[2Jb.jpg: 1 face\n  caf\u00e9")
    report.error("c\rd.jpg")
    out, err = capsys.readouterr()
    assert (out, err) == ("a\\x1b[2Jb.jpg: 1 face\n  caf\u00e9\n", "c\\x0dd.jpg\n")
