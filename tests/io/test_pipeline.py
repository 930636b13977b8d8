"""Overlapping steps: order, bounds, errors, and no thread left behind."""

from __future__ import annotations

import contextvars
import os
import signal
import threading
import time
from itertools import count

import pytest
from cvfast.io.pipeline import run_overlapped


@pytest.fixture(autouse=True)
def no_thread_survives():
    before = set(threading.enumerate())  # another test's: the thread that try-on keeps
    yield
    left = set(threading.enumerate()) - before
    assert [t.name for t in left if t.name.startswith("cvfast-")] == []


def test_results_come_in_order_and_in_the_callers_thread():
    seen = []
    threads = set()

    def slow(number):
        threads.add(threading.current_thread())
        time.sleep((number % 3) / 1000)
        return number + 1

    def double(number):
        threads.add(threading.current_thread())
        return 2 * number

    def each(result):
        assert threading.current_thread() is threading.main_thread()
        seen.append(result)

    run_overlapped(range(50), [slow, double], each, room=4)
    assert seen == [2 * (number + 1) for number in range(50)]
    assert len(threads) == 2


@pytest.mark.parametrize("room", [1, 2, 5])
def test_no_more_items_are_under_way_than_there_is_room_for(room):
    under_way, most, lock = 0, 0, threading.Lock()

    def items():
        nonlocal under_way, most
        for number in range(40):
            with lock:
                under_way += 1
                most = max(most, under_way)
            yield number

    def last(_number):
        nonlocal under_way
        time.sleep(0.001)
        with lock:
            under_way -= 1

    run_overlapped(items(), [lambda number: number, last], lambda _: None, room=room)
    assert (under_way, most) == (0, room)


@pytest.mark.parametrize("where", ["items", "first", "second", "each"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_anywhere_is_raised_here(where, error):
    def fail_at(place):
        def step(number):
            if place == where and number == 7:
                raise error("seven")
            return number

        return step

    seen = []

    def each(number):
        fail_at("each")(number)
        seen.append(number)

    with pytest.raises(error, match="seven"):
        run_overlapped(
            map(fail_at("items"), count()), [fail_at("first"), fail_at("second")], each, room=4
        )
    assert seen == list(range(7))


def test_the_first_error_in_order_wins():
    def early(number):
        if number == 5:
            raise ValueError("five")
        return number

    def late(number):
        time.sleep(0.005)
        if number == 3:
            raise KeyError("three")
        return number

    with pytest.raises(KeyError, match="three"):
        run_overlapped(count(), [early, late], lambda _: None, room=8)


def test_a_signal_is_handled_at_once_though_a_step_is_slow():
    class Stop(Exception):
        pass

    def handler(*_):
        raise Stop

    started = threading.Event()
    ended = []

    def slow(number):
        started.set()
        time.sleep(0.3)
        ended.append(number)

    previous = signal.signal(signal.SIGTERM, handler)
    try:
        threading.Thread(
            target=lambda: (started.wait(), os.kill(os.getpid(), signal.SIGTERM))
        ).start()
        with pytest.raises(Stop):
            run_overlapped(count(), [slow], lambda _: None, room=3)
    finally:
        signal.signal(signal.SIGTERM, previous)
    assert ended == [0]  # what was begun is ended, so that nothing is pulled from under it


def test_a_second_signal_while_stopping_does_not_leave_threads():
    class Stop(Exception):
        pass

    def handler(*_):
        raise Stop

    busy = threading.Event()

    def slow(_number):
        busy.set()
        time.sleep(0.3)

    def twice():
        busy.wait()
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.05)

    previous = signal.signal(signal.SIGTERM, handler)
    try:
        thread = threading.Thread(target=twice)
        thread.start()
        with pytest.raises(Stop):
            run_overlapped(count(), [slow], lambda _: None, room=3)
        thread.join()
    finally:
        signal.signal(signal.SIGTERM, previous)


def test_steps_see_the_callers_context():
    variable = contextvars.ContextVar("variable", default="outside")
    variable.set("inside")
    seen = []
    run_overlapped([1], [lambda _: variable.get()], seen.append, room=1)
    assert seen == ["inside"]


def test_nothing_to_do():
    run_overlapped([], [lambda item: item], pytest.fail, room=2)
