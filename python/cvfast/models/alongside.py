"""Work done in a second thread, always the same one, so that its models stay loaded."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["alongside"]

_Result = TypeVar("_Result")


def alongside(work: Callable[[], _Result]) -> Future[_Result]:
    """Begin some work in the second thread, or do it here and now if that one is busy.

    So nobody waits for work of others, and work may itself call `alongside`.

    Parameters
    ----------
    work
        Needs nothing that goes on meanwhile.

    Examples
    --------
    >>> alongside(lambda: 6 * 7).result()
    42
    """
    second = _second(os.getpid())
    if second.free.acquire(blocking=False):
        return second.pool.submit(second.do, work)
    done: Future[_Result] = Future()
    try:
        done.set_result(work())
    except Exception as error:
        done.set_exception(error)
    return done


class _Second:
    """The second thread, and whether it is free."""

    def __init__(self) -> None:
        self.free = threading.Lock()
        self.pool = ThreadPoolExecutor(1, "cvfast-alongside")

    def do(self, work: Callable[[], _Result]) -> _Result:
        try:
            return work()
        finally:
            self.free.release()


@functools.cache
def _second(process: int) -> _Second:
    """Return this process's: a forked child has none of its parent's threads."""
    return _Second()
