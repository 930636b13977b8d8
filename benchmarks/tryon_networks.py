"""GMM, TOM and VITON's networks, small, on held-out made people against their baselines.

  python -m benchmarks.tryon_networks --weights DIR    writes results/tryon_networks.json
  python -m benchmarks.tryon_networks --weights DIR --resume    goes on where one was ended
  python -m benchmarks.tryon_networks --quick          seconds: does it still run? Writes nothing
  python -m benchmarks.tryon_networks --sheet F.jpg    draws some of them too

Each training is one process on one thread; its times are the processor's, without making the
people, which is told apart. Figures are of people whom no training has seen, who change from one
garment to another: the truth is the same made person in the other garment.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cvfast.io.image_writer import write_image
from cvfast.synth.tryon_pool import TryOnPool
from cvfast.tryon.dressed_people import DressedPeople, make_dressed_people
from cvfast.tryon.network_judging import dressed, paste
from cvfast.tryon.network_task import shape_context_warp
from cvfast.tryon.network_training import NEEDS, Plan, exchanges, network_settings, train_network
from cvfast.typing import ImageU8

from benchmarks.machine import describe
from benchmarks.program import RESULTS, write

PEOPLE, HELD_OUT = 1000, 64
NETWORKS = (
    ("cp-vton", "gmm"),
    ("cp-vton", "tom"),
    ("cp-vton+", "gmm"),
    ("cp-vton+", "tom"),
    ("viton", "viton"),
    ("viton", "viton-refine"),
)
CHECKPOINT = 500  # iterations, as the training loop has it
_SHOWN = 6


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.tryon_networks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--weights", type=Path, help="keep the trained networks here")
    parser.add_argument("--resume", action="store_true", help="with --weights: go on there")
    parser.add_argument("--sheet", type=Path, help="a JPEG of some held-out people")
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--only", help="networks of this variant: cp-vton, cp-vton+, viton")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    counts = (4, 2) if given.quick else (given.people, HELD_OUT)
    began = time.process_time()
    held_out = make_dressed_people(counts[1], seed=given.seed + 1)
    people = TryOnPool(counts[0], seed=given.seed)
    making = time.process_time() - began
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.weights or Path(temporary)
        rows, nets = trained(people, held_out, folder, given)
    results = {
        "machine": {**describe(), "command": _command(words)},
        "people": counts[0], "held_out": counts[1], "size": list(people.size),
        "seconds_to_make_people": round(making, 1), "networks": rows,
    }  # fmt: skip
    if given.sheet:
        write_image(given.sheet, sheet(nets, held_out), overwrite=True, quality=90)
    write(results, given.output or (None if given.quick else RESULTS / "tryon_networks.json"))
    return 0 if given.quick else int(not all(row["better"] for row in rows))


def trained(
    people: TryOnPool, held_out: DressedPeople, folder: Path, given: Any
) -> tuple[list[dict[str, Any]], dict[tuple[str, str], Any]]:
    """Train each network; return its figures, and the networks."""
    rows, nets = [], {}
    for variant, kind in NETWORKS:
        if given.only not in (None, variant):
            continue
        plan = Plan(
            variant="cp-vton" if variant == "viton" else variant,
            iterations=2 if given.quick else None, seed=given.seed,
        )  # fmt: skip
        before = nets.get((variant, NEEDS.get(kind, "")))
        path = folder / f"{variant}-{kind}.safetensors"
        clock = Clock(folder / f"{variant}-{kind}.seconds", resume=given.resume)
        net, figures = train_network(
            kind, people, path, plan=plan, before=before, held_out=held_out, overwrite=True,
            folder=folder / f"{variant}-{kind}.run", resume=given.resume, progress=clock,
        )  # fmt: skip
        nets[variant, kind] = net
        row = {
            "variant": variant, "network": kind,
            "parameters": sum(weights.numel() for weights in net.parameters()),
            "settings": network_settings(kind, people.size, plan),
            "iterations": plan.steps(kind),
            "processor_seconds": round(clock.seconds, 1),
            "figures": {
                name: {key: round(value, 4) for key, value in values.items()}
                for name, values in figures.items()
            },
        }  # fmt: skip
        row["better"] = better(kind, row["figures"])
        print(row, flush=True)
        rows.append(row)
    return rows, nets


class Clock:
    """Processor time of a training, kept with each checkpoint so that a resumed one has it all."""

    def __init__(self, path: Path, *, resume: bool) -> None:
        self._path, self._began = path, time.process_time()
        self._before = float(path.read_text()) if resume and path.exists() else 0.0

    def __call__(self, done: int, total: int) -> None:
        if done % CHECKPOINT == 0 or done == total:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(f"{self.seconds:.1f}\n")

    @property
    def seconds(self) -> float:
        return self._before + time.process_time() - self._began


def better(kind: str, figures: dict[str, dict[str, float]]) -> bool:
    """Whether a network beats its baselines in each figure."""
    ours = figures[kind]
    baselines = [values for name, values in figures.items() if name != kind]
    signs = {"l1": 1, "inside": 1, "iou": -1, "ssim": -1}
    return all(
        ours[name] * signs[name] < values[name] * signs[name]
        for values in baselines
        for name in values
    )


@torch.no_grad()
def sheet(nets: dict[tuple[str, str], Any], held_out: DressedPeople) -> ImageU8:
    """Return people, garments, then each variant's paste and result, and the truth."""
    some = held_out.some(slice(0, _SHOWN))
    columns = [torch.from_numpy(some.people[:, 0]).permute(0, 3, 1, 2) / 127.5 - 1]
    for variant, kind in (("cp-vton", "tom"), ("cp-vton+", "tom"), ("viton", "viton-refine")):
        if (variant, kind) not in nets:
            continue
        plan = Plan(variant="cp-vton" if variant == "viton" else variant)
        batch = exchanges(kind, some, plan)
        before = nets[variant, NEEDS[kind]]
        made, warped, mask = dressed(kind, nets[variant, kind], before, batch)
        if len(columns) == 1:
            columns.append(batch.garment)
        columns += [paste(batch, warped, mask), made]
        truth = batch.result
        if variant == "viton":
            columns.insert(-1, shape_context_warp(before, batch)[1])
    columns.append(truth)
    rows = torch.cat([torch.cat(list(column), 1) for column in columns], 2)
    levels = np.clip((rows.permute(1, 2, 0).numpy() + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(levels.repeat(3, 0).repeat(3, 1))


def _command(words: list[str] | None) -> str:
    return f"python -m benchmarks.tryon_networks {' '.join(words or sys.argv[1:])}".strip()


if __name__ == "__main__":
    sys.exit(main())
