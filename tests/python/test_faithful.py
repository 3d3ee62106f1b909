"""Calls in sequence, each compared with the plain function: guards send a call that differs from the first one elsewhere, and
assumptions notice changes. What is visible outside is in test_faithful_effects.py.

A case is a function and the arguments of its calls in turn (made anew for the plain and the compiled call), or steps that
change the world in between. tests/planted breaks the engine in ways that these cases must notice.
"""

import sys
import types

import numpy as np
import pytest
from tests.python.engine_support import fresh  # noqa: F401
from tests.python.faithful_support import Point, a, alike, slug

import segue
from segue.testing import compare, observe
from segue.testing.checking import segments_run


def overlapping():
    base = a(8)
    return base[:6], base[2:]


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
    for _ in range(3):  # often enough to go to a copy, which overlapping arrays do not see
        x[:] = x + 1
    return y * 2


def write_often(x):
    for _ in range(3):
        x += 1
    return x


def shift(x, y):
    x += 1
    y += x[: y.shape[0]] if y.shape[0] <= x.shape[0] else 1
    return x.sum() + y.sum()


def subtract_one(x, *rest):
    return x - 1


def write_attribute(point, attributes, *held):
    point.x = point.x * 2
    return attributes["x"] + 1


def write_item(point, attributes, *held):
    attributes["x"] = attributes["x"] * 2
    return point.x + 1


def write_one(first, second, *held):
    first.x = first.x * 2
    return second.x + 1, first.__dict__ is second.__dict__


def with_own_dict(held=False):
    point = Point(a(3))
    return [point, point.__dict__] + [point.__dict__] * held


def with_other_dict(held=False):
    point = Point(a(3))
    return [point, {"x": a(3)}] + [point.__dict__] * held


def brothers(cls=Point, shared=True, held=False):
    first, second = Point(a(3)), cls(a(3))
    if shared:
        second.__dict__ = first.__dict__
    return [first, second] + [second.__dict__] * held


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
    "read-only": (write_often, [lambda: [a(3)], lambda: [frozen(a(3))]]),
    "read-only view result": (lambda x: x[1:], [lambda: [a(3)], lambda: [frozen(a(3))]]),
    "overlap": (write_first, [lambda: [a(6), a(6)], overlapping, lambda: [(x := a(6)), x], lambda: [(x := a(6)), x[::-1]]]),
    "negative strides": (write_first, [lambda: [a(3), a(6)[::-1]], lambda: [(x := a(6))[:3], x[::-1]]]),
    "overlapping writes": (shift, [lambda: [a(6), a(6)], overlapping, lambda: [(x := a(6)), x[1:]], lambda: [(x := a(6)), x]]),
    "write through one name of two": (write_first, [lambda: [(x := a(6)), x], lambda: [a(6), a(6)]]),
    "two lists or one": (by_first_length, [lambda: [a(3), [1], [2]], lambda: [a(3), (items := [1]), items]]),
    "own dict, instance written": (write_attribute, [with_other_dict, with_own_dict]),
    "own dict, item written": (write_item, [with_other_dict, with_own_dict]),
    "own dict, two instances": (write_one, [lambda: brothers(shared=False), brothers]),
    "own dict, two classes": (write_one, [lambda: brothers(Other, shared=False), lambda: brothers(Other)]),
    "shared dict, instance written": (write_attribute, [lambda: with_other_dict(True), lambda: with_own_dict(True)]),
    "shared dict, item written": (write_item, [lambda: with_other_dict(True), lambda: with_own_dict(True)]),
    "shared dict, two instances": (write_one, [lambda: brothers(shared=False, held=True), lambda: brothers(held=True)]),
    "one dict": (write_attribute, [with_own_dict, with_other_dict, lambda: with_own_dict(True)]),
    "one dict, item written": (write_item, [with_own_dict, with_other_dict]),
    "one dict, two instances": (write_one, [brothers, lambda: brothers(shared=False)]),
    "mean of nothing": (lambda x: (x.mean(), np.median(x)), [lambda: [a(5)], lambda: [a(0)], lambda: [a(7)]]),
    "mean along nothing": (lambda x: x.mean(axis=1), [lambda: [a(2, 3)], lambda: [a(2, 0)], lambda: [a(0, 2)], lambda: [a(4, 2)]]),
    "degrees of freedom": (
        lambda x, n: (x.var(ddof=n), np.std(x, axis=0, ddof=n)),
        [lambda: [a(5), 1], lambda: [a(5), 5], lambda: [a(2), 3], lambda: [a(7), 2], lambda: [a(0), 0]],
    ),
    "histogram of booleans": (
        lambda x: np.histogram(x, 4), [lambda: [a(5)], lambda: [a(5, dtype="?")], lambda: [a(5, dtype="i4")]]),
    "generator argument": (lambda x, items: [x + i for i in items], [lambda: [a(3), [1, 2]], lambda: [a(3), iter([1, 2])]]),
}


# Cases whose first call may run eagerly.
EAGER_FIRST = {"one dict, item written", "one dict, two instances", "missing attribute", "function argument", "closures of one code"}


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


class Failure(Exception):
    pass


def use_text(x):
    return x + 1, f"{Failure('a')}"


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
    before = segments_run(segue.stats())
    same()
    assert segments_run(segue.stats()) > before
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
    "a format": (use_text, *attribute(Failure, "__format__", lambda self, spec: "b")),
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


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PyFunction_SetVectorcall is new in CPython 3.12")
@pytest.mark.parametrize("reached_by", ["an assumption", "a guard", "its own call"])
def test_a_function_whose_calls_run_something_else_is_noticed(reached_by):
    set_vectorcall = pytest.importorskip("_testcapi").function_setvectorcall

    def bump(x):
        return x + 1

    through_a_name = types.FunctionType(call_inner.__code__, {"inner": bump})
    f, arguments = {
        "an assumption": (through_a_name, (a(3),)),
        "a guard": (lambda x, bump: bump(x), (a(3), bump)),
        "its own call": (bump, (a(3),)),
    }[reached_by]
    compiled = segue.compile(f)
    assert [compiled(*arguments).tolist() for _ in range(2)] == [[2, 3, 4]] * 2
    set_vectorcall(bump)
    assert [compiled(*arguments) for _ in range(2)] == ["overridden"] * 2


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


@pytest.mark.parametrize("call", ["dict.update(y)", "dict.__init__(3, a=1)", "list.count((1, 2), 1)", "tuple.count([1], 1)", "str.count(b'a', 'a')",
                                  "dict.__getitem__((1, 2), True)", "list.__getitem__('ab', 0)", "str.join(y, ['a', 'b'])", "set.add([], 1)"])  # fmt: skip
def test_a_method_called_on_another_types_instance_raises(call, check):
    method = eval(f"lambda y: {call}")
    check(lambda x: method(x + 1), a(3), breaks=True)
