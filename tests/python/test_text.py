"""str, repr, format and f-strings of what a trace knows."""

from __future__ import annotations

import collections

import numpy as np
import pytest

X = np.arange(6.0).reshape(2, 3)
Point = collections.namedtuple("Point", "x y")


class Named:
    def __str__(self):
        return "named"


class Wrapped:
    def __init__(self, inner):
        self.inner = inner

    def __repr__(self):
        return f"Wrapped({self.inner!r})"


def self_holding():
    items = [1, {}]
    items[1]["k"] = (items, items[1])
    return items


class Wrong:
    def __str__(self):
        return 3


@pytest.mark.parametrize(
    "expression",
    [
        "f'{x.shape} {x.ndim:>3} {x.dtype}'",
        "str((x.shape, [1, 'a', 2.5, None], {'k': (1,), 2: [x.dtype]}))",
        "repr(()) + repr([]) + repr({}) + str((x.shape[0],))",
        "ascii(('\\u00e9', ['\\u00e9'])), repr('\\u00e9')",
        "f'{type(1)} {Named()} {[Wrapped(2), Wrapped([x.size])]!r}'",
        "format((1, 2)), f'{None}'",
        "'%s %r %5.2f|%-4s|%3d%%' % (x.shape, [Wrapped(1)], 1.0, 'a', x.ndim)",
        "'%s' % x.ndim + '%s' % [1]",
        "'{0} {1:>5} {a:.2f} {0!r} {b[0]} {c.inner}'.format(1, 'b', a=2.0, b=[3], c=Wrapped(4))",
        "'{:>{}}|{}'.format('a', 5, (1, x.ndim))",
        "str(slice(1, x.ndim)), repr(range(x.ndim)), str(range(0, 9, 3)), str(collections.deque([1], 3))",
        "repr(set()), str({1}), repr({'k': {2}})",
        "repr(Wrapped), str(int), f'{Named}'",
        "str(Point(1, [2])), f'{Point(x.ndim, 2)!r}'",
        "ascii(Wrapped('\u00e9')), 'a'.ljust(5), 'a'.center(7, '*'), '7'.zfill(3)",
        "', '.join(map(str, x.shape)), str(self_holding())",
    ],
)
def test_texts_of_containers_dtypes_and_instances(expression, check):
    f = eval(f"lambda x: (x + 1, {expression})", globals())
    assert check(f, X).op_count == 1


def test_texts_of_exceptions(check):
    def f(x):
        try:
            raise ValueError("bad", x.ndim)
        except ValueError as error:
            first = f"{error}"
        try:
            [][x.ndim]
        except IndexError as error:
            return x + 1, first, str(error), str(ValueError())

    assert check(f, X).op_count == 1


def test_a_format_that_containers_do_not_take_raises(check):
    def f(x):
        try:
            return f"{x.shape:>3}"
        except TypeError as error:
            return x + 1, str(error)

    assert check(f, X).op_count == 1


WRAPPERS = frozenset({Wrapped(1)})


@pytest.mark.parametrize("expression", ["str(WRAPPERS)", "f'{WRAPPERS}'", "'%r' % (WRAPPERS,)", "ascii((1, WRAPPERS))"])
def test_the_texts_of_objects_in_frozensets_are_left_to_cpython(expression, check):
    f = eval(f"lambda x: (x + 1, {expression})", globals())
    assert check(f, X, breaks=True).breaks == ["constant-needed"]


@pytest.mark.parametrize("value", [Wrong(), KeyError("k")])
def test_other_texts_are_left_to_cpython(value, check):
    def f(x, value):
        return str(value), x

    check(f, X, value, breaks=True)


# Folding must not fill the memory of a program that would have raised, or never have come there.
@pytest.mark.parametrize(
    "expression",
    ["f'{3:100000d}'", "'%100000d' % 3", "'%*d' % (100000, 3)", "'{:100000}'.format('a')", "'a'.ljust(100000)", "bytes(100000)"],
)
def test_long_texts_are_left_to_cpython(expression, check):
    f = eval(f"lambda x: (x + 1, len({expression}))")
    assert check(f, X, breaks=True).breaks[0] in ("fold-too-large", "constant-needed")
