"""One forward pass of DeepFace for one face: the paper's size in torch, the bundled net in NumPy.

  python -m benchmarks.deepface            a minute; writes results/deepface.json
  python -m benchmarks.deepface --quick    seconds; writes nothing

Asked: the full net of 118.9 million parameters under 150 ms a face on two cores.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from cvfast.faces.types import Landmarks
from cvfast.models.deepface_layers import layer_shapes
from cvfast.recognition.deepface import DeepFace
from cvfast.recognition.deepface_forward import full_layer, layer_maps
from cvfast.recognition.deepface_net import DeepFaceNet
from cvfast.recognition.frontal import frontalise
from cvfast.synth.faces import make_face

from benchmarks.machine import describe, limit_threads
from benchmarks.program import RESULTS, write
from benchmarks.timing import measure

MOST_MS = 150


def main() -> int:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.deepface",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="seconds: does it still run?")
    quick = parser.parse_args().quick
    full = DeepFaceNet().eval()
    results: dict[str, Any] = {
        "machine": describe() | {"command": "python -m benchmarks.deepface"},
        "parameters": sum(w.numel() for w in full.parameters()),
        "layers": {name: list(shape) for name, shape in layer_shapes().items()},
        "asked_ms": MOST_MS,
    }
    for threads in (2, 1):
        torch.set_num_threads(threads)
        with limit_threads(threads):
            results[f"threads_{threads}"] = _times(full, quick)
    for name in ("threads_1", "threads_2"):
        for step, times in results[name].items():
            print(f"{name}, {step}: {times['min_ms']:.1f} ms, median {times['median_ms']:.1f}")
    if quick:
        return 0
    write(results, RESULTS / "deepface.json")
    return int(results["threads_2"]["full net, torch"]["min_ms"] > MOST_MS)


def _times(full: DeepFaceNet, quick: bool) -> dict[str, dict[str, float]]:
    made = make_face(7, seed=0, size=256, occlusion="none")
    landmarks = Landmarks(made.points478, "mesh478", 1.0, made.box)
    small = DeepFace.load()
    view = frontalise(made.image, landmarks, size=small.weights.size).image
    pixels = torch.rand(1, 3, 152, 152)

    def full_net() -> None:
        with torch.no_grad():
            full.features(pixels)

    def small_net() -> None:
        full_layer(small.weights.layers, layer_maps(small.weights.layers, view)["L6"][None])

    steps: dict[str, Callable[[], object]] = {
        "full net, torch": full_net,
        "bundled net, NumPy": small_net,
        "frontal view, 152 pixels": lambda: frontalise(made.image, landmarks, size=152),
        "bundled net with its frontal view": lambda: small.embed(made.image, [landmarks]),
    }
    options = {"budget": 0, "at_least": 2} if quick else {}
    times = measure(steps, **options)
    return {name: asdict(spent) for name, spent in times.items()}


if __name__ == "__main__":
    raise SystemExit(main())
