"""Peers that cannot live beside the others: each in a virtual environment and a process of its own.

`python -m benchmarks --make-venvs` makes the environments; `CVFAST_BENCH_VENVS` names their folder.
The child process builds a call from its arrays once, then times it itself whenever it is told to.
"""

from __future__ import annotations

import atexit
import functools
import itertools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cvfast
import numpy as np

__all__ = ["REQUIREMENTS", "ChildPeer", "PeerMissing", "make_venvs"]

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = {
    "torchvision": ["torch==2.14.1", "torchvision==0.29.1", "numpy>=2.0"],
    "mediapipe": ["mediapipe==0.10.21"],  # needs a Python up to 3.12
    "contrib": ["opencv-contrib-python==4.14.0.94", "numpy>=2.0"],
}
_keys = itertools.count()


class PeerMissing(RuntimeError):
    """The peer's virtual environment is not there."""


class ChildPeer:
    """A call of `benchmarks/peers/<venv>_peer.py`, timed in a child process.

    `function(**inputs)` there returns the call. The child starts with the first use here.
    """

    def __init__(self, venv: str, function: str, **inputs: Any) -> None:
        self._venv, self._function, self._inputs = venv, function, inputs
        self._key = ""

    def __call__(self) -> Any:
        """Call it once and return its output."""
        path = Path(_room()) / "output.npy"
        self._ask({"do": "call", "key": self._ready(), "path": str(path)})
        return np.load(path, allow_pickle=False)

    def time_ns(self, repeats: int) -> int:
        """Return the nanoseconds of so many calls, by the child's clock."""
        return int(self._ask({"do": "time", "key": self._ready(), "repeats": repeats}))

    def close(self) -> None:
        """Let the child forget the arrays."""
        if self._key:
            self._ask({"do": "drop", "key": self._key})
            self._key = ""

    def _ready(self) -> str:
        if not self._key:
            key, path = str(next(_keys)), Path(_room()) / "inputs.npz"
            np.savez(path, allow_pickle=False, **self._inputs)
            self._ask({"do": "make", "key": key, "path": str(path), "function": self._function})
            self._key = key
        return self._key

    def _ask(self, question: dict[str, Any]) -> Any:
        child = _child(self._venv, cvfast.get_num_threads())
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps(question) + "\n")
        child.stdin.flush()
        answer = child.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self._venv}: the child process ended; its message is above")
        return json.loads(answer)


def make_venvs() -> None:
    """Make each peer's virtual environment that is not there yet."""
    for name, requirements in REQUIREMENTS.items():
        place = _venvs() / name
        if not _python(name).exists():
            print(f"making {place}", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
            command = [str(_python(name)), "-m", "pip", "install", "-q", *requirements]
            subprocess.run(command, check=True)


def _venvs() -> Path:
    return Path(os.environ.get("CVFAST_BENCH_VENVS", ROOT / "build" / "bench-venvs"))


def _python(venv: str) -> Path:
    return _venvs() / venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


@functools.cache
def _room() -> str:
    room = tempfile.TemporaryDirectory(prefix="cvfast-bench-")
    atexit.register(room.cleanup)
    return room.name


@functools.cache
def _child(venv: str, threads: int) -> subprocess.Popen[str]:
    """One child an environment and thread count."""
    python = _python(venv)
    if not python.exists():
        raise PeerMissing(f"no {python}; `python -m benchmarks --make-venvs` makes it")
    child = subprocess.Popen(
        [str(python), "-m", "benchmarks.peers", venv, str(threads)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(child.kill)
    return child
