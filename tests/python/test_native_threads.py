"""Kernels in several threads: the same bits for any number of them, whatever the form of the kernel."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.native_support import NATIVE, check, values
from tests.python.native_threads_support import COUNTS, bits, counts, in_place, normalized, same_in_all, threads

import segue

# --- forms of kernels -----------------------------------------------------------------------------------------------------

SIZES = [4096, 5000, 12_345, 100_003]
#: Before NumPy 2.3 all sums of floats are those of its buffers, one after the other: less than two are not cut.
BUFFERED_SUMS = np.lib.NumpyVersion(np.__version__) < "2.3.0"


@pytest.mark.parametrize("dtype", ["?", "i1", "i8", "f4", "f8"])
@pytest.mark.parametrize("size", SIZES)
def test_maps(dtype, size):
    x, y = values(dtype, size), values(dtype, size, seed=1)
    same_in_all(lambda x, y: np.where(x > y, x, y), x, y)


def test_maps_with_several_results_of_other_dtypes():
    x, y = values("f8", 20_000), values("f4", 20_000, seed=1)
    same_in_all(lambda x, y: (x * y + 1, x > y, -y), x, y)


@pytest.mark.parametrize("shape, index", [
    ((40_000,), np.s_[::2]),
    ((40_000,), np.s_[::-1]),
    ((200, 200), np.s_[:, 3:150]),
    ((200, 200), np.s_[3:150:2, ::3]),
    ((2, 20_000), np.s_[:, :-1]),
    ((20_000, 2), np.s_[:-1]),
    ((20_000, 4), np.s_[:, :3]),
    ((20, 30, 100), np.s_[:, ::2, :99]),
])
def test_maps_of_arrays_with_gaps(shape, index):
    x = values("f8", int(np.prod(shape))).reshape(shape)

    def part(x):
        y = x[index]
        return y * 0.5 + abs(y)

    same_in_all(part, x)
    if x.ndim == 2:
        same_in_all(lambda x: x.T * 0.5 - x.T, x)


def test_maps_that_repeat_elements():
    x, y = values("f8", 300)[:, None], values("f8", 200, seed=1)
    same_in_all(lambda x, y: x * y - x, x, y)
    same_in_all(lambda x, y: x * y - x, values("f8", 60_000).reshape(3, 100, 200), values("f8", 100, seed=1)[:, None])
    same_in_all(lambda x, s: x * s, values("f4", 30_000), np.float32(3))
    same_in_all(lambda x, s: x * s, values("f8", 30_000), 2.5)


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_math_functions(dtype, step):
    x = np.abs(values(dtype, 50_001))[::step]
    same_in_all(lambda x: np.exp(-x) + np.log(x) * np.sin(x), x, mode="default")


def test_writes_to_arrays_of_the_function():
    def masked(x):
        z = x * 2
        z[z > 1] = 0
        z += x
        return z

    same_in_all(masked, values("f8", 30_000))


def test_writes_to_arguments():
    """They are computed twice: for the floating-point status, then, at the commit, for good."""
    x, y = np.random.default_rng(8).normal(size=(2, 100_001))
    expected = x * y + 1
    for count in COUNTS:
        with threads(count):
            before = counts()["runs"]
            check(in_place, x, y, mode="exact")
            compiled = segue.compile(in_place, **NATIVE)
            for _ in range(3):
                z = x.copy()
                compiled(z, y)
                assert bits(z) == bits(expected)
            assert (counts()["runs"] > before) == (count > 1)


# --- scalars: reductions of everything ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [*SIZES, 65_536, 262_143])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_scalars_that_are_sums(dtype, size):
    x = np.random.default_rng(size).normal(size=size).astype(dtype)
    cut = size > 8192 or not BUFFERED_SUMS
    same_in_all(lambda x: (x * x).sum(), x, cut=cut)
    same_in_all(lambda x: (x - 1).mean(), x, cut=cut)


@pytest.mark.parametrize("size", [*SIZES, 8192, 16_385, 262_143])
def test_scalars_that_numpy_sums_buffer_by_buffer(size):
    rng = np.random.default_rng(size)
    x, y = rng.normal(size=size).astype("f4"), rng.integers(-(2**62), 2**62, size)
    same_in_all(lambda x: x.sum(dtype="f8"), x, cut=size > 8192)
    same_in_all(lambda y: y.mean(), y, cut=size > 8192)
    same_in_all(lambda x: (x.sum(dtype="f8"), x.max()), x, cut=size > 8192, mode="default")


def test_scalars_of_arrays_with_gaps():
    x = np.random.default_rng(0).normal(size=100_000)
    same_in_all(lambda x: (x * x).sum(), x[::3])
    same_in_all(lambda x: (x * x).sum(), x.reshape(100, 1000).T)


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_scalars_that_are_sums_of_zeros(zero):
    same_in_all(lambda x: (x * 1.0).sum(), np.full(10_000, zero))


def test_scalars_and_arrays_of_one_kernel():
    x = np.random.default_rng(0).normal(size=50_000)

    def several(x):
        y = x * 2 + 1
        return y, y.sum(), (y > 0).any(), (y * y).mean()

    same_in_all(several, x)


@pytest.mark.parametrize("name", ["sum", "prod", "min", "max", "any", "all"])
@pytest.mark.parametrize("dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_scalars_of_integers(dtype, name):
    x = values(dtype, 20_011) | np.dtype(dtype).type(1)
    same_in_all(lambda x: getattr(x & x, name)(), x)


@pytest.mark.parametrize("name", ["min", "max"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_scalars_that_are_extremes_of_floats(dtype, name):
    """Which of several zeros or NaNs it is depends on how a run is cut: always in the same way."""
    rng = np.random.default_rng(5)
    for special in (False, True):
        x = rng.normal(size=70_001).astype(dtype)
        if special:
            x[rng.integers(0, x.size, 20)] = np.nan
            x[rng.integers(0, x.size, 20)] = -np.nan
        else:
            x = (np.abs(x) if name == "min" else -np.abs(x)) * 1
            x[rng.integers(0, x.size, 50)] = 0.0
            x[rng.integers(0, x.size, 50)] = -0.0
        same_in_all(lambda x: getattr(x * 1, name)(), x, mode="default")


def test_scalars_over_several_axes():
    x, y = values("i4", 300)[:, None], values("i4", 200, seed=1)
    same_in_all(lambda x, y: (x ^ y).max(), x, y)
    same_in_all(lambda x, y: (x > y).all(), x, y)


def test_scalars_of_math_functions():
    x = np.random.default_rng(0).normal(size=60_000)
    same_in_all(lambda x: np.exp(x).sum(), x, mode="default")
    same_in_all(lambda x: np.exp(x).max(), x, mode="default")


# --- reductions along axes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(100, 200), (3, 10_000), (10_000, 3), (2, 5000), (5, 100, 40), (100, 5, 40), (2, 3, 4000)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_reductions_along_axes(shape, order):
    x = np.asarray(np.random.default_rng(1).normal(size=shape), order=order)
    for axis in range(x.ndim):
        for name in ("sum", "mean"):
            compiled = []
            for count in COUNTS:
                with threads(count):
                    fn = lambda x, axis=axis, name=name: getattr(x * x, name)(axis=axis)  # noqa: E731
                    check(fn, x, mode="exact")
                    compiled.append(bits(segue.compile(fn, **NATIVE)(x)))
            assert compiled[0] == compiled[1] == compiled[2]


def test_reductions_along_axes_run_in_threads():
    x = np.random.default_rng(1).normal(size=(200, 3000))
    same_in_all(lambda x: (x * x).sum(axis=0), x)
    same_in_all(lambda x: (x * x).sum(axis=1), x)
    same_in_all(lambda x: (x * x).sum(axis=1, keepdims=True), x)
    same_in_all(lambda x: (x > 0).any(axis=0), x)
    y = x.reshape(20, 10, 3000)
    same_in_all(lambda y: (y * y).sum(axis=1), y)
    same_in_all(lambda y: (y * y).sum(axis=(0, 1)), y)
    same_in_all(lambda y: (y * 2, y.max(axis=1)), (y * 1000).astype("i8"))
    # One result, of floats: no axis is left.
    same_in_all(lambda x: (x * x).sum(axis=1), x.reshape(1, -1), cut=False)


# --- rows: kernels with stages ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(300, 64), (2, 5000), (3, 5000), (5, 7, 300), (100, 2, 50), (1, 100, 100)])
def test_rows(shape):
    x = np.random.default_rng(2).normal(size=shape)
    same_in_all(normalized, x)
    same_in_all(lambda x: (normalized(x), x.mean(axis=-1, keepdims=True)), x)


def test_rows_of_math_functions():
    def softmax(x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    same_in_all(softmax, np.random.default_rng(2).normal(size=(400, 50)), mode="default")


def test_one_row_has_nothing_to_share():
    same_in_all(normalized, np.random.default_rng(2).normal(size=(1, 5000)), cut=False)
