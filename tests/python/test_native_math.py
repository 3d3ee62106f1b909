"""Math functions in kernels: at most 4 ULP from the exact results, whatever stands beside an element; NumPy's conditions; none in mode="exact"."""

from __future__ import annotations

import numpy as np
import pytest
from tests.math_accuracy.functions import FUNCTIONS, arguments, special
from tests.math_accuracy.measure import LIMIT, measure
from tests.math_accuracy.native import compute
from tests.plans import plans_of, recorded
from tests.python.engine_support import counts, fresh  # noqa: F401

import segue
from segue.testing import check as check_call

pytest.importorskip("segue.native", reason="the native backend needs llvmlite", exc_type=ImportError)

NATIVE = {"backend": "native", "mode": "default"}
EXACT = {"backend": "native", "mode": "exact"}
NAMES = list(FUNCTIONS)
FLOATS = ["f4", "f8"]
# Our limit and NumPy's own distance.
ULPS = 8


def check(fn, *args, **options):
    segue.reset()
    return check_call(fn, *args, compile_options=NATIVE, ulp=ULPS, **options)


def function_of(name):
    ufunc = FUNCTIONS[name].numpy
    return (lambda x: ufunc(x)) if ufunc.nin == 1 else (lambda x, y: ufunc(x, y))


def ordinary(name, dtype, count, seed=0):
    """Arguments that set no condition."""
    rng = np.random.default_rng(seed)
    if name == "arccosh":
        return [rng.uniform(1, 20, count).astype(dtype)]
    if name in ("arcsin", "arccos", "arctanh"):
        return [rng.uniform(-0.99, 0.99, count).astype(dtype)]
    x = rng.uniform(0.01, 20, count).astype(dtype)
    if name.startswith("log") or name == "power":
        return [x, rng.uniform(-9, 9, count).astype(dtype)][: FUNCTIONS[name].arity]
    return [x * rng.choice([-1, 1], count).astype(dtype), rng.normal(size=count).astype(dtype)][: FUNCTIONS[name].arity]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_accuracy(name, dtype):
    function = FUNCTIONS[name]
    args = arguments(function, dtype, 1500)
    distance = measure(function, args, compute(name, args), checks=10)
    assert distance.ulps <= LIMIT, distance
    assert not distance.wrong


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_special_elements(name, dtype):
    edges = special(dtype)
    args = [edges] if FUNCTIONS[name].arity == 1 else [np.repeat(edges, edges.size), np.tile(edges, edges.size)]
    with np.errstate(all="ignore"):
        check(function_of(name), *args)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_neighbours_and_places_do_not_matter(name, dtype):
    """Each element alone, among others of all kinds, in arrays of all lengths, and in arrays with gaps: the same bits."""
    function = segue.compile(function_of(name), **NATIVE)
    edges = special(dtype)
    rng = np.random.default_rng(1)
    plain = ordinary(name, dtype, 3 * edges.size)
    args = [np.concatenate([arg, edges if k == 0 else rng.permutation(edges)]) for k, arg in enumerate(plain)]
    with np.errstate(all="ignore"):
        together = function(*args)
        order = rng.permutation(together.size)
        np.testing.assert_array_equal(function(*(arg[order] for arg in args)).view(f"u{dtype[1]}"), together[order].view(f"u{dtype[1]}"))
        for count in [*range(2, 20), 31, 32, 33, 63, 64, 65, 127, 129]:
            part = function(*(arg[:count] for arg in args))
            assert part.tobytes() == together[:count].tobytes(), count
            end = function(*(arg[-count:] for arg in args))
            assert end.tobytes() == together[-count:].tobytes(), count
        gaps = [np.repeat(arg, 3)[::3] for arg in args]
        assert function(*gaps).tobytes() == together.tobytes()
        columns = [np.asfortranarray(np.stack([arg, arg])) for arg in args]
        assert np.ascontiguousarray(function(*columns)[1]).tobytes() == together.tobytes()
        one_each = [function(*(np.full(2, arg[i]) for arg in args)) for i in range(0, together.size, 7)]
        assert np.concatenate(one_each)[::2].tobytes() == together[::7].tobytes()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_conditions(name, dtype):
    """Each condition that NumPy reports of a special element is reported, and none else."""
    function = function_of(name)
    edges = special(dtype)
    rng = np.random.default_rng(2)
    values = [edges] if FUNCTIONS[name].arity == 1 else [rng.permutation(edges) for _ in range(2)]
    for setting in ({"all": "raise"}, {"all": "raise", "under": "ignore"}):
        for row in zip(*values, strict=True):
            args = [np.array([v, v], dtype) for v in row]
            segue.reset()
            compiled = segue.compile(function, **NATIVE)
            with np.errstate(**setting):
                seen = [outcome(f, args) for f in (function, compiled)]
            assert seen[0] == seen[1], (row, setting)


def outcome(function, args):
    try:
        function(*args)
    except FloatingPointError as error:
        return str(error)
    return None


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_ordinary_elements_set_no_conditions(name, dtype):
    function = segue.compile(function_of(name), **NATIVE)
    args = ordinary(name, dtype, 200)
    zeros = [np.where(arg > 1, arg, arg.dtype.type(0)) if name not in ("log", "log2", "log10", "arccosh", "power") else arg for arg in args]
    edges = np.array([np.inf, np.nan, 1.0, np.finfo(dtype).tiny, np.finfo(dtype).max], dtype)
    with np.errstate(all="raise"):
        function(*args)
        function(*zeros)
        for length in range(2, 40):
            function(*(arg[:length] for arg in args))
    assert counts("reruns") == (0,)
    with np.errstate(all="raise", under="ignore"):
        for edge in edges if name != "power" else edges[1:]:  # of infinite exponents each of NumPy's loops reports something else
            if outcome(FUNCTIONS[name].numpy, [np.array([edge] * 2)] * len(args)) is None:
                function(*[np.array([edge] * 2)] * len(args))
    assert counts("reruns") == (0,)


@pytest.mark.parametrize("name", NAMES)
def test_exact_mode_calls_numpy(name):
    args = ordinary(name, "f8", 300)
    function = function_of(name)
    check_call(function, *args, compile_options=EXACT)
    segue.reset()
    plans = plans_of(function, *args, **EXACT)
    assert " = call " in plans and "kernel " not in plans
    segue.reset()
    mixed = segue.compile(lambda *given: function(*given) * 2.0 + 1.0, **EXACT)
    with recorded() as plans:
        result = mixed(*args)
    assert any("kernel " in plan and " = call " in plan for plan in plans), plans
    assert result.tobytes() == (function(*args) * 2.0 + 1.0).tobytes()


@pytest.mark.parametrize("dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u8", "f2", "f4", "f8"])
def test_dtypes(dtype):
    x = np.arange(1, 38).astype(dtype)
    with np.errstate(all="ignore"):
        check(lambda x: (np.exp(x), np.log(x), np.sqrt(x) + np.sin(x), np.arctan2(x, 3), np.hypot(x, 2.5)), x)
        check(lambda x, y: (np.power(y, x), y**x, np.power(x, 2.5), 2.0**x, np.arctan2(y, x)), x, np.linspace(0.5, 2, 37))


@pytest.mark.parametrize("exponent", [3, 4, 5, 6])
@pytest.mark.parametrize("dtype", FLOATS)
def test_products_for_powers_are_within_4_ulp(exponent, dtype):
    if np.finfo(np.longdouble).nmant <= np.finfo(dtype).nmant:
        pytest.skip("this platform has no wider float to compare with")
    x = np.random.default_rng(exponent).uniform(1, 2, 1_000_000).astype(dtype)   # all mantissas; the others only differ in the exponent
    result = segue.compile(lambda x: x**exponent, backend="native", mode="default")(x)
    exact = np.prod([x.astype(np.longdouble)] * exponent, axis=0)
    error = np.abs(result - exact) / np.spacing(exact.astype(dtype))
    assert 0.5 <= error.max() <= 4


def test_powers():
    x = np.random.default_rng(0).normal(size=(7, 31))
    with np.errstate(all="ignore"):
        for dtype in FLOATS:
            check(lambda x: (x**3, x**4, x**3.0, x**5, x**6, x**6.0, x**7, x**-2, x**2.5, x**0, x**1, x**-1, x**0.5, np.power(x, 3), np.power(x, 0.5)),
                  x.astype(dtype))
            check(lambda x, y: (x**y, 2.0**y, y**x, np.float32(3) ** y), np.abs(x.astype(dtype)), x.astype(dtype))
        check(lambda x, k: (x**k, np.power(x, k)), x, 2.0)
        check(lambda x, k: (x**k, np.power(x, k)), x, 3)
        # Before NumPy 2.3 the values of 0-d exponents decide the dtype.
        check(lambda x, k: x**k, -np.abs(x), np.array(0.5), breaks=np.lib.NumpyVersion(np.__version__) < "2.3.0")
        check(lambda x, k: x**k, np.arange(5), np.arange(5))
        check(lambda x, k: x**k, np.arange(5), np.arange(5.0))


def test_exact_results():
    integers = np.arange(-20.0, 21.0)
    whole = np.arange(0.0, 40.0)

    def compute(k, n):
        return (np.exp(k * 0), np.exp2(k), np.log(n * 0 + 1), np.log2(2.0**n), np.log10(10.0 ** np.minimum(n, 22)), np.power(3.0, np.minimum(n, 33)),
                np.power(k, 3.0), np.cbrt(k * k * k), np.hypot(k * 3, k * 4), np.hypot(k, 0), np.cos(k * 0), np.power(k, 0.0), np.power(k, 1.0),
                np.sin(k * 0.0), np.tan(k * 0.0), np.arccos(k * 0 + 1), np.arctan2(k * 0.0, k), np.power(2.0, k), np.power(4.0, k * 0.5))

    for dtype in ("f8", "f4"):
        k, n = integers.astype(dtype), whole.astype(dtype)
        for number, (own, plain) in enumerate(zip(segue.compile(compute, **NATIVE)(k, n), compute(k, n), strict=True)):
            if dtype == "f8" or number not in (4, 5, 7):
                assert own.tobytes() == plain.tobytes(), number


def black_scholes(price, strike, time, rate=0.02, volatility=0.3):
    spread = volatility * np.sqrt(time)
    first = (np.log(price / strike) + (rate + volatility * volatility / 2) * time) / spread
    second = first - spread
    return price * (1 + np.tanh(first)) - strike * np.exp(-rate * time) * (1 + np.tanh(second))


def arc_distance(a, b, c, d):
    half = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    return 2 * np.arctan2(np.sqrt(half), np.sqrt(1 - half))


def test_programs():
    rng = np.random.default_rng(0)
    for dtype in FLOATS:
        for count in (2, 5, 33, 64, 1001):
            price, strike, time = (rng.uniform(1, 2, count).astype(dtype) for _ in range(3))
            own = segue.compile(black_scholes, **NATIVE)(price, strike, time)
            np.testing.assert_allclose(own, black_scholes(price, strike, time), atol=4e-6 if dtype == "f4" else 1e-14)
            angles = [rng.uniform(-1, 1, count).astype(dtype) for _ in range(4)]
            own = segue.compile(arc_distance, **NATIVE)(*angles)
            np.testing.assert_allclose(own, arc_distance(*angles), atol=4e-6 if dtype == "f4" else 1e-14)


def test_layouts():
    x = np.random.default_rng(0).uniform(0.1, 3, (6, 35))
    for view in (x, x.T, x[:, ::2], x[::-1, ::-1], np.asfortranarray(x), x[:, :1], x[:, 1:4]):
        check(lambda x: np.exp(-x) * np.log(x), view)
    check(lambda x, y: np.exp(x) * np.arctan2(x, y), x[:, :1] + x[0], x[0])
    check(lambda x: np.sin(x) * np.cos(np.broadcast_to(x[:, :1], x.shape)), x)
    check(lambda x, k: np.exp(x * k) + np.log1p(k + x), x, 0.5)
    check(lambda x: (np.exp(x) > 1.5, np.where(np.sin(x) > 0.5, np.log(x), 0.0)), x)


@pytest.mark.parametrize("count", [1, 7, 8, 31, 32, 33, 64, 100])
def test_elements_with_gaps(count):
    def power(c):
        return np.log10(c.real**2 + c.imag**2 + 1e-12)

    def every_third(x):
        return np.exp(x[:, ::3]), x[:, ::3] > 1, np.sin(x[:, ::3]).astype("f4")

    def added(x):
        return np.exp(x[:, ::2]).sum(axis=0)

    rng = np.random.default_rng(count)
    x = rng.uniform(-2, 3, (5, 3 * count))
    c = (x + 1j * rng.normal(size=x.shape))[:, :count].copy()
    check(power, c, kernels=1)
    check(every_third, x)
    check(added, x)
    # Elements have the same bits wherever they are.
    apart, together = segue.compile(power, **NATIVE)(c), segue.compile(lambda x, y: np.log10(x**2 + y**2 + 1e-12), **NATIVE)(c.real.copy(), c.imag.copy())
    assert apart.tobytes() == together.tobytes()
    for setting in ("warn", "raise"):
        segue.reset()
        with np.errstate(all=setting):
            check(lambda x: np.log(x[:, ::2]), x, hits=None)


def test_mixed_widths():
    """Vectors have as many lanes of float32 as of float64."""
    x = np.linspace(0.1, 2, 70)
    check(lambda x, y, n: (np.exp(x) * x, np.sin(y), np.log(x * y), np.cos(n), np.arctan2(n, 3), x > n), x, x.astype("f4"), np.arange(70, dtype="i4"))


@pytest.mark.parametrize("dtype", FLOATS)
def test_math_in_reductions(dtype):
    """A reduction's kernel calls the same functions, of other widths and of single elements: the bits are those of the stored results."""
    reductions = [lambda v: v.sum(), lambda v: v.sum(axis=0), lambda v: v.mean(axis=1), lambda v: (v > 1).any(axis=0), lambda v: (v > 1).sum(axis=1)]
    rng = np.random.default_rng(0)
    for shape in ((3, 5), (2, 31), (40, 33), (7, 300)):
        x, y = (rng.uniform(0.1, 3, shape).astype(dtype) for _ in range(2))
        values = segue.compile(lambda x, y: np.exp(x) * np.power(x, y) + np.sin(y), **NATIVE)(x, y)
        for number, reduce in enumerate(reductions):
            compiled = segue.compile(lambda x, y, reduce=reduce: reduce(np.exp(x) * np.power(x, y) + np.sin(y)), **NATIVE)
            assert np.asarray(compiled(x, y)).tobytes() == np.asarray(reduce(values)).tobytes(), (shape, number)


def test_softmax():
    def softmax(x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    for dtype in FLOATS:
        x = np.random.default_rng(0).normal(size=(20, 100)).astype(dtype)
        check(softmax, x)


def chains(rng):
    """A program of several operators, each with a value that elements of (0, 4) keep it in."""
    steps = [lambda v, x: np.exp(-v), lambda v, x: np.log1p(v), lambda v, x: np.sin(v) + 1, lambda v, x: v * x, lambda v, x: np.arctan2(v, x),
             lambda v, x: np.hypot(v, x), lambda v, x: np.power(v + 0.5, x), lambda v, x: np.tanh(v), lambda v, x: np.sqrt(v), lambda v, x: v / (x + 1),
             lambda v, x: np.where(v > x, v, np.cbrt(x)), lambda v, x: abs(np.cos(v)), lambda v, x: np.exp2(v - x), lambda v, x: np.log10(v + 1)]
    return [steps[i] for i in rng.integers(0, len(steps), 6)]


@pytest.mark.parametrize("seed", range(30))
def test_fused_operators_give_what_they_give_alone(seed):
    rng = np.random.default_rng(seed)
    steps = chains(rng)
    dtype = FLOATS[seed % 2]
    count = int(rng.integers(2, 200))
    x, y = (rng.uniform(0.01, 4, count).astype(dtype) for _ in range(2))

    def program(x, y):
        value = x
        for step in steps:
            value = step(value, y)
        return value

    alone = x
    with np.errstate(all="ignore"):
        for step in steps:
            alone = segue.compile(step, **NATIVE)(alone, y)
        assert segue.compile(program, **NATIVE)(x, y).tobytes() == alone.tobytes()
