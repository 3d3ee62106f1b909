"""backend="native": running reductions (np.cumsum, np.maximum.accumulate) run inside kernels, with NumPy's bits."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.native_support import ALL, FLOATS, INTEGERS, NATIVE, check, values
from tests.python.native_threads_support import threads
from tests.python.test_native_reductions import mixed

import segue

# Around the lanes of a vector, and the 8 elements from which on rows are taken in vectors.
COUNTS = [1, 2, 7, 8, 9, 17, 64, 1001]


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("count", COUNTS)
def test_sums_and_products(count, dtype):
    x = mixed((count,), dtype)
    with np.errstate(all="ignore"):
        check(lambda x: (np.cumsum(x), (x + x).cumsum(axis=-1), x.cumprod()), x, kernels=1)
        check(lambda x: (np.cumsum(x, dtype="f8"), np.add.accumulate(x)), x, kernels=1)


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
@pytest.mark.parametrize("count", COUNTS)
def test_extremes(count, dtype):
    x = values(dtype, count)
    x[count // 2 :] = x[: count - count // 2][::-1]
    check(lambda x: (np.maximum.accumulate(x), np.minimum.accumulate(x)), x, kernels=1)


@pytest.mark.parametrize("dtype", FLOATS)
def test_which_zero_and_which_nan_is_taken(dtype):
    rng = np.random.default_rng(3)
    bits = "u4" if dtype == "f4" else "u8"
    for count in (2, 5, 23, 90):
        x = rng.choice(np.array([0.0, -0.0, 1, -1, np.nan, np.inf, -np.inf], dtype), count)
        nans = np.isnan(x)
        x.view(bits)[nans] |= rng.integers(0, 100, nans.sum()).astype(bits)
        check(lambda x: (np.maximum.accumulate(x), np.minimum.accumulate(x)), x, kernels=1)
        with np.errstate(all="ignore"):
            check(lambda x: x.cumsum(), np.where(nans, dtype == "f4", x).astype(dtype), hits=False)


@pytest.mark.parametrize("shape", [(4, 9), (3, 1), (1, 20), (5, 130), (2, 3, 8), (3, 4, 5)], ids=str)
def test_last_axis(shape):
    for dtype in ("f8", "i4"):
        x = mixed(shape, dtype)
        check(lambda x: (x.cumsum(axis=-1), (x + x).cumprod(axis=x.ndim - 1)), x, kernels=None if shape[-1] == 1 else 1)
        check(lambda x: (x.cumsum(axis=-1), x.cumsum(axis=0), x.cumsum()), x)
        check(lambda x: x.cumsum(axis=-1), np.asfortranarray(x))
        check(lambda x: (x[:, ::2] * 1).cumsum(axis=-1), x)


def test_what_is_made_of_running_results():
    x = mixed((300,), "f8")
    check(lambda x: (x - np.maximum.accumulate(x)) / 2, x, kernels=1)
    check(lambda x: np.cumsum(np.cumsum(x) * 2) + x, x, kernels=1)
    check(lambda x: (x * x).cumsum() - x[::-1].cumsum(), x)
    check(lambda x: np.min((x - np.maximum.accumulate(x)) / 2), x, kernels=1, mode="default")
    check(lambda x: (np.cumsum(x), np.cumsum(x).sum(), (x + 1).sum()), x)
    check(lambda x: np.arctan(np.cumsum(x)), x, kernels=1, mode="default", ulp=4)
    rows = mixed((30, 40), "f8")
    check(lambda x: (x * 2).cumsum(axis=1).mean(axis=1), rows)
    check(lambda x: (x.cumsum(axis=1), x.cumsum(axis=1).sum(axis=0)), rows)
    check(lambda x: (x.cumsum(axis=1) > 0).any(axis=1), rows, kernels=1)
    check(lambda x: x.cumsum(axis=1) - x.mean(axis=1, keepdims=True), rows)


def test_threads():
    """Rows are whole, whoever runs them."""
    with threads(3):
        check(lambda x: np.cumsum(x), mixed((50_000,), "f8"), kernels=1)
        check(lambda x: x.cumsum(axis=1), mixed((3, 20_000), "f8"), kernels=1)
        check(lambda x: x.cumsum(axis=1), mixed((20_000, 3), "f8"), kernels=1)
        check(lambda x: (np.cumsum(x), x.any()), mixed((50_000,), "i8"), kernels=1)


@pytest.mark.parametrize("setting", ["ignore", "warn", "raise"])
def test_conditions(setting):
    x = np.ones(50)
    x[30:32] = np.inf, -np.inf
    big = np.full(50, 1e308)
    with np.errstate(all=setting):
        check(lambda x: x.cumsum(), x, hits=False)
        check(lambda x: x.cumsum(), big, hits=False)
        check(lambda x: np.maximum.accumulate(x), np.where(x > 1, np.nan, x), hits=False)
        check(lambda x: x.cumprod(), np.full(50, 1e-30), hits=False)


def test_other_arguments_are_numpys():
    x = mixed((6, 8), "f8")
    check(lambda x: (x.cumsum(), x.cumsum(axis=0), np.maximum.accumulate(x, axis=1)), x)
    check(lambda x, out: np.cumsum(x, axis=1, out=out), x, np.empty((6, 8)))
    check(lambda x: (np.cumsum(x, dtype="f4"), x[0].cumsum(dtype="i4")), (x % 5).astype("f8"))
    check(lambda x: (x.cumsum(axis=1), np.logaddexp.accumulate(x[0])), (x % 5).astype("f4"))
    check(lambda x: x.cumsum(axis=1), (x % 5).astype("c16"))
    check(lambda x: np.maximum.accumulate(x > 0), x[0])
    check(lambda x: x.cumsum(), np.empty(0))


def test_sizes_are_symbolic():
    def f(x):
        return x.cumsum(axis=1), np.copysign(1, x).cumprod(axis=-1)

    segue.reset()
    compiled = segue.compile(f, **NATIVE)
    for shape in [(4, 9), (3, 5), (200, 30), (2, 20_000), (0, 3), (9, 2)]:
        x = mixed(shape, "f8") % 2
        for plain, ours in zip(f(x), compiled(x), strict=True):
            np.testing.assert_array_equal(plain.view("u8"), ours.view("u8"), strict=True)
