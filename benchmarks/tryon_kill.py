"""Kill -9 a try-on over a pair list at random moments, resume it, and compare the bytes.

    python -m benchmarks.tryon_kill [--pairs 100] [--kills 10] [--jobs 1] [--size 192 256]
                                    [--quick]

Made people and garments in a folder; every tenth pair is of a person and the garment worn. One run
is left alone. Another is killed at a random moment of the time the first took, resumed, killed
again, ... until it was killed as often as asked, and then resumed to its end. Photos, table and
folder listing must be the same to the byte.
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
from typing import Any

from benchmarks.machine import describe
from benchmarks.program import RESULTS, write


def main(words: Sequence[str] | None = None) -> int:
    options = _options(words)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make(folder, options)
        results = {"machine": describe(), **_compare(folder, options)}
    write(results, None if options.quick else RESULTS / "tryon_kill.json")
    return int(not results["same_bytes"])


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--size", type=int, nargs=2, default=(192, 256))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="4 pairs, 2 kills; writes nothing")
    options = parser.parse_args(words)
    if options.quick:
        options.pairs, options.kills = 4, 2
    return options


def _make(folder: Path, options: argparse.Namespace) -> None:
    """Write ten people and garments, and a list of pairs of them."""
    from cvfast.io.images import write_image
    from cvfast.synth.garments import make_garment, random_garment
    from cvfast.synth.people import make_person, random_person
    from cvfast.tryon.pairs import Pair, write_pairs

    size = tuple(options.size)
    side = max(2, round(options.pairs**0.5 + 0.499))
    for kind in ("people", "garments"):
        (folder / kind).mkdir()
    for number in range(side):
        garment = make_garment(random_garment(number, kind="tee"), size=size)
        person = make_person(random_person(number), garment, size=size)
        write_image(folder / "people" / f"{number:06d}_0.png", person.image)
        write_image(folder / "garments" / f"{number:06d}_1.png", garment.image)
    names = [(f"{a:06d}_0.png", f"{b:06d}_1.png") for a in range(side) for b in range(side)]
    pairs = [Pair(*pair, pair[0][:6] == pair[1][:6]) for pair in names[: options.pairs]]
    write_pairs(folder / "pairs.txt", pairs)


def _compare(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    began = time.monotonic()
    calm = _start(folder, "calm", options)
    _, said = calm.communicate()
    took = time.monotonic() - began
    print(f"undisturbed: {took:.1f} s, exit code {calm.returncode}")
    print(said.strip())
    expected = _hashes(folder / "calm")
    kills = []
    chance = random.Random(options.seed)  # noqa: S311 - moments, not secrets
    for number in range(options.kills):
        # Each life gets a share of the whole, so that most kills come in the midst of the work.
        moment = chance.uniform(0, 2 * took / (options.kills + 1))
        done = _kill(folder, options, moment, group=chance.random() < 0.5)
        kills.append({"after_seconds": round(moment, 2), "pairs_done": done})
        print(f"{number + 1:3}: killed after {moment:6.2f} s, {done} pairs done")
    last = _start(folder, "killed", options, "--resume")
    _, said = last.communicate()
    found = _hashes(folder / "killed")
    # A kill may come after the end: then the results are there and nothing is to be resumed.
    ended = last.returncode == calm.returncode or "exists already" in said
    same = found == expected and ended
    verdict = "the same bytes" if same else f"DIFFERENT: {_differing(expected, found)}\n{said}"
    print(f"{len(expected)} files after {options.kills} kills: {verdict}")
    return {
        "pairs": options.pairs,
        "jobs": options.jobs,
        "size": list(options.size),
        "seconds_undisturbed": round(took, 1),
        "kills": kills,
        "files": len(expected),
        "same_bytes": same,
    }


def _start(
    folder: Path, out: str, options: argparse.Namespace, *more: str
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cvfast", "tryon", "--pairs", str(folder / "pairs.txt")]
    command += ["--people", str(folder / "people"), "--garments", str(folder / "garments")]
    command += ["-o", str(folder / out), "--jobs", str(options.jobs), *more]
    return subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _kill(folder: Path, options: argparse.Namespace, moment: float, *, group: bool) -> int:
    """Kill a run; return how many pairs are done."""
    process = _start(folder, "killed", options, "--resume")
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
    return len(list((folder / "killed").glob("*.png")))


def _hashes(folder: Path) -> dict[str, str]:
    """Return the hash of each file, hidden leftovers included."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _differing(expected: dict[str, str], found: dict[str, str]) -> list[str]:
    names = sorted(expected.keys() | found.keys())
    return [name for name in names if expected.get(name) != found.get(name)]


if __name__ == "__main__":
    sys.exit(main())
