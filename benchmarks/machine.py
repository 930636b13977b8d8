"""The machine and the versions a figure belongs to, and how many threads everyone may use."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import cvfast

from benchmarks.peer import REQUIREMENTS

__all__ = ["describe", "limit_threads"]

PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-image",
    "opencv-python",
    "numba",
    "lsnms",
    "powerboxes",
    "ensemble-boxes",
)


def describe() -> dict[str, Any]:
    """Return what a reader must know to repeat the run."""
    import threadpoolctl

    blas = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "command": "python -m benchmarks " + " ".join(sys.argv[1:]),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "cvfast": cvfast.build_config(),
        "blas": sorted({f"{pool['version']} {pool.get('architecture', '')}" for pool in blas}),
        "openblas_coretype": os.environ.get("OPENBLAS_CORETYPE"),
        "versions": {name: _version(name) for name in PACKAGES},
        "peers_in_their_own_venvs": REQUIREMENTS,
    }


@contextlib.contextmanager
def limit_threads(threads: int) -> Iterator[None]:
    """Give cvfast, cv2, numba and BLAS so many threads each; child peers take cvfast's number."""
    import cv2
    import numba
    import threadpoolctl

    cvfast.set_num_threads(threads)
    cv2.setNumThreads(threads)
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    try:
        with threadpoolctl.threadpool_limits(threads):
            yield
    finally:
        cvfast.set_num_threads(None)
        cv2.setNumThreads(-1)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.processor()


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    except OSError:
        return ""
    return done.stdout.strip()
