"""Generators and coroutines that run in CPython: segments between their yields."""

import asyncio
import gc
import sys
import traceback
import weakref

import numpy as np
import pytest

import segue
from segue.explain import record
from tests.python.hook_support import resident_bytes, sanitized

X = np.arange(5.0)


def drained(function, *args):
    return [value.tolist() if isinstance(value, np.ndarray) else value for value in function(*args)]


def captured(function, *args):
    """Operators captured while the call's generator runs, and what it yields; plain and compiled must agree twice."""
    compiled = segue.compile(function)
    with record() as captures:
        first = drained(compiled, *args)
    before = segue.stats()["compiles"]
    assert first == drained(compiled, *args) == drained(function, *args)
    assert segue.stats()["compiles"] == before
    return sum(capture.op_count for capture in captures)


def test_a_segment_runs_between_yields():
    def f(x):
        y = x + 1
        yield y
        y = y * 2 - x
        yield y
        yield from (y, x)
        return y

    assert captured(f, X) == 3


def test_loops_that_yield():
    def f(x, n):
        for i in range(n):
            x = x * 0.5 + i
            yield x
        yield x - 1

    assert 3 <= captured(f, X, 30) <= 8


def test_values_sent_and_exceptions_thrown():
    def f(x):
        total = x + 0.5
        while True:
            try:
                sent = yield total
                total = total + sent * 2
            except KeyError as error:
                total = total - 1
                yield str(error), total
            finally:
                total = total * 1

    def talk(function):
        generator = function(X)
        said = [next(generator), generator.send(3), generator.send(X), generator.throw(KeyError("k")), next(generator)]
        generator.close()
        return [np.asarray(part).tolist() if not isinstance(part, tuple) else part[0] for part in said]

    compiled = segue.compile(f)
    for _ in range(3):
        assert talk(compiled) == talk(f)


def test_what_a_generator_returns():
    def inner(x):
        y = x + 1
        yield 1
        return y * 2

    def outer(x):
        result = yield from inner(x)
        yield result.tolist()

    compiled = segue.compile(outer)
    for _ in range(3):
        assert list(compiled(X)) == list(outer(X))


def test_generators_go_on_outside_of_the_call():
    def f(x):
        for i in range(6):
            x = x + i
            yield x

    compiled = segue.compile(f)
    list(compiled(X))
    generators = [compiled(X), f(X)]
    del compiled
    gc.collect()
    while True:
        values = [next(generator, None) for generator in generators]
        if values[0] is None:
            break
        assert np.array_equal(*values)
    assert values == [None, None]


def test_generators_look_like_the_function_s_own():
    def f(x):
        y = x + 1
        yield sys._getframe().f_code.co_name, sorted(sys._getframe().f_locals)
        raise ValueError(y.shape)

    def seen(function):
        generator = function(X)
        first = next(generator)
        state = generator.gi_frame.f_lineno, generator.gi_running, generator.__name__
        with pytest.raises(ValueError) as caught:
            next(generator)
        return first, state, [(e.name, e.lineno) for e in traceback.extract_tb(caught.value.__traceback__)][-1]

    compiled = segue.compile(f)
    for _ in range(3):
        assert seen(compiled) == seen(f)


def test_coroutines_run_segments_between_awaits():
    async def step(x):
        await asyncio.sleep(0)
        return x * 2

    async def f(x):
        y = x + 1
        z = await step(y)
        async with asyncio.Lock():
            z = z - y
        return [z.sum()] + [v async for v in numbers(z)]

    async def numbers(x):
        for i in range(3):
            x = x + i
            yield x.sum()

    compiled = segue.compile(f)
    for _ in range(3):
        assert asyncio.run(compiled(X)) == asyncio.run(f(X))


def test_dropped_generators_free_what_they_hold():
    def f(x, thing):
        y = x + 1
        yield y
        yield thing

    class Thing:
        pass

    compiled = segue.compile(f)
    for stop in (0, 1, 2):
        thing = Thing()
        alive = weakref.ref(thing)
        generator = compiled(X, thing)
        for _ in range(stop):
            next(generator)
        del generator, thing
        assert alive() is None


def test_generators_leak_nothing():
    def f(x):
        for i in range(3):
            x = x + i
            yield x

    compiled = segue.compile(f)
    list(compiled(X))
    gc.collect()
    before, start = sys.getrefcount(X), resident_bytes()
    for _ in range(5000 if not sanitized() else 50):
        list(compiled(X))
    assert sys.getrefcount(X) == before
    assert sanitized() or resident_bytes() - start < 1 << 20


def test_many_breaks_of_one_kind():
    """From the fourth on, all instructions of the kind get their exits, but none that no segment can stand at."""

    def f(x):
        z = x + 1
        yield z
        z.any() and list(map(print, [1]))
        z = z * 2
        z.all() and list(map(print, [2]))
        z = z * 3
        z.any() and list(map(print, [3]))
        z = z - 1
        z.all() and list(map(print, [4]))
        z = z + 5
        z.any() and list(map(print, [5]))
        yield z

    compiled = segue.compile(f)
    for x in (X, X - X - 1, X + 1):
        assert all(np.array_equal(a, b) for a, b in zip(compiled(x), f(x), strict=True))
