"""A million calls through exits: what they leave behind. One kind of exit per test, a quarter of the calls each."""

import gc
import sys

import numpy as np
import pytest

import segue
from tests.python.engine_support import opaque
from tests.python.hook_support import resident_bytes, sanitized

X = np.arange(4.0)
CALLS = 250_000 if not sanitized() else 500
LIMIT = (2 << 20) // 4


def straight(x):
    y = x + 1
    opaque(y)
    return y


def inner(x):
    y = x + 1
    return opaque(y)


def through_a_callee(x):
    items = [x]
    return inner(x), items


def through_a_handler(x):
    y = x + 1
    try:
        opaque(y).missing
    except AttributeError:
        return y


def yields(x):
    y = x + 1
    yield y
    yield opaque(y)


@pytest.mark.parametrize("function", [straight, through_a_callee, through_a_handler, yields])
def test_a_quarter_of_a_million_calls(function):
    compiled = segue.compile(function)
    finish = list if function is yields else lambda result: result
    for _ in range(200):
        finish(compiled(X))
    gc.collect()
    references, exits, start = sys.getrefcount(X), segue.stats()["exits"], resident_bytes()
    for _ in range(CALLS):
        finish(compiled(X))
    gc.collect()
    grown = resident_bytes() - start
    assert segue.stats()["exits"] - exits >= CALLS
    assert sys.getrefcount(X) == references
    assert sanitized() or grown < LIMIT, f"{grown} bytes"
