"""backend="native": reductions run inside kernels, sums with the bits of NumPy's pairwise ones."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from tests.python.native_support import ALL, FLOATS, INTEGERS, NATIVE, check, values

import segue

# NumPy adds up what it casts a buffer of 8192 elements at a time, and before 2.3 all floats.
BUFFERS_FLOATS = np.lib.NumpyVersion(np.__version__) < "2.3.0"
REDUCTIONS = {
    "sum": (np.sum, ALL),
    "mean": (np.mean, ALL),
    "any": (np.any, ALL),
    "all": (np.all, ALL),
    "min": (np.min, INTEGERS),
    "max": (np.max, INTEGERS),
    "prod": (np.prod, ["?", *INTEGERS]),
}
CASES = [(name, dtype) for name, (_, dtypes) in REDUCTIONS.items() for dtype in dtypes]
# Around NumPy's 8 partial sums, its 128 elements and the halves of what is longer; then with dimensions of size 1.
SHAPES = [(1,), (7,), (8,), (17,), (128,), (129,), (1001,), (3, 5), (130, 9), (2, 600), (1, 5), (5, 1), (1, 1), (4, 5, 6), (3, 1, 4), (2, 3, 150)]


def mixed(shape, dtype):
    """Numbers whose sum shows the order in which they were added up."""
    rng = np.random.default_rng(sum(shape))
    if np.dtype(dtype).kind != "f":
        return values(dtype, int(np.prod(shape))).reshape(shape)
    return (rng.normal(size=shape) * 10.0 ** rng.integers(-8, 8, shape)).astype(dtype)


def axes_of(ndim):
    return [None, *(axes for count in range(1, ndim + 1) for axes in itertools.combinations(range(ndim), count))]


@pytest.mark.parametrize("name, dtype", CASES)
def test_dtypes(name, dtype):
    reduce, _ = REDUCTIONS[name]

    def f(x):
        return reduce(x, axis=-1), reduce(x, axis=0, keepdims=True), reduce(x + x, -1)

    check(f, mixed((4, 37), dtype), kernels=1)
    check(lambda x: (reduce(x), reduce(x + x)), mixed((4, 37), dtype), kernels=1)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_shapes_and_axes(shape, order, dtype):
    x = np.asarray(mixed(shape, dtype), order=order)
    for axis, keepdims in itertools.product(axes_of(x.ndim), [False, True]):

        def f(x, axis=axis, keepdims=keepdims):
            return x.sum(axis=axis, keepdims=keepdims), (x * x).mean(axis, keepdims=keepdims), (x > 0).sum(axis)

        # In Fortran order NumPy places dimensions of size 1 by strides that kernels do not look at.
        kernels = 1 if order == "C" or x.flags.c_contiguous or not (1 in shape or keepdims) else None
        check(f, x, kernels=kernels)


LONG = [(8192,), (8193,), (20_011,), (3, 9000), (9000, 3), (2, 3, 9000), (4, 100, 100), (2, 9000, 2), (9000, 1), (1, 9000)]


@pytest.mark.parametrize("dtype", ["?", "i2", "u4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("shape", LONG, ids=str)
def test_buffers(shape, dtype):
    x = mixed(shape, dtype)
    for axis in axes_of(x.ndim):

        def f(x, axis=axis):
            return np.sum(x, axis, dtype="f8"), x.mean(axis, "f8", keepdims=True)

        check(f, x, kernels=1)
        check(lambda x, axis=axis: x.mean(axis), x, kernels=1)
    check(lambda x: (x + x).mean(), np.asfortranarray(x))
    check(lambda x: (x.mean(), (x * 1.5).sum()), x)


def test_buffers_and_sums_without_them_are_kernels_of_their_own():
    x = mixed((20_011,), "i8")
    check(lambda x: (x.mean(), (x * 1.5).sum()), x, kernels=2 if not BUFFERS_FLOATS else 1)
    check(lambda x: ((x * 1.5).sum(), x.mean(), x.sum(), x.any()), x, kernels=2 if not BUFFERS_FLOATS else 1)
    check(lambda x: (x.mean(), (x * 1.5).sum()), x.astype("i2"), kernels=1)


def test_means_of_integers_in_rows_and_with_gaps():
    def f(x):
        return x - x.mean(axis=-1, keepdims=True)

    check(f, mixed((4, 9001), "i8"), kernels=1)
    check(f, mixed((40, 90), "?"), kernels=1)
    check(lambda x: (x.mean(), (x + 1).mean(axis=0)), mixed((400, 90), "u4")[::2, ::3])
    check(lambda x, y: (x < y).mean(axis=0), mixed((400, 90), "f8"), mixed((90,), "f8"), kernels=1)


def test_sums_of_dtypes_that_kernels_do_not_know():
    for dtype in ["f2", "c8", "c16"]:
        x = mixed((30, 40), "f4").clip(-5, 5).astype(dtype)
        check(lambda x: (x.sum(), x.mean(axis=0)), x)
    check(lambda x: (x.sum(dtype="f8"), x.mean(0, "f4")), (mixed((30, 40), "f4") % 7).astype("f2"))
    check(lambda x: (x.sum(dtype="f4"), x.sum(dtype="i8"), x.mean(dtype="f4")), mixed((30, 40), "f4") % 7)


def test_sums_of_zeros_have_numpys_sign():
    def f(x):
        return x.sum(), x.sum(axis=0), x.mean(axis=1), (x + x).sum()

    check(f, np.full((3, 9), -0.0))
    check(f, np.full((1, 9), -0.0))


def test_a_value_is_stored_and_reduced_in_one_run():
    def f(x, y):
        z = x * y + 1
        return z, z.sum(axis=0), z.mean(axis=1), np.any(z > 2, axis=0)

    check(f, mixed((20, 33), "f8"), mixed((20, 33), "f8"), kernels=1)


def test_what_is_reduced_is_used_behind_the_run():
    def f(x):
        centred = x - x.mean(axis=-1, keepdims=True)
        return centred / (centred * centred).mean(axis=-1, keepdims=True)

    check(f, mixed((12, 50), "f8"), kernels=1)


def test_products_that_no_array_holds():
    def f(row, column):
        return (row * column).sum(axis=0), (row + column).sum(axis=1), (row < column).sum()

    check(f, mixed((40,), "f8"), mixed((30, 1), "f8"), kernels=1)


def test_a_sum_of_all_dimensions_takes_them_for_one():
    """Its order needs that: other reductions, repeated elements and gaps are another run's."""
    rows, column, grid = mixed((30, 40), "f8"), mixed((30, 1), "f8"), mixed((60, 80), "f8")
    check(lambda x: ((x * x).sum(), (x * x).mean(), x + 1, np.any(x > 1)), rows, kernels=1)
    check(lambda x: ((x * x).sum(), (x * x).sum(axis=1)), rows, kernels=2)
    check(lambda x: ((x * x).sum(axis=1), (x + x).sum()), rows, kernels=2)
    check(lambda x, y: ((x * x).sum(), x + y), rows, column, kernels=2)
    check(lambda x, y: (x + y).sum(), rows, column, kernels=2)
    check(lambda x, y: (x * y).sum(), grid[::2, ::2], grid[1::2, 1::2])
    check(lambda x, y: ((x + 1) * (y + 1).sum(axis=0), (x + 1) * (y + 1)), rows, rows, kernels=2)
    check(lambda x: ((x * x).sum(axis=(1, 2)), (x + 1).sum(axis=(0, 1, 2))), mixed((5, 6, 7), "f8"), kernels=2)


def test_strided_operands():
    def f(x, y):
        return (x * y).sum(axis=0), (x * y).sum(axis=1)

    grid = mixed((60, 80), "f8")
    check(f, grid[::2, ::2], grid[1::2, 1::2])
    check(f, grid[::-1, ::-3], grid[:, :27])
    check(lambda x, y: (x * y).sum(), grid[3, ::7], grid[::5, 5], kernels=1)


def test_sizes_are_symbolic_down_to_nothing_and_one():
    def f(x):
        return x.sum(axis=1), (x + 1).sum()

    segue.reset()
    compiled = segue.compile(f, **NATIVE)
    for shape in [(4, 9), (3, 5), (200, 300), (5, 1), (1, 7), (0, 3), (3, 0)]:
        x = mixed(shape, "f8")
        for plain, ours in zip(f(x), compiled(x), strict=True):
            assert type(plain) is type(ours) and plain.dtype == ours.dtype
            np.testing.assert_array_equal(np.asarray(plain).view("u8"), np.asarray(ours).view("u8"), strict=True)


def test_axes_that_are_arguments():
    def f(x, axis):
        return (x * x).sum(axis=axis)

    check(f, mixed((20, 30), "f8"), 0, kernels=1)
    check(f, mixed((20, 30), "f8"), -1, kernels=1)
    check(f, mixed((20, 30), "f8"), (0, 1), kernels=1)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("count", [1, 7, 131, 5000])
def test_extremes_of_floats(dtype, count):
    """In the default mode; which of several zeros or NaNs is taken is not told."""

    def f(x):
        return x.max(), x.min(axis=0), (-x).max(axis=1, keepdims=True), np.max(x * 2, axis=(0, 1))

    x = mixed((3, count), dtype)
    special = x.copy()
    special[1, 0], special[2, -1], special[0, count // 2] = np.inf, np.nan, -np.inf
    for array in (x, special, np.full_like(x, -np.inf), np.full_like(x, np.nan), np.zeros_like(x)):
        with np.errstate(all="raise", over="ignore"):
            check(f, array, kernels=1, mode="default", ulp=1)
            check(f, array, mode="exact")


@pytest.mark.parametrize("setting", ["ignore", "warn", "raise"])
@pytest.mark.parametrize("special", [[np.inf, -np.inf], [1e308, 1e308], [np.nan]], ids=["invalid", "overflow", "nan"])
def test_conditions(setting, special):
    x = np.ones((6, 40))
    x[2, : len(special)] = special

    def f(x):
        return x.sum(axis=1), (x * 1).mean()

    with np.errstate(all=setting):
        check(f, x, hits=False)


def test_a_mean_of_nothing_warns_as_numpy_does():
    def f(x):
        return (x * 2).mean()

    check(f, np.ones(0), breaks=True, hits=False)


def test_results_are_numpys_scalars():
    def f(x, k):
        return x.sum(), (k * 2).sum(), (x > 0).any(), k.max()

    total, double, some, most = segue.compile(f, **NATIVE)(np.ones(5), np.arange(5, dtype="i2"))
    assert [type(value) for value in (total, double, some, most)] == [np.float64, np.int64, np.bool_, np.int16]
    check(f, np.ones(5), np.arange(5, dtype="i2"))


@pytest.mark.parametrize("dtype", FLOATS)
def test_sums_are_as_accurate_as_pairwise_ones(dtype):
    x = np.random.default_rng(5).lognormal(size=100_003).astype(dtype)
    total = segue.compile(lambda x: (x + 0).sum(), **NATIVE)(x)
    exact = sum(map(Fraction, x.tolist()))
    assert abs(Fraction(float(total)) - exact) <= exact * Fraction(float(np.finfo(dtype).eps)) * 8


def test_long_runs_of_reductions_are_the_same_for_every_call():
    def f(x):
        return (x * x).sum()

    x = mixed((70_001,), "f4")
    compiled = segue.compile(f, **NATIVE)
    assert len({compiled(x).tobytes() for _ in range(5)} | {f(x).tobytes()}) == 1


def test_arrays_without_elements_in_any_order():
    for shape in [(0, 3, 3), (3, 0, 3), (3, 3, 0)]:
        for axes in itertools.permutations(range(3)):
            x = np.zeros(shape, "i4").transpose(axes)
            for axis in range(3):
                check(lambda x, axis=axis: (x.any(axis=axis), x.sum(axis=axis), (x * 2).all(axis=axis, keepdims=True), x + 1), x)
                check(lambda x, y, axis=axis: np.square(y, out=x).any(axis=axis), x, x.copy())


def test_scalars_made_of_sums_do_not_end_a_kernel():
    def norms(x):
        length = np.sqrt((x * x).sum())
        return length, length * 2.0, np.abs(x).max()

    def scaled(x):
        length = np.sqrt((x * x).sum())
        return (x + 1).sum(), x / length, length

    def written(x):
        length = np.sqrt((x * x).sum())
        x += 1
        return length, x, length - x.sum()

    def drawn(x, generator):
        length = np.sqrt(x.sum()) + generator.normal()
        return length, (x * 2).sum(), generator.normal()

    x = np.linspace(0.1, 3, 1001)
    check(norms, x, kernels=1, mode="default")
    check(scaled, x, kernels=2)
    check(written, x)
    check(drawn, x, np.random.default_rng(0))
    for setting in ("warn", "raise", "ignore"):
        with np.errstate(all=setting):
            check(norms, np.array([1e200, -1e200]), hits=setting == "ignore")
            segue.reset()
            check(lambda x: (np.sqrt(x.sum()), np.abs(x).max()), -x, hits=setting == "ignore")
