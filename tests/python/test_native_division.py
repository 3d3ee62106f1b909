"""backend="native": floor division and remainders of integers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.native_support import INTEGERS, check, values

import segue


def dividends(dtype, divisors):
    """The limits, numbers of all sizes, and those around multiples of the divisors."""
    limits = np.iinfo(dtype)
    near = [0, 1, 2, 3, -1, -2, limits.max, limits.max - 1, limits.min, limits.min + 1]
    near += [sign * k * divisor + offset for divisor in divisors for k in (1, 2, 5, 77) for offset in (-1, 0, 1) for sign in (1, -1)]
    held = [number for number in near if limits.min <= number <= limits.max]
    return np.concatenate([values(dtype, 61), np.array(held, dtype)])


def divisors(dtype):
    limits = np.iinfo(dtype)
    some = {1, 2, 3, 5, 7, 8, 10, 100, 127, 128, 200, 255, 641, 1000, 2**15 - 1, 2**15 + 1, 2**16, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32 + 1,
            10**9 + 7, 2**61 + 3, 2**62, 2**62 + 1, 2**63 - 1, limits.max // 2, limits.max}
    return sorted(number for n in some for number in (n, -n) if limits.min <= number <= min(limits.max, 2**63 - 1))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_constants(dtype):
    for divisor in divisors(dtype):
        x = dividends(dtype, [divisor])
        if divisor == -1:
            x = x[x != np.iinfo(dtype).min]
        scope = {"np": np}
        check(eval(f"lambda x: (x // {divisor}, x % {divisor}, np.floor_divide(x, {divisor}), np.mod(x, {divisor}) + x, np.fmod(x, {divisor}))", scope),
              x, kernels=1)
    check(lambda x: (x[1:, 1:-1] // 10, x[1:, 1:-1] % 10), values(dtype, 900).reshape(9, 100), kernels=1)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_numbers_of_a_call(dtype):
    def by_number(x, k):
        return x // k, x % k, np.fmod(x, k)

    scalar = np.dtype(dtype).type
    for divisor in divisors(dtype):
        x = dividends(dtype, [divisor])
        if divisor == -1:
            x = x[x != np.iinfo(dtype).min]
        check(by_number, x, scalar(divisor), kernels=1)
        check(by_number, x, divisor, kernels=None if divisor in (0, 1) else 1)
    if dtype == "u8":
        for divisor in (2**63, 2**63 + 1, 2**64 - 1, 2**64 - 59):
            check(by_number, np.concatenate([values("u8", 61), np.array([divisor, divisor - 1, 2**64 - 1, 2**63], "u8")]), scalar(divisor), kernels=1)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_elements(dtype):
    numbers = np.array([n for n in divisors(dtype) if n != -1], dtype)
    x = dividends(dtype, numbers[::4].tolist())
    y = np.resize(numbers, len(x))
    check(lambda x, y: (x // y, x % y, np.fmod(x, y)), x, y, kernels=1)
    check(lambda x, y: (y // (x | 1), y % (x | 1), 100 // y, 100 % y), x, y, kernels=2)
    check(lambda x, y: (x[:, None] // y, x[:, None] % y, x // y[:, None], x % y[:, None]), x[:50], y[:50])
    check(lambda x, y: ((x // y).sum(), (x[:, None] % y[:41]).max(axis=0)), x, y)
    check(lambda x, y: (x[::3] // y[::3], x[::-1] % y), x, y)


@pytest.mark.parametrize("dtype", ["i1", "u1"])
def test_all_pairs_of_bytes(dtype):
    limits = np.iinfo(dtype)
    x = np.arange(limits.min, limits.max + 1).astype(dtype)
    y = x[x != 0]
    with np.errstate(over="ignore"):
        check(lambda x, y: (x[:, None] // y, x[:, None] % y, np.fmod(x[:, None], y)), x, y, kernels=1)
        check(lambda x, y: (x // y[:, None], x % y[:, None], np.fmod(x, y[:, None])), x, y, kernels=1)


@pytest.mark.parametrize("dtype", ["i2", "u2", "i4", "u4", "i8", "u8"])
def test_pairs_of_all_sizes(dtype):
    rng = np.random.default_rng(5)
    width = np.dtype(dtype).itemsize * 8

    def numbers(count):
        whole = np.frombuffer(rng.bytes(count * width // 8), dtype).copy()
        return whole >> rng.integers(0, width, count).astype(dtype)

    x, y = numbers(20_000), numbers(20_000)
    y[y == 0] = 1
    y[y == -1 if x.dtype.kind == "i" else y == 0] = 3
    exact = x.copy()
    exact[:10_000] = exact[:10_000] // y[:10_000] * y[:10_000]
    with np.errstate(over="ignore"):
        check(lambda x, y: (x // y, x % y, np.fmod(x, y)), x, y, kernels=1)
        check(lambda x, y: (x // y, x % y, np.fmod(x, y)), exact, y, kernels=1)
        for k in y[:40]:
            check(lambda x, k: (x // k, x % k), x[:500], k, kernels=1)


OPERATORS = {
    "floor_divide": lambda x, y: x // y + 1,
    "remainder": lambda x, y: x % y + 1,
    "fmod": lambda x, y: np.fmod(x, y) + 1,
}


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("dtype", INTEGERS)
def test_conditions(operator, dtype):
    """Divisions by 0 and of the least integer by -1: with and without reports, by all kinds of divisors."""
    least, scalar = np.iinfo(dtype).min, np.dtype(dtype).type
    x = np.array([5, least, 0, 7] * 9, dtype)
    bad = [0] if x.dtype.kind == "u" else [0, -1]
    for divisor in bad:
        y = np.full(36, 3, dtype)
        y[17] = divisor   # of the least integer
        for state in ({"all": "ignore"}, {"all": "warn"}, {"divide": "raise", "over": "ignore"}, {"divide": "ignore", "over": "raise"}):
            with np.errstate(**state):
                for args in ((x, y), (x, scalar(divisor)), (x, divisor), (x[:, None], y), (x, y[:, None])):
                    check(OPERATORS[operator], *args, hits=None)
                check(eval(f"lambda x: np.{operator}(x, {divisor}) + 1", {"np": np}), x, hits=None)
    assert np.all(np.isfinite(x))


def test_silent_conditions_stay_in_kernels():
    """What errstate ignores is no reason to leave a kernel."""
    x, y = np.array([5, np.iinfo("i8").min, 0, 7] * 9), np.array([0, -1, 0, 3] * 9)
    compiled = segue.compile(lambda x, y: (x // y, x % y), backend="native")
    with np.errstate(all="ignore"):
        for _ in range(5):
            for got, expected in zip(compiled(x, y), (x // y, x % y)):
                np.testing.assert_array_equal(got, expected)
    with np.errstate(divide="raise", over="raise"):
        compiled = segue.compile(lambda x, y: x % y, backend="native")
        compiled(x[1::4], y[1::4])   # the remainder of the least integer and -1 is 0


def test_what_is_numpys():
    x = np.arange(-20, 20)
    check(lambda x: (x // 3.0, x % 3.0, divmod(x, 3)), x)
    check(lambda x: (x // np.int16(3), x % np.int8(3), x // np.int64(-7)), x, kernels=1)
    check(lambda x: (x // 3, x % 3), x.astype(bool))
    check(lambda x: (x // x, x % x), np.ones(5, bool))
    check(lambda x: (x // 3, x % 7), x.astype("f8"))
    check(lambda x, y: (x // y, x % y), x.astype("i4"), np.full(40, 7, "u4"))
    check(lambda x, y: (x // y, x % y), x.astype("i1"), np.full(40, 300, "i2"), kernels=1)
