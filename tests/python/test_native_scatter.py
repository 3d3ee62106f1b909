"""backend="native": what is added up at indices, `np.bincount`."""

from __future__ import annotations

import gc
import os
import tracemalloc

import numpy as np
import pytest
from tests.guard_pages import VARIABLE
from tests.python.native_support import INTEGERS, NATIVE, check
from tests.python.native_threads_support import COUNTS, bits, threads

import segue

SIZES = [1, 2, 3, 7, 8, 9, 15, 16, 17, 127, 128, 129, 500, 512, 513, 1025]
SAFE = [dtype for dtype in INTEGERS if dtype != "u8"]


def indices(count, most, dtype="i8", seed=0):
    return np.random.default_rng(seed).integers(0, most + 1, count).astype(dtype)


def weights(count, seed=1):
    """Whose sums depend on the order in which they are added up."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=count) * 10.0 ** rng.integers(-12, 12, count)


def counted(index):
    return np.bincount(index)


def weighed(index, weight):
    return np.bincount(index, weight), np.bincount(index + 1, weights=weight * 0.5, minlength=9)


@pytest.mark.parametrize("dtype", ["?", *SAFE])
def test_dtypes(dtype):
    for most in (1, 100):
        index = indices(77, min(most, 1 if dtype == "?" else most), dtype)
        check(counted, index, kernels=1)
        check(lambda index: np.bincount(index, minlength=50), index, kernels=1)
    for weight_dtype in ("f8", "f4", "i4", "u1", "?"):
        check(lambda index, weight: np.bincount(index, weight), index, weights(77).clip(0, 100).astype(weight_dtype), kernels=1)


@pytest.mark.parametrize("count", SIZES)
def test_sizes(count):
    index = indices(count, 40)
    check(counted, index, kernels=1)
    check(lambda x: np.bincount((x * 64.0).astype(np.int64), minlength=64), np.random.default_rng(0).random(count), kernels=1)


@pytest.mark.parametrize("count", SIZES)
def test_weights_are_added_in_order(count):
    check(weighed, indices(count, 3), weights(count))
    check(lambda index, weight: np.bincount(index, np.exp(weight / 1e12)), indices(count, 3), weights(count))


@pytest.mark.parametrize("bins", [0, 1, 7, 64, 1000])
def test_least_number_of_bins(bins):
    index = indices(100, 63)
    check(lambda index, bins: np.bincount(index, minlength=bins), index, bins)
    check(lambda index, bins: np.bincount(index, minlength=bins * 2) + 1, index, bins)


FORMS = {
    "used": lambda index, weight: np.bincount(index) * 2,
    "several": lambda index, weight: (np.bincount(index), np.bincount(index, weight), np.bincount(index % 3)),
    "sum": lambda index, weight: (np.bincount(index), weight.sum(), (index * 2).max()),
    "mean": lambda index, weight: np.bincount(index, weight) / np.bincount(index).sum(),
    "position": lambda index, weight: (np.bincount(index, weight), weight.argmax(), np.bincount(index).argmax()),
    "also_stored": lambda index, weight: (index + 1, np.bincount(index + 1)),
    "strided": lambda index, weight: np.bincount(index[::2], weight[::-2]),
    "flat": lambda index, weight: np.bincount(np.ravel(index), weight.ravel()),
    "gathered": lambda index, weight: np.bincount(index, weight)[index],
    "scanned": lambda index, weight: (np.cumsum(index), np.bincount(index)),
    "pairwise": lambda index, weight: ((weight * 2).sum(), np.bincount(index, weight * 2)),
    "divided": lambda index, weight: np.bincount(index // 3 % 5),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [1, 5, 16, 300, 3000])
def test_forms(form, count):
    check(FORMS[form], indices(count, 20), weights(count))


def test_more_bins_than_before():
    """How many there are depends on the data: fewer, as many and more than the runs before have needed."""
    segue.reset()
    compiled = segue.compile(counted, **NATIVE)
    compiled(indices(50, 5))
    for most in (5, 5, 63, 64, 7, 1000, 0, 3, 70_000, 2, 2):
        index = np.append(indices(50, most), most)
        got, want = compiled(index), counted(index)
        assert got.shape == want.shape == (most + 1,)
        assert np.array_equal(got, want) and got.flags.owndata and got.base is None
    assert segue.stats()["reruns"] == 0


def test_bins_of_each_result_grow():
    def both(index, other):
        return np.bincount(index), np.bincount(other), (index + other).sum()

    compiled = segue.compile(both, **NATIVE)
    for most, other in ((3, 3), (3, 90), (90, 3), (200, 300), (1, 1)):
        args = np.append(indices(50, most), most), np.append(indices(50, other, seed=2), other)
        for got, want in zip(compiled(*args), both(*args), strict=True):
            assert np.array_equal(got, want) and got.shape == want.shape


@pytest.mark.parametrize("place", [0, 5, 99])
def test_errors(place):
    index = indices(100, 9)
    index[place] = -1
    check(counted, index, hits=None)
    check(lambda index: np.bincount(index * 2, minlength=100), index, hits=None)
    check(lambda index, bins: np.bincount(abs(index), minlength=bins), index, -1, hits=None)
    check(weighed, abs(index), weights(99), breaks=True, hits=None)
    check(counted, np.array([2**62]), hits=None)


def test_nothing_is_counted():
    check(counted, indices(0, 5))
    check(lambda index: np.bincount(index, minlength=7), indices(0, 5))
    check(weighed, indices(0, 5), weights(0))


def test_conditions_of_sums_are_not_reported():
    """NumPy's bincount does not look at them."""
    index = indices(100, 3)
    with np.errstate(all="raise"):
        for special in (np.inf, -np.inf, np.nan, 1e308):
            weight = weights(100)
            weight[::7] = special
            weight[3] = -special
            check(lambda index, weight: np.bincount(index, weight), index, weight, kernels=1)


def test_arguments_written():
    def counts_into(out, index):
        out[0] = np.bincount(index).sum()
        out[1:] = index[:7] * 2
        return out.sum(), np.bincount(index + out[0])

    check(counts_into, np.zeros(8, np.int64), indices(100, 7))


def test_any_number_of_threads():
    index, weight = indices(300_000, 50), weights(300_000)
    compiled = segue.compile(lambda index, weight: (np.bincount(index * 2, weight), (weight * 2).sum()), **NATIVE)
    results = []
    for count in COUNTS:
        with threads(count):
            compiled(index, weight)
            results.append(bits(compiled(index, weight)))
    assert all(result == results[0] for result in results)
    assert np.array_equal(compiled(index, weight)[0], np.bincount(index * 2, weight))


@pytest.mark.skipif(VARIABLE in os.environ, reason="memory between guard pages is not counted")
def test_memory():
    """Bins that are dropped are freed, and no run leaves any behind."""
    compiled = segue.compile(lambda index: (np.bincount(index), index.max() + 1), **NATIVE)
    few, many, bad = indices(50, 5), np.append(indices(50, 5), 4000), np.append(indices(50, 5), -1)

    def calls(count):
        for i in range(count):
            compiled((few, many)[i % 2])
            if i % 10 == 0:
                with pytest.raises(ValueError, match="negative"):
                    compiled(bad)

    calls(100)
    gc.collect()
    tracemalloc.start()
    try:
        calls(50)
        before = tracemalloc.get_traced_memory()[0]
        calls(1000)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 50_000
    finally:
        tracemalloc.stop()
