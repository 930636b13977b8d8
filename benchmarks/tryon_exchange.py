"""ACGPN, SwapNet and Clothes Transform, small, trained on made people and judged on others.

  python -m benchmarks.tryon_exchange              an hour; writes results/tryon_exchange.json
  python -m benchmarks.tryon_exchange --quick      seconds: does it still run? Writes nothing
  python -m benchmarks.tryon_exchange --family acgpn --folder F --sheet S.png

Everything is judged on people, garments and poses that no training saw, against what needs no
network: for G1 and G2 each pixel's most frequent label of the training set; for the warp the
garment as it lies; for the fusion what is kept and the warped clothes, pasted; for SwapNet and
Clothes Transform the picture that goes in. Differences are mean absolute ones of values in 0..1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cvfast.io.image_writer import write_image
from cvfast.tryon.acgpn_exchange import exchange_acgpn
from cvfast.tryon.acgpn_inputs import (
    ARMS,
    CLOTHES,
    arm_colour,
    binary_noise,
    label_input,
    mask_input,
    masked,
    one_hot,
    paint,
    where,
    without_clothes,
)
from cvfast.tryon.acgpn_training import Exchange, exchanges, fusing
from cvfast.tryon.clothes_transform_training import cut_out
from cvfast.tryon.dressed_people import DressedPeople, make_dressed_people
from cvfast.tryon.exchange_training import train_acgpn, train_clothes_transform, train_swapnet
from cvfast.tryon.swapnet_inputs import TwoWearers, make_two_wearers
from cvfast.tryon.swapnet_training import cloth_channels, cloth_labels, swaps
from torch import Tensor

from benchmarks.machine import describe
from benchmarks.program import RESULTS, write

FAMILIES = ("acgpn", "swapnet", "clothes-transform")
TRAINED, WEARERS, JUDGED = 300, 200, 64  # people
ITERATIONS = {"acgpn": 300, "swapnet": 300, "clothes-transform": 900}  # of each network
BATCH = 8
TRAIN_SEED, JUDGE_SEED = 1, 2
Row = dict[str, Any]


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.tryon_exchange",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--family", choices=FAMILIES, action="append")
    parser.add_argument("--folder", type=Path, help="where networks are kept, or were")
    parser.add_argument("--sheet", type=Path, help="a picture of some results of each family")
    parser.add_argument("--output", type=Path)
    given = parser.parse_args(words)
    torch.set_num_threads(1)
    count, judged, iterations = (3, 2, 1) if given.quick else (TRAINED, JUDGED, 0)
    rows: list[Row] = []
    for family in given.family or FAMILIES:
        with tempfile.TemporaryDirectory() as spare:
            folder = (given.folder or Path(spare)) / family
            rows += _JUDGES[family](
                count, judged, iterations or ITERATIONS[family], folder, given.sheet
            )
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    command = f"python -m benchmarks.tryon_exchange {' '.join(words or sys.argv[1:])}".strip()
    results = {"machine": {**describe(), "command": command}, "rows": rows}
    usual = None if given.quick or given.family else RESULTS / "tryon_exchange.json"
    write(results, given.output or usual)
    return int(not given.quick and not all(row["better"] for row in rows))


def _acgpn(count: int, judged: int, iterations: int, folder: Path, sheet: Path | None) -> list[Row]:
    people = make_dressed_people(count, seed=TRAIN_SEED)
    held = exchanges(make_dressed_people(judged, seed=JUDGE_SEED))
    nets, seconds = _timed(lambda: train_acgpn(people, folder, iterations=iterations, batch=BATCH))
    every = exchanges(people)
    rows = [*_judge_labels(nets, held, every), *_judge_clothes(nets, held)]
    rows += [{**row, "training_cpu_seconds": seconds} for row in _judge_exchange(nets, held)]
    if sheet is not None:
        _draw_acgpn(nets, held, sheet.with_stem(f"{sheet.stem}-acgpn"))
    return rows


@torch.no_grad()
def _judge_labels(nets: dict[str, Any], held: Exchange, every: Exchange) -> list[Row]:
    noise = binary_noise(held.person, torch.Generator().manual_seed(0))
    seen = label_input(held.garment, held.mask, held.labels, held.pose, noise)
    found, truth = nets["acgpn-g1"](seen).argmax(1), without_clothes(held.wanted)
    usual = one_hot(without_clothes(every.wanted)).sum(0).argmax(0).expand_as(truth)
    rows = [
        _row("acgpn G1", "share of labels right", _right(found, truth), _right(usual, truth)),
        _row("acgpn G1", "mean IoU of labels", _mean_iou(found, truth), _mean_iou(usual, truth)),
    ]
    seen = mask_input(held.garment, held.mask, found, held.pose, noise)
    clothes, worn = nets["acgpn-g2"](seen) > 0, where(held.wanted, CLOTHES) > 0.5
    often = (where(every.wanted, CLOTHES).mean(0) > 0.5).expand_as(worn)
    return [*rows, _row("acgpn G2", "IoU of clothes", _iou(clothes, worn), _iou(often, worn))]


@torch.no_grad()
def _judge_clothes(nets: dict[str, Any], held: Exchange) -> list[Row]:
    worn = where(held.wanted, CLOTHES)
    lying = masked(held.garment, held.mask)
    out = nets["acgpn-u"](lying, held.mask, worn)
    rows = [
        _row("acgpn U", "IoU of warped mask", _iou(out.mask > 0.5, worn > 0.5),
             _iou(held.mask > 0.5, worn > 0.5)),
        _row("acgpn U", "difference of clothes, warped", _apart(out.warped, held.result, worn),
             _apart(lying, held.result, worn), less=True),
        _row("acgpn U", "difference of clothes, refined", _apart(out.clothes, held.result, worn),
             _apart(lying, held.result, worn), less=True),
    ]  # fmt: skip
    seen, pasted = fusing(held, nets["acgpn-u"])
    fused, person = paint(nets["acgpn-g"], seen), (held.wanted > 0)[:, None].float()
    arms = where(held.wanted, *ARMS) * (pasted == 0).all(1, keepdim=True)
    filled = torch.where(arms > 0, arm_colour(held.person, held.labels), pasted)
    for name, paste in (("pasted", pasted), ("pasted, arms in their colour", filled)):
        differences = _apart(fused, held.result, person), _apart(paste, held.result, person)
        rows.append(_row(f"acgpn G, {name}", "difference of person", *differences, less=True))
    return rows


def _judge_exchange(nets: dict[str, Any], held: Exchange) -> list[Row]:
    out = exchange_acgpn(nets, held.person, held.labels, held.pose, held.garment, held.mask)
    painted = torch.where(out.painted > 0, out.picture, held.person)
    changed = where(held.labels, CLOTHES, 7, *ARMS) + where(held.wanted, CLOTHES, 7, *ARMS) > 0
    person = changed.float() * (held.wanted > 0)[:, None]
    difference = _apart(painted, held.result, person)
    before = _apart(held.person, held.result, person)
    return [_row("acgpn, all four", "difference where clothes or arms", difference, before,
                 less=True)]  # fmt: skip


def _swapnet(
    count: int, judged: int, iterations: int, folder: Path, sheet: Path | None
) -> list[Row]:
    wearers: TwoWearers = make_two_wearers(min(count, WEARERS), seed=TRAIN_SEED)
    nets, seconds = _timed(
        lambda: train_swapnet(wearers, folder, iterations=iterations, batch=BATCH)
    )
    held = swaps(make_two_wearers(judged, seed=JUDGE_SEED))
    with torch.no_grad():
        out = nets["swapnet-warp"](held.body, cloth_channels(held.source_labels))
        found = cloth_labels(out, compat=False)
        painted = nets["swapnet-texture"](held.source, held.boxes, cloth_channels(found))
        known = nets["swapnet-texture"](held.source, held.boxes, cloth_channels(held.target_labels))
    truth, input_labels = held.target_labels, held.source_labels
    worn = (truth > 0)[:, None].float()
    copied = _apart(held.source, held.target, worn)
    rows = [
        _row("swapnet warping", "share of labels right", _right(found, truth),
             _right(input_labels, truth)),
        _row("swapnet warping", "mean IoU of labels", _mean_iou(found, truth),
             _mean_iou(input_labels, truth)),
        _row("swapnet texturing", "difference of clothes, true labels",
             _apart(known, held.target, worn), copied, less=True),
        _row("swapnet, both", "difference of clothes", _apart(painted, held.target, worn), copied,
             less=True),
    ]  # fmt: skip
    if sheet is not None:
        shown = torch.where((found > 0)[:, None], painted, torch.ones_like(painted))
        _draw(sheet.with_stem(f"{sheet.stem}-swapnet"), held.source, held.body, shown,
              torch.where(worn > 0, held.target, torch.ones_like(painted)))  # fmt: skip
    return [{**row, "training_cpu_seconds": seconds} for row in rows]


def _clothes_transform(
    count: int, judged: int, iterations: int, folder: Path, sheet: Path | None
) -> list[Row]:
    people: DressedPeople = make_dressed_people(count, seed=TRAIN_SEED)
    nets, seconds = _timed(
        lambda: train_clothes_transform(people, folder, iterations=iterations, batch=BATCH)
    )
    held = exchanges(make_dressed_people(judged, seed=JUDGE_SEED))
    worn = where(held.wanted, CLOTHES)
    with torch.no_grad():
        garment = 2 * nets["clothes-transform-garment"]((held.garment + 1) / 2, worn) - 1
        coarse, _ = nets["clothes-transform-coarse"].exchange(
            held.person, cut_out(held.person, held.labels), held.garment
        )
    changed = torch.maximum(worn, where(held.labels, CLOTHES))
    rows = [
        _row("clothes transform, garment", "difference of clothes",
             _apart(garment, held.result, worn), _apart(held.garment, held.result, worn),
             less=True),
        _row("clothes transform, coarse", "difference of picture",
             _apart(coarse, held.result, torch.ones_like(worn)),
             _apart(held.person, held.result, torch.ones_like(worn)), less=True),
        _row("clothes transform, coarse", "difference of old and new clothes",
             _apart(coarse, held.result, changed), _apart(held.person, held.result, changed),
             less=True),
    ]  # fmt: skip
    if sheet is not None:
        shown = torch.where(worn > 0, garment, torch.ones_like(garment))
        _draw(sheet.with_stem(f"{sheet.stem}-clothes-transform"), held.person, held.garment,
              coarse, shown, held.result)  # fmt: skip
    return [{**row, "training_cpu_seconds": seconds} for row in rows]


_JUDGES: dict[str, Callable[..., list[Row]]] = {
    "acgpn": _acgpn,
    "swapnet": _swapnet,
    "clothes-transform": _clothes_transform,
}


def _timed(run: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()
    found = run()
    return found, round(time.process_time() - began, 1)


def _row(network: str, measure: str, ours: float, baseline: float, *, less: bool = False) -> Row:
    better = ours < baseline if less else ours > baseline
    return {
        "network": network, "measure": measure, "ours": round(ours, 4),
        "baseline": round(baseline, 4), "better": better,
    }  # fmt: skip


def _right(found: Tensor, truth: Tensor) -> float:
    return (found == truth).float().mean().item()


def _iou(found: Tensor, truth: Tensor) -> float:
    return ((found & truth).sum() / (found | truth).sum().clamp(min=1)).item()


def _mean_iou(found: Tensor, truth: Tensor) -> float:
    labels = torch.unique(truth).tolist()
    return float(np.mean([_iou(found == label, truth == label) for label in labels]))


def _apart(found: Tensor, truth: Tensor, where_: Tensor) -> float:
    """Return the mean absolute difference, of values in 0..1, inside a mask."""
    return (((found - truth).abs() * where_).sum() / (2 * 3 * where_.sum()).clamp(min=1)).item()


def _draw_acgpn(nets: dict[str, Any], held: Exchange, path: Path) -> None:
    out = exchange_acgpn(nets, held.person, held.labels, held.pose, held.garment, held.mask)
    labels, truth = (_tinted(each) for each in (out.composition.labels, held.wanted))
    shown = torch.where(out.painted > 0, out.picture, held.person)
    clothes = torch.where(out.composition.clothes > 0, out.clothes, torch.ones_like(out.clothes))
    _draw(path, held.person, held.garment, labels, truth, clothes, shown, held.result)


def _tinted(labels: Tensor) -> Tensor:
    colours = torch.rand(14, 3, generator=torch.Generator().manual_seed(4)) * 2 - 1
    colours[0] = -1
    return colours[labels].movedim(-1, 1)


def _draw(path: Path, *columns: Tensor, rows: int = 12, scale: int = 3) -> None:
    """Draw one result a row, in two halves side by side."""
    rows = min(rows, len(columns[0]))
    kept = [column[:rows] for column in columns]
    strips = torch.cat(kept, 3).movedim(1, -1)  # (rows, h, w, 3)
    halves = torch.cat([strips[: rows // 2], strips[rows // 2 :]], 2)
    picture = halves.reshape(-1, *halves.shape[2:]).numpy()
    levels = np.rint((picture.clip(-1, 1) + 1) * 127.5).astype(np.uint8)
    write_image(path, levels.repeat(scale, 0).repeat(scale, 1), overwrite=True)


if __name__ == "__main__":
    raise SystemExit(main())
