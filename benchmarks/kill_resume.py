"""Kill -9 at random moments of a run, resume, and compare with a run that nobody disturbed.

    python -m benchmarks.kill_resume CLIP... [--kills 20] [--jobs 2] [--shard 3] [--seed 1]

Each of the kills goes to the process group of ``cvfast retouch`` or to that process alone (its
workers then have to notice), at a moment drawn from the time that the whole run takes; then the
same command runs again with --resume. What comes out must be the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

OPTIONS = ("--big-eyes", "0.4", "--slim-face", "0.2", "--preset", "veryfast")


def main(words: Sequence[str] | None = None) -> int:
    options = _options(words)
    with tempfile.TemporaryDirectory() as folder:
        return _soak(options, Path(folder))


def _soak(options: argparse.Namespace, folder: Path) -> int:
    began = time.monotonic()
    calm = folder / "calm"
    _finish(options, calm, resume=False)
    took = time.monotonic() - began
    expected = _hashes(calm)
    print(f"undisturbed: {took:.1f} s, {len(expected)} files")
    chance = random.Random(options.seed)  # noqa: S311 - moments, not secrets
    wrong = 0
    for number in range(options.kills):
        out = folder / f"killed{number}"
        moment = chance.uniform(0, took)
        group = chance.random() < 0.5
        done = _kill(options, out, moment, group=group)
        _finish(options, out, resume=True)
        found = _hashes(out)
        wrong += found != expected
        verdict = "same bytes" if found == expected else f"DIFFERENT: {sorted(found)}"
        whom = "all processes" if group else "the parent"
        print(f"{number + 1:3}: kill -9 {whom} after {moment:5.2f} s, {done} units done: {verdict}")
    print(f"{options.kills - wrong} of {options.kills} the same")
    return wrong > 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inputs", nargs="+", type=Path)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--shard", type=float, default=3)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(words)


def _start(options: argparse.Namespace, out: Path, *more: str) -> subprocess.Popen[str]:
    out.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "cvfast", "retouch", *map(str, options.inputs), "-o", str(out)]
    command += [*OPTIONS, "--jobs", str(options.jobs), "--shard", str(options.shard), *more]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _finish(options: argparse.Namespace, out: Path, *, resume: bool) -> None:
    process = _start(options, out, *(["--resume"] if resume else []))
    _, said = process.communicate(timeout=600)
    # A kill may come after the end: then the results are there and nothing is to be resumed.
    if process.returncode and not (resume and "exists already" in said):
        raise SystemExit(said)


def _kill(options: argparse.Namespace, out: Path, moment: float, *, group: bool) -> int:
    """Kill a run; return how many units it had done."""
    process = _start(options, out)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        if group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()
    if process.stderr is not None:
        process.stderr.close()
    return len(list(out.glob(".cvfast.run/done/*.json")))


def _hashes(folder: Path) -> dict[str, str]:
    """Return the hash of each file, hidden leftovers included."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


if __name__ == "__main__":
    sys.exit(main())
