"""Floating-point conditions are reported as the user's errstate asks, which plans never touch for anybody else."""

import contextvars
import threading
import warnings

import numpy as np
import pytest
from tests.python.allocator_support import get_handler, handler_of, renamed_handler, set_handler
from tests.python.engine_support import counts, fresh  # noqa: F401

from segue import api


@pytest.mark.parametrize("setting", ["ignore", "warn", "raise", "call", "print", "log"])
def test_conditions_are_reported_as_the_user_asked(setting):
    def f(x):
        y = x + 1
        return 1.0 / x + y

    def run(function, x):
        seen = []
        call = seen.append if setting != "log" else type("Log", (), {"write": lambda self, text: seen.append(text)})()
        report = (lambda name, flag: seen.append((name, flag))) if setting == "call" else call
        with warnings.catch_warnings(record=True) as caught, np.errstate(divide=setting, call=report):
            warnings.simplefilter("always")
            try:
                result = function(x).tolist()
            except FloatingPointError as error:
                result = str(error)
        return result, seen, [(str(w.message), w.lineno) for w in caught]

    compiled = api.compile(f)
    good, bad = np.array([1.0, 2.0]), np.array([0.0, 2.0])
    for x in (good, bad, good, bad, bad, good):
        assert run(compiled, x) == run(f, x)
    assert counts("reruns")[0] == (0 if setting == "ignore" else 2)


def test_two_reruns_make_a_verdict():
    @api.compile
    def f(x):
        return np.log(x) + 1

    f(np.array([1.0, 2.0]))
    f(np.ones((2, 2)))
    with np.errstate(all="warn"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(5):
            f(np.array([0.0, 2.0]))
    assert counts("reruns") == (2,)
    assert counts("eager")[0] == 3
    assert f(np.array([1.0, 1.0])).tolist() == [1.0, 1.0]
    # The verdict is an entry with guards: other calls go on hitting theirs.
    hits, eager, compiles = counts("hits", "eager", "compiles")
    f(np.ones((2, 2)))
    f(np.ones((2, 2, 2)))
    assert counts("hits", "eager", "compiles") == (hits + 1, eager, compiles + 1)


VARIABLE = contextvars.ContextVar("VARIABLE", default="unset")


def in_thread(run, *args):
    results = []
    thread = threading.Thread(target=lambda: results.append(run(*args)))
    thread.start()
    thread.join()
    return results[0]


@pytest.mark.parametrize("inside", [lambda run, *args: run(*args), contextvars.copy_context().run, in_thread,
                                    lambda run, *args: contextvars.Context().run(run, *args)],
                         ids=["here", "in a copied context", "in a thread", "in an empty context"])
def test_the_callers_context_is_in_force_again(inside):
    def use(function):
        seen = []
        for setting, divisor in [("ignore", 0.0), ("warn", 2.0), ("raise", 1.0), ("ignore", 0.0), ("raise", 0.0)]:
            np.seterr(divide=setting)   # into the context in force, between two calls
            token = VARIABLE.set(setting)
            try:
                seen.append(function(np.ones(3), np.full(3, divisor)).tolist())
            except FloatingPointError as error:
                seen.append(str(error))
            seen.append((VARIABLE.get(), np.geterr()["divide"]))
            VARIABLE.reset(token)
            seen.append(VARIABLE.get())
        return seen

    def f(x, y):
        return x / y

    compiled, before = api.compile(f), np.geterr()
    try:
        assert inside(use, compiled) == inside(use, f)
        assert counts("hits", "reruns") == (4, 1)
    finally:
        np.seterr(**before)


def test_what_plans_do_to_the_errstate_other_threads_do_not_see():
    """Plans and other threads take turns in the middle of long loops, where NumPy gives up the GIL."""
    zeros, ones, stop = np.zeros(20_000), np.ones(20_000), threading.Event()
    compiled = api.compile(lambda x, y: x / y + np.sqrt(x) * y)
    expected = compiled(ones, ones)

    def compute():
        while not stop.is_set():
            assert compiled(ones, ones).tobytes() == expected.tobytes()

    thread = threading.Thread(target=compute)
    thread.start()
    try:
        with np.errstate(all="ignore"):
            for _ in range(300):
                assert np.isinf(ones / zeros).all()
    finally:
        stop.set()
        thread.join()
    assert counts("reruns") == (0,)
    assert counts("hits")[0] > 0


def test_buffer_size_of_the_user_is_kept():
    before = np.getbufsize()
    try:
        np.setbufsize(16384)
        f = api.compile(lambda x: x / 3)
        f(np.arange(3.0))
        f(np.arange(3.0))
        assert np.getbufsize() == 16384
    finally:
        np.setbufsize(before)


def test_memory_comes_from_the_handler_in_force():
    default = get_handler()

    @api.compile
    def f(x):
        return x / 2 + 1, np.sqrt(x)

    def names():
        return {handler_of(array) for _ in range(3) for array in f(np.arange(3.0))}

    def with_handlers():
        for setting in ("warn", "raise"):
            with np.errstate(all=setting):
                for each, name in [(default, "default_allocator"), (renamed_handler, "renamed"), (default, "default_allocator")]:
                    set_handler(each)
                    assert names() == {name}

    assert names() == {"default_allocator"}
    contextvars.copy_context().run(with_handlers)
    assert names() == {"default_allocator"}
    assert counts("hits")[0] >= 20
