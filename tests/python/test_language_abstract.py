"""Abstract classes and protocols, and what isinstance and issubclass make of them."""

from __future__ import annotations

import abc
import collections.abc
import numbers
from typing import Protocol, runtime_checkable

import numpy as np
import pytest
from tests.python.language_support import cases, covers, message

import segue

X = np.arange(4.0)


class Abstract(abc.ABC):
    @abc.abstractmethod
    def area(self): ...

    @property
    def double(self):
        return self.area() * 2


class Square(Abstract):
    def __init__(self, side):
        self.side = side

    def area(self):
        return self.side**2


@covers("abstract classes")
def test_methods_of_abstract_classes(check):
    check(lambda x, s: (x * s.double, Square(3).area(), Square(x)), X, Square(2))


@covers("abstract classes", breaks={"exception-escapes": "CPython words the TypeError of making one"})
def test_an_abstract_class_is_not_instantiated(check):
    check(lambda x: (x * 2, message(Abstract), x + 1), X)


class Virtual:
    pass


Abstract.register(Virtual)


class Hooked(abc.ABC):
    asked = []

    @classmethod
    def __subclasshook__(cls, other):
        cls.asked.append(other)
        return NotImplemented


class Sized3:
    def __len__(self):
        return 3


@covers("abstract classes", "isinstance and issubclass")
@cases(
    derived=lambda x: (isinstance(Square(1), Abstract), issubclass(Square, Abstract)),
    registered=lambda x: (isinstance(Virtual(), Abstract), issubclass(Virtual, Abstract)),
    sequences=lambda x: [isinstance(v, collections.abc.Sequence) for v in [[], (), "a", range(3)]],
    mappings=lambda x: (isinstance({}, collections.abc.Mapping), isinstance([], collections.abc.MutableSequence)),
    by_method=lambda x: isinstance(Sized3(), collections.abc.Sized),
    iterables=lambda x: (isinstance(x, collections.abc.Iterable), isinstance(iter([]), collections.abc.Iterator)),
    callables=lambda x: (isinstance(len, collections.abc.Callable), isinstance("", collections.abc.Hashable)),
    numbers=lambda x: (isinstance(3, numbers.Number), isinstance(2.5, numbers.Real), isinstance(True, numbers.Real), isinstance(x[0], numbers.Real)),
    tuples=lambda x: isinstance(3, (str, numbers.Number)),
)
def test_instances_of_abstract_classes(f, check):
    check(lambda x: (x + 1, f(x)), X)


@covers("abstract classes", "isinstance and issubclass")
@cases(
    derived=lambda x: (isinstance(3, Abstract), issubclass(Abstract, Square)),
    sequences=lambda x: [isinstance(v, collections.abc.Sequence) for v in [{}, set(), 3, x]],
    tuples=lambda x: isinstance(3, (str, collections.abc.Sized, Abstract)),
    by_method=lambda x: issubclass(Virtual, collections.abc.Sized),
    arrays=lambda x: isinstance(x, collections.abc.Hashable),
    numbers=lambda x: isinstance(2.5, numbers.Integral),
)
def test_what_is_no_instance_of_an_abstract_class(f, check):
    check(lambda x: (x + 1, f(x)), X)


@pytest.mark.parametrize("ask", [lambda o, cls: isinstance(o, cls), lambda o, cls: issubclass(type(o), (int, cls))])
def test_a_class_that_is_registered_later(ask):
    class Late(abc.ABC):
        pass

    class Other:
        pass

    compiled = segue.compile(lambda x, o: x * (2 if ask(o, Late) else 3))
    for _ in range(2):
        assert np.array_equal(compiled(X, Other()), X * 3)
    Late.register(Other)
    for _ in range(2):
        assert np.array_equal(compiled(X, Other()), X * 2)


def test_a_class_that_the_call_registers():
    def f(x, cls, other):
        before = isinstance(other(), cls)
        cls.register(other)
        return x[0] + 1, before, isinstance(other(), cls), issubclass(other, cls)

    def classes():
        return abc.ABCMeta("Late", (), {}), type("Other", (), {})

    compiled = segue.compile(f)
    for _ in range(3):
        assert compiled(X, *classes()) == f(X, *classes()) == (1, False, True, True)


@covers("isinstance and issubclass", breaks={"unsupported-operation": "a class with a __subclasshook__ of its own: the program's code"})
def test_a_subclass_hook_is_run_by_cpython(check):
    check(lambda x: (x * 2, isinstance(x, Hooked), len(Hooked.asked) > 0, x + 1), X)


class Pretender:
    @property
    def __class__(self):
        return int


@covers("isinstance and issubclass", breaks={"attribute-lookup": "an object whose __class__ is a property"})
def test_an_object_that_says_its_class_is_another(check):
    check(lambda x: (x * 2, isinstance(Pretender(), int), x + 1), X)


@runtime_checkable
class HasArea(Protocol):
    def area(self): ...


class Derived(HasArea):
    def area(self):
        return 3


@covers("protocols")
def test_classes_that_derive_from_protocols(check):
    check(lambda x: (x * Derived().area(), Derived()), X)


@covers("protocols", breaks={"unsupported-operation": "isinstance with a protocol, which looks the methods up"})
def test_instances_of_protocols(check):
    check(lambda x: (x * 2, isinstance(Square(1), HasArea), x + 1), X)
