"""Ctrl-C in a training: the iteration is finished and saved first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["saving_interrupt"]


@contextmanager
def saving_interrupt() -> Iterator[Callable[[], bool]]:
    """Hold Ctrl-C back inside the block, and raise it at its end.

    What is yielded tells whether Ctrl-C was pressed. Pressed again, it interrupts at once. Outside
    of the main thread, where signals do not arrive, it is always False.

    Raises
    ------
    KeyboardInterrupt
        At the end of the block, where Ctrl-C was pressed.

    Examples
    --------
    >>> with saving_interrupt() as interrupted:
    ...     interrupted()
    False
    """
    pressed = False

    def press(_number: int, _frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, press)
    try:
        yield lambda: pressed
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt
