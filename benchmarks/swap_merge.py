"""How many frames a second `cvfast swap merge` puts a face into: tiny-96, 1280 x 720, two cores.

    python -m benchmarks.swap_merge             some four minutes; writes results/swap_merge.json
    python -m benchmarks.swap_merge --quick     seconds; writes nothing

A made person's clip is merged by an untrained tiny-96 model at the usual settings, in stretches:
decoded, swapped, pasted, encoded as H.264 together with the mask's clip, and written down, as
``cvfast swap merge`` does it. Each stretch's frames are divided by the time it took. Holds if the
middle one is at least 15 frames a second.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cvfast.io.movie import write_movie
from cvfast.swap.extract import extract
from cvfast.swap.extract_settings import ExtractSettings
from cvfast.swap.merge import merge
from cvfast.swap.merge_settings import MergeSettings
from cvfast.swap.model_file import write_model
from cvfast.swap.model_options import PRESETS
from cvfast.swap.networks import build_networks
from cvfast.swap.swapper import Swapper, open_swapper
from cvfast.swap.workspace import Workspace
from cvfast.synth.clips import MadeClip

from benchmarks.machine import describe
from benchmarks.program import RESULTS, write

SIZE, ASKED = (1280, 720), 15.0
WARM = 1  # rounds that do not count: caches are cold


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.swap_merge",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="two rounds of twelve frames")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args(words)
    frames, rounds = (12, 2) if given.quick else (120, 20)
    with tempfile.TemporaryDirectory() as folder:
        workspace = made_workspace(Path(folder), frames=frames)
        swapper = open_swapper(workspace.model, threads=1)
        times = [_merged(workspace, swapper, number) for number in range(WARM + rounds)][WARM:]
    rates = [frames / wall for wall, _ in times]
    result: dict[str, Any] = {
        "machine": describe() | {"command": "python -m benchmarks.swap_merge"},
        "model": "tiny-96",
        "size": SIZE,
        "frames": frames,
        "rounds": rounds,
        "frames_a_second": {
            "median": round(statistics.median(rates), 2),
            "best": round(max(rates), 2),
            "worst": round(min(rates), 2),
        },
        # Of all threads. Half of it is what a frame takes on two cores that do nothing else.
        "processor_ms_a_frame": round(1e3 * min(spent for _, spent in times) / frames, 1),
        "asked": ASKED,
        "holds": statistics.median(rates) >= ASKED,
    }
    print(json.dumps({k: v for k, v in result.items() if k != "machine"}, indent=1))
    write(result, given.output or (None if given.quick else RESULTS / "swap_merge.json"))
    return 0 if result["holds"] or given.quick else 1


def made_workspace(
    folder: Path,
    *,
    frames: int,
    size: tuple[int, int] = SIZE,
    preset: str = "tiny-96",
    crf: float = 16,
    **more: Any,
) -> Workspace:
    """Return a workspace whose target is extracted and whose model is untrained."""
    import torch

    for name, who, count in (("source", 18, 2), ("target", 13, frames)):
        options = more if name == "target" else {}
        clip = MadeClip(identities=(who,), frames=count, size=size, **options)
        pictures = (frame.image for frame in clip)
        path = folder / f"{name}.mp4"
        write_movie(path, pictures, size=size, rate=clip.rate, crf=crf, loudness=clip.loudness)
    workspace = Workspace.init(
        folder / "work", source=folder / "source.mp4", target=folder / "target.mp4", consent=True
    )
    extract(workspace, "target", ExtractSettings(size=256))
    workspace.model.mkdir()
    torch.manual_seed(0)
    options = PRESETS[preset]
    write_model(workspace.model / "model.safetensors", build_networks(options), options)
    return workspace


def _merged(workspace: Workspace, swapper: Swapper, number: int) -> tuple[float, float]:
    """Merge anew, by another seed; return the seconds it took, by the clock and of processor."""
    began, spent = time.perf_counter(), time.process_time()
    merge(workspace, MergeSettings(seed=number), swapper=swapper, overwrite=True)
    return time.perf_counter() - began, time.process_time() - spent


if __name__ == "__main__":
    sys.exit(main())
