"""Operators and built-in functions on instances: their special methods."""

from __future__ import annotations

import operator

import numpy as np
from tests.python.language_support import cases, covers, message

X = np.arange(4.0)


class Vector:
    def __init__(self, a):
        self.a = a

    def __add__(self, other):
        return Vector(self.a + other.a) if isinstance(other, Vector) else NotImplemented

    def __radd__(self, other):
        return Vector(other + self.a)

    def __iadd__(self, other):
        self.a = self.a + other
        return self

    def __matmul__(self, other):
        return self.a * other

    def __neg__(self):
        return Vector(-self.a)

    def __invert__(self):
        return "inverted"

    def __abs__(self):
        return 3

    def __len__(self):
        return 4

    def __getitem__(self, key):
        return key

    def __setitem__(self, key, value):
        self.set = key, value

    def __delitem__(self, key):
        self.deleted = key

    def __contains__(self, item):
        return item == 2

    def __iter__(self):
        return iter([1, 2])

    def __reversed__(self):
        return [2, 1]

    def __call__(self, *args, **kwargs):
        return args, kwargs

    def __eq__(self, other):
        return "equal"

    def __lt__(self, other):
        return "less"

    def __hash__(self):
        return 7

    def __repr__(self):
        return "Vector()"

    def __format__(self, spec):
        return "format:" + spec

    def __round__(self, digits=None):
        return digits

    def __divmod__(self, other):
        return "divmod"

    def __rpow__(self, other):
        return "rpow"


class Truthy:
    def __bool__(self):
        return False


def items_of_vectors(v):
    v[1] = 2
    del v[3:4]
    return v[1:2], v[1, ...], v.set, v.deleted


@covers("operators' dunders")
@cases(
    arithmetic=lambda v: ((v + v).a, (1 + v).a, (-v).a, v @ 2, ~v, abs(v), divmod(v, 2), 2**v, round(v), round(v, 2)),
    in_place=lambda v: (operator.iadd(v, 1) is v, v.a),
    items=items_of_vectors,
    contains=lambda v: (2 in v, 3 in v),
    iteration=lambda v: (list(v), [*v], reversed(v), (lambda a, b: a + b)(*v)),
    calls=lambda v: (v(1, k=v.a), callable(v), callable(Truthy())),
    truth=lambda v: (bool(v), not v, len(v), bool(Truthy()), 1 if Truthy() else 2),
    comparison=lambda v: (v == 2, v != 2, v < 1, 1 > v, 2 == v, v.__eq__(3)),
    hash=lambda v: hash(v),
    text=lambda v: (repr(v), str(v), f"{v!r:>9}", f"{v:abc}", format(v), "%s" % v, f"{v}"),
)
def test_special_methods(f, check):
    check(lambda x: (x + 1, f(Vector(x))), X)


@covers("operators' dunders", breaks={"unsupported-operation": "an operator that no operand has: CPython words the TypeError"})
@cases(
    binary=lambda v: v - 1,
    item=lambda v: Truthy()[0],
    length=lambda v: len(Truthy()),
)
def test_special_methods_that_are_not_there(f, check):
    check(lambda x: (x * 2, message(f, Vector(x)), x + 1), X)


class Share:
    def __init__(self, a):
        self.a = a

    def __divmod__(self, other):
        return divmod(self.a, other.a) if isinstance(other, Share) else NotImplemented

    def __rdivmod__(self, other):
        return ("reflected", other) if isinstance(other, int) else NotImplemented


class LargeShare(Share):
    def __rdivmod__(self, other):
        return "first"


@covers("operators' dunders")
@cases(
    own=lambda s: divmod(s, Share(2)),
    reflected=lambda s: divmod(7, s),
    subclass_first=lambda s: (divmod(s, LargeShare(2)), divmod(LargeShare(3), Share(2))),
)
def test_divmod_asks_both_operands(f, check):
    check(lambda x: (x + 1, f(Share(5))), X)


@covers("operators' dunders", breaks={"unsupported-operation": "an operator that no operand has: CPython words the TypeError"})
@cases(left=lambda s: divmod(s, 2j), right=lambda s: divmod("a", s), both=lambda s: divmod(s, Vector(1)))
def test_divmod_that_both_operands_decline(f, check):
    check(lambda x: (x * 2, message(f, Share(5)), x + 1), X)
