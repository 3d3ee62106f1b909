"""Compiled functions in several threads."""

import gc
import sys
import threading

import numpy as np

import segue
from tests.python.hook_support import sanitized
from tests.stress.__main__ import run

X = np.arange(5.0)


def in_threads(*functions):
    """Runs each in a thread of its own, at the same time; raises what one raises."""
    errors, start = [], threading.Barrier(len(functions))

    def guarded(function):
        try:
            start.wait()
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def test_stress():
    assert run(seconds=3, threads=4, seed=1, slow=20 if sanitized() else 2) == []


def test_a_first_call_in_all_threads_at_once():
    def f(x, n):
        for i in range(n):
            x = x * 0.5 + i
            repr(i)
        return x

    previous = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(5):
            compiled = segue.compile(f)
            segue.reset()

            def call(compiled=compiled):
                for n in (3, 9, 4):
                    assert np.array_equal(compiled(X, n), f(X, n))

            in_threads(*[call] * 4)
    finally:
        sys.setswitchinterval(previous)


def test_a_backend_that_lets_other_threads_compile_the_same_function():
    inside, go_on = threading.Event(), threading.Event()

    def backend(graph, inputs):
        inside.set()
        go_on.wait(10)
        return graph

    def f(x):
        y = x + 1
        repr(y)
        return y * 2

    first, second = segue.compile(f, backend=backend), segue.compile(f)

    def meanwhile():
        inside.wait(10)
        for _ in range(3):
            assert np.array_equal(second(X), f(X))
        segue.reset()
        gc.collect()
        go_on.set()

    def call():
        assert np.array_equal(first(X), f(X))

    in_threads(call, meanwhile)
    assert np.array_equal(first(X), f(X))


def test_a_function_whose_code_and_options_go_while_it_runs():
    """The plan lets another thread run, which drops everything that the entry was found by."""
    started, gone = threading.Event(), threading.Event()
    holder = {}

    def backend(graph, inputs):
        def slow(*values):
            started.set()
            gone.wait(10)
            return graph(*values)

        return slow

    def make():
        scope = {"np": np}
        exec("def f(x):\n    y = x + 1\n    repr(y)\n    yield y * 2\n    yield y - 1\n", scope)
        return scope["f"]

    expected = [y.tolist() for y in make()(X)]
    holder["function"] = segue.compile(make(), backend=backend)
    holder["generator"] = holder["function"](X)

    def call():
        assert [y.tolist() for y in holder.pop("generator")] == expected

    def drop():
        started.wait(10)
        assert started.is_set()
        del holder["function"]
        segue.reset()
        gc.collect()
        gone.set()

    in_threads(call, drop)


def test_a_generator_taken_on_by_another_thread():
    def f(x):
        for i in range(8):
            x = x * 0.5 + i
            repr(i)
            yield x

    compiled = segue.compile(f)
    list(compiled(X))
    generators, seen = (compiled(X), f(X)), []

    def step():
        seen.append(np.array_equal(*(next(generator) for generator in generators)))

    for _ in range(8):
        in_threads(step)
    assert seen == [True] * 8


def test_a_default_that_is_replaced_while_a_call_uses_it():
    started, gone = threading.Event(), threading.Event()

    def backend(graph, inputs):
        def slow(*values):
            started.set()
            gone.wait(10)
            return graph(*values)

        return slow

    def f(x, y=np.full(5, 3.0)):
        return (x * y + 1) * y

    compiled = segue.compile(f, backend=backend)
    gone.set()
    expected = compiled(X)
    compiled(X)
    started.clear()
    gone.clear()

    def call():
        assert np.array_equal(compiled(X), expected)

    def replace():
        started.wait(10)
        f.__defaults__ = (np.zeros(5),)
        gc.collect()
        gone.set()

    in_threads(call, replace)
