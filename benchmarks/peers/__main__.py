"""The child process: `python -m benchmarks.peers VENV THREADS`; one JSON line in, one out."""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def main() -> None:
    venv, threads = sys.argv[1:]
    peer = importlib.import_module(f"benchmarks.peers.{venv}_peer")
    peer.set_threads(int(threads))
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever a library prints goes elsewhere
    calls: dict[str, Callable[[], Any]] = {}
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(_answer(peer, calls, question)), file=answers, flush=True)


def _answer(peer: Any, calls: dict[str, Callable[[], Any]], question: dict[str, Any]) -> Any:
    key = question["key"]
    if question["do"] == "make":
        with np.load(question["path"], allow_pickle=False) as inputs:
            calls[key] = getattr(peer, question["function"])(**dict(inputs))
    elif question["do"] == "call":
        np.save(question["path"], calls[key](), allow_pickle=False)
    elif question["do"] == "drop":
        calls.pop(key)
    else:
        call, repeats = calls[key], range(question["repeats"])
        start = time.perf_counter_ns()
        for _ in repeats:
            call()
        return time.perf_counter_ns() - start
    return None


if __name__ == "__main__":
    main()
