"""Build facts, the choice of the instruction set, and the number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import cvfast
import pytest
from cvfast import _core

HEAVY = ("cv2", "scipy", "av", "PIL", "ai_edge_litert", "onnxruntime", "torch", "rich", "cyclopts")


@pytest.fixture(autouse=True)
def default_threads() -> Iterator[None]:
    yield
    cvfast.set_num_threads(None)


def child(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if k not in ("OMP_NUM_THREADS", "CVFAST_ISA")}
    return subprocess.run(
        [sys.executable, "-c", f"import os, cvfast; {code}"],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_build_config() -> None:
    config = cvfast.build_config()
    assert config["version"] == cvfast.__version__
    assert config["isa"] == cvfast.get_isa()
    assert config["isa"] in cvfast.available_isas()
    assert cvfast.available_isas()[0] == "baseline"
    assert config["threads"] == cvfast.get_num_threads()
    assert config["compiler"]


def test_every_available_instruction_set_can_be_forced() -> None:
    for isa in cvfast.available_isas():
        assert child("print(cvfast.get_isa())", CVFAST_ISA=isa).stdout.strip() == isa
    best = cvfast.available_isas()[-1]
    assert child("print(cvfast.get_isa())").stdout.strip() == best
    assert child("print(cvfast.get_isa())", CVFAST_ISA="").stdout.strip() == best


@pytest.mark.parametrize("name", ["avx2", "BASELINE", " baseline", "x86-64-v5", "v3"])
def test_an_unknown_instruction_set_names_the_choices(name: str) -> None:
    run = child("pass", CVFAST_ISA=name)
    assert run.returncode == 1
    choices = ", ".join(cvfast.available_isas())
    assert run.stderr.strip().endswith(
        f"ImportError: CVFAST_ISA: expected one of {choices} on this machine, got '{name}'"
    )


def test_set_num_threads() -> None:
    default = cvfast.get_num_threads()
    cvfast.set_num_threads(3)
    assert cvfast.get_num_threads() == min(3, int(os.environ.get("OMP_NUM_THREADS", 3)))
    cvfast.set_num_threads(None)
    assert cvfast.get_num_threads() == default


@pytest.mark.parametrize(
    ("threads", "error", "message"),
    [
        (0, ValueError, "threads: expected at least 1 or None, got 0"),
        (-2, ValueError, "threads: expected at least 1 or None, got -2"),
        (1.5, TypeError, "threads: expected an integer or None, got float"),
        ("2", TypeError, "threads: expected an integer or None, got str"),
        (False, TypeError, "threads: expected an integer or None, got bool"),
    ],
)
def test_bad_thread_counts(threads: Any, error: type[Exception], message: str) -> None:
    before = cvfast.get_num_threads()
    with pytest.raises(error, match=f"^{message}$"):
        cvfast.set_num_threads(threads)
    assert cvfast.get_num_threads() == before


def test_the_core_refuses_negative_counts_itself() -> None:
    with pytest.raises(ValueError, match=r"^threads: expected 0 \(the default\) or more, got -1$"):
        _core.set_num_threads(-1)


@pytest.mark.parametrize(
    ("cap", "asked", "wanted"),
    [("1", 8, 1), ("3", 8, 3), ("5,2", 8, 5), ("64", 8, 8), ("0", 8, 8), ("junk", 8, 8)],
)
def test_omp_num_threads_is_a_cap(cap: str, asked: int, wanted: int) -> None:
    code = f"cvfast.set_num_threads({asked}); print(cvfast.get_num_threads())"
    assert child(code, OMP_NUM_THREADS=cap).stdout.strip() == str(wanted)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no CPU affinity here")
def test_the_default_follows_the_cpus_that_the_process_may_use() -> None:
    code = """
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
print(cvfast.get_num_threads())
"""
    assert child(code).stdout.strip() == "1"
    code = "print(cvfast.get_num_threads() <= len(os.sched_getaffinity(0)))"
    assert child(code).stdout.strip() == "True"


def test_import_loads_no_heavy_module() -> None:
    code = f"import sys; print([name for name in {HEAVY} if name in sys.modules])"
    assert child(code).stdout.strip() == "[]"
    code = f"""
import sys, numpy
cvfast.local_scale(numpy.zeros((9, 9), 'uint8'), [(4, 4)], [3], [0.5])
corners = [(0, 0), (9, 0), (0, 9)]
cvfast.ThinPlateSpline(corners, corners).warp(numpy.zeros((9, 9), 'uint8'))
print([name for name in {HEAVY} if name in sys.modules])"""
    assert child(code).stdout.strip() == "[]"


def test_names_are_handed_on_lazily() -> None:
    assert {"local_scale", "ThinPlateSpline", "set_num_threads"} <= set(dir(cvfast))
    assert set(cvfast.__all__) <= set(dir(cvfast))
    with pytest.raises(AttributeError, match=r"^module 'cvfast' has no attribute 'lokal_scale'$"):
        cvfast.lokal_scale  # noqa: B018
