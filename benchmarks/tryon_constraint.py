"""ACGPN's second-order constraint: how much of the grid folds with it and without it.

  python -m benchmarks.tryon_constraint            minutes; writes results/tryon_constraint.json
  python -m benchmarks.tryon_constraint --quick    seconds: does it still run? Writes nothing

The spatial transformer of ACGPN's U learns at 48 x 64 to lay made garments onto their shapes, by
the published losses: mean absolute differences of garment and of mask, and a tenth of the
constraint, or none. It is judged on a hard set that it never saw: warps twice as strong, a forearm
or hair before two thirds of them. A cell of the grid, between four pixels, is folded where its
orientation is reversed; no true warp folds. Three seeds each, of weights and examples alike.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any, NamedTuple

import numpy as np
import torch
from cvfast.synth.known_warps import OCCLUDERS, warp_known
from cvfast.tryon.acgpn_constraint import folded_share, second_order
from cvfast.tryon.acgpn_warping import Transformer
from torch import Tensor
from torch.nn import functional

from benchmarks.machine import describe
from benchmarks.program import RESULTS, write

SIZE = 48, 64
TRAINED, JUDGED, ITERATIONS, BATCH, RATE = 300, 120, 800, 16, 1e-3
STRENGTH, HARD = 0.12, 0.24
WEIGHTS = 0.0, 0.1
SEEDS = 0, 1, 2
FIRST_JUDGED = 1_000_000
Row = dict[str, Any]


class Warps(NamedTuple):
    """Garments and their shapes: (N, 3, h, w) in [-1, 1], zero outside, and (N, 1, h, w)."""

    garment: Tensor
    mask: Tensor
    worn: Tensor
    wanted: Tensor


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.tryon_constraint",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--iterations", type=int, default=ITERATIONS)
    parser.add_argument("--compat", action="store_true", help="instance normalisation")
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    count, judged, iterations = (16, 8, 4) if given.quick else (TRAINED, JUDGED, given.iterations)
    trained = make_warps(0, count, STRENGTH, ("none",))
    held = {
        "hard": make_warps(FIRST_JUDGED, judged, HARD, OCCLUDERS),
        "as trained": make_warps(2 * FIRST_JUDGED, judged, STRENGTH, ("none",)),
    }
    rows = []
    for seed in SEEDS[: 1 if given.quick else None]:
        for weight in WEIGHTS:
            net, seconds = train(trained, weight, iterations, seed, given.compat)
            for name, warps in held.items():
                row: Row = {"seed": seed, "constraint": weight, "set": name}
                row |= judge(net, warps) | {"cpu_seconds": seconds}
                print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
                rows.append(row)
    command = f"python -m benchmarks.tryon_constraint {' '.join(words or sys.argv[1:])}".strip()
    results = {"machine": {**describe(), "command": command}, "rows": rows}
    write(results, None if given.quick else RESULTS / "tryon_constraint.json")
    return int(not given.quick and not lower_everywhere(rows))


def make_warps(first: int, count: int, strength: float, occluders: tuple[str, ...]) -> Warps:
    """Make garments and what becomes of them; a shape has a hole where something is before it."""
    parts: list[list[Tensor]] = [[], [], [], []]
    for number in range(first, first + count):
        occluder = occluders[number % len(occluders)]
        warp = warp_known(number, size=SIZE, strength=strength, occluder=occluder)
        flat = warp.garment
        for kept, picture, mask in (
            (parts[:2], flat.image, flat.front), (parts[2:], warp.image, warp.visible),
        ):  # fmt: skip
            seen = torch.from_numpy((mask > 0.5).astype(np.float32))[None]
            levels = torch.from_numpy(picture).movedim(-1, 0).float() / 127.5 - 1
            kept[0].append(levels * seen)
            kept[1].append(seen)
    return Warps(*(torch.stack(part) for part in parts))


def train(
    warps: Warps, weight: float, iterations: int, seed: int, compat: bool
) -> tuple[Transformer, float]:
    """Train with so much of the constraint; the rate falls in the second half."""
    torch.manual_seed(seed)
    net = Transformer(SIZE, compat=compat).train()
    optimizer = torch.optim.Adam(net.parameters(), RATE, betas=(0.5, 0.999))
    fall = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda done: max(1e-3, min(1.0, 2 - 2 * done / iterations))
    )
    began = time.process_time()
    for _ in range(iterations):
        which = torch.randint(len(warps.garment), (BATCH,))
        garment, mask, worn, wanted = (part[which] for part in warps)
        warped, moved, points, _ = net(garment, mask, wanted)
        loss = functional.l1_loss(warped, worn) + functional.l1_loss(moved, wanted)
        if weight:
            loss = loss + weight * second_order(points).total()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        fall.step()
    return net.eval(), round(time.process_time() - began, 1)


@torch.no_grad()
def judge(net: Transformer, warps: Warps) -> Row:
    """Return the folded shares of all cells and of those in the shape, and how well it fits."""
    warped, moved, points, grid = net(warps.garment, warps.mask, warps.wanted)
    union = torch.maximum(moved, warps.wanted).sum()
    apart = (warped - warps.worn).abs().sum() / (6 * warps.wanted.sum())
    return {
        "folded_percent": _percent(folded_share(grid)),
        "folded_inside_percent": _percent(folded_share(grid, warps.wanted)),
        "grids_with_folds_percent": _percent(folded_share(grid) > 0),
        "iou": round((torch.minimum(moved, warps.wanted).sum() / union).item(), 4),
        "difference": round(apart.item(), 4),
        "terms": [round(term.item(), 4) for term in second_order(points)],
    }


def lower_everywhere(rows: list[Row]) -> bool:
    """Return whether on the hard set each seed folds less with the constraint."""
    hard = {(row["seed"], row["constraint"]): row for row in rows if row["set"] == "hard"}
    return all(
        hard[seed, WEIGHTS[1]]["folded_percent"] < hard[seed, WEIGHTS[0]]["folded_percent"]
        for seed in {seed for seed, _ in hard}
    )


def _percent(shares: Tensor) -> float:
    return round(100 * shares.float().mean().item(), 3)


if __name__ == "__main__":
    raise SystemExit(main())
