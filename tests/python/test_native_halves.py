"""backend="native": float16 in kernels has NumPy's bits, and reports what NumPy's conversions report."""

from __future__ import annotations

import numpy as np
import pytest
from tests.plans import recorded
from tests.python.native_support import INTEGERS, NATIVE, check, kernel_count
from tests.python.native_threads_support import same_in_all

import segue
from segue import _segue

ALL_HALVES = np.arange(65536, dtype="u2").view("f2")
# Zeros, the least numbers and the greatest, infinities, NaNs (quiet and signaling), ones, thirds, and factors whose product is just below 2**-14.
SPECIAL = np.array([0, 0x8000, 1, 0x8001, 0x3FF, 0x400, 0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00, 0x7D00, 0xFE55, 0xFD01, 0x3C00, 0xBC00, 0x3555,
                    0x3801, 0x07FE, 0x0A00, 0x68AB], "u2").view("f2")   # fmt: skip
SIGNALING = [0x7D00, 0xFD01]
COUNTS = [1, 2, 3, 5, 8, 17, 37]
SUMS = np.lib.NumpyVersion(np.__version__) >= "2.3.0"   # before that NumPy rounds sums in other places


@pytest.fixture(params=["instructions", "bits"])
def conversions(request):
    """Kernels for processors with instructions that convert float16, and without."""
    testing = _segue._testing
    testing.set_without_half_conversions(request.param == "bits")
    yield request.param
    testing.set_without_half_conversions(False)


def observed(fn, *args):
    """The result's dtype, shape and bits, and the conditions that the user is told of."""
    conditions = []
    with np.errstate(all="call", call=lambda kind, flag: conditions.append(kind)):
        result = fn(*args)
    return (type(result), result.dtype, result.shape, np.asarray(result).tobytes()), sorted(conditions)


def same(fn, *args, kernels=1, mode="exact"):
    """As plain NumPy to the bit, silent or not, and by kernels."""
    plain, conditions = observed(fn, *args)
    segue.reset()
    compiled = segue.compile(fn, mode=mode, **NATIVE)
    with recorded() as plans, np.errstate(all="ignore"):
        silent = compiled(*args)
    assert (kernel_count(plans) > 0) == (kernels > 0), plans
    assert (type(silent), silent.dtype, silent.shape, np.asarray(silent).tobytes()) == plain
    before = segue.stats()["reruns"]
    assert observed(compiled, *args) == (plain, conditions)
    # What NumPy does not report no kernel does: it would run for nothing, again and again.
    assert conditions or segue.stats()["reruns"] == before


def pairs(both_nan=True):
    rng = np.random.default_rng(0)
    a = np.concatenate([np.repeat(SPECIAL, SPECIAL.size), rng.integers(0, 65536, 20_000).astype("u2").view("f2")])
    b = np.concatenate([np.resize(SPECIAL, SPECIAL.size**2), rng.integers(0, 65536, 20_000).astype("u2").view("f2")])
    keep = both_nan | ~(np.isnan(a) & np.isnan(b))
    return a[keep], b[keep]


UNARY = {
    name: getattr(np, name)
    for name in "sqrt floor ceil trunc rint square reciprocal negative absolute sign isnan isinf isfinite signbit".split()
} | {
    "power of 2": lambda x: x**2,
    "power of 0.5": lambda x: x**0.5,
    "power of -1": lambda x: x**-1,
    "times -1": lambda x: x * -1,
    "plus 0": lambda x: x + 0,
    "a line": lambda x: x * 2 + 1.5,
    "clip": lambda x: np.clip(x, -1.5, 2),
    "clip at zero": lambda x: np.clip(x, 0, 1),
    "clip below": lambda x: np.clip(x, 0, None),
    "a chain": lambda x: np.sqrt(np.abs(x * 3 - 1)) / (x + 0.25),
    "chosen": lambda x: np.where(x > 0.5, x, -x),
}


@pytest.mark.parametrize("name", UNARY)
def test_all_numbers(name, conversions):
    same(lambda x: UNARY[name](x), ALL_HALVES)


BINARY = "subtract divide maximum minimum copysign less less_equal equal not_equal greater greater_equal".split()


@pytest.mark.parametrize("name", BINARY)
def test_pairs(name, conversions):
    same(lambda x, y: getattr(np, name)(x, y), *pairs())


@pytest.mark.parametrize("name", ["add", "multiply"])
def test_pairs_of_which_one_is_a_number(name, conversions):
    """Of two NaNs a processor gives the first, and compilers swap operands."""
    same(lambda x, y: getattr(np, name)(x, y), *pairs(both_nan=False))


@pytest.mark.parametrize("dtype", ["?", "i4", "i8", "f4", "f8"])
def test_casts_of_all_numbers(dtype, conversions):
    same(lambda x: x.astype(dtype), ALL_HALVES)


def around(dtype):
    """Numbers around those where something changes, and others of all kinds."""
    unsigned = {"f4": "u4", "f8": "u8"}[dtype]
    edges = [0.0, 2.0**-24, 2.0**-25, 2.0**-14, 2.0**-14 * (1 - 2.0**-12), 2.0**-14 * (1 - 2.0**-11), 65504, 65520, 65536, 1.0, 1 + 2.0**-11, 2.0**-120]
    edges = np.array([*edges, *(3 * 2.0**-25 * np.arange(1, 100)), *np.linspace(1, 2, 100), np.finfo(dtype).max, np.inf], dtype)
    bits = np.concatenate([edges.view(unsigned) + np.array(step, "i8").astype(unsigned) for step in (-2, -1, 0, 1, 2)])
    rng = np.random.default_rng(0)
    random = rng.integers(0, np.iinfo(unsigned).max, 50_000, unsigned).view(dtype)
    near = (rng.uniform(1, 2, 50_000) * 2.0 ** rng.integers(-27, 18, 50_000)).astype(dtype)
    out = np.concatenate([bits.view(dtype), random, near])
    return np.concatenate([out, -out])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_casts_of_floats(dtype, conversions):
    same(lambda x: x.astype("f2"), around(dtype))
    finite = around(dtype)
    finite = finite[(np.abs(finite) < 65504) & (np.abs(finite) > 2.0**-14)]
    same(lambda x: x.astype("f2"), finite)


@pytest.mark.parametrize("dtype", ["?", *INTEGERS])
def test_casts_of_integers(dtype, conversions):
    bits = np.dtype(dtype).itemsize * 8
    rng = np.random.default_rng(0)
    x = rng.integers(0, 1 << 16, 5000).astype(dtype) if bits < 32 else (rng.integers(0, 1 << 62, 5000) >> rng.integers(0, 62, 5000)).astype(dtype)
    same(lambda x: x.astype("f2"), x)
    same(lambda x, y: x * y, np.resize(SPECIAL, x.size), x)


def test_operands_of_other_dtypes(conversions):
    x, y = pairs(both_nan=False)
    same(lambda x, y: x + y, x, y.astype("f4"))
    same(lambda x, y: x * y, x, y.astype("f8"))
    same(lambda x, y: x - y, x, np.float16(0.3))
    same(lambda x, y: x * y, x, 0.3)
    same(lambda x, y: x + y, x, 30000)
    same(lambda x, y: np.where(x < y, y, x), x, 1)


@pytest.mark.parametrize("number", [1e-8, 1e-5, 2.0**-24, 65519.0, 65520.0, 1e6, -1e300, 70000, 2049, -65505, 10**12])
def test_numbers_that_are_cast(number):
    """What a number that is no float16 becomes is reported as NumPy does: whether it is known to the compiler or given."""
    x = np.array([1.0, -2.0, 0.5], "f2")
    for fn, args in ((lambda x: x + number, (x,)), (lambda x, y: x + y, (x, number))):
        assert observed(segue.compile(fn, mode="exact", **NATIVE), *args) == observed(fn, *args)


CONDITIONS = {
    "overflow": lambda x: x * x * 300,
    "underflow": lambda x: x / 60000 / 60,
    "underflow that is rounded away": lambda x: (x * 0 + SPECIAL[18]) * (x * 0 + SPECIAL[17]),
    "division by zero": lambda x: x / (x - x),
    "invalid": lambda x: np.sqrt(-x),
    "overflow in a cast": lambda x: (x.astype("f4") * 1e4).astype("f2"),
    "underflow in a cast": lambda x: (x.astype("f8") * 1e-9).astype("f2"),
    "nothing": lambda x: (x + x) * 0.5 - x / 4,
    "nothing in sums": lambda x: x.sum(),
    "an unused product": lambda x: (x * x * 300, x + 1)[1],
    "an arm that is not chosen": lambda x: np.where(True, x + 1, x * x * 300),
    "a comparison with itself": lambda x: np.isfinite(x * x * 300) & np.False_,
}


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions(name, count, conversions):
    x = np.linspace(15, 23, count).astype("f2")
    same(CONDITIONS[name], x, kernels=int(SUMS or name != "nothing in sums"))
    same(lambda x: CONDITIONS[name](x + 0), np.repeat(x, 2)[::2])


def test_conditions_of_what_stands_in_other_lanes(conversions):
    """Single elements are converted by instructions for several."""
    rng = np.random.default_rng(0)
    for shape in [(300, 100), (40, 9), (1000, 3), (33, 257)]:
        x = rng.normal(size=shape).astype("f2")
        same(lambda x: x.sum(axis=1), x, kernels=int(SUMS))
        same(lambda x: (x + x)[:, 0], x)
        same(lambda x: x.max(axis=1), x, mode="default")
        same(lambda x: x.cumsum(axis=1), x)


SHAPES = [(1,), (5,), (8,), (129,), (1000,), (20_003,), (13, 3), (13, 7), (13, 8), (100, 300), (5, 6, 7), (3, 1, 5), (70, 2000)]


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sums(shape, order):
    rng = np.random.default_rng(0)
    x = np.asarray((rng.normal(size=shape) * 0.5).astype("f2"), order=order)
    axes = [None, *range(len(shape)), *([(0, 1), (0, 2), (1, 2)] if len(shape) == 3 else [])]
    for axis in axes:
        check(lambda x: x.sum(axis=axis), x, mode="exact")
        check(lambda x: (x * x).sum(axis=axis, keepdims=True), x, mode="exact")
        check(lambda x: (x.mean(axis=axis), x.any(axis=axis), (x > 0).all(axis=axis)), x, mode="exact")
        check(lambda x: (x.sum(axis=axis, dtype="f4"), x.sum(axis=axis, dtype="f8")), x, mode="exact")
        check(lambda x: (x.min(axis=axis), x.max(axis=axis)), x, mode="default")
    check(lambda x: (x.sum(), (x + x).sum(axis=0)), x[::2], mode="exact")


def test_sums_run_in_kernels():
    x = np.ones((30, 40), "f2")
    check(lambda x: (x * 2).sum(), x, kernels=1 if SUMS else None)
    check(lambda x: ((x * 2).sum(axis=0), (x + 1).sum(axis=1)), x, kernels=1 if SUMS else None)
    check(lambda x: (x * 2).sum(dtype="f4"), x, kernels=1)
    check(lambda x: ((x * 2).min(), (x * 2).max(axis=1)), x, kernels=1, mode="default")
    check(lambda x: ((x * 2).any(), (x * 2).all(axis=1)), x, kernels=1)


@pytest.mark.parametrize("shape", [(1,), (7,), (100,), (5000,), (20, 5), (5, 20), (70, 90)], ids=str)
def test_positions_and_running_results(shape):
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=shape).astype("f2")
    for x in (numbers, rng.choice(SPECIAL, shape), rng.choice(SPECIAL[[0, 1]], shape), np.full(shape, np.nan, "f2"), np.full(shape, -np.inf, "f2")):
        for axis in (None, *range(len(shape))):
            with np.errstate(all="ignore"):
                check(lambda x: ((-x).argmin(axis=axis), (-x).argmax(axis=axis)), x, kernels=1)
        if len(shape) == 1:
            check(lambda x: (np.maximum.accumulate(x), np.minimum.accumulate(-x)), x, kernels=1, mode="exact")
    check(lambda x: (x.cumsum(axis=-1), (x * 0.5).cumprod(axis=-1)), numbers, kernels=1, mode="exact")


def test_threads():
    rng = np.random.default_rng(0)
    x = rng.normal(size=300_000).astype("f2")
    same_in_all(lambda x: x * x + 1, x)
    same_in_all(lambda x: (x * x).sum(), x, cut=not SUMS)
    same_in_all(lambda x: (x * x).sum(axis=1), x.reshape(-1, 100))
    same_in_all(lambda x: ((x * x).max(), x.min()), x, mode="default")
    same_in_all(lambda x: (x * x).argmax(), x)


FUNCTIONS = "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh cbrt".split()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_within_one_unit(name, conversions):
    """Rounded from float32; NumPy's are, too, or a unit beside that."""
    function = getattr(np, name)
    segue.reset()
    with recorded() as plans, np.errstate(all="ignore"):
        result, plain = segue.compile(lambda x: function(x), mode="default", **NATIVE)(ALL_HALVES), function(ALL_HALVES)
        exact = function(ALL_HALVES.astype("f8")).astype("f2")
    assert kernel_count(plans) == 1
    places = [np.where(x.view("i2") < 0, -(x.view("i2") & 0x7FFF), x.view("i2")).astype("i4") for x in (result, plain, exact)]
    known = ~np.isnan(exact)
    assert (np.isnan(result) == np.isnan(plain)).all()
    assert np.abs(places[0] - places[1])[known].max() <= 1
    # Nearly always the number next to the exact result.
    assert (places[0] != places[2])[known].mean() < 0.001


def test_functions_of_pairs_are_within_one_unit(conversions):
    x, y = pairs()
    quiet = ~np.isin(x.view("u2"), SIGNALING) & ~np.isin(y.view("u2"), SIGNALING)   # where C libraries differ
    x, y = x[quiet], y[quiet]
    for name in ("arctan2", "hypot", "power"):
        function = getattr(np, name)
        with np.errstate(all="ignore"):
            result, plain = segue.compile(lambda x, y: function(x, y), mode="default", **NATIVE)(x, y), function(x, y)
        places = [np.where(one.view("i2") < 0, -(one.view("i2") & 0x7FFF), one.view("i2")).astype("i4") for one in (result, plain)]
        assert (np.isnan(result) == np.isnan(plain)).all()
        assert np.abs(places[0] - places[1])[~np.isnan(plain)].max() <= 1


def test_exact_functions_are_numpys():
    check(lambda x: np.exp(x) + 1, np.linspace(-1, 1, 37).astype("f2"), kernels=1, calls=1, mode="exact")


def test_writes_and_views():
    def in_place(x, y):
        x += y
        x[1:-1] = x[:-2] * 0.5 + x[2:] * 0.25
        x[x > 3] = 3
        return x

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 9, 40)).astype("f2")
    check(in_place, x, y)
    check(lambda x, y: np.multiply(x, y, out=x), x, y)
    check(lambda x, y: (x.T + 1, x[:, ::-1] * y, x[::2, 1::3] - 1), x, y)
    check(lambda x, y: x * y[:, :1] + y[0], x, y, kernels=1)
    check(lambda x, k: x[k] * 2, x[0], np.array([2, 0, 1, -1]), kernels=1)
    check(lambda x: (x - x.mean(axis=-1, keepdims=True)) / x.std(axis=-1, keepdims=True), x)
    check(lambda x: (x.var(), x.std(axis=0)), x)
    check(lambda x: x + 1, np.empty((0, 3), "f2"))


@pytest.mark.parametrize("dtype", ["i1", "u1", "?"])
def test_functions_of_small_integers(dtype):
    """NumPy computes these in float16."""
    x = np.arange(100).astype(dtype)
    check(lambda x: np.sqrt(x), x, kernels=1, mode="exact")
    with np.errstate(all="ignore"):
        check(lambda x: (np.floor(np.sqrt(x) / 3), np.exp(x)), x)


def test_gaps(conversions):
    """Elements with gaps are loaded one by one, or with what lies between them."""
    rng = np.random.default_rng(0)
    for step in (2, 3, 4, 7, -1):
        x, y = rng.normal(size=(2, 400)).astype("f2")
        same(lambda x, y: x * y + x, x[::step], y[::step])
        same(lambda x: (x + x).sum(), x[::step])
        same(lambda x: x.astype("f4"), x[::step])
        same(lambda x: x.astype("f2"), x.astype("f8")[::step])
