"""What compiled functions, their entries, rewritten code and suspended frames hold is found by the garbage collector."""

import gc
import re
import weakref

import numpy as np
from tests.python.engine_support import note

import segue

X = np.arange(4.0)


class Thing:
    def __init__(self, value=2.0):
        self.value = value


def collected(make):
    """Whether everything that `make` leaves behind goes: it returns a weak reference to an object of its cycle."""
    alive = make()
    gc.collect()
    return alive() is None


def test_a_function_in_a_cycle_with_itself():
    def make():
        thing = Thing()

        def f(x):
            return x * thing.value

        thing.f = segue.compile(f)
        thing.f(X)
        return weakref.ref(thing)

    assert collected(make)


def test_what_entries_hold():
    def make():
        def f(x, thing):
            note(thing.f is thing.g)
            return x * thing.value

        thing = Thing()
        thing.f = thing.g = segue.compile(f)
        for _ in range(3):
            thing.f(X, thing)
        return weakref.ref(thing)

    assert collected(make)


def test_a_function_that_an_entry_pins():
    """Inlined: the entry guards the helper by identity, and the helper's cell leads back to the compiled function."""

    def make():
        def helper(x):
            note()
            return x * thing.value + 1

        def f(x):
            y = helper(x) * 2
            note()
            return y

        thing = Thing()
        thing.f = segue.compile(f)
        thing.helper = helper
        for _ in range(3):
            thing.f(X)
        return weakref.ref(thing)

    assert collected(make)


def test_functions_that_are_captured_on_their_own():
    """Called by CPython inside of a compiled call: they have entries, but no CompiledFunction."""

    def make():
        def helper(match):
            y = X * thing.value + (helper is thing.helper)
            return str(y.sum())

        def f(text):
            return re.sub("a", helper, text)

        thing = Thing()
        thing.helper = helper
        thing.f = segue.compile(f)
        before = segue.stats()["segments"]
        for _ in range(3):
            thing.f("aba")
        assert segue.stats()["segments"] > before
        return weakref.ref(thing)

    assert collected(make)


def test_generators_suspended_in_a_cycle():
    def make():
        def f(x, thing):
            for i in range(10):
                x = x * thing.value
                yield x

        thing = Thing()
        compiled = segue.compile(f)
        list(compiled(X, thing))
        thing.generator = compiled(X, thing)
        next(thing.generator)
        next(thing.generator)
        return weakref.ref(thing)

    assert collected(make)


def test_frames_suspended_inside_of_inlined_calls():
    """The caller's frame goes on behind a resumption, in a callee that yields."""

    def make():
        def inner(x, thing):
            y = x + 1
            note(thing)
            yield y * thing.value
            yield y

        def f(x, thing):
            x = x * 2
            yield from inner(x, thing)

        thing = Thing()
        compiled = segue.compile(f)
        list(compiled(X, thing))
        thing.generator = compiled(X, thing)
        next(thing.generator)
        return weakref.ref(thing)

    assert collected(make)


def test_coroutines_suspended_in_a_cycle():
    class Turn:
        def __await__(self):
            yield

    def make():
        async def f(x, thing):
            x = x * thing.value
            await Turn()
            return x + 1

        thing = Thing()
        thing.coroutine = segue.compile(f)(X, thing)
        thing.coroutine.send(None)
        return weakref.ref(thing)

    assert collected(make)


def test_backends_and_their_options():
    def make():
        def backend(graph, inputs):
            return graph

        def f(x):
            note(x + 1)
            return x * 2

        thing = Thing()
        backend.thing = thing
        thing.f = segue.compile(f, backend=backend)
        thing.f(X)
        return weakref.ref(thing)

    assert collected(make)


def test_what_a_compiled_function_reports():
    thing = Thing()

    def f(x):
        return x * thing.value

    compiled = segue.compile(f)
    before = len(gc.get_referents(compiled))
    compiled(X)
    after = gc.get_referents(compiled)
    assert f in after and len(after) > before
    assert gc.is_tracked(compiled)


def test_helpers_in_a_namespace_that_goes():
    """What the helper's own entries hold leads back to the namespace, and so to the compiled function."""

    def make():
        thing = Thing()
        scope = {"X": X, "re": re, "thing": thing}
        exec("def helper(match):\n    y = X * 2\n    return str(y.sum())\ndef f(text):\n    return re.sub('a', helper, text)\n", scope)
        scope["compiled"], scope["other"] = segue.compile(scope["f"]), segue.compile(scope["f"])
        for name in ("compiled", "other", "compiled"):
            scope[name]("aba")
        return weakref.ref(thing)

    assert collected(make)


def test_garbage_lets_go_of_entries_that_others_run():
    """Both functions run one code, whose entries the first reports until it goes."""
    scope = {"np": np}
    exec("def f(x, y):\n    return x * y + 1\n", scope)
    first, second = (segue.compile(scope["f"]) for _ in range(2))
    thing = Thing()
    thing.first = first
    thing.itself = thing
    expected = second(X, 3)
    assert np.array_equal(first(X, 3), expected)
    del first, thing
    gc.collect()
    for _ in range(2):
        assert np.array_equal(second(X, 3), expected)


def test_garbage_leaves_the_entries_of_helpers_to_who_else_calls_them():
    def helper(match):
        return str((X * 3).sum())

    def f(text):
        return re.sub("a", helper, text)

    first, second = segue.compile(f), segue.compile(f)
    for compiled in (first, second, first, second):
        compiled("aba")
    thing = Thing()
    thing.first, thing.itself = first, thing
    del first, compiled, thing
    gc.collect()
    compiles = segue.stats()["compiles"]
    second("aba")
    assert segue.stats()["compiles"] == compiles


def test_code_that_goes_takes_its_entries_along():
    scope = {"np": np, "note": note}
    exec("def f(x, thing):\n    y = x + 1\n    note(y)\n    return y * thing.value\n", scope)
    thing = Thing()
    alive = weakref.ref(thing)
    compiled = segue.compile(scope["f"])
    compiled(X, thing)
    entries = segue.stats()["entries"]
    del compiled, thing
    scope.clear()
    gc.collect()
    assert alive() is None and segue.stats()["entries"] < entries
