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


@pytest.mark.parametrize("value", [Wrong(), Point(1, 2), KeyError("k")])
def test_other_texts_are_left_to_cpython(value, check):
    def f(x, value):
        return str(value), x

    check(f, X, value, breaks=True)


def test_a_list_that_holds_itself_is_left_to_cpython(check):
    def f(x):
        items = [1]
        items.append(items)
        return str(items)

    assert check(f, X, breaks=True).breaks == ["unsupported-operation"]
