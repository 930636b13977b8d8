"""Making the examples of iterations ahead of them, in background threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

__all__ = ["Ahead"]

_Made = TypeVar("_Made")


class Ahead(Generic[_Made]):
    """Calls a function for iterations to come while the present one is worked on.

    What it makes may depend on the iteration alone: then threads change nothing but the time.

    Parameters
    ----------
    make
        Called with an iteration, in any thread. What it raises is raised by `get`.
    depth
        So many iterations at most are made ahead; 0: each when it is asked for.
    workers
        Threads.

    Examples
    --------
    >>> with Ahead(lambda iteration: iteration**2, depth=3) as squares:
    ...     [squares.get(iteration) for iteration in (1, 2, 7)]
    [1, 4, 49]
    """

    def __init__(self, make: Callable[[int], _Made], *, depth: int = 3, workers: int = 1) -> None:
        if depth < 0:
            raise ValueError(f"depth: expected at least 0, got {depth}")
        self._make, self._depth = make, depth
        self._pool = ThreadPoolExecutor(workers, "examples") if depth else None
        self._coming: dict[int, Future[_Made]] = {}

    def get(self, iteration: int) -> _Made:
        """Return what belongs to an iteration, and begin with those after it."""
        if self._pool is None:
            return self._make(iteration)
        wanted = range(iteration, iteration + self._depth + 1)
        for number in [number for number in self._coming if number not in wanted]:
            self._coming.pop(number).cancel()
        for number in wanted:
            if number not in self._coming:
                self._coming[number] = self._pool.submit(self._make, number)
        return self._coming.pop(iteration).result()

    def close(self) -> None:
        """Stop the threads; what is not begun is not made."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._coming.clear()

    def __enter__(self) -> Ahead[_Made]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
