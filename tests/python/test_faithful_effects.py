"""Calls in sequence, each compared with the plain function: what is visible outside (writes, aliasing, identity, references,
errors, types) is exact. Guards and assumptions are in test_faithful.py, which also says how cases are written.
"""

import collections
import gc
import sys
import tracemalloc
import weakref

import numpy as np
import pytest
from tests.python.engine_support import fresh  # noqa: F401
from tests.python.faithful_support import Point, a, alike, slug  # noqa: F401

import segue


def writes_in_order(x, y):
    x[0] = 10
    y[:] = x
    x[0] = 20
    x[1:] += y[:-1]
    return y


def write_then_read(x):
    view = x[::2]
    x += 1
    view *= 3
    return view, x.sum(), x


def out_argument(x, y):
    result = np.add(x, y, out=x)
    np.multiply(x, 2, x)
    return result


def fills(items, x):
    items.append(x)
    items.append(x + 1)
    items[0] = items[-1]
    items += [x, len(items)]
    del items[1]
    return items[-2] is x


def fills_dict(options, x):
    options["new"] = x + 1
    options["old"] = options["new"]
    del options["gone"]
    return list(options)


def moves(point):
    point.x = point.x + 1
    point.history = [point.x]
    point.history.append(point.scale)
    point.scale += 1
    return point


def collects(items, queue, names):
    items.extend([5, 6])
    queue.append(items[-1])
    queue.appendleft(items[0])
    names.add("new")
    names.discard("old")
    return len(items), "old" in names


def identities(x):
    y = x + 1
    pair = (y, y)
    items = [y, pair]
    return items, pair, y, x, items


def cyclic(x):
    items = [x + 1]
    items.append(items)
    return items


def makes_closure(x, n):
    y = x * n

    def later(z, *, sign=1):
        return y + sign * z

    return later, y


def swaps(items):
    items[0], items[1] = items[1], items[0]
    return items[0] + 1


def two_results(x):
    return x.sum(), x.sum()


def makes_point(x):
    p = Point(x + 1)
    p.twin = p
    return p


def views(x):
    return x.T, x.T, x[...], x.reshape(-1)


def with_defaults(x, factor=3, offset=5):
    return x * factor + offset


def contexts(x):
    try:
        raise KeyError("first")
    except KeyError as first:
        try:
            raise ValueError("second")
        except ValueError as second:
            return x + 1, second.__context__ is first, first.__context__


def caught_in_a_loop(x, tables):
    for table in tables:
        try:
            x = x + table["k"]
        except KeyError:
            x = x * 2
    return x


def advanced(x):
    items = iter([x, x + 1, 3])
    next(items)
    return items


def counts(x):
    global COUNT
    COUNT += 1
    return x + COUNT


COUNT = 0

EFFECTS = {
    "writes in order": (writes_in_order, lambda: [a(4), a(4)]),
    "writes in order, aliased": (writes_in_order, lambda: [(x := a(4)), x]),
    "a write through a view": (write_then_read, lambda: [a(5)]),
    "out=": (out_argument, lambda: [a(3), a(3)]),
    "out= aliased": (out_argument, lambda: [(x := a(4))[1:], x[:-1]]),
    "list writes": (fills, lambda: [[1, 2], a(3)]),
    "dict writes": (fills_dict, lambda: [{"gone": 1, "old": 2}, a(3)]),
    "attributes": (moves, lambda: [Point(a(3))]),
    "collections": (lambda x, *r: (collects(*r), x + 1), lambda: [a(2), [1], collections.deque([2, 3]), {"old"}]),
    "identities": (identities, lambda: [a(3)]),
    "cycles": (cyclic, lambda: [a(3)]),
    "closures": (makes_closure, lambda: [a(3), 2]),
    "swaps": (swaps, lambda: [[a(3), a(2)]]),
    "equal scalars": (two_results, lambda: [a(3)]),
    "objects": (makes_point, lambda: [a(3)]),
    "views": (views, lambda: [a(2, 3)]),
    "dict of results": (lambda x: {"a": x + 1, 2: [x, x * 2], "x": x}, lambda: [a(3)]),
    "text": (lambda x: (f"{x.shape}-{x.ndim:>4}", x + 1), lambda: [a(3)]),
    "slices and ranges": (lambda x: (slice(1, x.ndim), range(x.shape[0]), x[1:]), lambda: [a(3)]),
    "casting write": (lambda x, y: x.__setitem__(slice(None), y) or x, lambda: [a(3, dtype="i4"), a(3)]),
    "broadcast write": (lambda x, y: x.__setitem__(Ellipsis, y) or x, lambda: [a(3, 2), a(2)]),
    "in-place with promotion": (lambda x: x.__iadd__(np.float32(1)), lambda: [a(3)]),
    "caught": (lambda x, d: _caught(x, d), lambda: [a(3), {}]),
    "caught in a loop": (caught_in_a_loop, lambda: [a(3), [{}, {"k": 5}, {}]]),
    "contexts": (contexts, lambda: [a(3)]),
    "ints": (lambda x, n: (x + 1, n + x.shape[0], n // 2, n % 3, n - 1), lambda: [a(3), -7]),
    "inlined defaults": (lambda x: (with_defaults(x), with_defaults(x, 4)), lambda: [a(3)]),
    "iterators": (advanced, lambda: [a(3)]),
}


def _caught(x, d):
    y = x + 1
    try:
        y = y + d["missing"]
    except KeyError as error:
        y = y * 2
        text = str(error)
    finally:
        y = y - 1
    return y, text


# Cases that CPython runs.
EAGER_EFFECTS = {"out= aliased"}


@pytest.mark.parametrize("case", EFFECTS, ids=slug)
def test_effects_are_exact(case, check):
    fn, make = EFFECTS[case]
    # First, because what was compiled before is captured no more.
    check(fn, *make(), breaks=case in EAGER_EFFECTS)
    alike(fn, make, first_hits=case not in EAGER_EFFECTS)


def test_global_writes(check):
    check(counts, a(3))
    assert COUNT == 0


ERRORS = {
    "shapes": (lambda x, y: (x * 2) + y, [lambda: [a(3), a(3)], lambda: [a(3), a(4)]]),
    "index": (lambda x, n: (x + 1)[n], [lambda: [a(3), 1], lambda: [a(3), 3], lambda: [a(3), -4], lambda: [a(3), 0]]),
    "division": (lambda x, y: (x + 1) / y, [lambda: [a(3), a(3)], lambda: [a(3), np.zeros(3)]]),
    "overflow": (lambda x: np.exp(x) * 2, [lambda: [a(3)], lambda: [np.array([1000.0])]]),
    "invalid": (lambda x: np.sqrt(x) + 1, [lambda: [a(3)], lambda: [-a(3)]]),
    "integer division by zero": (lambda x, y: x // y, [lambda: [a(3, dtype="i4"), a(3, dtype="i4")], lambda: [a(3, dtype="i4"), a(3, dtype="i4", start=0)]]),
    "casting": (lambda x, y: x.__iadd__(y), [lambda: [a(3), a(3)], lambda: [a(3, dtype="i4"), a(3)]]),
    "writes before an error": (lambda x, y: (x.__setitem__(0, 9), y / x), [lambda: [a(3), a(3)], lambda: [np.zeros(3), a(3)]]),
    "empty reduction": (lambda x: x.max() + 1, [lambda: [a(3)], lambda: [a(0)]]),
    "empty mean": (lambda x: x.mean() + 1, [lambda: [a(3)], lambda: [a(0)]]),
    "key": (lambda x, d: x + d["k"], [lambda: [a(3), {"k": 1}], lambda: [a(3), {}]]),
    "dead code that warns": (lambda x, y: (x / y, x + 1)[1], [lambda: [a(3), a(3)], lambda: [a(3), np.zeros(3)]]),
    "assert": (lambda x: _asserts(x), [lambda: [a(3)], lambda: [a(2, 2)]]),
    "complex warning": (lambda x, y: x.__setitem__(slice(None), y), [lambda: [a(3), a(3)], lambda: [a(3), a(3, dtype="c16")]]),
}


def _asserts(x):
    assert x.ndim == 1, "one axis"
    return x + 1


@pytest.mark.parametrize("case", ERRORS, ids=slug)
def test_errors_and_warnings_are_exact(case):
    fn, calls = ERRORS[case]
    alike(fn, *calls)


TYPES = {
    "mixed dtypes": lambda x: (x.astype("f4") * x.astype("i4"), x.astype("i1") + np.uint8(3), x.astype("u8") - 1),
    "true division": lambda x: (x.astype("i4") / 2, x.astype("f4") / 2, x.astype("?") / True),
    "scalar first": lambda x: (2 - x, 2 / x, 7 // x, 2 < x, x[1, 1] - x, x[1, 1] / x, x.sum() > x),
    "weak scalars": lambda x: (x.astype("f4") + 1.5, x.astype("i2") * 2, x.astype("f4") + np.float64(1)),
    "reductions": lambda x: (x.sum(), x.sum(axis=0), x.astype("i1").sum(), x.astype("?").sum(), x.mean(), x.any()),
    "accumulation dtypes": lambda x: (x.astype("i2").prod(), x.astype("f4").mean(), x.astype("u1").cumsum()),
    "keepdims": lambda x: (x.sum(axis=1, keepdims=True), x.max(axis=(0, 1), keepdims=True), x.min(axis=-1)),
    "argmax": lambda x: (x.argmax(), x.argmax(axis=0), np.argmin(x, axis=1)),
    "comparisons": lambda x: (x > 2, x == x, np.logical_and(x, 0), ~(x > 1)),
    "scalars from indexing": lambda x: (x[0, 0], x[0], x[0, 0] + 1, x[..., 0], x[0, 0, ...]),
    "order": lambda x: (x.T + 1, np.asfortranarray(x) * 2, x[::-1] + x, x.T.copy(), np.zeros_like(x.T)),
    "strides": lambda x: (x[:, ::2] * 2, x[::2].T + 1, np.broadcast_to(x[0], (3, 3)) + 1),
    "where": lambda x: (np.where(x > 1, x, 0), np.where(x > 1, x.astype("i4"), 1.5), np.clip(x, 1, 2)),
    "joins": lambda x: (np.concatenate([x, x.astype("f4")]), np.stack([x, x], axis=1), np.split(x, 3)[1]),
    "shapes": lambda x: (x.reshape(-1), x.ravel(), np.expand_dims(x, 1), np.squeeze(x[None]), np.moveaxis(x, 0, 1)),
    "matmul": lambda x: (x @ x.T, x @ x[0], np.dot(x[0], x[1]), np.outer(x[0], x[1])),
    "creation": lambda x: (np.zeros(x.shape, "i4"), np.full(3, 2), np.arange(x.shape[0]), np.eye(2), np.linspace(0, 1, 3)),
    "float errors": lambda x: (np.floor(x / 2), x // 2, x % 2, np.sqrt(x), np.exp(-x), x**2, x**0.5),
    "sorting": lambda x: (np.sort(-x, axis=0), np.argsort(-x, axis=1), np.take(x, 1, axis=0), np.repeat(x, 2, axis=1)),
    "complex": lambda x: ((x + 1j).real, (x * 1j).imag, abs(x + 1j), np.conj(x + 2j), (x + 1j).sum()),
    "integers": lambda x: (x.astype("i4") << 2, x.astype("u2") & 3, x.astype("i8") ** 2, -x.astype("i1")),
}


# Cases with a call that is left to CPython.
BREAKS = {"order"}


@pytest.mark.parametrize("case", TYPES, ids=slug)
def test_results_have_numpys_types(case, check):
    check(TYPES[case], a(3, 3), breaks=case in BREAKS)
    check(TYPES[case], a(3, 3)[:, ::-1], breaks=case in BREAKS)


def test_defaults_fill_what_a_call_leaves_out():
    def f(x, factor=3, offset=5):
        return x * factor + offset

    alike(f, lambda: [a(3)], lambda: [a(3), 4], lambda: [a(3), 4, 6])


# --- lifetime -------------------------------------------------------------------------------------------------------


def test_results_and_arguments_die_on_time():
    @segue.compile
    def f(x, items):
        items.append(x + 1)
        return x * 2

    class Tracked(list):
        pass

    for _ in range(3):
        x = a(3)
        items = Tracked()
        dead = [weakref.ref(x), weakref.ref(items)]
        result = f(x, items)
        dead += [weakref.ref(result), weakref.ref(items[0])]
        del x, items, result
        assert [ref() for ref in dead] == [None] * 4


def test_many_calls_keep_no_references():
    @segue.compile
    def f(x, options, items):
        items[0] = options["k"] + x
        return {"x": x, "y": [x, x * 2, items[0]]}

    x, options, items = a(3), {"k": a(3)}, [None]
    f(x, options, items)
    f(x, options, items)
    gc.collect()
    before = [sys.getrefcount(value) for value in (x, options, options["k"], items, None.__class__)]
    for _ in range(100):
        f(x, options, items)
    assert [sys.getrefcount(value) for value in (x, options, options["k"], items, None.__class__)] == before


def test_a_dropped_run_keeps_no_references():
    @segue.compile
    def f(x, y):
        z = x + 1
        return [z, z / y]

    x, good, bad = a(3), a(3), np.zeros(3)
    f(x, good)
    with np.errstate(all="raise"):
        for _ in range(3):
            with pytest.raises(FloatingPointError):
                f(x, bad)
        before = sys.getrefcount(x), sys.getrefcount(bad)
        for _ in range(50):
            with pytest.raises(FloatingPointError):
                f(x, bad)
        assert (sys.getrefcount(x), sys.getrefcount(bad)) == before


def test_temporaries_are_freed_behind_their_last_use():
    @segue.compile
    def f(x):
        for _ in range(8):
            x = x * 2 + 1
        return x

    x = np.zeros(100_000)
    for _ in range(2):
        f(x)
    tracemalloc.start()
    f(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * x.nbytes
