"""Time several calls in turns, so that a busy moment of the machine meets them all alike."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchmarks.case import Run

__all__ = ["Timing", "measure"]

ROUNDS, MOST_ROUNDS = 20, 60
# A call shorter than this is repeated within a round: else one measures how cold the one before it
# left the caches and the branch predictor, whichever that was.
SHORTEST_NS = 10_000_000
SLOW_NS, SLOW_ROUNDS = 1_500_000_000, 3  # a peer slower than this has shown enough in three rounds


@dataclass(frozen=True)
class Timing:
    """Milliseconds a call, over rounds of `repeats` calls each."""

    min_ms: float
    median_ms: float
    rounds: int
    repeats: int

    def shared(self, parts: int) -> Timing:
        """Return the times of one of the equal parts that a call consists of."""
        return replace(self, min_ms=self.min_ms / parts, median_ms=self.median_ms / parts)


def measure(
    runs: Mapping[str, Run],
    *,
    budget: float = 4.0,
    shortest_ns: int = SHORTEST_NS,
    slow_ns: float = SLOW_NS,
    at_least: int = ROUNDS,
) -> dict[str, Timing]:
    """Time each call `at_least` rounds (3 where one takes over `slow_ns`), more within the budget.

    `budget` is in seconds for all calls together. Every round calls each once, or often enough to
    last `shortest_ns`, and starts with another one.
    """
    costs = {name: _once(run, slow_ns) for name, run in runs.items()}
    repeats = {name: max(1, math.ceil(shortest_ns / cost)) for name, cost in costs.items()}
    slow = {name for name, cost in costs.items() if cost > slow_ns}
    a_round = sum(cost * repeats[name] for name, cost in costs.items() if name not in slow)
    rounds = min(MOST_ROUNDS, max(at_least, int(budget * 1e9 / max(a_round, 1))))
    times: dict[str, list[float]] = {name: [] for name in runs}
    names = list(runs)
    gc.collect()
    gc.disable()
    try:
        for index in range(rounds):
            first = index % len(names)
            for name in names[first:] + names[:first]:
                if name not in slow or index < SLOW_ROUNDS:
                    times[name].append(_time_ns(runs[name], repeats[name]) / repeats[name])
    finally:
        gc.enable()
    return {
        name: Timing(min(spent) / 1e6, statistics.median(spent) / 1e6, len(spent), repeats[name])
        for name, spent in times.items()
    }


def _once(run: Run, slow_ns: float) -> float:
    """Nanoseconds of one warm call."""
    cost = float(_time_ns(run, 1))
    return cost if cost > min(slow_ns, SLOW_NS) else float(min(_time_ns(run, 1), _time_ns(run, 1)))


def _time_ns(run: Run, repeats: int) -> int:
    if hasattr(run, "time_ns"):  # in another process, which has a clock of its own
        return int(run.time_ns(repeats))
    start = time.perf_counter_ns()
    for _ in range(repeats):
        run()
    return time.perf_counter_ns() - start
