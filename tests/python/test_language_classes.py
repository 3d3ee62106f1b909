"""Classes: attributes in all their forms, special methods, inheritance, metaclasses."""

from __future__ import annotations

import functools
import sys

import numpy as np
import pytest
from tests.python.language_support import cases, covers, message

X = np.arange(4.0)


class Celsius:
    def __init__(self):
        self._v = 1

    @property
    def v(self):
        return self._v

    @v.setter
    def v(self, n):
        self._v = n * 2

    @v.deleter
    def v(self):
        self._v = None

    @property
    def fixed(self):
        return 1

    @property
    def broken(self):
        raise AttributeError("broken")

    @classmethod
    def make(cls, n):
        made = cls()
        made.v = n
        return made

    @staticmethod
    def above(n):
        return n + 1


def property_written(x):
    c = Celsius.make(3)
    before, c.v = c.v, x
    after = c.v
    del c.v
    return before, after, c.v, c.above(x), Celsius.above(2)


@covers("properties")
@cases(
    written=property_written,
    raises=lambda x: (hasattr(Celsius(), "broken"), getattr(Celsius(), "broken", 3), message(lambda: Celsius().broken)),
    on_the_class=lambda x: type(Celsius.v) is property,
)
def test_properties(f, check):
    check(lambda x: (x + 1, f(x)), X)


class Doubled:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, instance, owner=None):
        return self if instance is None else getattr(instance, self.name, 0) * 2

    def __set__(self, instance, value):
        setattr(instance, self.name, value)


class Seven:
    def __get__(self, instance, owner=None):
        return 7, owner.__name__


class Described:
    data = Doubled()
    other = Seven()


def described(x):
    d = Described()
    d.data = x
    first = d.data, d.other
    d.other = 3
    return first, d.data, d.other, Described.other, type(Described.data) is Doubled


@covers("descriptors")
def test_descriptors(check):
    check(lambda x: (x + 1, described(x)), X)


class Base:
    kind = "base"

    def __init__(self, v):
        self.v = v

    def names(self):
        return ["Base"]


class Left(Base):
    def names(self):
        return ["Left", *super().names()]


class Right(Base):
    def names(self):
        return ["Right", *super().names()]

    @property
    def kind(self):
        return "right of " + super().kind


class Bottom(Left, Right):
    def __init__(self, v):
        super().__init__(v * 2)

    def names(self):
        return ["Bottom", *super().names()]

    @classmethod
    def name(cls):
        return cls.__name__


@covers("super")
@cases(
    diamond=lambda d: (d.v, d.names(), d.kind, d.name()),
    explicit=lambda d: (super(Left, d).names(), super(Right, d).kind),
    missing=lambda d: message(lambda: super(Bottom, d).nothing),
)
def test_super(f, check):
    check(lambda x: (x + 1, f(Bottom(x))), X)
    check(lambda x, d: (x + 1, f(d)), X, Bottom(2))


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


def slots(x):
    s = Slotted(x)
    s.b = 2
    del s.a
    s.a = s.b
    s.a += 1
    return s.a, s.b, s


@covers("__slots__")
def test_slots(check):
    check(lambda x: (x + 1, slots(x)), X)


class Fallback:
    def __getattr__(self, name):
        if name.startswith("x_"):
            return name.upper()
        raise AttributeError(name)

    @property
    def p(self):
        return self.missing


@covers("__getattr__")
@cases(
    found=lambda g: (g.x_a, g.k, getattr(g, "x_b")),
    not_found=lambda g: (hasattr(g, "q"), getattr(g, "q", 5), message(lambda: g.q)),
    behind_a_property=lambda g: message(lambda: g.p),
)
def test_getattr(f, check):
    def program(x):
        g = Fallback()
        g.k = x
        return x + 1, f(g)

    check(program, X)


class Counted:
    made = 0

    def __new__(cls, *args):
        self = super().__new__(cls)
        self.args = args
        return self

    def __init__(self, *args):
        self.size = len(args)


class Other:
    def __new__(cls, value):
        return [value]

    def __init__(self, value):
        raise RuntimeError("is not called")


class Single:
    only = None

    def __new__(cls):
        return ONLY

    def __init__(self):
        self.again = True


ONLY = object.__new__(Single)


@covers("__new__")
@cases(
    keeps=lambda x: (lambda c: (c.args, c.size, c))(Counted(x, 1)),
    of_another_class=lambda x: Other(x),
    inherited=lambda x: Bottom(x).v,
)
def test_new(f, check):
    check(lambda x: (x + 1, f(x)), X)


@covers("__new__")
def test_a_singleton(check):
    check(lambda x: (x + 1, Single() is Single(), Single().again), X)


@covers("class definitions", breaks={"class-build": "the statement: CPython runs the body; the class and its instances are captured behind it"})
def test_a_class_is_defined_inside(check):
    def f(x):
        y = x * 2

        class Local(Base):
            factor = 3

            def scaled(self, value):
                return value * self.factor

        return Local(1).scaled(y) + Local.factor

    check(f, X, hits=False)  # another class in every call


class Everything:
    def __init__(self):
        self.asked = 0

    def __getattribute__(self, name):
        if name == "answer":
            return 42
        if name == "nothing":
            raise AttributeError(name)
        return object.__getattribute__(self, name)

    def method(self, x):
        return x * self.answer


class Both(Everything):
    def __getattribute__(self, name):
        return super().__getattribute__(name)

    def __getattr__(self, name):
        return "instead of " + name


@covers("__getattribute__")
@cases(
    found=lambda x, e: (e.answer, e.asked, e.method(x)),
    written=lambda x, e: (setattr(e, "asked", x), e.asked),
    missing=lambda x, e: (message(lambda: e.nothing), hasattr(e, "nothing"), message(lambda: e.other)),
    with_getattr=lambda x, e: (Both().nothing, Both().answer, Both().asked),
    on_the_class=lambda x, e: Everything.method(e, x),
)
def test_getattribute(f, check):
    check(lambda x: (x + 1, f(x, Everything())), X)
    check(lambda x, e: (x + 1, f(x, e)), X, Everything())


class Checked:
    def __setattr__(self, name, value):
        if name == "fixed":
            raise AttributeError("fixed is fixed")
        super().__setattr__(name, value)
        object.__setattr__(self, "last", name)

    def __delattr__(self, name):
        object.__delattr__(self, name)
        self.deleted = name


def checked(x):
    c = Checked()
    c.a = x
    c.b = 2
    del c.b
    return c.a, c.last, c.deleted, hasattr(c, "b"), message(setattr, c, "fixed", 1), c


@covers("__setattr__")
def test_setattr(check):
    check(lambda x: (x + 1, checked(x)), X)


class Cached:
    def __init__(self, value):
        self.value = value
        self.calls = 0

    @functools.cached_property
    def double(self):
        self.calls += 1
        return self.value * 2


def cached_properties(x, c):
    made = Cached(x)
    return made.double, made.double is made.double, made.calls, c.double, c.calls, sorted(vars(c))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 takes a lock")
@covers("cached_property")
def test_cached_properties(check):
    check(lambda x, c: (x + 1, cached_properties(x, c)), X, Cached(3))


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="3.12 takes no lock")
@covers("cached_property", breaks={"builtin-not-modelled": "the first access on CPython 3.11, which takes a lock"})
def test_cached_properties_with_a_lock(check):
    check(lambda x, c: (x * 2, cached_properties(x, c), x + 1), X, Cached(3))


class Meta(type):
    def __new__(meta, name, bases, namespace):
        made = super().__new__(meta, name, bases, namespace)
        made.tag = name.lower()
        return made

    @property
    def size(cls):
        return len(cls.__name__)

    def __contains__(cls, value):
        return value == 1

    def __iter__(cls):
        return iter([cls.tag])

    def __getattr__(cls, name):
        return "of the metaclass: " + name

    def listed(cls):
        return [cls]


class Made(metaclass=Meta):
    def __init__(self, value):
        self.value = value


@covers("metaclasses")
@cases(
    attributes=lambda x: (Made.tag, Made.size, Made.nothing, Made.listed()[0] is Made),
    operators=lambda x: (1 in Made, 2 in Made, list(Made), [*Made]),
    instances=lambda x: (Made(x).value, type(Made(1)) is Made, type(Made) is Meta, isinstance(Made, Meta)),
)
def test_metaclass_members(f, check):
    check(lambda x: (x + 1, f(x)), X)


@covers("metaclasses", breaks={"unsupported-operation": "an operator of a metaclass"})
def test_operators_of_metaclasses(check):
    class Or(type):
        def __or__(cls, other):
            return "or", other

    class Left(metaclass=Or):
        pass

    check(lambda x: (x * 2, Left | 3, x + 1), X)


class Noted:
    log = []

    def __init__(self, name):
        self.name = name

    def __del__(self):
        self.log.append(self.name)


@covers("__del__", breaks={"unsupported-operation": "making one, and letting go of it: CPython runs __del__ in time"})
def test_finalizers_run_on_time(check):
    def f(x, log):
        y = x * 2
        noted = Noted("a")
        log.append("made")
        noted = Noted("b")
        log += Noted.log
        z = y + 1
        del noted
        log += Noted.log
        Noted.log.clear()
        return z * 2

    check(f, X, [])
