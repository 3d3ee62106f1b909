"""backend="native": kernels of complex numbers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.native_support import check

COMPLEX = ["c8", "c16"]

# NumPy gives one NaN or another where several meet, for an element's place in the array. All of these are the one that operators make.
with np.errstate(invalid="ignore"):
    NAN = np.float64(np.inf) - np.float64(np.inf)


def numbers(dtype, count, seed=0):
    """Ordinary ones."""
    rng = np.random.default_rng(seed)
    return (rng.normal(size=count) + 1j * rng.normal(size=count)).astype(dtype)


def special(dtype, seed=0):
    """Pairs of parts of all kinds."""
    part = np.dtype(dtype).type(0).real.dtype
    limits = np.finfo(part)
    parts = np.array([NAN, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.5, limits.max, limits.tiny, limits.smallest_subnormal], part)
    out = np.empty((parts.size, parts.size), dtype)
    out.real, out.imag = parts[:, None], parts
    return np.random.default_rng(seed).permutation(out.ravel())


ARITHMETIC = {
    "sum": lambda x, y: x + y,
    "difference": lambda x, y: x - y,
    "product": lambda x, y: x * y,
    "square": lambda x, y: np.square(x) + y**2,
    "negative": lambda x, y: -x - y,
    "conjugates": lambda x, y: np.conj(x) * y + x.conj() - np.conjugate(y),
    "constants": lambda x, y: (x * 2.5 + y * (1 - 2j)) * 3 + 1j,
    "equal": lambda x, y: (x == y) | (x != x * y),
    "chosen": lambda x, y: np.where(x == y, x * y, x),
    "tests": lambda x, y: np.isnan(x) | np.isinf(y) & np.isfinite(x - y),
    "truth": lambda x, y: (x - y).astype(bool),
    "quotient": lambda x, y: x / y,
    "reciprocal": lambda x, y: np.reciprocal(x) - y**-1,
    "parts": lambda x, y: x.real * y.imag - (x * y).real + np.imag(y),
    "power": lambda x, y: (x * np.conj(x)).real + (x.real**2 + y.imag**2),
    "iteration": lambda x, y: ((x * x + y) * (x * x + y) + y) * x + y,
}


@pytest.mark.parametrize("mode", ["default", "exact"])
@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic(name, dtype, mode):
    for count in (1, 2, 3, 7, 8, 16, 37, 200):
        check(ARITHMETIC[name], numbers(dtype, count), numbers(dtype, count, 1), kernels=1, mode=mode)


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize("name", ["sum", "difference", "product", "square", "equal", "tests", "truth", "chosen", "quotient", "reciprocal", "parts"])
def test_special_values(name, dtype):
    with np.errstate(all="ignore"):
        check(ARITHMETIC[name], special(dtype), special(dtype, 1), kernels=1)


@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize("name", ["sum", "difference", "product", "square", "equal", "tests", "chosen", "quotient", "reciprocal", "parts"])
def test_conditions(name, dtype):
    """What NumPy warns of, for one element of each kind."""
    x, y = special(dtype), special(dtype, 1)
    for i in range(0, x.size, 3):
        check(ARITHMETIC[name], np.full(11, x[i]), np.full(11, y[i]), hits=False)


@pytest.mark.parametrize("other", ["?", "i1", "u2", "i4", "i8", "u8", "f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("dtype", COMPLEX)
def test_mixed_dtypes(dtype, other):
    x, y = numbers(dtype, 37), (np.arange(37) - (0 if other[0] in "?u" else 18)).astype(other)
    for fn in (lambda x, y: x * y + x, lambda x, y: y - x, lambda x, y: np.where(x == y, y, x)):
        check(fn, x, y, kernels=1)
        check(fn, y, x, kernels=1)
    for to in COMPLEX:
        check(lambda x, y: (y * 3).astype(to) + x, x, y, kernels=1)


@pytest.mark.parametrize("value", [2, 2.5, -0.0, 1j, 1e300, 1e300j, complex("nan+infj"), True, np.float32(3), np.complex64(2 - 1j), np.complex128(1j)])
@pytest.mark.parametrize("dtype", COMPLEX)
def test_scalars(dtype, value):
    x = numbers(dtype, 21)
    with np.errstate(invalid="ignore"):
        check(lambda x: x * value, x, hits=False)
        check(lambda x, value: value * x + value, x, value, hits=False)


def test_casts_that_lose_nothing_but_digits():
    x = numbers("c16", 40) * 1e30
    check(lambda x: (x * x).astype("c8"), x, kernels=1, hits=False)
    check(lambda x: (x + 1).astype("c8").astype("c16"), x, kernels=1)
    check(lambda x: (x + 1).astype("f4"), x, breaks=True)   # ComplexWarning


@pytest.mark.parametrize("dtype", COMPLEX)
def test_memory(dtype):
    fn = ARITHMETIC["iteration"]
    x, y = numbers(dtype, 210), numbers(dtype, 210, 1)
    for a, b in ((x[::2], y[::2]), (x[::-1], y), (x[1::3], y[:70]), (x, y[:1]), (x.reshape(10, 21), y[:21]), (x.reshape(10, 21), y[:10, None]),
                 (x.reshape(10, 21).T, y.reshape(21, 10)), (x.reshape(10, 21).T, y.reshape(10, 21).T), (x.reshape(10, 21)[1:-1, 2:-3], y[:16]),
                 (np.broadcast_to(x[:1], 50), y[:50]), (x.reshape(5, 6, 7)[:, ::2, 1:], y[:6]), (x.real, y), (x.imag[::2], y[::2])):
        check(fn, a, b)
    ragged = np.frombuffer(bytearray(x.nbytes + 1), dtype=np.uint8)[1:].view(dtype)
    ragged[:] = x
    check(fn, ragged, y)


@pytest.mark.parametrize("dtype", COMPLEX)
def test_writes(dtype):
    def grow(x, y):
        x *= y
        x += 1j
        return x

    def into(x, y):
        np.multiply(x, y, out=x)
        y[2:-2] = x[2:-2] * 2
        return x, y

    def masked(x, y):
        z = x * y
        z[z == x] = 0
        z -= y
        return z

    for count in (1, 5, 30, 500):
        for fn in (grow, into, masked):
            if count > 4:
                check(fn, numbers(dtype, count), numbers(dtype, count, 1))


def test_threads_and_long_runs():
    x = numbers("c16", 300_000)
    check(ARITHMETIC["iteration"], x, x[::-1].copy(), kernels=1)
    check(ARITHMETIC["chosen"], x.astype("c8"), x[::-1].astype("c8"), kernels=1)
    check(lambda x: x + 1, np.resize(x, 2_000_000), kernels=1)   # stored past the caches


@pytest.mark.parametrize("dtype", COMPLEX)
def test_absolute_values(dtype):
    limits = np.finfo(dtype)
    tiny, large = [scale * numbers(dtype, 300) for scale in (limits.tiny, limits.max / 8)]
    for x in (numbers(dtype, 300), tiny, large, numbers(dtype, 300).real * tiny + 1j * numbers(dtype, 300, 1).real, special(dtype)):
        with np.errstate(all="ignore"):
            check(lambda x: np.abs(x), x, kernels=1, ulp=4, mode="default")
            check(lambda x: abs(x) < 2, x, kernels=1, mode="default")
    check(lambda x: abs(x), x, kernels=0, calls=1, mode="exact")
    exact = np.array([3 + 4j, -6 + 8j, 0, -0.0j, 7, -9j, complex(-np.inf, np.nan)], dtype)
    check(lambda x: abs(x), exact, kernels=1, mode="default")
    for value in special(dtype):
        check(lambda x: abs(x), np.full(9, value), ulp=4, hits=False, mode="default")


PARTS = {
    "a sum": (lambda x: x.real.sum(), 1),
    "sums of what is computed": (lambda x: (x * x).imag.sum(axis=-1), 1),
    "a mean": (lambda x: (x.real * 2 + x.imag).mean(), 1),
    "norms": (lambda x: (x.real**2 + x.imag**2).sum(axis=0), 1),
    "a running sum": (lambda x: x.real.cumsum(axis=-1), 1),
    "any": (lambda x: (x.imag > 2).any(), 1),
    "a part that is returned": (lambda x: (x.real, x.imag * 2), None),
    "a part of what is computed that is returned": (lambda x: ((x * 2).real, x.imag * 2), None),
    "repeated parts": (lambda x: x.real[..., None] * x.imag[..., :1, None], None),
    "positions": (lambda x: (x * 2).imag.argmax(), 1),
    "elements": (lambda x: np.take((x * x).real, [1, 2]), None),
}


@pytest.mark.parametrize("mode", ["default", "exact"])
@pytest.mark.parametrize("dtype", COMPLEX)
@pytest.mark.parametrize("name", PARTS)
def test_parts(name, dtype, mode):
    fn, kernels = PARTS[name]
    x = numbers(dtype, 3000)
    check(fn, x, kernels=kernels, mode=mode)
    for a in (x.reshape(60, 50), x.reshape(60, 50).T, x.reshape(60, 25, 2)[:, ::2], x[::3], x[::-1], x.reshape(10, 6, 50)):
        check(fn, a, mode=mode)


def test_parts_of_what_changes():
    def through_a_view(x):
        part = x.real
        part *= 2
        return part + x.imag

    def behind_a_view(x):
        z = x * 2
        part = z.real
        z[1:3] = 7
        return part * 2, part.sum()

    for fn in (through_a_view, behind_a_view):
        check(fn, numbers("c16", 50))


def test_what_stays_numpys():
    x, y = numbers("c16", 20), numbers("c8", 20, 1)
    for fn in (lambda x, y: np.clip(x * 2, -1, 2), lambda x, y: x < y, lambda x, y: np.maximum(x, y), lambda x, y: x.max(), lambda x, y: np.sign(x) + y,
               lambda x, y: x.argmin(), lambda x, y: np.take(x * y, [1, 2]), lambda x, y: np.sqrt(x) * np.tanh(y), lambda x, y: (x * y).cumsum(),
               lambda x, y: (x * y).prod(), lambda x, y: np.maximum.accumulate(x), lambda x, y: x.std() + y.var(), lambda x, y: x @ y):
        check(fn, x, y)
