"""backend="native": np.var and np.std run as the steps that NumPy makes, in kernels and with NumPy's bits."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.plans import plans_of
from tests.python.native_support import ALL, FLOATS, NATIVE, check
from tests.python.test_native_reductions import axes_of, mixed

import segue

SHAPES = [(2,), (131,), (9000,), (4, 9), (300, 41), (3, 5, 40), (4, 1, 9)]


@pytest.mark.parametrize("dtype", ALL)
def test_dtypes(dtype):
    def f(x):
        return x.var(axis=0), np.std(x, axis=-1, keepdims=True), x.var(-1, ddof=2)

    check(f, mixed((9, 37), dtype) // (1 if dtype == "?" else 2) if dtype not in FLOATS else mixed((9, 37), dtype))
    check(lambda x: x.var(), mixed((9, 37), dtype), kernels=2)
    check(lambda x: x.std(), mixed((9, 37), dtype), kernels=2, calls=int(dtype == "f4"))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes_and_axes(shape, order, dtype):
    x = np.asarray(mixed(shape, dtype), order=order)
    for axis, keepdims, ddof in itertools.product(axes_of(x.ndim), [False, True], [0, 1]):
        if axis is not None and np.prod([shape[i] for i in axis]) <= ddof:
            continue

        def f(x, axis=axis, keepdims=keepdims, ddof=ddof):
            return x.std(axis=axis, keepdims=keepdims, ddof=ddof), np.var(x, axis, ddof=ddof, keepdims=keepdims)

        check(f, x)


def test_kernels():
    x = mixed((300, 41), "f8")
    check(lambda x: x.std(axis=0), x, kernels=3)
    check(lambda x: x.std(axis=1, keepdims=True), x, kernels=1)
    check(lambda x: x.var(axis=0, ddof=1), x, kernels=3)
    check(lambda x: x.var(axis=0, ddof=1), x.astype("f4"), kernels=3)
    check(lambda x: x.var(ddof=1), x, kernels=2)
    check(lambda x: x.std(ddof=1), x.astype("f4"), kernels=2, calls=3)
    check(lambda x: (x - x.mean(axis=0)) / x.std(axis=0), x, kernels=4)
    check(lambda x: (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True), x, kernels=1)
    check(lambda x: (x * 2).std(axis=0), np.asfortranarray(x))
    check(lambda x: (x + 1).std(axis=(0, 1)), x[::2, ::3])


def test_a_step_of_the_functions_own_runs_once():
    def f(x):
        mean = x.mean(axis=0)
        return mean, x - mean, x.var(axis=0), x.std(axis=0)

    check(f, mixed((30, 40), "f8"), kernels=3)


def test_what_is_used_behind_a_variance():
    """Steps made late stand where the call stood."""

    def f(x, y):
        a = x + y
        s = a.std(axis=0)
        b = s * 2 + y[0]
        return b / s, a * b, a.var(axis=0, ddof=1) + b

    check(f, mixed((30, 40), "f8"), mixed((30, 40), "f8"))


def test_ddof_that_is_an_argument():
    def f(x, ddof):
        return x.var(ddof=ddof), x.std(axis=0, ddof=ddof)

    for ddof in (0, 1, 3, -1):
        check(f, mixed((5, 40), "f8"), ddof)
        check(f, mixed((5, 40), "f4"), ddof)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_large_counts_are_divided_in_double(dtype):
    x = mixed((40_003,), dtype)
    check(lambda x: (x.std(ddof=1), x.var(ddof=7)), x)
    check(lambda x: (x.std(axis=1, ddof=1), x.var(axis=0)), x[:40_000].reshape(20, -1))


@pytest.mark.parametrize("setting", ["ignore", "warn", "raise"])
@pytest.mark.parametrize("special", [[np.inf], [1e200, -1e200], [1e308, 1e308], [np.nan], [1e-200, 0.0]], ids=str)
def test_conditions(setting, special):
    x = np.zeros((6, 40))
    x[2, : len(special)] = special

    def f(x):
        return x.std(axis=1), x.var(axis=0)

    with np.errstate(all=setting):
        check(f, x, hits=False)
        check(lambda x: x.std(), x, hits=False)


def test_what_numpy_warns_of_is_left_to_it():
    check(lambda x: x.std(ddof=3), np.ones(3), breaks=True, hits=False)
    check(lambda x: x.var(axis=0), np.ones((0, 3)), breaks=True, hits=False)
    check(lambda x: x.var(axis=1, ddof=5), np.ones((2, 5)), breaks=True, hits=False)
    check(lambda x: x.var(axis=1), np.ones((0, 3)))


def test_sizes_are_symbolic():
    def f(x):
        return x.std(), x.var(axis=0), x.std(axis=1, ddof=1)

    segue.reset()
    compiled = segue.compile(f, **NATIVE)
    for shape in [(4, 9), (3, 5), (200, 300), (2, 20_000), (9, 2)]:
        x = mixed(shape, "f8")
        for plain, ours in zip(f(x), compiled(x), strict=True):
            np.testing.assert_array_equal(np.asarray(plain).view("u8"), np.asarray(ours).view("u8"), strict=True)


def test_other_arguments():
    x = mixed((12, 20), "f8")
    check(lambda x: x.std(axis=0, dtype="f4"), x)
    check(lambda x: np.var(x, 1, np.float64), x)
    check(lambda x, out: x.std(axis=0, out=out), x, np.empty(20))
    check(lambda x: x.var(axis=0), (x % 7).astype("f2"))
    check(lambda x: x.var(axis=0), x.astype("c16"))
    check(lambda x: (x[3, 4:5].std(), x[0].var()), x)


def test_an_array_of_everything_is_never_stored():
    """Two passes over the array: its deviations are no array."""
    plans = plans_of(lambda x: x.std(), np.arange(100.0), **NATIVE)
    assert "empty" not in plans and plans.count("kernel 1") >= 1
