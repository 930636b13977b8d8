"""Run by test_cascade in a process per instruction set: prints hashes of what cascades answer."""

from __future__ import annotations

import hashlib
import sys

import numpy as np
from cvfast.kernels.cascade import CascadeKernel

from tests.kernels.cascade_reference import KINDS, made, scene


def main() -> None:
    for name in KINDS:
        for seed in range(3):
            cascade, patches = made(name, seed, share=0.75)
            kernel = CascadeKernel(cascade)
            found = kernel.windows(scene(np.random.default_rng(seed), 131, 203 + seed))
            parts = (found.boxes, found.sums, kernel.stages_passed(patches))
            digest = hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()
            sys.stdout.write(f"{name} {len(found.boxes)} {digest}\n")


if __name__ == "__main__":
    main()
