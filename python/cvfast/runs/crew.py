"""Who does the work: this process, processes of this machine, or the workers of a Dask cluster."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
)
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import FrameType
from typing import ParamSpec, TypeVar

from cvfast.errors import MissingDependencyError, OutputError
from cvfast.runs.work import do_unit

__all__ = ["Crew", "alone", "cluster", "is_lost", "processes"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_GRACE = 10.0  # seconds that a worker gets to remove what it was writing
_CONNECT = 10.0  # seconds to wait for a scheduler


@dataclass(frozen=True)
class Crew:
    """Workers behind an executor.

    Attributes
    ----------
    start
        Makes the executor; called again when workers died and took it along.
    at_once
        Units to hand over at one time, None for all.
    here
        Whether the work is done in this process, so that its progress can be seen.
    """

    start: Callable[[], AbstractContextManager[Executor]]
    at_once: int | None
    here: bool = False


def alone() -> Crew:
    """Return a crew of one: this process, which does each unit as it is handed over."""

    @contextmanager
    def start() -> Iterator[Executor]:
        yield _Here()

    return Crew(start, at_once=1, here=True)


def processes(jobs: int) -> Crew:
    """Return a crew of `jobs` processes on this machine, which end when this one does.

    They are spawned, not forked: a forked child of a process with threads may hang.
    """
    if jobs < 1:
        raise ValueError(f"jobs: expected at least 1, got {jobs}")

    @contextmanager
    def start() -> Iterator[Executor]:
        context = get_context("spawn")
        watched, held = context.Pipe(duplex=False)
        with (
            watched,
            _Pool(jobs, mp_context=context, initializer=_join_crew, initargs=(watched,)) as pool,
        ):
            try:
                yield pool
            except BaseException:
                held.close()  # whoever is at work tidies up and stops
                pool.shutdown(wait=True, cancel_futures=True)
                raise
            finally:
                held.close()

    return Crew(start, at_once=jobs + 1)


def cluster(address: str) -> Crew:
    """Return the workers of the Dask scheduler at `address`.

    They need this version of cvfast, and the inputs and the run folder under the same names.

    Raises
    ------
    MissingDependencyError
        dask.distributed is not installed.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingDependencyError(
            "--cluster needs dask.distributed; add it with: pip install 'cvfast[cluster]'"
        ) from error

    @contextmanager
    def start() -> Iterator[Executor]:
        try:
            client = Client(address, timeout=_CONNECT)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            raise OutputError(
                f"--cluster {address}: no Dask scheduler answers there ({error})"
            ) from error
        with client:
            # Not pure: a unit that is tried again must not get its earlier failure as the answer.
            yield client.get_executor(pure=False)  # type: ignore[no-untyped-call]

    return Crew(start, at_once=None)


class _Pool(ProcessPoolExecutor):
    """Starts its workers deaf to Ctrl-C: while they import they have no way to answer it."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        if not hasattr(signal, "pthread_sigmask"):  # Windows
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)  # starts a worker, which inherits the mask
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Here(Executor):
    """Does what it is handed at once."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def _join_crew(watched: Connection) -> None:
    """Set up a worker process: it stops when the one that started it says so or is gone."""
    stop = threading.Event()
    main = threading.main_thread().ident

    def interrupted(_number: int, frame: FrameType | None) -> None:
        # Ctrl-C reaches the whole group; when to stop is for the parent to say.
        if stop.is_set() and _at_work(frame):
            raise KeyboardInterrupt

    def watch() -> None:
        try:
            watched.recv_bytes()
        except (EOFError, OSError):
            stop.set()
            if os.name == "nt" or main is None:
                signal.raise_signal(signal.SIGINT)
            else:
                signal.pthread_kill(main, signal.SIGINT)
            time.sleep(_GRACE)
            os._exit(1)

    signal.signal(signal.SIGINT, interrupted)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=watch, name="watch", daemon=True).start()


def _at_work(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code is do_unit.__code__:
            return True
        frame = frame.f_back
    return False


def is_lost(error: BaseException) -> bool:
    """Tell whether a worker died, so that the unit may be tried again."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, BrokenExecutor | CancelledError) or bool(
        # Dask's, told by name: distributed need not be installed.
        names & {"KilledWorker", "CommClosedError", "FutureCancelledError"}
    )
