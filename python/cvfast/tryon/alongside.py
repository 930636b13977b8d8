"""Work done in a second thread, always the same one, so that its models stay loaded."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["alongside"]

_Result = TypeVar("_Result")


def alongside(work: Callable[[], _Result]) -> Future[_Result]:
    """Begin some work in the second thread.

    Parameters
    ----------
    work
        Needs nothing that goes on meanwhile; it may not call `alongside` itself.

    Examples
    --------
    >>> alongside(lambda: 6 * 7).result()
    42
    """
    return _pool(os.getpid()).submit(work)


@functools.cache
def _pool(process: int) -> ThreadPoolExecutor:
    """Return the thread of this process: a forked child has none of its parent's."""
    return ThreadPoolExecutor(1, "cvfast-alongside")
