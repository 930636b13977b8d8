"""Kill -9 at random moments of a whole face swap, the same command again: the same bytes?

    python -m benchmarks.swap_kill [--kills 50] [--seed 1] [--frames 24] [--iterations 40]
                                   [--output F.json] [--quick]

Two small clips of made people are swapped once undisturbed. Then ``cvfast swap run`` is started in
a new workspace, killed with all its processes at a moment drawn from the time that the whole takes,
and started again; up to three times, before it may go to its end. The clip, its mask, the model's
weights and all face pictures must be the same bytes as undisturbed.
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
from collections import Counter
from pathlib import Path
from typing import Any

from cvfast.synth.clips import MadeClip, write_made_clip

from benchmarks.program import write

A_WORKSPACE = 3  # kills
LONGEST = 1200  # seconds that a run may take


def main(words: list[str] | None = None) -> int:
    given = _options(words)
    if given.quick:
        given.kills, given.frames, given.iterations = 2, 8, 4
    with tempfile.TemporaryDirectory() as folder:
        return _soak(given, Path(folder))


def _options(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.swap_kill",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--output", type=Path, help="a JSON file to write")
    parser.add_argument("--quick", action="store_true", help="two kills: does it still run?")
    return parser.parse_args(words)


def _soak(given: argparse.Namespace, folder: Path) -> int:
    clips = []
    for name, who, light in (("source", 18, "soft"), ("target", 13, "side")):
        clip = MadeClip(identities=(who,), frames=given.frames, size=(256, 192), light=light)
        write_made_clip(folder / f"{name}.mp4", clip, sound=True)
        clips.append(folder / f"{name}.mp4")
    began = time.monotonic()
    _finish(given, clips, folder / "calm")
    took = time.monotonic() - began
    expected = _hashes(folder / "calm")
    print(f"undisturbed: {took:.1f} s, {len(expected)} files", flush=True)
    chance = random.Random(given.seed)  # noqa: S311 - moments, not secrets
    kills: list[dict[str, Any]] = []
    wrong = number = 0
    while len(kills) < given.kills:
        number += 1
        place = folder / f"killed{number}"
        for _ in range(min(A_WORKSPACE, given.kills - len(kills))):
            step = _kill(given, clips, place, chance.uniform(0, took))
            if step is None:  # it came to its end before
                break
            kills.append({"workspace": number, "step": step})
        _finish(given, clips, place)
        found = _hashes(place)
        bad = sorted(name for name in expected | found if expected.get(name) != found.get(name))
        wrong += bool(bad)
        steps = ", ".join(kill["step"] for kill in kills if kill["workspace"] == number)
        print(f"{number:3}: killed in {steps or 'no step'}: {bad or 'same bytes'}", flush=True)
        shutil.rmtree(place)
    by_step = Counter(kill["step"] for kill in kills)
    print(f"{len(kills)} kills {dict(by_step)}, {wrong} of {number} workspaces differ")
    facts = {"kills": len(kills), "by_step": by_step, "workspaces": number, "differ": wrong}
    write(facts, given.output)
    return int(wrong > 0)


def _start(given: argparse.Namespace, clips: list[Path], place: Path) -> subprocess.Popen[str]:
    place.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "cvfast", "swap", "run", "--source", str(clips[0])]
    command += ["--target", str(clips[1]), "--output", str(place / "out.mp4"), "--consent"]
    command += ["--workspace", str(place / "work"), "--iterations", str(given.iterations)]
    command += ["--save-every", str(max(2, given.iterations // 5)), "--json"]
    return subprocess.Popen(
        command,
        stdout=(place / "said.jsonl").open("w"),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def _finish(given: argparse.Namespace, clips: list[Path], place: Path) -> None:
    process = _start(given, clips, place)
    _, said = process.communicate(timeout=LONGEST)
    if process.returncode:
        raise SystemExit(said)


def _kill(given: argparse.Namespace, clips: list[Path], place: Path, moment: float) -> str | None:
    """Kill a run; return the step that it was in, or None if it was done before."""
    process = _start(given, clips, place)
    try:
        process.wait(moment)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    said = process.wait()
    if process.stderr is not None:
        process.stderr.close()
    if said == 0:
        return None
    done = [json.loads(line) for line in (place / "said.jsonl").read_text().splitlines()]
    return f"after {done[-1]['step']}" if done else "the beginning"


def _hashes(place: Path) -> dict[str, str]:
    """Return the hash of each file that comes out, and of those that it was made from."""
    work = place / "work"
    paths = [place / "out.mp4", work / "result_mask.mp4", work / "model" / "model.safetensors"]
    paths += [path for side in ("data_src", "data_dst") for path in work.glob(f"{side}/aligned/*")]
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in paths
        if path.is_file()
    }


if __name__ == "__main__":
    sys.exit(main())
