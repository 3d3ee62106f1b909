"""Type parameters, which CPython 3.12 has brought."""

import sys
import textwrap

import numpy as np
import pytest
from tests.python.language_support import covers

X = np.arange(4.0)

SOURCE = '''
def first[T](items: list[T]) -> T:
    return items[0]

class Box[T]:
    def __init__(self, value: T):
        self.value = value

    def doubled(self) -> T:
        return self.value * 2

type Pair[T] = tuple[T, T]

def uses(x):
    return first([x, 1]) + 1, Box(x).doubled(), first.__name__

def defines(x):
    y = x * 2
    def local[T](value: T) -> T:
        return value + 1
    return local(y)

def aliases(x):
    y = x * 2
    type Local = list[int]
    return y + 1
'''


def program(name):
    """Compiled here: older versions cannot read it."""
    scope = {"__name__": __name__}
    exec(compile(textwrap.dedent(SOURCE), __file__, "exec"), scope)
    return scope[name]


needs_syntax = pytest.mark.skipif(sys.version_info < (3, 12), reason="CPython 3.12 has the syntax")


@needs_syntax
@covers("type parameters")
def test_generic_functions_and_classes(check):
    check(program("uses"), X)


@needs_syntax
@covers("type parameters", breaks={"unsupported-instruction": "defining a generic function, class or alias: CPython makes the parameters"})
@pytest.mark.parametrize("name", ["defines", "aliases"])
def test_definitions(name, check):
    check(program(name), X)
