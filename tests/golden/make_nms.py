"""Write nms.json: what torchvision.ops.nms keeps of the sets in nms_sets.py.

Needs torch and torchvision, which no test needs: python tests/golden/make_nms.py
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
import torchvision
from nms_sets import BLOCK, SETS, BoxSet, make_set, shown
from numpy.typing import NDArray


def keep(boxes: NDArray, scores: NDArray, threshold: float) -> NDArray[np.int64]:
    """Return the indices that torchvision keeps."""
    kept = torchvision.ops.nms(torch.from_numpy(boxes), torch.from_numpy(scores), threshold)
    return kept.numpy()


def keep_per_class(item: BoxSet) -> NDArray[np.int64]:
    """Return torchvision's indices class by class, merged by score descending, then index."""
    merged = []
    for label in np.unique(item.classes):
        rows = np.flatnonzero(item.classes == label)
        merged.append(rows[keep(item.boxes[rows], item.scores[rows], item.threshold)])
    kept = np.sort(np.concatenate(merged)) if merged else np.empty(0, np.int64)
    return kept[np.argsort(-item.scores[kept], kind="stable")]


def main() -> None:
    """Write the file beside this script."""
    inputs, results, per_class = [], [], []
    for start in range(0, SETS, BLOCK):
        digest = hashlib.blake2b(digest_size=8)
        for index in range(start, start + BLOCK):
            item = make_set(index)
            digest.update(item.digest())
            results.append(shown(keep(item.boxes, item.scores, item.threshold)))
            if index % 5 == 0:
                per_class.append(shown(keep_per_class(item)))
        inputs.append(digest.hexdigest())
    golden = {
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "inputs": inputs,
        "nms": results,
        "batched_nms": per_class,
    }
    path = Path(__file__).with_name("nms.json")
    path.write_text(json.dumps(golden, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
