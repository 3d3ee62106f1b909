"""Loops that are not unrolled: a trip is a segment, and nothing that is kept grows with the trips."""

import random
import time
import warnings

import numpy as np
import pytest

import segue
from segue import _segue
from tests.python.engine_support import fresh, opaque  # noqa: F401

X = np.arange(4.0)


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


def test_numbers_that_are_branched_on_do_not_make_an_entry_each(check):
    def f(x, n):
        for _ in range(n):
            x = x + 1
            if random.random() < 0.5:
                x = x * 0.5
        return x - 1

    check(f, X, 100, breaks=True, hits=False)
    compiled = segue.compile(f)
    compiled(X, 300)
    before = segue.stats()["entries"]
    compiled(X, 300)
    assert segue.stats()["entries"] - before <= 1 and before < 40
