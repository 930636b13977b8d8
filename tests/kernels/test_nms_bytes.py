from __future__ import annotations

import os
import subprocess
import sys

import cvfast

CASES = """
import hashlib, sys
import numpy as np
from cvfast import _core, batched_nms, iou, nms, set_num_threads, soft_nms
_core.set_serial_threshold(0)
for threads in (1, 2, 3, 7, 64):
    set_num_threads(threads)
    digest = hashlib.blake2b(digest_size=8)
    for case in range(200):
        rng = np.random.default_rng(case)
        n = [case, 300 + case, 90][case % 3]
        corners, sides = rng.uniform(0, 900, (n, 2)), rng.uniform(1, 90, (n, 2))
        boxes = np.concatenate([corners, corners + sides], axis=1)
        scores = rng.random(n)
        if case % 2:
            boxes, scores = boxes.astype(np.float32), scores.astype(np.float32)
        threshold = case % 10 / 10
        parts = [iou(boxes, boxes[: 1 + n // 3]), nms(boxes, scores, threshold)]
        parts.append(batched_nms(boxes, scores, np.arange(n) % 3, threshold))
        parts += soft_nms(boxes, scores, sigma=0.1 + threshold)
        parts += soft_nms(boxes, scores, method="linear", iou_threshold=threshold)
        for part in parts:
            digest.update(part.tobytes())
    print(threads, digest.hexdigest())
"""


def test_same_bytes_for_every_instruction_set_and_thread_count():
    seen = set()
    for isa in cvfast.available_isas():
        out = subprocess.run(
            [sys.executable, "-W", "error", "-c", CASES],
            env={**os.environ, "CVFAST_ISA": isa},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        lines = [line.split() for line in out.splitlines()]
        assert [int(threads) for threads, _ in lines] == [1, 2, 3, 7, 64]
        seen |= {digest for _, digest in lines}
    assert len(seen) == 1


FORKS = """
import os
import numpy as np
from cvfast import _core, iou, set_num_threads
_core.set_serial_threshold(0)
set_num_threads(4)
boxes = np.arange(400, dtype=np.float32).reshape(100, 4)
before = iou(boxes, boxes)
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(iou(boxes, boxes), before) else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_forked_child_after_threads():
    out = subprocess.run(
        [sys.executable, "-c", FORKS], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    assert out.strip() == "0"
