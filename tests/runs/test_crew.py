"""Processes that work: how they start."""

from __future__ import annotations

import signal
from concurrent.futures import ProcessPoolExecutor

import pytest
from cvfast.runs.crew import processes

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows")


def masked() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_workers_start_deaf_to_ctrl_c_and_hear_it_at_work(monkeypatch) -> None:
    starts, real = [], ProcessPoolExecutor.submit

    def submit(*arguments: object) -> object:
        starts.append(masked())
        return real(*arguments)

    monkeypatch.setattr(ProcessPoolExecutor, "submit", submit)
    with processes(1).start() as pool:
        assert not pool.submit(masked).result(timeout=60)
    assert starts == [True]
    assert not masked()
