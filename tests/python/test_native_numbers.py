"""backend="native": Python numbers and NumPy scalars in kernels, as constants and as arguments."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.native_support import INTEGERS, check, values

import segue


def test_numbers_that_the_dtype_does_not_hold():
    check(lambda x: x + 300, np.arange(5, dtype="i1"), breaks=True)
    check(lambda x: x * -1, np.arange(5, dtype="u4"), breaks=True)
    check(lambda x: x < 300, np.arange(5, dtype="i1"))
    check(lambda x: x + 1e300, np.arange(5, dtype="f4"), hits=False)
    check(lambda x: x + 1e-300, np.arange(5, dtype="f4"))
    check(lambda x: x * 16777217, np.arange(5, dtype="f4"))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_comparisons_with_integers_that_the_dtype_does_not_hold(dtype):
    def compare(x, k):
        return x < k, x >= k, x == k, x != k, k > x

    for k in (-1, 3, 300, -(2**40), 2**62):
        check(compare, np.arange(2, 9, dtype=dtype), k)


def test_constants_that_are_written_down():
    def mixed(x):
        return ((x >> np.uint32(3)) & np.uint32(0xFFFF)) * np.uint32(2654435761) + np.uint32(True)

    def reals(x):
        return x * np.float32(0.1) + np.float32(2), np.float64(0.1) + x, np.float32(1e39) * x

    def wide(x):
        return (x ^ (x >> np.uint64(31))) * np.uint64(0x94D049BB133111EB) + np.uint64(2**63), np.uint64(2**64 - 1)

    x = values("u4", 67)
    check(mixed, x, kernels=1)
    check(wide, x.astype("u8"), kernels=1, calls=2)   # NumPy makes the one that is a result
    with np.errstate(all="ignore"):
        check(reals, x.astype("f4"))
        check(reals, x.astype("f8"))
    check(lambda x: (np.int8(3), x + np.int8(3), np.sort(x) * np.int8(3), [np.int8(3)]), values("i1", 9))
    check(lambda x: (x // np.int64(7), x > np.bool_(False), np.where(x > np.int16(4), np.int16(4), x)), values("i2", 37))
    check(lambda x: (np.bool_(2) + x, np.bool_(-4) & x, x | np.bool_(0)), values("?", 9))
    for outside in (2**64, -1):
        check(eval(f"lambda x: x + np.uint64({outside})"), x.astype("u8"), breaks=True, hits=None)


def test_constants_that_are_written_to():
    def replaced(x):
        factor = np.asarray(3.0)
        first = x * factor[()]
        factor[...] = 5.0
        return first, x * factor[()], x * factor

    def through_a_view(x):
        factor = np.asarray(3.0)
        view = factor[...]
        view += 1
        return x * factor[()], x + factor

    for function in (replaced, through_a_view):
        check(function, np.arange(5.0))


def test_constants_between_writes():
    def steps(x, y):
        x += np.float32(0.5)
        y[1:] = x[:-1] * np.float32(0.5)
        x[0] = np.float32(0.25)
        y += np.float32(0.5)
        return np.float32(0.5)

    x = np.arange(9, dtype="f4")
    check(steps, x, x.copy())


def test_numbers_that_are_arguments():
    def scale(x, a, b):
        return x * a + b

    x = np.linspace(0, 1, 37)
    check(scale, x, 2.5, -0.0, kernels=1)
    check(scale, x, np.float64(2.5), np.float32(1.1), kernels=1)
    check(scale, x.astype("f4"), 0.1, 0.3)
    check(scale, x.astype("f4"), np.float32(0.1), np.float64(0.3))
    check(scale, x.astype("f4"), 1e39, 0.3, hits=False)   # NumPy warns of the overflow
    check(scale, np.arange(37), np.int32(3), np.int64(-7), kernels=1)
    compiled = segue.compile(scale, backend="native")
    with np.errstate(invalid="ignore"):
        for a in (1.5, np.inf, -2.25):
            np.testing.assert_array_equal(compiled(x, a, 1.0), scale(x, a, 1.0))
