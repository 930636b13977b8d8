"""Swap networks at their published sizes: parameters, a step, and the export against torch.

    python -m benchmarks.swap_networks [--only quick96 saehd ...] [--batch 2] [--output F.json]
                                       [--quick]

Each is built with random weights, counted, trained for one step on random pictures, exported to
.dfm (ONNX, operator set 12), and run by onnxruntime beside torch: the largest difference of any
output is told (1e-4 is allowed). One after the other; at most about 8 GiB of memory. ``--quick``
takes the smallest alone. The exit code is 1 where a count or a difference is off.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.program import write

# Millions of parameters: reference, and for the two tiny ones our own proposal.
TABLE = {
    "tiny": 9.2, "tiny-96": 11.3, "quick96": 38.3, "saehd": 82.4, "saehd-df": 54.5,
    "saehd-df-plain": 57.5, "saehd-liae-udt": 179.6, "amp": 101.3,
}  # fmt: skip
NEAR = 1e-4
RESULT = Path(__file__).parent / "results" / "swap_networks.json"


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.swap_networks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=list(TABLE), default=list(TABLE))
    parser.add_argument("--batch", type=int, default=2, help="faces of each side in the step")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, default=RESULT, help="added to what is there")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args(words)
    names, output = (["tiny"], None) if given.quick else (given.only, given.output)
    import torch

    torch.set_num_threads(given.threads)
    rows: dict[str, Any] = {}
    if output is not None and output.exists():
        rows = json.loads(output.read_text("utf-8"))["networks"]
    for name in names:
        rows[name] = row = _row(name, given.batch)
        print(json.dumps({"network": name} | row), flush=True)
        if output is not None:
            about = {"torch": torch.__version__, "threads": given.threads}
            write(about | {"networks": {key: rows[key] for key in TABLE if key in rows}}, output)
        gc.collect()
    return int(any(not row["good"] for row in rows.values()))


def _options(name: str) -> Any:
    from cvfast.swap.model_options import PRESETS, ModelOptions

    more = {
        "saehd-df-plain": ModelOptions(architecture="df"),
        "saehd-liae-udt": ModelOptions(
            architecture="liae-udt", resolution=224, ae_dims=512, d_mask_dims=32
        ),
    }
    return more.get(name) or PRESETS[name]


def _row(name: str, batch: int) -> dict[str, Any]:
    import torch
    from cvfast.swap.networks import build_networks

    options = replace(_options(name), batch=batch)
    torch.manual_seed(0)
    nets = build_networks(options)
    count = sum(weight.numel() for weight in nets.parameters())
    loss, moved, seconds = _step(nets, options)
    apart, size, merge = _exported(nets, options)
    near = abs(count / 1e6 - TABLE[name]) <= 0.01 * TABLE[name]
    return {
        "architecture": options.architecture, "resolution": options.resolution,
        "parameters": count, "tabled_millions": TABLE[name], "loss": round(loss, 4),
        "weights_moved": moved, "step_cpu_seconds": round(seconds, 2), "batch": batch,
        "dfm_mib": round(size / 2**20, 1), "operator_set": 12, "largest_difference": apart,
        "merge_cpu_ms": round(merge * 1e3, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "good": bool(near and apart <= NEAR and moved and loss == loss),
    }  # fmt: skip


def _step(nets: Any, options: Any) -> tuple[float, bool, float]:
    """Train one step; return the loss, whether a weight of each part moved, and the seconds."""
    import torch
    from cvfast.swap.losses import reconstruction_losses
    from cvfast.swap.optimizers import make_optimizer

    optimizer = make_optimizer(nets.trained_parameters(), options)
    shape = (options.batch, 3, options.resolution, options.resolution)
    source, target = torch.rand(shape), torch.rand(shape)
    mask = torch.ones(shape[0], 1, *shape[2:])
    firsts = [weight.flatten()[:99].detach().clone() for weight in nets.parameters()]
    began = time.process_time()
    made = nets.pairs(source, target)
    terms = [
        term.mean()
        for name, truth in (("source_source", source), ("target_target", target))
        for term in reconstruction_losses(
            made[name], made[f"{name}_mask"], truth, mask, options, eyes_mouth=mask
        ).values()
    ]
    loss = torch.stack(terms).sum()
    loss.backward()
    optimizer.step()
    seconds = time.process_time() - began
    moved = [
        not torch.equal(weight.flatten()[:99], first)
        for weight, first in zip(nets.parameters(), firsts, strict=True)
    ]
    for weight in nets.parameters():
        weight.grad = None
    # With learning-rate dropout a short bias may stay by chance.
    return float(loss.detach()), sum(moved) >= 0.9 * len(moved), seconds


def _exported(nets: Any, options: Any) -> tuple[float, int, float]:
    """Return the largest difference of onnxruntime's outputs to torch's, bytes, and seconds."""
    import numpy as np
    import onnx
    import onnxruntime
    import torch
    from cvfast.swap.dfm import export_dfm

    side = options.resolution
    bgr = np.random.default_rng(0).random((2, side, side, 3), np.float32)
    given: dict[str, Any] = {"in_face:0": bgr}
    morph = 1.0
    if options.family == "amp":
        morph = 0.6
        given["morph_value:0"] = np.array([morph], np.float32)
    with torch.no_grad():
        rgb = torch.from_numpy(bgr[..., ::-1].copy()).permute(0, 3, 1, 2)
        face, face_mask, own_mask = nets.swap(rgb, morph)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.dfm"
        export_dfm(nets, options, path)
        size = path.stat().st_size
        versions = [(e.domain, e.version) for e in onnx.load(path).opset_import]
        if versions != [("", 12)]:
            raise SystemExit(f"{options.architecture}: expected operator set 12, got {versions}")
        how = onnxruntime.SessionOptions()
        how.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(path, how, providers=["CPUExecutionProvider"])
        found = session.run(None, given)
        one = given | {"in_face:0": bgr[:1]}
        times = []
        for _ in range(3):
            began = time.process_time()
            session.run(None, one)
            times.append(time.process_time() - began)
    wanted = [own_mask, face.flip(1), face_mask]
    apart = max(
        float(np.abs(a - b.permute(0, 2, 3, 1).numpy()).max())
        for a, b in zip(found, wanted, strict=True)
    )
    return apart, size, min(times)


if __name__ == "__main__":
    sys.exit(main())
