"""What the tracer makes of operator and itertools."""

from __future__ import annotations

import itertools
import operator

import numpy as np
import pytest
from tests.python.trace_support import break_of, trace

X = np.arange(5.0)
SECOND = operator.itemgetter(1)


class Owner:
    def __init__(self, size):
        self.size = size
        self.inner = self

    def scaled(self, by, plus=0):
        return self.size * by + plus


def result_of(function, *args):
    """The line of the trace's exit."""
    assert break_of(function, *args) is None, trace(function, *args)
    return trace(function, *args).splitlines()[-1]


@pytest.mark.parametrize(
    ("function", "node"),
    [
        (operator.add, "add x 2"),
        (operator.sub, "subtract x 2"),
        (operator.mul, "multiply x 2"),
        (operator.truediv, "divide x 2"),
        (operator.lt, "less x 2"),
        (operator.eq, "equal x 2"),
    ],
)
def test_operators_of_arrays_are_nodes(function, node):
    def f(x, function=function):
        return function(x, 2)

    assert node in trace(f, X)


def test_operators_of_python_objects():
    def f(x):
        items = [1, 2]
        operator.setitem(items, 0, 5)
        facts = operator.is_(items, items), operator.not_(items), operator.contains(items, 5), operator.getitem(items, 1)
        return facts, operator.neg(3), operator.iadd(items, [7]) is items, x

    assert result_of(f, X) == "return #0 tuple(#1 tuple(True, False, True, 2), -3, True, L['x'])"


def test_getters_made_in_the_region():
    def f(x):
        owner = Owner(4)
        by_size = sorted([Owner(3), Owner(1)], key=operator.attrgetter("size"))
        rows = [("b", 2), ("a", 1)]
        return (
            operator.attrgetter("inner.inner.size")(owner),
            operator.itemgetter(0, 2)([7, 8, 9]),
            operator.methodcaller("scaled", 2, plus=1)(owner),
            by_size[0].size,
            sorted(rows, key=operator.itemgetter(1))[0][0],
            x,
        )

    line = result_of(f, X)
    assert "(7, 9)" in line and ", 9, 1, 'a', L['x'])" in line


def test_live_getters():
    def f(x, names):
        return SECOND((1, 2)), names(Owner(6)), x

    line = result_of(f, X, operator.attrgetter("size", "inner.size"))
    assert "(6, 6)" in line


@pytest.mark.parametrize(
    "make",
    [
        lambda: itertools.chain.from_iterable([[1, 2], [3]]),
        lambda: itertools.takewhile(lambda v: v < 3, [1, 2, 3, 1]),
        lambda: itertools.dropwhile(lambda v: v < 3, [1, 2, 3, 1]),
        lambda: itertools.filterfalse(None, [0, 1, 2, 0]),
        lambda: itertools.filterfalse(lambda v: v % 2, range(6)),
        lambda: itertools.accumulate([1, 2, 3]),
        lambda: itertools.accumulate([1, 2, 3], operator.mul, initial=10),
        lambda: itertools.pairwise("abcd"),
        lambda: itertools.pairwise("a"),
        lambda: itertools.zip_longest("ab", [1, 2, 3], fillvalue=0),
        lambda: itertools.zip_longest(),
        lambda: itertools.combinations("abc", 2),
        lambda: itertools.permutations("abc"),
        lambda: itertools.combinations_with_replacement("ab", 2),
        lambda: itertools.product("ab", repeat=2),
    ],
)
def test_itertools_give_what_the_originals_give(make):
    def f(x):
        got = list(make())
        return repr_of(got), x

    def repr_of(items):
        return "|".join(["".join([str(part) for part in item]) if type(item) is tuple else str(item) for item in items])

    assert f"'{repr_of(list(make()))}'" in result_of(f, X)


def test_iterators_are_of_their_class():
    def f(x):
        made = [itertools.product("ab"), itertools.pairwise("ab"), itertools.combinations("ab", 2)]
        return type(made[0]) is itertools.product, type(made[1]) is itertools.pairwise, len(list(made[2])), x

    assert "tuple(True, True, 1, L['x'])" in result_of(f, X)


def test_iterators_are_lazy():
    def f(x):
        seen = []
        for v in itertools.takewhile(lambda v: seen.append(v) or v < 2, itertools.count()):
            x = x + v
        return seen, x

    assert "list(0, 1, 2)" in result_of(f, X)


def test_classes_with_models_are_classes():
    def f(x):
        checks = isinstance([], list), isinstance(3, (str, int)), issubclass(bool, int), type({}) is dict
        return checks, hasattr(itertools.chain, "from_iterable"), list.__name__, x

    assert result_of(f, X) == "return #0 tuple(#1 tuple(True, True, True, True), True, 'list', L['x'])"
