"""Entries: which calls and frames find them, how long they live, and what runs where there is none."""

import gc
import sys
import warnings
import weakref

import numpy as np
import pytest
from tests.python.engine_support import branch, counts, fresh  # noqa: F401

import segue
from segue import _segue, api
from segue.explain import record


def test_second_call_hits():
    @api.compile
    def f(x, y):
        return np.add(x, y) * 2

    x = np.arange(4.0)
    assert f(x, x).tolist() == f(x, x).tolist() == [0, 4, 8, 12]
    assert counts("calls", "hits", "misses", "compiles", "entries", "reruns") == (2, 1, 1, 1, 1, 0)


def test_sizes_are_symbolic_from_the_first_call():
    @api.compile
    def f(x):
        return (x * x).sum() + x.shape[0]

    for n in (5, 7, 1000):
        assert f(np.ones(n)) == 2 * n
    assert counts("compiles", "hits") == (1, 2)


def test_options_keep_entries_apart():
    def f(x):
        return x + 1

    def backend(graph, examples):
        return lambda *inputs: [np.full(3, 42.0)]

    plain, other = api.compile(f), api.compile(f, backend=backend)
    x = np.zeros(3)
    for _ in range(2):
        assert plain(x).tolist() == [1, 1, 1]
        assert other(x).tolist() == [42, 42, 42]


@pytest.mark.parametrize("cyclic", [False, True], ids=["plain", "cyclic"])
def test_options_die_with_the_last_function_that_has_them(cyclic):
    def f(x):
        return x + 1

    def compiled_anew():
        def backend(graph, examples):
            return graph

        function = api.compile(f, backend=backend)
        assert function(np.zeros(3)).tolist() == [1, 1, 1]
        assert api.compile(f, backend=backend)(np.zeros(3)).tolist() == [1, 1, 1]
        assert counts("entries") == (1,)   # both have one table
        if cyclic:
            backend.function = function
        return weakref.ref(backend)

    backends = [compiled_anew() for _ in range(1 if cyclic else 5)]
    gc.collect()
    assert [backend() for backend in backends] == [None] * len(backends)
    assert counts("entries") == (0,)


def test_the_entry_limit_warns_once_and_keeps_what_is_there():
    f = api.compile(lambda x, k: x + 1 if k == "a" else x + 2 if k == "b" else x + 3)
    with warnings.catch_warnings(record=True) as caught, segue.config.patch(entry_limit=2):
        warnings.simplefilter("always")
        results = [f(np.zeros(1), k)[0] for k in "abcdab"]
    assert results == [1, 2, 3, 3, 1, 2]
    assert len(caught) == 1 and "entry_limit" in str(caught[0].message)
    assert counts("entries", "hits") == (2, 2)


def test_a_break_leaves_the_segment_and_the_rest_has_entries_of_its_own():
    f = api.compile(branch)
    for values in ([1.0, 2.0], [-9.0, 1.0]):
        x = np.array(values)
        assert f(x).tolist() == branch(x).tolist()
    assert counts("compiles", "exits", "eager") == (2, 2, 2)  # behind the branch there is nothing to win


# --- lifetime ---------------------------------------------------------------------------------------------------------


def test_entries_die_with_reset():
    f = api.compile(lambda x: x + 1)
    for n in (1, 2):
        f(np.ones((3,) * n))
    assert counts("entries") == (2,)
    api.reset()
    assert counts("entries", "compiles") == (0, 0)
    assert f(np.ones(3)).tolist() == [2, 2, 2]


def test_a_collected_wrapper_leaves_the_entries_to_the_others():
    def f(x):
        return x + 1

    dropped, kept, x = api.compile(f), api.compile(f), np.arange(3.0)
    dropped(x)
    kept(x)
    cycle = [dropped]
    cycle.append(cycle)
    del dropped, cycle
    gc.collect()
    hits, compiles = counts("hits", "compiles")
    kept(x)
    assert counts("hits", "compiles") == (hits + 1, compiles)


def test_a_function_compiled_again_takes_the_fast_path_of_its_entries():
    def f(x):
        return x + 1

    x = np.arange(3.0)
    for compiled in (api.compile(f), api.compile(f)):
        assert not _segue._testing.has_fast_path(compiled)
        compiled(x)
        assert _segue._testing.has_fast_path(compiled)


def test_runs_leave_no_references():
    @api.compile
    def f(x, out):
        y = x * 2 + 1
        out["y"] = [y, y.sum()]
        x[0] = y[0]
        return y[1:], x

    x, out = np.arange(1000.0), {}
    for _ in range(3):
        f(x, out)
    gc.collect()
    before = sys.getrefcount(x), sys.getrefcount(out), len(gc.get_objects())
    for _ in range(200):
        f(x, out)
    gc.collect()
    after = sys.getrefcount(x), sys.getrefcount(out), len(gc.get_objects())
    # A leak of one container would make 200; the test runner's own threads come and go.
    assert after[:2] == before[:2] and after[2] - before[2] < 100


# --- which frames -----------------------------------------------------------------------------------------------------


def test_traced_calls_run_plainly():
    f = api.compile(lambda x: x * 2 + 1)
    x, lines = np.ones(2), []
    f(x)

    def observe(frame, event, arg):
        lines.append((frame.f_code is f.__code__, event))
        return observe

    sys.settrace(observe)
    try:
        f(x)
    finally:
        sys.settrace(None)
    assert (True, "line") in lines
    assert counts("calls") == (1,)


def test_frames_of_libraries_are_not_captured_on_their_own():
    def f(x):
        return np.apply_along_axis(sorted, 0, x).sum() if x.any() else x

    compiled = api.compile(f)
    x = np.array([3.0, 1.0, 2.0])
    with record() as captures:
        assert [compiled(x) for _ in range(2)] == [6.0, 6.0]
    assert counts("calls") == (2,)
    assert {capture.function for capture in captures} == {f.__qualname__}


def test_nested_user_frames_are_captured_below_a_break():
    def inner(x):
        return x * 3 + 1

    def outer(x):
        if x.sum() > 0:
            return inner(x)
        return x

    f = api.compile(outer)
    for _ in range(3):
        assert f(np.ones(2)).tolist() == [4, 4]
    assert counts("compiles", "hits") == (2, 4)
