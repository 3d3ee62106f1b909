"""Calls in sequence, each compared with the plain function: guards send a call that differs from the first one elsewhere,
assumptions notice changes, and what is visible outside (writes, aliasing, identity, references, errors) is exact.

A case is a function and the arguments of its calls in turn (made anew for the plain and the compiled call), or steps that
change the world in between. tests/planted breaks the engine in ways that these cases must notice.
"""

import collections
import gc
import sys
import tracemalloc
import types
import weakref

import numpy as np
import pytest

import segue
from segue.testing import compare, observe


@pytest.fixture(autouse=True)
def fresh():
    segue.reset()
    gc.collect()  # a compiled function that is collected takes its code's entries along
    yield
    segue.reset()


def alike(fn, *calls, first_hits=True):
    """Makes each call plainly and compiled and compares; a call is a callable that makes the arguments.

    The first call is made twice, and its repetition must run a segment (unless `first_hits` is False), so that a case
    cannot pass by running eagerly.
    """
    compiled = segue.compile(fn)
    for number, make in enumerate([calls[0], *calls, calls[0]]):
        before = segments_run()
        plain = observe(fn, tuple(make()), {})
        seen = observe(compiled, tuple(make()), {})
        assert compare(plain, seen, references=number > 0) == [], f"call {number}"
        if number == 1 and first_hits:
            assert segments_run() > before, "the repeated call ran no segment"


def segments_run():
    """Entries found that did not say "run eagerly"."""
    stats = segue.stats()
    return stats["hits"] - stats["eager"]


def slug(case):
    return case.replace(" ", "_")


def a(*shape, dtype="f8", start=1):
    return (np.arange(np.prod(shape, dtype=int)) + start).reshape(shape).astype(dtype)


def overlapping():
    base = a(8)
    return base[:6], base[2:]


class Point:
    def __init__(self, x, scale=2):
        self.x = x
        self.scale = scale


class Other(Point):
    pass


def add_one(x, *rest):
    return x + 1


def by_size(x, y):
    return x + 1 if x.shape[0] > y.shape[0] else x - 1


def by_number(x, n):
    return x * 2 if n > 3 else x


def by_text(x, word):
    return x + 1 if word == "add" else x - 1


def by_identity(x, y):
    return x + 1 if x is y else x + 2


def by_none(x, y=None):
    return x + 1 if y is None else x + 2


def by_length(x, items):
    return sum(items, start=x * 0)


def by_key(x, options):
    return x + options["k"] if "k" in options else x * 3


def all_values(x, options):
    for value in options.values():
        x = x + value
    return x


def by_member(x, names):
    return x + 1 if "a" in names else x - 1


def by_first_length(x, first, second):
    first.append(x + 1)
    return len(second)


def by_attribute(point):
    return point.x * point.scale


def by_class(point):
    return point.x + 1 if type(point) is Point else point.x - 1


def by_dtype(x):
    return x + 1 if x.dtype == np.float64 else x


def weak_int(x, n):
    return x + n


def call_it(x, f):
    return f(x) + 1


def write_first(x, y):
    x[:] = x + 1
    return y * 2


def shift(x, y):
    x += 1
    y += x[: y.shape[0]] if y.shape[0] <= x.shape[0] else 1
    return x.sum() + y.sum()


def subtract_one(x, *rest):
    return x - 1


def longer_than_one(x):
    return x + 1 if x.shape[0] > 1 else x


def frozen(array):
    array.setflags(write=False)
    return array


GUARDS = {
    "type": (add_one, [lambda: [a(3)], lambda: [3], lambda: [2.5], lambda: [np.float32(2)], lambda: [True]]),
    "subclass": (add_one, [lambda: [a(3)], lambda: [a(2, 2).view(np.matrix)], lambda: [np.ma.masked_array(a(3), [0, 1, 0])]]),
    "dtype": (add_one, [lambda: [a(3)], lambda: [a(3, dtype="f4")], lambda: [a(3, dtype="i1")], lambda: [a(3, dtype="?")]]),
    "byte order": (add_one, [lambda: [a(3)], lambda: [a(3, dtype=">f8")]]),
    "rank": (add_one, [lambda: [a(3)], lambda: [a(3, 1)], lambda: [np.array(1.0)], lambda: [a(2, 2, 2)]]),
    "layout": (add_one, [lambda: [a(3, 4)], lambda: [a(4, 3).T], lambda: [a(6, 8)[::2, ::2]], lambda: [a(3, 4)[::-1]]]),
    "size": (add_one, [lambda: [a(3)], lambda: [a(7)], lambda: [a(1)], lambda: [a(0)]]),
    "smallest size": (longer_than_one, [lambda: [a(3)], lambda: [a(1)], lambda: [a(0)]]),
    "sum beyond 64 bits": (lambda x, n: (x + 1, n + x.shape[0]), [lambda: [a(3), 5], lambda: [a(3), 2**63 - 2]]),
    "broadcast": (lambda x, y: x + y, [lambda: [a(3), a(3)], lambda: [a(4), a(4)], lambda: [a(3), a(1)], lambda: [a(3), a(4)]]),
    "relation": (by_size, [lambda: [a(5), a(3)], lambda: [a(3), a(5)], lambda: [a(4), a(4)]]),
    "number": (lambda x, n: x[:n] if n < x.shape[0] else x, [lambda: [a(5), 3], lambda: [a(5), 4], lambda: [a(5), 5], lambda: [a(5), -1]]),
    "branch on an int": (by_number, [lambda: [a(3), 5], lambda: [a(3), 4], lambda: [a(3), 3], lambda: [a(3), -7]]),
    "large int": (weak_int, [lambda: [a(3, dtype="i8"), 5], lambda: [a(3, dtype="i8"), 2**62], lambda: [a(3, dtype="i8"), 2**63], lambda: [a(3), 2**70]]),
    "weak int range": (weak_int, [lambda: [a(3, dtype="i1"), 5], lambda: [a(3, dtype="i1"), 127], lambda: [a(3, dtype="i1"), 128], lambda: [a(3, dtype="u1"), -1]]),
    "float": (weak_int, [lambda: [a(3), 0.5], lambda: [a(3), -0.0], lambda: [a(3), float("nan")], lambda: [a(3, dtype="f4"), 0.25]]),
    "equal text": (by_text, [lambda: [a(3), "add"], lambda: [a(3), "sub"], lambda: [a(3), "ad" + "d"]]),
    "True is not 1": (lambda x, n: x * 2 if n is True else x + n, [lambda: [a(3), True], lambda: [a(3), 1], lambda: [a(3), 1.0]]),
    "zero's sign": (lambda x, n: np.copysign(x, n), [lambda: [a(3), 0.0], lambda: [a(3), -0.0]]),
    "identity": (by_identity, [lambda: [a(3), a(3)], lambda: [(x := a(3)), x]]),
    "same": (by_identity, [lambda: [(x := a(3)), x], lambda: [a(3), a(3)]]),
    "None": (by_none, [lambda: [a(3)], lambda: [a(3), 3], lambda: [a(3), None]]),
    "not None": (by_none, [lambda: [a(3), a(2)], lambda: [a(3), None]]),
    "length of a list": (by_length, [lambda: [a(3), [1, 2]], lambda: [a(3), [1, 2, 3]], lambda: [a(3), [1]]]),
    "length of a tuple": (by_length, [lambda: [a(3), (1, 2)], lambda: [a(3), (1, 2, 3)], lambda: [a(3), ()]]),
    "list or tuple": (by_length, [lambda: [a(3), [1, 2]], lambda: [a(3), (1, 2)]]),
    "element type": (by_length, [lambda: [a(3), [1, 2]], lambda: [a(3), [1, 2.5]], lambda: [a(3), [a(3), 1]]]),
    "key": (by_key, [lambda: [a(3), {"k": 2}], lambda: [a(3), {}], lambda: [a(3), {"j": 2}]]),
    "no key": (by_key, [lambda: [a(3), {}], lambda: [a(3), {"k": 2}]]),
    "keys": (all_values, [lambda: [a(3), {"a": 1, "b": 2}], lambda: [a(3), {"a": 1}], lambda: [a(3), {"a": 1, "b": 2, "c": 3}]]),
    "order of keys": (
        lambda x, d: [x + v for v in d.values()],
        [lambda: [a(3), {"a": 1, "b": 2}], lambda: [a(3), {"b": 2, "a": 1}]],
    ),
    "set": (by_member, [lambda: [a(3), {"a", "b"}], lambda: [a(3), {"b", "c"}], lambda: [a(3), set()]]),
    "attribute's type": (by_attribute, [lambda: [Point(a(3))], lambda: [Point(a(3), 2.5)], lambda: [Point(3)]]),
    "attribute's value": (
        lambda p: p.x + 1 if p.scale == "big" else p.x,
        [lambda: [Point(a(3), "big")], lambda: [Point(a(3), "small")]],
    ),
    "missing attribute": (lambda p: p.x + getattr(p, "extra", 0), [
        lambda: [Point(a(3))], lambda: [(p := Point(a(3)), setattr(p, "extra", 5))[0]]]),
    "class": (by_class, [lambda: [Point(a(3))], lambda: [Other(a(3))]]),
    "branch on a dtype": (by_dtype, [lambda: [a(3)], lambda: [a(3, dtype="f4")]]),
    "function argument": (call_it, [lambda: [a(3), np.sin], lambda: [a(3), np.cos], lambda: [a(3), add_one], lambda: [a(3), by_none]]),
    "functions alike": (call_it, [lambda: [a(3), add_one], lambda: [a(3), subtract_one]]),
    "closures of one code": (
        call_it,
        [lambda: [a(3), (lambda n: lambda x: x * n)(2)], lambda: [a(3), (lambda n: lambda x: x * n)(3)]],
    ),
    "read-only": (lambda x: x.__iadd__(1), [lambda: [a(3)], lambda: [frozen(a(3))]]),
    "read-only view result": (lambda x: x[1:], [lambda: [a(3)], lambda: [frozen(a(3))]]),
    "overlap": (write_first, [lambda: [a(6), a(6)], overlapping, lambda: [(x := a(6)), x], lambda: [(x := a(6)), x[::-1]]]),
    "negative strides": (write_first, [lambda: [a(3), a(6)[::-1]], lambda: [(x := a(6))[:3], x[::-1]]]),
    "overlapping writes": (shift, [lambda: [a(6), a(6)], overlapping, lambda: [(x := a(6)), x[1:]], lambda: [(x := a(6)), x]]),
    "write through one name of two": (write_first, [lambda: [(x := a(6)), x], lambda: [a(6), a(6)]]),
    "two lists or one": (by_first_length, [lambda: [a(3), [1], [2]], lambda: [a(3), (items := [1]), items]]),
    "generator argument": (lambda x, items: [x + i for i in items], [lambda: [a(3), [1, 2]], lambda: [a(3), iter([1, 2])]]),
}


# Cases whose first call may run eagerly.
EAGER_FIRST = {"missing attribute", "function argument", "closures of one code", "read-only"}


@pytest.mark.parametrize("case", GUARDS, ids=slug)
def test_a_call_that_differs_is_not_taken_for_the_first(case):
    fn, calls = GUARDS[case]
    alike(fn, *calls, first_hits=case not in EAGER_FIRST)


@pytest.mark.parametrize("mask", ["warn", "raise", "ignore"])
def test_errstate_is_the_callers(mask):
    def f(x, y):
        return x / y

    compiled = segue.compile(f)
    for divisor in (a(3), np.zeros(3), a(3)):
        for state in ("ignore", mask, "ignore"):
            with np.errstate(all=state):
                plain, seen = observe(f, (a(3), divisor), {}), observe(compiled, (a(3), divisor), {})
            assert compare(plain, seen) == []


# --- assumptions ----------------------------------------------------------------------------------------------------

FACTOR = 2
TABLE = {"k": 3}


def use_global(x):
    return x * FACTOR


def inner(x, n=1, *, m=0):
    return x + n + m


def call_inner(x):
    return inner(x)


def through_module(x):
    return np.add(x, module.offset)


module = types.ModuleType("module")
module.offset = 4


class Config:
    gain = 2

    def apply(self, x):
        return x * self.gain

    @property
    def doubled(self):
        return self.gain * 2


config = Config()


def use_class(x):
    return config.apply(x) + Config.gain


def use_property(x):
    return x + config.doubled


def changed(fn, change, restore, times=2):
    """Calls, changes the world, calls again: the compiled function sees what the plain one sees."""
    compiled = segue.compile(fn)
    x = a(3)

    def same():
        plain, seen = observe(fn, (x,), {}), observe(compiled, (x,), {})
        assert compare(plain, seen) == []

    same()
    before = segments_run()
    same()
    assert segments_run() > before
    for _ in range(times):
        change()
        try:
            same()
            same()
        finally:
            restore()
        same()


def rebind(name, value):
    original = globals()[name]
    return lambda: globals().__setitem__(name, value), lambda: globals().__setitem__(name, original)


def attribute(owner, name, value):
    # What is not in its dict is inherited, except where it is a slot of the type (a function's code).
    original = getattr(owner, name) if name == "__code__" else vars(owner).get(name, attribute)

    def restore():
        if original is attribute:
            delattr(owner, name)
        else:
            setattr(owner, name, original)

    return lambda: setattr(owner, name, value), restore


CHANGES = {
    "a global": (use_global, *rebind("FACTOR", 5)),
    "a global's type": (use_global, *rebind("FACTOR", np.float32(1.5))),
    "a global function": (call_inner, *rebind("inner", lambda x: x - 1)),
    "a module's attribute": (through_module, *attribute(module, "offset", 9)),
    "a class attribute": (use_class, *attribute(Config, "gain", 7)),
    "a method": (use_class, *attribute(Config, "apply", lambda self, x: x - 1)),
    "an instance attribute over a class's": (use_class, *attribute(config, "gain", 6)),
    "a property": (use_property, *attribute(Config, "doubled", property(lambda self: 11))),
    "a function's code": (call_inner, *attribute(inner, "__code__", (lambda x, n=1, *, m=0: x - n - m).__code__)),
    "a shadowed builtin": (
        lambda x: x * len([1, 2]),
        lambda: globals().__setitem__("len", lambda items: 7),
        lambda: globals().pop("len"),
    ),
}


@pytest.mark.parametrize("case", CHANGES, ids=slug)
def test_changes_of_the_world_are_noticed(case):
    changed(*CHANGES[case])


def test_changed_defaults_are_noticed():
    original, keywords = inner.__defaults__, dict(inner.__kwdefaults__)
    changed(
        call_inner,
        lambda: setattr(inner, "__defaults__", (5,)),
        lambda: setattr(inner, "__defaults__", original),
    )
    changed(
        call_inner,
        lambda: inner.__kwdefaults__.__setitem__("m", 8),
        lambda: inner.__kwdefaults__.__setitem__("m", keywords["m"]),
    )


def test_a_changed_cell_is_noticed():
    n = 2

    def f(x):
        return x * n

    def put(value):
        nonlocal n
        n = value

    changed(f, lambda: put(5), lambda: put(2))
    changed(f, lambda: put(2.5), lambda: put(2))


def test_a_changed_container_in_a_global_is_noticed():
    changed(lambda x: x + TABLE["k"], lambda: TABLE.__setitem__("k", 10), lambda: TABLE.__setitem__("k", 3))


# --- what is visible outside -----------------------------------------------------------------------------------------


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


# Cases that CPython runs, for the time being or because they must.
EAGER_EFFECTS = {"out= aliased", "text", "caught"}


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
BREAKS = {"mixed dtypes", "true division", "weak scalars", "reductions", "accumulation dtypes", "scalars from indexing",
          "order", "where", "joins", "matmul", "creation", "sorting", "integers"}


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
