"""The same bytes from every instruction set and every number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cvfast

CHILD = Path(__file__).with_name("same_bytes.py")


def results(isa: str) -> dict[str, list[str]]:
    run = subprocess.run(
        [sys.executable, CHILD],
        env={**os.environ, "CVFAST_ISA": isa},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    families = dict(line.split(":", 1) for line in run.stdout.splitlines())
    assert families.pop("uneven").strip() == "", f"{isa}: these depend on the number of threads"
    return {family: hashes.split() for family, hashes in families.items()}


def test_every_instruction_set_and_thread_count_gives_the_same_bytes() -> None:
    isas = cvfast.available_isas()
    expected = results(isas[0])
    assert len(expected) == 15
    assert all(len(hashes) == 200 for hashes in expected.values())
    for isa in isas[1:]:
        for family, hashes in results(isa).items():
            differing = [
                i
                for i, pair in enumerate(zip(hashes, expected[family], strict=True))
                if pair[0] != pair[1]
            ]
            assert not differing, f"{isa}, {family}: cases {differing} differ from {isas[0]}"
