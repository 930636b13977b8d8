"""Steps that overlap: each on a thread of its own, in order, with few items under way at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from time import sleep
from typing import Any, Final

__all__ = ["run_overlapped"]

_POLL = 0.1  # seconds: where a wait cannot be interrupted (Windows), Ctrl-C is seen this soon
_PAUSE = 0.001
_END: Final = object()


@dataclass(frozen=True, slots=True)
class _Failure:
    """Travels down the line in the failed item's place, so that the first error in order wins."""

    error: BaseException


def run_overlapped(
    items: Iterable[Any],
    steps: Sequence[Callable[[Any], Any]],
    each: Callable[[Any], None],
    *,
    room: int,
) -> None:
    """Draw items and pass them through `steps`, all at the same time; results in order to `each`.

    Drawing an item and every step have a thread of their own, which sees the caller's context
    variables. The caller's thread runs `each` and waits, and stays open to signals. Whatever is
    raised anywhere is raised here, once all threads have ended; then some items are left undone.

    Parameters
    ----------
    items
        Drawn on the first thread.
    steps
        At least one; each is called with what the one before returned.
    each
        Called in the caller's thread with what the last step returned.
    room
        Most items under way, from being drawn to having left the last step.

    Examples
    --------
    >>> run_overlapped(range(3), [lambda n: n * n, str], print, room=2)
    0
    1
    4
    """
    line = _Line(items, steps, room)
    try:
        line.start()
        while (result := line.next_result()) is not _END:
            if isinstance(result, _Failure):
                raise result.error
            each(result)
    finally:
        line.rest()


class _Line:
    """The threads and what lies between them.

    Only SimpleQueues: they are the one tool here that a signal handler's exception, raised in the
    middle of a call, cannot leave in a state that blocks the others.
    """

    def __init__(
        self, items: Iterable[Any], steps: Sequence[Callable[[Any], Any]], room: int
    ) -> None:
        self._stopped = False
        self._tokens: SimpleQueue[Any] = SimpleQueue()
        for _ in range(room):
            self._tokens.put(None)
        self._queues: list[SimpleQueue[Any]] = [SimpleQueue() for _ in range(len(steps) + 1)]
        names = ["cvfast-read", *(f"cvfast-step-{n + 1}" for n in range(len(steps)))]
        jobs = [
            lambda: self._draw(items),
            *(lambda n=n, step=step: self._work(n, step) for n, step in enumerate(steps)),
        ]
        self._begun: SimpleQueue[None] = SimpleQueue()
        self._ended: SimpleQueue[None] = SimpleQueue()
        self._threads = [
            Thread(target=copy_context().run, args=(self._run, job), name=name)
            for job, name in zip(jobs, names, strict=True)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def next_result(self) -> Any:
        while True:
            try:
                return self._queues[-1].get(timeout=_POLL)
            except Empty:
                continue

    def rest(self) -> None:
        """Stop all threads and wait for them, come what may: they use what the caller closes."""
        late: BaseException | None = None
        while True:
            try:
                self._stopped = True
                for queue in (self._tokens, *self._queues):
                    queue.put(_END)  # wakes who waits
                # Counted before they are joined: a join that a signal interrupts takes a running
                # thread for an ended one (Python 3.11 and 3.12).
                while self._ended.qsize() < self._begun.qsize():
                    sleep(_PAUSE)
                for thread in self._threads:
                    if thread.is_alive():
                        thread.join()
                break
            except BaseException as error:  # a second Ctrl-C: still, nothing may be left running
                late = error
        if late is not None:
            raise late

    def _run(self, job: Callable[[], None]) -> None:
        self._begun.put(None)
        try:
            if not self._stopped:
                job()
        finally:
            self._ended.put(None)

    def _draw(self, items: Iterable[Any]) -> None:
        first = self._queues[0]
        try:
            source = iter(items)
            item = None
            while item is not _END:
                self._tokens.get()
                if self._stopped:
                    return
                item = next(source, _END)
                first.put(item)
        except BaseException as error:
            first.put(_Failure(error))

    def _work(self, number: int, step: Callable[[Any], Any]) -> None:
        source, target = self._queues[number : number + 2]
        last = number == len(self._queues) - 2
        while True:
            item = source.get()
            if self._stopped:
                return
            if item is _END or isinstance(item, _Failure):
                target.put(item)
                return
            try:
                result = step(item)
            except BaseException as error:
                target.put(_Failure(error))
                return
            del item  # else a frame would live on here until the next one comes
            target.put(result)
            del result
            if last:
                self._tokens.put(None)
