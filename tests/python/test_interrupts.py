"""Exceptions from outside (signal handlers, other threads) that arrive while a plan runs NumPy's Python code."""

import ctypes
import signal
import sys
import threading
import time
import traceback

import numpy as np
import pytest

from segue import _segue, api


@pytest.fixture(autouse=True)
def fresh_engine():
    _segue._reset()
    yield
    _segue._reset()


class Alarm(Exception):
    pass


LARGE = np.random.default_rng(0).random(4_000_000)   # long enough for the other thread to get its turn on a busy machine


def once_inside(send):
    """Calls `send(thread)` from another thread as soon as this one is in np.median's Python code."""
    target = threading.get_ident()

    def inside():
        frame = sys._current_frames().get(target)
        while frame is not None and frame.f_code.co_name != "median":
            frame = frame.f_back
        return frame is not None

    def watch():
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if inside():   # and the GIL is ours until it has been sent
                return send(target)
            time.sleep(0.0002)

    threading.Thread(target=watch).start()


def by_signal(exception):
    """Sends a signal whose handler raises."""
    def handler(number, frame):
        raise exception

    signal.signal(signal.SIGALRM, handler)
    once_inside(lambda target: signal.pthread_kill(target, signal.SIGALRM))


def from_a_thread(exception):
    """Another thread sends the exception's class."""
    once_inside(lambda target: ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(target), ctypes.py_object(exception)))


WAYS = [(by_signal, Alarm), (by_signal, KeyboardInterrupt), (from_a_thread, Alarm), (from_a_thread, KeyboardInterrupt)]


def frames(error):
    return [entry.name for entry in traceback.extract_tb(error.__traceback__)]


def warmed(function, *rest):
    """The function compiled, with an entry that large arrays hit."""
    compiled = api.compile(function)
    for _ in range(2):
        compiled(LARGE[:100], *rest)
    return compiled


def reruns(call):
    before = _segue._stats()
    outcome = call()
    after = _segue._stats()
    assert (after["hits"] - before["hits"], after["misses"] - before["misses"]) == (1, 0)
    return outcome, after["reruns"] - before["reruns"]


@pytest.mark.parametrize("way,exception", WAYS)
def test_the_functions_own_handler_sees_it(way, exception):
    def f(x):
        try:
            return np.median(x) + 1
        except exception as error:
            return error

    f = warmed(f)
    for _ in range(3):   # and it gives no verdict
        way(exception)
        seen, dropped = reruns(lambda: f(LARGE))
        assert (type(seen), frames(seen)[:2], dropped) == (exception, ["f", "median"], 1)
    assert reruns(lambda: f(LARGE[:100])) == (np.median(LARGE[:100]) + 1, 0)


@pytest.mark.parametrize("way,exception", WAYS)
def test_nothing_has_happened_when_it_leaves_the_function(way, exception):
    def f(x, log):
        log.append("begun")
        np.median(x)
        log.append("done")

    f, log = warmed(f, []), []
    way(exception)
    with pytest.raises(exception) as caught:
        f(LARGE, log)
    assert log == ["begun"]
    place = frames(caught.value).index("f")
    assert frames(caught.value)[place:][:2] == ["f", "median"]


def test_an_operators_own_exception_is_raised_by_the_rerun_alone():
    def f(x, flag):
        return np.quantile(x, flag)

    f = warmed(f, 0.5)
    with pytest.raises(ValueError) as caught:
        f(LARGE[:100], 2.0)
    assert frames(caught.value)[1:3] == ["f", "quantile"]


@pytest.mark.parametrize("way,exception", WAYS)
def test_a_generator_outside_of_compiled_calls_raises_it_at_once(way, exception):
    def f(x):
        while True:
            yield np.median(x) + 1

    generator = api.compile(f)(LARGE)
    for _ in range(3):
        next(generator)
    before = _segue._stats()["hits"]
    way(exception)
    with pytest.raises(exception) as caught:
        next(generator)
    place = frames(caught.value).index("f")
    assert frames(caught.value)[place:][:2] == ["f", "median"]
    assert _segue._stats()["hits"] > before
