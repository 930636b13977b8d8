"""What is measured: one task, and those who do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Case", "Limit", "Run", "Target"]

Run = Callable[[], Any]


@dataclass(frozen=True)
class Target:
    """A peer's time over ours is to be at least so much (1 thread, AVX-512)."""

    peer: str
    at_least: float
    stretch: float | None = None


@dataclass(frozen=True)
class Limit:
    """Our time over that of what the machine cannot do without is to be at most so much."""

    name: str
    at_most: float | None = None  # None: shown beside ours, nothing asked
    stretch: float | None = None


@dataclass(frozen=True)
class Case:
    """One task.

    Attributes
    ----------
    runs
        Name to a whole call that returns its output; ours is called "cvfast".
    agree
        Called once with {name: output} before anything is timed: raises AssertionError with words
        where the outputs differ by more than they may, else says how near they are.
    per
        What a call does so many times, such as frames; the times are of one.
    most_ms
        What one of ours may take.
    """

    family: str
    name: str
    runs: Mapping[str, Run]
    agree: Callable[[Mapping[str, Any]], str]
    targets: tuple[Target, ...] = ()
    limits: tuple[Limit, ...] = ()
    per: int = 1
    most_ms: float | None = None

    def __post_init__(self) -> None:
        named = {target.peer for target in self.targets} | {limit.name for limit in self.limits}
        unknown = (named | {"cvfast"}) - self.runs.keys()
        if unknown:
            raise ValueError(f"{self.family}, {self.name}: no run is called {sorted(unknown)}")
