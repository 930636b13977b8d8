"""Steps a second of a swap's training, beside a plain float32 eager loop of the same networks.

    python -m benchmarks.swap_training [--preset tiny|tiny-96|...] [--batch 8] [--threads 2]
                                       [--rounds 20] [--output F.json] [--quick]

Both learn from the same made faces, decoded once, with the same losses; making the examples is
part of a step. Ours: channels last, bfloat16 where the processor multiplies it, our optimiser,
examples made by our C++ warp in the background. The plain loop: contiguous float32, torch's Adam,
examples made in between by OpenCV. A round is a step of each, in turns; min and median of 20 rounds
or more, by the clock and of the work of all threads (which a busy machine disturbs less). Without
AVX512-BF16 or AMX the target (2.0x) cannot be judged, which is said.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from cvfast.geometry.alignment import transform_points
from cvfast.swap.face_file import FaceRecord, write_face
from cvfast.swap.face_store import FaceStore
from cvfast.swap.face_types import crop_matrix
from cvfast.synth.faces import make_face

from benchmarks.machine import _processor
from benchmarks.program import write

TARGET = 2.0
Rows = dict[str, list[tuple[float, float]]]  # seconds by the clock, and of all threads' work
FACES = 12  # of each side
WARMING = 3  # steps of each before the clock runs


def main(words: list[str] | None = None) -> int:
    from cvfast.swap.model_options import PRESETS

    parser = argparse.ArgumentParser(
        "python -m benchmarks.swap_training",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--preset", choices=list(PRESETS), default="tiny-96")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--quick", action="store_true", help="two rounds, batch 1: does it run?")
    given = parser.parse_args(words)
    if given.quick:
        given.rounds, given.batch, given.preset = 2, 1, "tiny"
    options = replace(PRESETS[given.preset], batch=given.batch)
    import torch

    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as folder:
        stores = tuple(_faces(Path(folder) / str(who), who, options) for who in (3, 8))
        rows = _timed({"cvfast": _ours(stores, options), "plain": _plain(stores, options)}, given)
    write(_result(rows, given, torch.__version__), given.output)
    return 0


def _result(rows: Rows, given: argparse.Namespace, torch: str) -> dict[str, Any]:
    from cvfast.swap.precision import has_bfloat16

    times = {}
    for name, spent in rows.items():
        for kind, values in zip(("", "work_"), zip(*spent, strict=True), strict=True):
            times.setdefault(name, {}).update({
                f"{kind}min_ms": round(min(values) * 1e3, 1),
                f"{kind}median_ms": round(statistics.median(values) * 1e3, 1),
            })  # fmt: skip
    found = {kind: times["plain"][kind] / times["cvfast"][kind] for kind in times["plain"]}
    result = {
        "processor": _processor(), "has_bfloat16": has_bfloat16(), "torch": torch,
        "preset": given.preset, "batch": given.batch, "threads": given.threads,
        "rounds": given.rounds, "times": times,
        **{f"faster_{kind.removesuffix('_ms')}": round(value, 2) for kind, value in found.items()},
        "load": round(os.getloadavg()[0], 1),
        "target": TARGET,
        "reached": found["median_ms"] >= TARGET if has_bfloat16() else None,
    }  # fmt: skip
    for name, row in times.items():
        print(f"{name:8s} {row['min_ms']:8.1f} ms min {row['median_ms']:8.1f} ms median, of all "
              f"threads {row['work_min_ms']:8.1f} and {row['work_median_ms']:8.1f}")  # fmt: skip
    said = "" if has_bfloat16() else ": no bfloat16 in this processor, so not to be judged here"
    print(f"{result['faster_median']:.2f}x (target {TARGET}x{said})")
    print(f"{result['faster_work_median']:.2f}x less work")
    return result


def _timed(steps: dict[str, Callable[[int], None]], given: argparse.Namespace) -> Rows:
    rows: Rows = {name: [] for name in steps}
    for step in steps.values():
        for number in range(1, WARMING + 1):
            step(number)
    for number in range(WARMING + 1, WARMING + 1 + given.rounds):
        for name in list(steps)[:: 1 if number % 2 else -1]:
            began, worked = time.perf_counter(), time.process_time()
            steps[name](number)
            rows[name].append((time.perf_counter() - began, time.process_time() - worked))
    return rows


def _faces(folder: Path, who: int, options: Any) -> FaceStore:
    """Write face pictures of a made person, and open them as the training does."""
    folder.mkdir()
    for number in range(FACES):
        made = make_face(who, seed=number, size=256, share=0.5, occlusion="none", spoil=False)
        points = np.asarray(made.points68, np.float64) + 0.5
        matrix = crop_matrix(points, "whole", 256)
        record = FaceRecord(
            face_type="whole", landmarks=transform_points(matrix, points), source="made",
            frame=number, seconds=0.0, face=0, source_landmarks=points,
            source_box=np.asarray(made.box), matrix=matrix,
        )  # fmt: skip
        write_face(folder / f"{number:05d}_0.jpg", _cut(made.image, matrix, 256), record)
    return FaceStore(folder, face_type=options.face_type, size=2 * options.resolution)


def _cut(image: Any, matrix: Any, size: int) -> Any:
    import cv2

    return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR)


def _ours(stores: Any, options: Any) -> Callable[[int], None]:
    from cvfast.swap.training_data import Examples
    from cvfast.swap.training_task import SwapTask
    from lightning_fabric import Fabric

    task = SwapTask(Examples(*stores, options, hold_out=0))
    fabric = Fabric(accelerator="cpu", devices=1)
    for kind, wrap in ((task.modules, fabric.setup_module),
                       (task.optimizers, fabric.setup_optimizers)):  # fmt: skip
        for name, part in kind.items():
            kind[name] = wrap(part)

    def step(number: int) -> None:
        losses = task.step(task.batch(number), fabric)
        _ = [float(loss.detach()) for loss in losses.values()]

    return step


def _plain(stores: Any, options: Any) -> Callable[[int], None]:
    """The loop that one writes first."""
    import torch
    from cvfast.swap.losses import reconstruction_losses
    from cvfast.swap.networks import build_networks

    nets = build_networks(options).to(memory_format=torch.contiguous_format)
    for part in nets.modules():  # our inner networks hand on channels last
        part.register_forward_pre_hook(lambda _part, given: tuple(x.contiguous() for x in given))
    optimizer = torch.optim.Adam(nets.parameters(), options.learning_rate)
    rng = np.random.default_rng(0)

    def step(_number: int) -> None:
        sides = [_opencv_batch(store, options, rng) for store in stores]
        made = nets.pairs(sides[0][0], sides[1][0])
        loss = 0.0
        for name, (_, face, mask) in zip(("source", "target"), sides, strict=True):
            key = f"{name}_{name}"
            terms = reconstruction_losses(made[key], made[f"{key}_mask"], face, mask, options)
            loss = loss + sum(term.mean() for term in terms.values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        float(loss.detach())

    return step


def _opencv_batch(store: Any, options: Any, rng: Any) -> list[Any]:
    """Examples as ours, of the same decoded pictures: warped faces, faces, masks."""
    import cv2
    import torch
    from cvfast.swap.warping import Movement, draw_view

    size = options.resolution
    rows: list[list[Any]] = [[], [], []]
    at = np.mgrid[:size, :size].astype(np.float32)
    for number in rng.integers(len(store), size=options.batch):
        picture = store.picture(int(number))
        view = draw_view(rng, Movement(scale=0.15), warp=True)
        matrix = view.matrix * (store.size / size, store.size / size, store.size)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        face = cv2.warpAffine(picture[..., :3], matrix, (size, size), flags=flags,
                              borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
        mask = cv2.warpAffine(np.ascontiguousarray(picture[..., 3]), matrix, (size, size),
                              flags=flags)  # fmt: skip
        moves = cv2.resize(view.warp.astype(np.float32), (size, size)) * size
        warped = cv2.remap(face, at[1] + moves[..., 0], at[0] + moves[..., 1], cv2.INTER_LINEAR,
                           borderMode=cv2.BORDER_REPLICATE)  # fmt: skip
        for row, values in zip(rows, (warped, face, mask[..., None]), strict=True):
            row.append(torch.from_numpy(values.astype(np.float32) / 255).permute(2, 0, 1))
    return [torch.stack(row).contiguous() for row in rows]


if __name__ == "__main__":
    sys.exit(main())
