"""backend="native": operators on single floats, which plans compute without NumPy."""

from __future__ import annotations

import gc
import operator
import tracemalloc
import warnings

import numpy as np
import pytest
from tests.plans import recorded
from tests.python.native_support import NATIVE, check

import segue

VALUES = [0.0, -0.0, 1.0, -2.5, 3.7, np.inf, -np.inf, np.nan, 1e308, 5e-324, -1e-200, 2.0**53 + 2]
BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, np.add, np.subtract, np.multiply, np.divide]
UNARY = [operator.neg, abs, np.negative, np.absolute, np.sqrt]
OTHERS = [2.5, -0.0, 3, -1, 2**62 + 1]


def float_steps(fn, *args):
    """How many of the plan's steps compute single floats."""
    segue.reset()
    with recorded() as plans, np.errstate(all="ignore"):
        segue.compile(fn, **NATIVE)(*args)
    return sum("float." in line for plan in plans for line in plan.splitlines())


@pytest.mark.parametrize("fn", BINARY)
def test_operators(fn):
    def compute(x, y, other):
        first, second = x.sum(), y.sum()
        return fn(first, second), fn(first, other), fn(other, second), fn(first, 3.0), fn(2, second)

    assert float_steps(compute, np.ones(3), np.ones(3), 2.0) == 5
    with np.errstate(all="ignore"):
        for first in VALUES:
            for second in VALUES:
                if np.isnan(first) and np.isnan(second):
                    continue
                check(compute, np.array([first]), np.array([second]), OTHERS[VALUES.index(second) % len(OTHERS)])
        for other in (*OTHERS, np.float64(4.5)):
            check(compute, np.array([1.5]), np.array([2.5]), other)


@pytest.mark.parametrize("fn", UNARY)
def test_operators_of_one(fn):
    def compute(x):
        return fn(x.sum()), fn(x.sum()) + 1

    assert float_steps(compute, np.ones(3)) == 2
    with np.errstate(all="ignore"):
        for value in VALUES:
            check(compute, np.array([value]))
            check(compute, np.array([-value]))


def root_mean_square(x):
    return np.sqrt((x * x).sum() / x.size)


def test_chains():
    x = np.random.default_rng(0).normal(size=100)
    assert float_steps(root_mean_square, x) == 2
    check(root_mean_square, x, kernels=1)
    check(lambda x, y: ((x * y).sum() - x.sum() * y.sum() / x.size) / np.sqrt((x * x).sum() * (y * y).sum()), x, x[::-1].copy(), kernels=None)
    check(lambda x, s: (x.mean() * s + 1.0, x - (x.sum() / s), -x.max()), x, np.float64(2.5))
    check(lambda x: 4.0 * (x > 0).mean(), x)


def test_other_dtypes_are_numpys():
    for dtype in ("f4", "i8", "c16"):
        x = np.arange(5).astype(dtype)
        assert float_steps(lambda x: x.sum() * x.max(), x) == 0
        check(lambda x: (x.sum() * x.max(), x.sum() + 1.5, 2 / (x.sum() + 1)), x)
    check(lambda x: x.sum() * np.int64(3), np.arange(5.0))
    check(lambda x: x.sum() * True, np.arange(5.0))
    check(lambda x: x.sum() * 2**70, np.arange(5.0), breaks=True, hits=None)


@pytest.mark.parametrize("setting", ["warn", "ignore", "raise"])
def test_conditions_are_numpys(setting):
    """Also those of one operator behind another, and those that nothing reports."""

    def compute(x, y):
        quotient = x.sum() / y.sum()
        return quotient, np.sqrt(x.sum()), x.sum() * 1e300 * 1e300, quotient - quotient

    with np.errstate(all=setting), warnings.catch_warnings():
        warnings.simplefilter("always")
        for first, second in ((1.0, 2.0), (1.0, 0.0), (0.0, 0.0), (-1.0, 2.0), (1e300, 1e-300), (np.nan, 1.0)):
            check(compute, np.array([first]), np.array([second]), hits=None)


def test_memory():
    """What comes between is freed, also where a condition drops the run."""
    compiled = segue.compile(root_mean_square, **NATIVE)
    good, bad = np.ones(50), np.full(50, 1e200)

    def calls(count):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for i in range(count):
                compiled(bad if i % 10 == 0 else good)

    calls(100)
    gc.collect()
    tracemalloc.start()
    try:
        calls(50)
        before = tracemalloc.get_traced_memory()[0]
        calls(2000)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 20_000
    finally:
        tracemalloc.stop()
