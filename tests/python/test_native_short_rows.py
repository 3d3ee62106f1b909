"""backend="native": many rows in one call of a kernel: short ones, and several that are combined at a time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.python.native_support import ALL, NATIVE, check
from tests.python.test_native_reductions import mixed

import segue

# Around the 4 rows that are combined at a time, and the lanes of a vector.
ROWS = [1, 3, 4, 5, 8, 11]
COLUMNS = [1, 2, 7, 8, 16, 33]


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "i8", "?"])
def test_several_rows_at_a_time(dtype):
    for rows, columns in itertools.product(ROWS, COLUMNS):
        x = mixed((rows, columns), dtype)
        check(lambda x: (x.sum(axis=0), x.any(axis=0), (x + x).mean(axis=0)), x, kernels=1)
        check(lambda x: (x * x).sum(axis=1), np.asfortranarray(x))


def test_several_rows_with_other_outputs():
    x, column, row = mixed((11, 37), "f8"), mixed((11, 1), "f8"), mixed((37,), "f8")
    check(lambda x, c, r: ((x * c + r).sum(axis=0), x * c), x, column, row, kernels=1)
    check(lambda x, c: (x < c).sum(axis=0), x, column, kernels=1)
    check(lambda x: ((x + 1).sum(axis=0), (x + 1).sum(axis=1), x + 1), x, kernels=1)
    check(lambda x: (x.min(axis=0), x.max(axis=0), x.sum(axis=0)), x.astype("i4"), kernels=1)
    check(lambda x, c: (x * c).sum(axis=0), x[::2, ::3], column[::2])
    check(lambda x, c: (x * c).sum(axis=0), x[::-1, ::-1], column)


def test_more_rows_than_a_cache_has():
    check(lambda x: (x.sum(axis=0), x.min(axis=0)), mixed((20_003, 9), "f8").astype("i8"), kernels=1)
    check(lambda x: (x * x).sum(axis=0), mixed((20_003, 9), "f8"), kernels=1)
    check(lambda x: (x * x).sum(axis=0), mixed((301, 600), "f8"), kernels=1)


@pytest.mark.parametrize("shape", [(5, 6, 7), (9, 4, 16), (4, 9, 3), (1, 5, 3)], ids=str)
def test_several_rows_of_blocks(shape):
    """Rows beside each other in a block have elements of their own in the outputs."""
    x, first = mixed(shape, "f8"), mixed(shape[:2] + (1,), "f8")
    for axis in [0, 1, (0, 1)]:
        check(lambda x, y, axis=axis: (x * y).sum(axis=axis), x, first, kernels=1)
        check(lambda x, axis=axis: (x + 1).sum(axis=axis), x, kernels=1)


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 128, 129])
def test_short_rows(count, dtype):
    x = mixed((13, count), dtype)
    check(lambda x: (x.sum(axis=1), x.mean(axis=-1, keepdims=True), x.all(axis=1)), x, kernels=1 if dtype != "i8" and dtype != "u8" else None)
    check(lambda x: np.sum(x + x, axis=1), mixed((3, 5, count), dtype)[:, 1])
    check(lambda x, y: (x * y, (x * y).sum(axis=2)), mixed((3, 5, count), dtype), mixed((5, 1), dtype), kernels=1)


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "?"])
@pytest.mark.parametrize("count", [2, 3, 5, 7])
def test_short_rows_that_are_reduced_together(count, dtype):
    """A lane for each row, with values that change from row to row only, others that do not, and longer rows behind the first call."""

    def f(x, row, column):
        value = x * row + column
        return value.sum(axis=-1), (value == x).any(axis=-1), value

    segue.reset()
    compiled = segue.compile(f, **NATIVE)
    for rows, columns in [(20, count), (7, count), (8, count), (33, count), (3, 40), (16, 8), (17, 2)]:
        x, row, column = mixed((rows, columns), dtype), mixed((columns,), dtype), mixed((rows, 1), dtype)
        for got, want in zip(compiled(x, row, column), f(x, row, column), strict=True):
            np.testing.assert_array_equal(got, want, strict=True)
    x = mixed((4, 19, count), dtype)
    check(lambda x: (x + x).sum(axis=2), x, kernels=1)
    check(lambda x: ((x + x).sum(axis=2), (x + x).sum(axis=0)), x)
    check(lambda x: ((x == x[0]).sum(axis=(1, 2)), (x == x[0]).any(axis=(0, 2))), x)
    check(lambda x: (x[::2, ::-1] + x[::2]).sum(axis=2), x)


def test_short_rows_without_a_reduction():
    x = mixed((50, 3), "f8")
    check(lambda x: (x - x[0]) * x[:, 1:2], x)
    check(lambda x: np.arctan(x / x[0]), x, ulp=4, mode="default")
    check(lambda x: x - x.mean(axis=0), x, kernels=2)
    check(lambda x: x / np.sqrt((x * x).sum(axis=1, keepdims=True)), x)
    check(lambda x, y: ((x[:, None, :] - y) ** 2).sum(axis=-1), x, mixed((7, 3), "f8"))
    check(lambda x: np.where(x > 0, x, x[0]), x[::2, ::-1])


@pytest.mark.parametrize("setting", ["ignore", "raise"])
def test_conditions_of_short_rows(setting):
    x = np.ones((9, 3))
    x[7, 1:] = np.inf, -np.inf
    with np.errstate(all=setting):
        check(lambda x: (x.sum(axis=1), x.sum(axis=0)), x, hits=False)


def test_sizes_of_rows_are_symbolic():
    def f(x):
        return (x + 1).sum(axis=0), (x * 2).mean(axis=1)

    segue.reset()
    compiled = segue.compile(f, **NATIVE)
    for shape in [(5, 3), (300, 2), (2, 300), (4, 9), (1, 3), (3, 1), (17, 129)]:
        x = mixed(shape, "f8")
        for plain, ours in zip(f(x), compiled(x), strict=True):
            np.testing.assert_array_equal(plain.view("u8"), ours.view("u8"), strict=True)


@pytest.mark.parametrize("dtype", ["f8", "f4", "u1", "i8", "?"])
def test_rows_of_any_length_that_are_stored(dtype):
    """The last vector of a row overlaps the one before; how many elements one takes depends on the row when the kernel was made."""
    def neighbours(x, row):
        return x[1:-1, 1:-1] + x[:-2, 2:] * row, x[2:, :-2] == x[1:-1, 1:-1]

    lengths = [2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 47, 64, 65, 129]
    for made_with in (2, 9, 200):
        compiled = segue.compile(neighbours, **NATIVE)
        for length in [made_with, *lengths]:
            x, row = mixed((5, length + 2), dtype), mixed((length,), dtype)
            for got, want in zip(compiled(x, row), neighbours(x, row), strict=True):
                np.testing.assert_array_equal(got, want, strict=True)
        segue.reset()
    check(neighbours, mixed((5, 11), dtype), mixed((9,), dtype), kernels=1)
    check(neighbours, mixed((5, 21), dtype)[:, ::2], mixed((17,), dtype)[::-2])
    check(neighbours, np.asfortranarray(mixed((21, 5), dtype)), mixed((3,), dtype))
