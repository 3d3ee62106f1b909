"""Loops that are not unrolled: a trip is a segment, and nothing that is kept grows with the trips."""

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

X = np.arange(4.0)


@segue.disable
def opaque(value=None):
    """Nothing that the tracer follows: kept out of capture."""
    return value


@pytest.fixture(autouse=True)
def fresh_engine():
    _segue._reset()
    yield
    _segue._reset()


def entries(function, *sizes):
    """Entries after a call with each size, in which the function gives what it gives plainly."""
    compiled = segue.compile(function)
    counts = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for size in sizes:
            np.testing.assert_equal(compiled(size), function(size))
            counts.append(_segue._stats()["entries"])
    return counts


def for_range(n):
    x = X
    for i in range(n):
        x = np.sqrt(x * 1.5 + i)
    return x


def for_range_scan(n):
    x = np.ones(n)
    for i in range(1, n):
        x[i] = x[i - 1] * 0.5 + 1
    return x


def for_rows(n):
    total = np.zeros(3)
    for row in np.ones((n, 3)):
        total = total + row
    return total


def for_zip(n):
    total = np.zeros(3)
    for row, weight in zip(np.ones((n, 3)), np.arange(float(n))):
        total = total + row * weight
    return total


def for_enumerate(n):
    total = np.zeros(3)
    for i, row in enumerate(np.ones((n, 3)), 2):
        total = total + row * i
    return total


def for_list(n):
    total = np.zeros(3)
    for part in [np.ones(3)] * n:
        total = total + part
    return total


def for_reversed(n):
    total = np.zeros(3)
    for i in reversed(range(n)):
        total = total * 0.5 + i
    return total


def for_generator(n):
    total = np.zeros(3)
    for part in (np.ones(3) * k for k in range(n)):
        total = total + part
    return total


def for_dict(n):
    total = np.zeros(3)
    for key, part in {k: np.ones(3) for k in range(n)}.items():
        total = total + part
    return total, key


def for_else(n):
    x = X
    for i in range(n):
        if i % 3 == 1:
            continue
        if i == n + 5:
            break
        x = x * 0.5 + 1
    else:
        x = x + 100
    return x


def for_nested(n):
    x = np.zeros((n, 20))
    for i in range(n):
        for j in range(20):
            x[i, j] = i * 2 + j
    return x


def for_in_try(n):
    x, done = X, 0
    for i in range(n):
        try:
            x = x * 0.5 + 1
            if i % 100 == 50:
                raise ValueError(i)
        except ValueError:
            x = x + 1
        finally:
            done += 1
    return x, done


def while_number(n):
    k, x = 0, X
    while k < n:
        x = x * 0.5 + k
        k += 1
    return x


def while_array(n):
    x, error = X + 1, float(n)
    while error > 0.5:
        x = np.sqrt(x)
        error = error - x.max() / x.max()
    return x


def while_true(n):
    k, x = 0, X
    while True:
        k += 1
        x = np.sqrt(x + k)
        if k >= n:
            break
    return x


def while_with_break(n):
    k, x = 0, X
    while k < n:
        k += 1
        x = x * 0.5 + 1
        if k % 50 == 0:
            opaque(k)
    return x


def in_callee(n):
    return for_range(n) + for_rows(n).sum()


LOOPS = [for_range, for_range_scan, for_rows, for_zip, for_enumerate, for_list, for_reversed, for_generator, for_dict,
         for_else, for_nested, for_in_try, while_number, while_array, while_true, while_with_break, in_callee]


@pytest.mark.parametrize("loop", LOOPS, ids=lambda f: f.__name__)
def test_entries_do_not_grow_with_trips(loop):
    counts = entries(loop, 300, 700, 301, 1999)
    assert counts[0] <= 24 and counts[-1] <= counts[0] + 4
    assert _segue._stats()["hits"] > 1000


def index_a_list(n):
    x, weights = X, [0.5, 0.25, 1.0] * n
    for i in range(n):
        x = x * 0.5 + weights[i]
    return x


def format_the_index(n):
    x, text = X, ""
    for i in range(n):
        text = f"{i}"
        x = x * 0.5 + 1
    return x, text


def fill_a_dict(n):
    out = {}
    for i in range(n):
        out[i] = X * 2
    return len(out), out[n - 1]


def measure_a_list(n):
    out = []
    for i in range(n):
        out.append(X * i)
        if len(out) % 2:
            opaque()
    return len(out), out[-1]


def look_at_the_last(n):
    out = [X]
    for _ in range(n):
        out.append(out[-1] * 0.5 + 1)
    return out[-1]


def by_name(n):
    names = [f"part{k}" for k in range(n)]
    x = X
    for name in names:
        x = x * 0.5 + len(name)
    return x


@pytest.mark.parametrize("loop", [index_a_list, format_the_index, fill_a_dict, measure_a_list, look_at_the_last, by_name],
                         ids=lambda f: f.__name__)
def test_values_that_differ_from_trip_to_trip_do_not_make_an_entry_each(loop):
    counts = entries(loop, 300, 1000)
    assert counts[0] <= 60 and counts[1] <= counts[0] + 4
    assert _segue._stats()["segments"] > 1000   # and what does not depend on them is still captured


def test_a_value_that_varies_is_a_break():
    report = segue.explain(format_the_index)(200)
    assert "value-varies" in {stop.id for stop in report.breaks}


def test_a_varying_value_may_become_none(check):
    """As in the loop of re's parser."""
    class Tokens:
        def __init__(self, text):
            self.rest = [*text, None]
            self.next = self.rest.pop(0)

    @segue.disable
    def advance(tokens):
        tokens.next = tokens.rest.pop(0)

    def f(text, x):
        tokens, bars = Tokens(text), 0
        while True:
            this = tokens.next
            if this is None:
                break
            if this in "|)":
                bars += 1
            x = x * 0.5 + 1
            advance(tokens)
        return x, bars

    check(f, "abcdefghijklmnopqrstuvwxyz|)|)xyz" * 3, X, breaks=True)


def test_few_values_are_still_constants(check):
    """A loop over some layers by name: an entry each is what one wants."""
    def f(x):
        scale = {"a": 1.5, "b": 2.5, "c": 3.5}
        for name in ("a", "b", "c", "a"):
            opaque()
            x = x * scale[name]
        return x

    assert "value-varies" not in check(f, X, breaks=True).breaks


def test_a_loop_with_a_print_compiles_its_body_once(capsys):
    def f(x):
        for i in range(200):
            x = np.sqrt(x * 1.5 + 0.5)
            print(i)
        return x

    report = segue.explain(f)(X)
    assert report.op_count == 3
    assert capsys.readouterr().out == "".join(f"{i}\n" for i in range(200))


def work(function, size):
    """Processor time of a call in seconds, the best of some."""
    best = float("inf")
    for _ in range(5):
        start = time.thread_time()
        function(size)
        best = min(best, time.thread_time() - start)
    return best


def test_writing_an_element_does_not_cost_the_whole_array():
    def f(x):
        for i in range(1, 400):
            x[i] = x[i - 1] + 1
        return x[-1]

    compiled = segue.compile(f)
    small, large = np.zeros(500), np.zeros(2_000_000)
    compiled(small), compiled(large)
    assert work(compiled, large) < 20 * work(compiled, small)   # copying 16 MB a trip takes some 10,000 times as long


def test_loops_without_array_operators_are_left_alone():
    def f(n):
        total = 0
        for i in range(n):
            total += i
        return total

    compiled = segue.compile(f)
    assert compiled(1000) == f(1000)
    visits = _segue._stats()["hits"] + _segue._stats()["misses"]
    assert compiled(40_000) == f(40_000)
    assert _segue._stats()["hits"] + _segue._stats()["misses"] - visits < 10   # the probes' gates are closed


# ---- order of writes, exceptions, what programs can see --------------------------------------------------------------


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
