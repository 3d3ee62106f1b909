"""What programs see of loops that run trip by trip: order of writes, exceptions, lifetimes, signals and threads."""

import gc
import signal
import sys
import threading
import time
import traceback
import warnings
import weakref

import numpy as np
import pytest

import segue
from segue import _segue
from tests.python.engine_support import fresh, opaque  # noqa: F401

X = np.arange(4.0)


def test_writes_keep_their_order(check):
    def f(x, y, out):
        for i in range(30):
            x[i] = y[i] + 1
            y[i + 1] = x[i] * 2
            x[i] += 0.5
            out.append(x[i])
        return x[29]

    check(f, np.zeros(40), np.arange(40.0), [], breaks=True)


@pytest.mark.parametrize("divide", ["raise", "warn"])
def test_elements_are_put_back_when_a_run_is_dropped(divide):
    def f(x, y):
        for i in range(20):
            x[0] = x[0] + 1
            x[1:3] = x[1:3] * 2
            x[i + 3, ...] = x[0]
            y = y / (x[0] - 12)
        return y

    def outcome(function):
        x = np.ones(30)
        with np.errstate(divide=divide), warnings.catch_warnings(record=True) as shown:
            warnings.simplefilter("always")
            try:
                result = function(x, np.ones(2)).tolist()
            except FloatingPointError as error:
                result = str(error)
        return result, x.tolist(), [str(warning.message) for warning in shown]

    compiled = segue.compile(f)
    for _ in range(3):
        assert outcome(compiled) == outcome(f)
    assert _segue._stats()["reruns"] > 0


@pytest.mark.parametrize("index", [(9, 11), (-13, 5)])
def test_an_index_out_of_bounds_raises_where_plain_code_does(index, check):
    def f(x, start, stop):
        for i in range(start, stop):
            x[i] = x[i] * 2 + 1
        return x

    check(f, np.arange(12.0), *index, breaks=True)
    check(f, np.arange(12.0), index[0] * 20, index[0] * 20 + 50, breaks=True)


def raising(x, bad):
    for i in range(100):
        x = x * 0.5 + 1
        if i == bad:
            raise KeyError(i)
        x = x + 1
    return x


def test_tracebacks_name_the_line():
    compiled = segue.compile(raising)
    for function in (raising, compiled, compiled):
        with pytest.raises(KeyError) as caught:
            function(X, 70)
        lines = [e.lineno for e in traceback.extract_tb(caught.value.__traceback__) if e.name == "raising"]
        assert lines == [raising.__code__.co_firstlineno + 4]


def test_locals_are_those_of_the_trip(check):
    def f(x):
        seen = []
        for i in range(40):
            x = x * 0.5 + i
            if i % 13 == 12:
                here = locals()
                seen.append((here["i"], here["x"].sum(), sys._getframe().f_locals["i"]))
        return seen

    check(f, X, breaks=True)


def test_a_list_that_changes_while_it_is_iterated(check):
    def f(parts):
        total = np.zeros(4)
        for part in parts:
            total = total + part
            if len(parts) < 120:
                parts.append(part * 0.5)
            if len(parts) == 100:
                del parts[:3]
        return total, len(parts)

    check(f, [X + k for k in range(80)], breaks=True)


def test_a_dict_that_changes_while_it_is_iterated_raises(check):
    def f(parts):
        total = np.zeros(4)
        for key, part in parts.items():
            total = total + part
            if key == 90:
                parts["new"] = total
        return total

    check(f, {k: X + k for k in range(100)}, breaks=True)


class Countdown:
    """An iterator written in Python."""

    def __init__(self, count):
        self.count = count

    def __iter__(self):
        return self

    def __next__(self):
        self.count -= 1
        if self.count < 0:
            raise StopIteration
        return self.count


def test_iterators_of_the_user(check):
    def f(x):
        for k in Countdown(150):
            x = x * 0.5 + k
        return x

    check(f, X, breaks=True)


def test_loops_inside_of_generators(check):
    def parts(x, n):
        for i in range(n):
            x = x * 0.5 + i
            if i % 20 == 0:
                yield x
        yield x * 100

    def f(x):
        return list(parts(x, 150))

    check(f, X, breaks=True)


def test_loops_with_conditional_breaks_in_with_blocks(check):
    def f(x):
        with np.errstate(all="ignore"):
            for i in range(100):
                x = np.log(x)
                if i == 77:
                    break
        return x, i

    check(f, X, breaks=True)


# ---- lifetimes -------------------------------------------------------------------------------------------------------


class Watched(np.ndarray):
    pass


def test_values_of_a_trip_die_in_the_next_one():
    alive = []

    @segue.disable
    def watch(value):
        gc.collect()
        alive.append(sum(ref() is not None for ref in refs))
        refs.append(weakref.ref(value.base))

    refs = []

    def f(x):
        for _ in range(20):
            y = (x * 2)[1:]
            watch(y)

    f(X)
    plain, alive[:], refs[:] = list(alive), [], []
    segue.compile(f)(X)
    assert alive == plain


def test_iterator_and_array_are_let_go_of():
    class Parts:
        def __iter__(self):
            return iter([X] * 100)

    def f(parts, x):
        for part in parts:
            x = x + part
        return x

    compiled = segue.compile(f)
    array, parts = X.copy(), Parts()
    compiled(parts, array)
    before = sys.getrefcount(array), sys.getrefcount(X)
    for _ in range(3):
        compiled(parts, array)
    assert (sys.getrefcount(array), sys.getrefcount(X)) == before


# ---- signals and threads ---------------------------------------------------------------------------------------------


def endless_for(x):
    for _ in range(10**9):
        x = np.sqrt(x * 1.5 + 0.5)


def endless_for_write(x):
    for i in range(10**9):
        x[i % 4] = x[i % 4 - 1] * 0.5


def endless_while(x):
    while True:
        x = np.sqrt(x * 1.5 + 0.5)


@pytest.mark.parametrize("loop", [endless_for, endless_for_write, endless_while], ids=lambda f: f.__name__)
def test_a_captured_loop_can_be_interrupted(loop):
    def interrupt(number, frame):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            segue.compile(loop)(np.ones(4))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    first = loop.__code__.co_firstlineno
    lines = [e.lineno for e in traceback.extract_tb(caught.value.__traceback__) if e.name == loop.__name__]
    assert len(lines) == 1 and first < lines[0] <= first + 2


def test_other_threads_run_meanwhile():
    ticks = []
    done = threading.Event()

    def tick():
        while not done.wait(0.001):
            ticks.append(1)

    def f(x, end):
        while time.monotonic() < end:
            for _ in range(500):
                x = np.sqrt(x * 1.5 + 0.5)

    compiled = segue.compile(f)
    compiled(X, time.monotonic() + 0.05)
    thread = threading.Thread(target=tick)
    thread.start()
    compiled(X, time.monotonic() + 0.5)
    done.set()
    thread.join()
    assert len(ticks) > 10
