"""Does a swapped face flicker where the target holds still?

    python -m benchmarks.swap_flicker [--model MODEL] [--output F.json] [--quick]

A made person holds still before a camera whose pixels are noisy (sigma 2). The clip is extracted
and merged as a user would, and how much grey levels change from frame to frame (the mean absolute
difference) is compared inside the swapped region: the result's change over the target's own. Once
with each colour transfer, and with seamless; without the label, without loss in the encoder. Holds
if the ratio of the usual settings is at most 1.2. Without --model the network is an untrained
tiny one: it passes on what the noise does to its input, as a trained one does.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from cvfast.io.video import read_frames
from cvfast.swap.encode import encode
from cvfast.swap.merge import merge
from cvfast.swap.merge_settings import COLOR_TRANSFERS, MergeSettings
from cvfast.swap.workspace import Workspace

from benchmarks.machine import describe
from benchmarks.program import RESULTS, write
from benchmarks.swap_merge import made_workspace

ASKED, NOISE = 1.2, 2.0
SIZE = (480, 360)


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.swap_flicker",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", type=Path, help="a trained model's file or folder")
    parser.add_argument("--quick", action="store_true", help="eight frames, the usual settings")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args(words)
    frames = 8 if given.quick else 24
    # What an untrained network takes for face is nothing: the hull is instead.
    mask = "learned-prd*dst" if given.model is not None else "dst"
    usual = MergeSettings(label=False, mask_mode=mask)
    ways = {"usual": usual}
    if not given.quick:
        ways["landmarks not steadied"] = replace(usual, steady=False)
        ways["seamless"] = replace(usual, mode="seamless")
        if given.model is not None:
            ways["fit features"] = replace(usual, fit="features")
        ways["hist-match"] = replace(usual, mode="hist-match")
        ways |= {
            name: replace(usual, color_transfer=name) for name in COLOR_TRANSFERS if name != "rct"
        }
    with tempfile.TemporaryDirectory() as folder:
        workspace = made_workspace(
            Path(folder), frames=frames, size=SIZE, preset="tiny", still=True, noise=NOISE, crf=0
        )
        ratios = {name: _ratio(workspace, way, given.model) for name, way in ways.items()}
    result: dict[str, Any] = {
        "machine": describe() | {"command": "python -m benchmarks.swap_flicker"},
        "model": "untrained tiny" if given.model is None else given.model.name,
        "frames": frames,
        "noise": NOISE,
        "ratio": ratios,
        "asked": ASKED,
        "holds": ratios["usual"]["swapped_over_target"] <= ASKED,
    }
    print(json.dumps({k: v for k, v in result.items() if k != "machine"}, indent=1))
    write(result, given.output or (None if given.quick else RESULTS / "swap_flicker.json"))
    return 0 if result["holds"] else 1


def _ratio(workspace: Workspace, way: MergeSettings, model: Path | None) -> dict[str, float]:
    """Return the change inside the swapped region, over the target's own there."""
    merge(workspace, way, model=model, overwrite=True, crf=0)
    done = encode(workspace, overwrite=True)
    clips = [_grey(path) for path in (workspace.clip("target"), done.result, done.mask)]
    inside = clips[2].min(axis=0) > 250
    if inside.mean() < 0.01:
        raise SystemExit("no swapped region to look at")
    before, after = (np.abs(np.diff(clip[:, inside], axis=0)).mean() for clip in clips[:2])
    share = round(float(inside.mean()), 4)
    return {
        "target": round(float(before), 3),
        "swapped": round(float(after), 3),
        "swapped_over_target": round(float(after / before), 3),
        "share_of_frame": share,
    }


def _grey(clip: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a clip's frames as grey levels, ``(F, h, w)`` float32."""
    return np.stack([frame.rgb().mean(axis=2, dtype=np.float32) for frame in read_frames(clip)])


if __name__ == "__main__":
    sys.exit(main())
