"""What happens to runs: kill -9, lost workers, a full disk, changed inputs, two at once."""

from __future__ import annotations

import json
import os
import shutil
import signal

import av
import pytest


def _finish(process, code=0):
    out, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert "Traceback" not in said
    return out, said


def _done(target):
    return len(list(target.with_name(f"{target.name}.run").glob("done/*.json")))


@pytest.mark.parametrize(
    ("jobs", "units", "group"), [(1, 1, True), (1, 4, True), (2, 2, False), (2, 5, True)]
)
def test_kill_and_resume(command, undisturbed, until, tmp_path, jobs, units, group):
    target = tmp_path / "new.mp4"
    process = command(target, "--jobs", jobs)
    until(process, lambda: _done(target) >= units)
    if group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.communicate()
    assert not target.exists()
    out, _ = _finish(command(target, "--jobs", 3 - jobs, "--resume"))
    assert "120 frames, a face in 120" in out
    assert target.read_bytes() == undisturbed
    assert [path.name for path in tmp_path.iterdir()] == ["new.mp4"]


def test_times_and_sound_are_those_of_the_source(source, undisturbed, tmp_path):
    (tmp_path / "new.mp4").write_bytes(undisturbed)
    seen = []
    for path in (source, tmp_path / "new.mp4"):
        with av.open(str(path)) as clip:
            packets = [packet for packet in clip.demux() if packet.size]
            video = sorted(p.pts for p in packets if p.stream.type == "video")
            seen.append((video, [(bytes(p), p.pts) for p in packets if p.stream.type == "audio"]))
    assert seen[0] == seen[1]
    assert len(seen[0][0]) == 120


def test_ctrl_c_says_how_to_go_on(command, undisturbed, until, tmp_path):
    target = tmp_path / "new.mp4"
    process = command(target, "--jobs", 2)
    until(process, lambda: _done(target) >= 2)
    os.killpg(process.pid, signal.SIGINT)
    _, said = _finish(process, code=130)
    assert "interrupted; 0 of 1 inputs are done" in said
    assert f"{target}.run: to go on, give the same command with --resume" in said
    assert list(tmp_path.glob("new.mp4.run/shards/.*")) == []  # the workers tidied up
    _finish(command(target, "--resume"))
    assert target.read_bytes() == undisturbed


def test_a_full_disk(command, undisturbed, tmp_path):
    target = tmp_path / "new.mp4"
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (16_000, 16_000))"
    _, said = _finish(command(target, "--jobs", 1, prelude=limit), code=1)
    assert str(tmp_path) in said
    assert "arge" in said  # larger than the file system allows
    assert "--resume" in said
    assert [path.name for path in tmp_path.iterdir()] == ["new.mp4.run"]
    _finish(command(target, "--resume"))
    assert target.read_bytes() == undisturbed


def test_inputs_and_options_must_be_the_same(command, source, until, tmp_path):
    target, changed = tmp_path / "new.mp4", tmp_path / "talk.mp4"
    shutil.copy(source, changed)
    ours = type(command)(changed, command.environment)
    process = ours(target, "--jobs", 1)
    until(process, lambda: _done(target) >= 1)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    _, said = _finish(ours(target), code=2)
    assert "an unfinished run is here. Add --resume" in said
    _, said = _finish(ours(target, "--resume", "--crf", "30"), code=2)
    assert "crf: was 18" in said
    assert "remove that folder to begin anew" in said
    with changed.open("ab") as file:
        file.write(bytes(8))
    _, said = _finish(ours(target, "--resume"), code=2)
    assert f"{changed}: the file has changed" in said


def test_two_at_once(command, undisturbed, until, tmp_path):
    target = tmp_path / "new.mp4"
    first = command(target, "--jobs", 1)
    until(first, lambda: _done(target) >= 1)
    _, said = _finish(command(target, "--resume"), code=2)
    assert "another cvfast is at work on this run" in said
    _finish(first)
    assert target.read_bytes() == undisturbed


def test_two_dask_workers_of_which_one_is_killed(command, undisturbed, until, tmp_path):
    file, target = tmp_path / "scheduler.json", tmp_path / "new.mp4"
    serve = "import sys; from distributed.cli.dask_{0} import main; sys.exit(main())"
    common = ("--scheduler-file", file, "--no-dashboard")
    scheduler = command.start("-c", serve.format("scheduler"), *common, "--port", "0",
                              "--host", "127.0.0.1")  # fmt: skip
    helpers = [scheduler]
    try:
        until(scheduler, lambda: file.exists() and "address" in file.read_text())
        address = _address(file)
        for number in range(2):
            place = tmp_path / f"worker{number}"
            words = (address, "--no-nanny", "--nthreads", "1", "--no-dashboard")
            helpers.append(
                command.start("-c", serve.format("worker"), *words, "--local-directory", place)
            )
        process = command(target, "--cluster", address)
        until(process, lambda: _done(target) >= 2)
        helpers[1].kill()
        _finish(process)
        assert target.read_bytes() == undisturbed
    finally:
        for helper in reversed(helpers):
            helper.kill()
            helper.communicate()


def _address(file):
    return json.loads(file.read_text())["address"]
