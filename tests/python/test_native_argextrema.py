"""backend="native": argmin and argmax run inside kernels and give NumPy's very positions."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.native_support import FLOATS, INTEGERS, NATIVE, check, values
from tests.python.native_threads_support import COUNTS as COUNTS_OF_THREADS
from tests.python.native_threads_support import bits, threads

import segue

NUMBERS = [*INTEGERS, *FLOATS]
# Around the 8 elements from which on rows are taken in vectors, these, and four of them.
COUNTS = [*range(1, 71), 127, 128, 129, 255, 256, 257, 300, 513, 1001]


def both(x):
    return x.argmin(), np.argmax(x)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_counts(dtype):
    for count in COUNTS:
        check(both, values(dtype, count, seed=count), kernels=1)


@pytest.mark.parametrize("dtype", ["?", *NUMBERS])
def test_every_place(dtype):
    """The only extreme at each place in turn; and all elements alike, the least of their dtype, say."""
    f = segue.compile(lambda x, y: ((x & y if x.dtype == bool else x * y).argmax(), (x & y if x.dtype == bool else x * y).argmin()), **NATIVE)
    one = np.array(1, dtype)
    for count in (5, 8, 31, 70, 130, 600):
        for place in range(count):
            x = np.zeros(count, dtype)
            x[place] = 1
            assert f(x, one) == (place, 0 if place else int(count > 1))
    if dtype != "?":
        limits = np.iinfo(dtype) if np.dtype(dtype).kind in "iu" else np.finfo(dtype)
        ends = [limits.min, limits.max] + ([np.inf, -np.inf, np.nan] if dtype in FLOATS else [])
        for end in ends:
            for count in (1, 7, 40, 300, 5000):
                check(both, np.full(count, end, dtype), kernels=1)


@pytest.mark.parametrize("dtype", NUMBERS)
def test_ties(dtype):
    """Of equal elements the first; zeros are equal, whatever their signs."""
    rng = np.random.default_rng(1)
    for count in (3, 9, 33, 70, 257, 2000):
        for kinds in (2, 3, 50):
            x = rng.integers(0, min(kinds, 100), count).astype(dtype)
            check(both, x, kernels=1)
            if dtype in FLOATS:
                check(both, np.copysign(x, rng.integers(0, 2, count) - 0.5).astype(dtype), kernels=1)
                check(both, np.copysign(np.zeros(count), rng.integers(0, 2, count) - 0.5).astype(dtype), kernels=1)


@pytest.mark.parametrize("dtype", FLOATS)
def test_nans(dtype):
    """The first NaN, of either sign and with any payload, even behind an infinity."""
    rng = np.random.default_rng(2)
    for count in (1, 4, 9, 33, 70, 300, 2000):
        for place in {0, 1 % count, count // 2, count - 1}:
            x = rng.normal(size=count).astype(dtype)
            x[rng.integers(0, count)] = np.inf
            x[rng.integers(0, count)] = -np.inf
            x[place] = np.nan
            check(both, x, kernels=1)
            x[place:] = np.copysign(np.nan, rng.integers(0, 2, count - place) - 0.5)
            check(both, x, kernels=1)
    signaling = np.zeros(100, dtype)
    signaling.view("u4" if dtype == "f4" else "u8")[[40, 60]] = 0x7F800001 if dtype == "f4" else 0x7FF0000000000001
    with np.errstate(all="raise"):
        check(both, signaling, kernels=1)
        check(lambda x: (x.argmin(axis=0), np.argmax(x, axis=1)), signaling.reshape(10, 10))


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("shape", [(3, 5), (1, 20), (20, 1), (1, 1), (9, 8), (4, 33), (40, 70), (3, 300), (300, 3), (5, 1001), (2, 3, 4), (7, 9, 11), (3, 1, 40)], ids=str)
def test_axes(dtype, shape):
    x = values(dtype, int(np.prod(shape)), seed=sum(shape)).reshape(shape)
    x[x.shape[0] // 2 :] = x[: x.shape[0] - x.shape[0] // 2]   # ties
    for axis in range(-1, len(shape) - 1):
        check(lambda x, axis=axis: (np.argmin(x, axis=axis), x.argmax(axis, keepdims=True)), x)
    check(lambda x: (np.argmin(x), x.argmax(keepdims=True)), x)


def test_axes_in_one_kernel():
    x = values("f8", 30 * 70).reshape(30, 70)
    check(lambda x: (x.argmin(axis=1), x.argmin(axis=0), x.argmin()), x, kernels=1)
    check(lambda x: np.argmin(x, axis=0), x, kernels=1)
    check(lambda x: x.argmax(axis=-1, keepdims=True), x, kernels=1)
    rows = values("i4", 24 * 10).reshape(4, 6, 10)
    check(lambda x: x.argmin(axis=1), rows, kernels=1)
    check(lambda x: x.argmin(axis=0), rows, kernels=1)


def test_memory_order():
    """Positions count in C order, however the memory lies."""
    x = values("f8", 20 * 33).reshape(20, 33)
    x[10:] = x[:10]
    for given in (x, np.asfortranarray(x), x.T, x[::2], x[:, ::3], x[::-1], x[:, ::-1], x[3:, 5:]):
        check(both, given)
        check(lambda x: (x.argmin(axis=0), x.argmax(axis=1)), given)
        check(lambda x: ((x * 2).argmin(), np.argmax(x + 1, axis=1), np.argmin(x - 1, axis=0)), given, hits=False)
    flat = values("i2", 400)
    for given in (flat[::2], flat[::-1], flat[::-3], flat[5:]):
        check(both, given)
        check(lambda x: (x + 1).argmax(), given)
    check(lambda x: np.argmin(x.T * 2), np.ones((5, 9)).cumsum(axis=0) % 3)
    check(lambda x: (x * 2).argmax(), np.asfortranarray(np.arange(60.0).reshape(5, 12) % 7), kernels=1)


def test_fused():
    x = values("f8", 500)
    x = np.nan_to_num(np.clip(x, -2, 2))
    check(lambda x, c: np.argmin((x - c) ** 2), x, 0.25, kernels=1)
    check(lambda x: (x.argmin(), x.sum(), x > 0, (x * 2).argmax()), np.clip(x, -1, 1), kernels=1)
    check(lambda x: (x.min(), x.argmin(), x.mean()), np.clip(x, -1, 1), kernels=1, mode="default")
    check(lambda x: ((x > 0).argmax(), (x > 1e300).argmin()), x, kernels=1)
    check(lambda x, y: np.argmax(x + y, axis=1), np.ones((9, 40)) * 2, values("i4", 40), kernels=1)
    check(lambda x: x[int(np.argmax(x * x))], x, breaks=True, hits=False)
    check(lambda x: (x.argmax(), np.cumsum(x)), np.clip(x, -1, 1))
    check(lambda x: x.astype("f4").argmin(), np.clip(x, -1, 1), kernels=1)
    check(lambda x: np.argmin(np.exp(x) - 3 * x), np.linspace(-4, 4, 999), kernels=1, mode="default")


def test_with_sums_of_bytes_and_long_rows():
    """Positions of bytes are counted over so many turns of a loop only."""
    for count in (70_000, 200_003):
        for place in (3, count // 2, count - 1):
            x = np.zeros(count, "i1")
            x[place] = 1
            check(lambda x: (x.argmax(), x.argmin()), x, kernels=1)
            check(lambda x: (x.argmax(), x.mean(), x.sum()), x)
            check(lambda x: (x.argmax(axis=1), x.argmax(axis=0)), np.stack([x[::-1], x, x]))
            check(lambda x: (x.argmax(), x.astype("f4").sum()), x)


def test_stages():
    """Rows that several kernels run over one after the other."""
    x = np.clip(values("f8", 40 * 50), -3, 3).reshape(40, 50)
    x[np.isnan(x)] = 0
    x[7, 20:] = np.nan

    def f(x):
        centred = x - x.mean(axis=1, keepdims=True)
        return centred.argmax(axis=1, keepdims=True), (centred * 2 - centred.argmin(axis=1, keepdims=True)).argmin(axis=1, keepdims=True)

    check(f, x, kernels=1)
    check(lambda x: (x / x.max(axis=1, keepdims=True)).argmin(axis=1), np.abs(x) + 1, mode="default")
    with threads(3):
        check(f, np.tile(x, (20, 1)), kernels=1)


def test_empty():
    functions = [lambda x: x.argmin(), lambda x: (x * 2).argmax(axis=1), lambda x: (x * 2).argmax(axis=0), lambda x: np.argmin(x + 1, keepdims=True)]
    for function in functions:
        check(function, np.empty((3, 0)), breaks=True, hits=False)
        check(function, np.empty((0, 3)), breaks=True, hits=False)
        f = segue.compile(function, **NATIVE)
        f(np.ones((3, 4)))
        with pytest.raises(ValueError, match="attempt to get argm"):
            f(np.empty((0, 0)))
    check(lambda x: np.argmin(x, axis=0), np.array(3.0))
    check(lambda x: x.argmax(), np.array(3.0))


@pytest.mark.parametrize("dtype", ["i1", "u2", "i4", "f4", "f8"])
def test_threads(dtype):
    """The same positions for any number of threads."""
    rng = np.random.default_rng(5)
    functions = [both, lambda x: np.argmin(x.reshape(-1, 100), axis=1), lambda x: np.argmax(x.reshape(50, -1), axis=0),
                 lambda x: (x.reshape(100, -1)[:, 1:] * 2).argmax()]
    for kinds in (2, 100):
        x = rng.integers(0, kinds, 60_000).astype(dtype)
        if dtype in FLOATS and kinds == 100:
            x[[41_111, 50_000]] = np.nan
        for function in functions:
            expected = bits(function(x))
            f = segue.compile(function, **NATIVE)
            for count in COUNTS_OF_THREADS:
                with threads(count):
                    assert bits(f(x)) == expected
            with threads(3):
                check(function, x)


def test_results_do_not_share_memory():
    f = segue.compile(lambda x: (x.argmin(axis=0), x.argmax(axis=0)), **NATIVE)
    x = np.arange(12.0).reshape(3, 4)
    first = f(x)
    second = f(-x)
    assert [a.tolist() for a in first] == [[0] * 4, [2] * 4] and [a.tolist() for a in second] == [[2] * 4, [0] * 4]


def test_many_rows_in_memory_are_numpys():
    x = np.random.default_rng(0).normal(size=(400, 64))
    check(lambda x: x.argmin(axis=1), x, kernels=0, calls=1)
    check(lambda x: (x * 2).argmin(axis=1), x, kernels=1)
    check(lambda x: x.argmin(axis=0), x, kernels=1)
