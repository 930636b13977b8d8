"""Peak memory of extracting and merging a long clip against a short one.

    python -m benchmarks.swap_memory             some six minutes; writes results/swap_memory.json
    python -m benchmarks.swap_memory --quick     a minute; writes nothing

A made person's clip of 40 frames at 640 x 360, and one ten times as long (the same packets again
and again), are extracted and merged by an untrained tiny model in child processes of their own.
Holds if the peaks of each step differ by at most 16 frames + 32 MiB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

from cvfast.io.movie import write_movie
from cvfast.swap.model_file import write_model
from cvfast.swap.model_options import PRESETS
from cvfast.swap.networks import build_networks
from cvfast.swap.workspace import Workspace
from cvfast.synth.clips import MadeClip

from benchmarks.machine import describe
from benchmarks.program import RESULTS, write
from benchmarks.video_memory import repeated

SIZE, RATE = (640, 360), 25
ALLOWED_MIB = 16 * SIZE[0] * SIZE[1] * 1.5 / 2**20 + 32
STEPS = {
    "extract": "from cvfast.swap.extract import extract; done = extract(work, 'target', size=256)",
    "merge": "from cvfast.swap.merge import merge; done = merge(work)",
}
CHILD = """
import json, re, sys
from pathlib import Path
from cvfast.swap.workspace import Workspace
work = Workspace.open(sys.argv[1])
{step}
# Not ru_maxrss, which begins with the peak of the process that started this one.
peak = int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({{"peak_mib": round(peak, 1), "frames": done.frames, "faces": done.faces}}))
"""


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.swap_memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="12 frames against 36")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args(words)
    frames, times = (12, 3) if given.quick else (40, 10)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short, long = folder / "short.mp4", folder / "long.mp4"
        clip = MadeClip(identities=(13,), frames=frames, size=SIZE, rate=RATE)
        pictures = (frame.image for frame in clip)
        write_movie(short, pictures, size=SIZE, rate=RATE, loudness=clip.loudness)
        repeated(short, long, times, Fraction(frames, RATE))
        peaks = {path.stem: _peaks(folder, path) for path in (short, long)}
    grown = {
        step: round(peaks["long"][step]["peak_mib"] - peaks["short"][step]["peak_mib"], 1)
        for step in STEPS
    }
    result: dict[str, Any] = {
        "machine": describe() | {"command": "python -m benchmarks.swap_memory"},
        "size": SIZE,
        **peaks,
        "grown_mib": grown,
        "allowed_mib": ALLOWED_MIB,
        "holds": max(grown.values()) <= ALLOWED_MIB,
    }
    print(json.dumps({k: v for k, v in result.items() if k != "machine"}, indent=1))
    write(result, given.output or (None if given.quick else RESULTS / "swap_memory.json"))
    return 0 if result["holds"] else 1


def _peaks(folder: Path, target: Path) -> dict[str, Any]:
    """Run each step in a process of its own; return what each says."""
    import torch

    source = folder / f"{target.stem}-source.mp4"
    clip = MadeClip(identities=(18,), frames=1, size=SIZE, rate=RATE)
    write_movie(source, [clip.frame(0).image], size=SIZE, rate=RATE)
    place = folder / f"work-{target.stem}"
    workspace = Workspace.init(place, source=source, target=target, consent=True)
    workspace.model.mkdir()
    torch.manual_seed(0)
    options = PRESETS["tiny"]
    write_model(workspace.model / "model.safetensors", build_networks(options), options)
    peaks = {}
    for step, code in STEPS.items():
        command = [sys.executable, "-c", CHILD.format(step=code), str(place)]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        peaks[step] = json.loads(said)
    return peaks


if __name__ == "__main__":
    sys.exit(main())
