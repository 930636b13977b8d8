"""Kill -9 at random moments of every step of a face swap, the same command again: the same bytes?

    python -m benchmarks.swap_kill [--kills 50] [--seed 1] [--frames 16] [--steps extract,sort]
                                   [--output F.json] [--quick]

Two small clips of made people go through all steps undisturbed, and through all of them at once by
``cvfast swap run``. Then each step is done again in the workspace as it was before it: killed with
all its processes at a moment drawn from the time that it takes, up to twice, and started again by
the same command. Every file of the workspace must then be the same bytes as undisturbed, and no
other file may be there; but for the notes of how far a step is (``runs``, ``.cvfast-undo``).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from benchmarks.program import RESULTS, write

LONGEST = 900  # seconds that a step may take
NOTES = ("runs", ".cvfast-undo")  # folders: how far a step is, and when it was
TIMES = ("at", "seconds", "made", "took")  # keys in JSON files: when, and how long
NET = "--preset tiny --e-dims 16 --d-dims 16 --ae-dims 32 --batch 2 --threads 1"
COMMANDS = {
    "init": "init work --source source.mp4 --target target.mp4 --consent",
    "extract": "extract work --size 128 --debug-pictures",
    "sort": "sort work --side source --by blur",
    "clean": "clean work --side source --people none --threshold sharpness=0.95 --apply",
    "mask apply": "mask apply work",
    "enhance": "enhance work --side source --scale 2",
    "train": f"train work {NET} --iterations 12 --save-every 3",
    "merge": "merge work",
    "encode": "encode work",
    "run": "run --source source.mp4 --target target.mp4 -o out.mp4 --workspace all --consent "
    "--iterations 4",
}


@dataclass
class Found:
    """What came of a step's kills."""

    step: str
    seconds: float
    files: int
    kills: list[float] = field(default_factory=list)
    trials: int = 0
    differ: list[str] = field(default_factory=list)


def main(words: Sequence[str] | None = None) -> int:
    """Kill each step; 1 if anything came out otherwise."""
    given = _options(words)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _make_clips(place, given.frames)
        chance = random.Random(given.seed)  # noqa: S311 - moments, not secrets
        shares = _shares(given.kills, given.steps)
        found = [_judge(step, place, shares.get(step, 0), chance) for step in _needed(given.steps)]
    found = [one for one in found if one.step in given.steps]
    kills = sum(len(one.kills) for one in found)
    differ = sum(len(one.differ) for one in found)
    print(f"{kills} kills in {len(found)} steps: {differ} trials differ")
    facts = describe() | {"command": f"python -m benchmarks.swap_kill {' '.join(sys.argv[1:])}"}
    rows = [vars(one) for one in found]
    results = {"machine": facts, "kills": kills, "differ": differ, "rows": rows}
    write(results, given.output or (None if given.quick else RESULTS / "swap_kill.json"))
    return int(differ > 0)


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.swap_kill",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--frames", type=int, default=16)
    parser.add_argument("--steps", default=",".join(COMMANDS), help="some, parted by commas")
    parser.add_argument("--output", type=Path, help="instead of benchmarks/results/swap_kill.json")
    parser.add_argument("--quick", action="store_true", help="three kills: does it still run?")
    given = parser.parse_args(words)
    if given.quick:
        given.kills, given.frames, given.steps = 3, 4, "extract,sort"
    given.steps = given.steps.split(",")
    return given


def _shares(kills: int, steps: Sequence[str]) -> dict[str, int]:
    """Return how many of the kills each step gets."""
    each, more = divmod(kills, len(steps))
    return {step: each + (number < more) for number, step in enumerate(reversed(steps))}


def _needed(steps: Sequence[str]) -> list[str]:
    """Return the steps with those before them, in order."""
    names = list(COMMANDS)
    last = max(names.index(step) for step in steps)
    before = names[: last + 1]
    return before if last < names.index("run") else [*before[:-1], "run"]


def _make_clips(place: Path, frames: int) -> None:
    from cvfast.synth.clips import MadeClip, write_made_clip

    for name, who, light in (("source", 18, "soft"), ("target", 13, "side")):
        clip = MadeClip(identities=(who,), frames=frames, size=(256, 192), light=light)
        write_made_clip(place / f"{name}.mp4", clip, sound=True)


def _judge(step: str, place: Path, kills: int, chance: random.Random) -> Found:
    """Do a step undisturbed, then kill it so many times; leave it done."""
    with tempfile.TemporaryDirectory() as kept:
        before, after = Path(kept) / "before", Path(kept) / "after"
        shutil.copytree(place, before)
        began = time.monotonic()
        _finish(step, place)
        found = Found(step, round(time.monotonic() - began, 2), 0)
        expected = _hashes(place)
        found.files = len(expected)
        shutil.copytree(place, after)
        while len(found.kills) < kills:
            _restore(before, place)
            most = min(chance.choice((1, 1, 2)), kills - len(found.kills))
            _trial(step, place, found, most, chance)
            there = _hashes(place)
            bad = sorted(n for n in expected | there if expected.get(n) != there.get(n))
            found.trials += 1
            found.differ += [", ".join(bad)] * bool(bad)
        _restore(after, place)
    verdict = "; ".join(found.differ) or "same bytes"
    print(f"{step}: {found.seconds} s, {len(found.kills)} kills: {verdict}", flush=True)
    return found


def _trial(step: str, place: Path, found: Found, most: int, chance: random.Random) -> None:
    """Kill a step up to so many times, and let it go to its end."""
    for _ in range(most):
        moment = chance.uniform(0.2, found.seconds)
        if _killed(step, place, moment):
            found.kills.append(round(moment, 2))
    _finish(step, place)


def _start(step: str, place: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cvfast", "swap", *COMMANDS[step].split(), "--quiet"],
        cwd=place,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def _finish(step: str, place: Path) -> None:
    process = _start(step, place)
    _, said = process.communicate(timeout=LONGEST)
    if process.returncode:
        raise SystemExit(f"swap {COMMANDS[step]}: exit code {process.returncode}\n{said}")


def _killed(step: str, place: Path, moment: float) -> bool:
    """Kill a step after so many seconds; False if it was done before."""
    process = _start(step, place)
    try:
        process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    return process.returncode != 0


def _restore(kept: Path, place: Path) -> None:
    for path in place.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(kept, place, dirs_exist_ok=True)


def _hashes(place: Path) -> dict[str, str]:
    """Return the hash of each file, leftovers included."""
    paths = sorted(path for path in place.rglob("*") if path.is_file())
    names = {path.relative_to(place): path for path in paths}
    return {
        str(name): hashlib.sha256(_timeless(path)).hexdigest()
        for name, path in names.items()
        if not set(NOTES) & set(name.parts)
    }


def _timeless(path: Path) -> bytes:
    """Return a file's bytes; of JSON those that do not say when it was."""
    data = path.read_bytes()
    return json.dumps(_without(json.loads(data))).encode() if path.suffix == ".json" else data


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner) for key, inner in value.items() if key not in TIMES}
    return [_without(inner) for inner in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
