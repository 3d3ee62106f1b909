"""The whole path: capture, guards, plans, commits, reruns, backends and breaks, seen through compiled calls."""

import gc
import sys
import types
import warnings
import weakref

import numpy as np
import pytest

from segue import _segue, api
from segue.errors import GraphBreakError


@pytest.fixture(autouse=True)
def fresh_engine():
    _segue._reset()
    yield
    _segue._reset()


def counts(*names):
    stats = _segue._stats()
    return tuple(stats[name] for name in names)


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


# ---- staged writes -------------------------------------------------------------------------------------------------


def both(f, *arrays):
    """Plain and compiled twice on copies; results and arguments must agree bit for bit."""
    compiled = api.compile(f)
    for _ in range(2):
        plain, ours = [a.copy(order="K") for a in arrays], [a.copy(order="K") for a in arrays]
        expected, got = f(*plain), compiled(*ours)
        np.testing.assert_array_equal(got, expected)
        for a, b in zip(plain, ours):
            np.testing.assert_array_equal(a, b)
    return got, ours


def test_reads_after_a_write_see_it():
    def f(x, y):
        x[0] = y[1]
        total = x.sum()
        x[1:] *= 2
        return total + x.sum()

    both(f, np.arange(5.0), np.arange(5.0) + 10)


def test_views_taken_before_a_write_see_it():
    def f(x):
        tail = x[1:]
        x[2] = 50.0
        return tail + 1

    both(f, np.arange(5.0))


def test_outputs_are_views_of_the_argument():
    @api.compile
    def f(x):
        y = x + 1
        x[0] = y[1]
        return x[1:], x

    for _ in range(2):
        x = np.arange(4.0)
        tail, whole = f(x)
        assert whole is x and tail.base is x and np.shares_memory(tail, x)
        assert x.tolist() == [2.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("layout", ["C", "F", "reversed", "gaps"])
def test_layouts_survive_staging(layout):
    base = np.arange(24.0).reshape(4, 6)
    make = {"C": lambda: base.copy(), "F": lambda: np.asfortranarray(base), "reversed": lambda: base.copy()[::-1, ::-1],
            "gaps": lambda: base.copy()[::2, ::3]}[layout]

    def f(x):
        x += 1.0
        x[0, 0] = 9.0
        return x * 2

    compiled = api.compile(f)
    for _ in range(2):
        a, b = make(), make()
        expected, got = f(a), compiled(b)
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(expected, got)
        assert expected.strides == got.strides


def test_a_dropped_run_has_written_nothing():
    def f(x, y):
        x += 1
        x[0] = 7.0
        return x / y

    compiled = api.compile(f)
    compiled(np.arange(3.0), np.ones(3))
    x, y = np.arange(3.0), np.array([1.0, 0.0, 1.0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compiled(x, y)
    assert x.tolist() == [7.0, 2.0, 3.0] and len(caught) == 1
    assert counts("reruns") == (1,)


def test_overlapping_arguments_are_told_apart():
    def f(x, y):
        x[:] = y * 2
        return x + y

    compiled = api.compile(f)
    compiled(np.arange(4.0), np.arange(4.0))
    a, b = np.arange(5.0), np.arange(5.0)
    np.testing.assert_array_equal(compiled(a[1:], a[:-1]), f(b[1:], b[:-1]))
    np.testing.assert_array_equal(a, b)


def test_read_only_arrays_are_never_written():
    def f(x):
        x[0] = 1.0
        return x + 1

    compiled = api.compile(f)
    compiled(np.zeros(3))
    x = np.zeros(3)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        compiled(x)
    assert x.tolist() == [0, 0, 0]


# ---- replay --------------------------------------------------------------------------------------------------------


class Box:
    def __init__(self):
        self.items, self.total, self.table = [], 0, {}


def test_writes_are_replayed_in_order():
    @api.compile
    def f(box, x):
        box.total = box.total + 1
        box.items.append(x * 2)
        box.items.append(box.total)
        box.table["sum"] = x.sum()
        return len(box.items)

    box, x = Box(), np.arange(3.0)
    assert [f(box, x) for _ in range(3)] == [2, 4, 6]
    assert box.total == 3 and box.table == {"sum": 3.0} and [i for i in box.items if isinstance(i, int)] == [1, 2, 3]


def replaced(make, function):
    """What the ends of replaced objects saw, over three calls."""
    seen = []
    for _ in range(3):
        box = {"b": 1}
        box["a"] = make(box, lambda: seen.append((box["a"] is None, box["b"])))
        function(box, np.ones(2))
        box.clear()
    return seen


class Loud:
    def __init__(self, tell):
        self.tell = tell

    def __del__(self):
        self.tell()


class Watched:
    pass


def watched(box, tell):
    value = Watched()
    box["watcher"] = weakref.ref(value, lambda _: tell())
    return value


ENDS = {
    "finalizer": lambda box, tell: Loud(tell),
    "finalizer inside": lambda box, tell: [(Loud(tell),)],
    "finalizer behind an attribute": lambda box, tell: types.SimpleNamespace(x=Loud(tell)),
    "weak reference": watched,
}


@pytest.mark.parametrize("end", ENDS)
def test_ends_that_run_code_come_where_they_do_in_plain_code(end):
    def f(box, x):
        y = x + 1
        box["a"] = None
        box["b"] = 2
        return y

    assert replaced(ENDS[end], api.compile(f)) == replaced(ENDS[end], f) == [(True, 1)] * 3


def test_replacing_what_ends_silently_is_captured():
    @api.compile
    def f(box, x):
        box["a"] = [x + 1, {"k": x}]
        box["b"] = x * 2
        return x

    box, x = {"a": None, "b": None}, np.ones(2)
    for _ in range(4):
        f(box, x)
    assert counts("hits", "reruns", "eager") == (3, 0, 0)


def test_containers_keep_identity():
    @api.compile
    def f(x):
        pair = [x + 1]
        return pair, (pair, pair), {"p": pair}

    for _ in range(2):
        a, (b, c), d = f(np.ones(3))
        assert a is b is c is d["p"]


def test_closures_made_in_the_segment():
    @api.compile
    def f(x, k):
        y = x * 2

        def inner(z, scale=3):
            return y + z * scale + k

        return inner

    for _ in range(2):
        inner = f(np.ones(2), 5)
        assert inner(1).tolist() == [10.0, 10.0]
        assert inner.__name__ == "inner" and inner.__defaults__ == (3,)


# ---- objects do not leak -------------------------------------------------------------------------------------------


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


def test_entries_die_with_reset():
    f = api.compile(lambda x: x + 1)
    for n in (1, 2):
        f(np.ones((3,) * n))
    assert counts("entries") == (2,)
    api.reset()
    assert counts("entries", "compiles") == (0, 0)
    assert f(np.ones(3)).tolist() == [2, 2, 2]


# ---- backends ------------------------------------------------------------------------------------------------------


def test_python_backend_receives_graph_and_examples():
    got = []

    def backend(graph, examples):
        got.append((str(graph), [e.shape for e in examples]))
        return graph

    f = api.compile(lambda x, y: (x + y, x * 2), backend=backend)
    x = np.arange(3.0)
    for _ in range(2):
        a, b = f(x, x)
        assert a.tolist() == [0, 2, 4] and b.tolist() == [0, 2, 4]
    assert len(got) == 1 and "add" in got[0][0] and got[0][1] == [(3,)] * len(got[0][1])
    assert counts("hits", "reruns") == (1, 0)


def test_a_failing_backend_warns_once_and_the_call_succeeds(monkeypatch):
    if _segue_is_strict():
        pytest.skip("strict mode raises")

    def backend(graph, examples):
        raise ValueError("no such kernel")

    f = api.compile(lambda x: x + 1, backend=backend)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(3):
            assert f(np.zeros(2)).tolist() == [1, 1]
    assert len(caught) == 1 and "ValueError: no such kernel" in str(caught[0].message)


def _segue_is_strict():
    import os

    return os.environ.get("SEGUE_STRICT", "") not in ("", "0")


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


# ---- breaks --------------------------------------------------------------------------------------------------------


def branch(x):
    y = x + 1
    if y.sum():
        return y
    return -y


def test_a_break_runs_eagerly_under_guards():
    f = api.compile(branch)
    for values in ([1.0, 2.0], [-9.0, 1.0]):
        x = np.array(values)
        assert f(x).tolist() == branch(x).tolist()
    assert counts("compiles", "eager") == (1, 2)


def test_fullgraph_raises_with_the_reason():
    f = api.compile(branch, fullgraph=True)
    for _ in range(2):
        with pytest.raises(GraphBreakError) as caught:
            f(np.ones(3))
    assert caught.value.reason == "data-dependent-branch"
    assert "if y.sum():" in str(caught.value) and "^" in str(caught.value)


def test_records_describe_every_trace():
    _segue._records_begin()
    api.compile(lambda x: x * 2 + 1)(np.ones(3))
    api.compile(branch)(np.ones(3))
    whole, broken = _segue._records_end()
    assert (whole["op_count"], whole["break"]) == (2, None) and "multiply" in str(whole["graph"]) and whole["guards"]
    assert broken["break"]["id"] == "data-dependent-branch"
    assert broken["break"]["position"]["line"] == branch.__code__.co_firstlineno + 2


def test_the_entry_limit_warns_once_and_keeps_what_is_there():
    before = _segue._config_get("entry_limit")
    _segue._config_set("entry_limit", 2)
    try:
        f = api.compile(lambda x, k: x + 1 if k == "a" else x + 2 if k == "b" else x + 3)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            results = [f(np.zeros(1), k)[0] for k in "abcdab"]
        assert results == [1, 2, 3, 3, 1, 2]
        assert len(caught) == 1 and "entry_limit" in str(caught[0].message)
        assert counts("entries", "hits") == (2, 2)
    finally:
        _segue._config_set("entry_limit", before)


def test_stances():
    f = api.compile(lambda x: x + 1)
    x = np.ones(2)
    f(x)
    before = _segue._set_stance("fail_on_recompile")
    try:
        assert f(x).tolist() == [2, 2]
        with pytest.raises(RuntimeError, match="fail_on_recompile"):
            f(np.ones((2, 2)))
        _segue._set_stance("force_eager")
        hits = counts("hits")
        f(x)
        assert counts("hits") == hits
    finally:
        _segue._set_stance(before)


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
    assert [compiled(x) for _ in range(2)] == [6.0, 6.0]
    assert counts("calls", "compiles") == (2, 1)


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
