"""Python's operators on arrays and NumPy scalars: every operator and dtype against operands of other dtypes, bit for bit."""

from __future__ import annotations

import operator

import numpy as np
import pytest

DTYPES = ["?", "i1", "u1", "i4", "u8", "i8", "f2", "f4", "f8", "c8", "c16"]
BINARY = ["+", "-", "*", "/", "//", "%", "**", "<<", ">>", "&", "|", "^", "<", "<=", "==", "!=", ">", ">="]
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 5e-324, 1e300, 2.5, 3.0, -7.0]


def values(dtype):
    dtype = np.dtype(dtype)
    if dtype.kind in "fc":
        with np.errstate(over="ignore"):
            real = np.array(SPECIAL).astype(dtype.type(0).real.dtype)
        if dtype.kind == "f":
            return real
        out = np.empty(real.shape, dtype)
        out.real, out.imag = real, real[::-1]
        return out
    return np.array([0, 1, 2, 3, 100, 127, 255, -1, -2, -100, -128, 7]).astype(dtype)


def others(dtype):
    yield from (values(other) for other in DTYPES)
    yield from (values(other)[[2]][0] for other in DTYPES)
    yield from (np.array(3, dtype), True, 2, 0, -1, 0.5, -0.5, 2.0, 1j)


def function(text, parameters="x, y"):
    namespace = {}
    exec(f"def f({parameters}):\n    {text}\n", namespace)
    return namespace["f"]


def raises(f, *args):
    try:
        f(*args)
    except Exception:
        return True
    return False


def compare(check, f, pairs, failing=True):
    """How many of the calls that give a result were captured, and how many there are; `failing`: those that raise, too."""
    captured = total = 0
    with np.errstate(all="ignore"):
        for x, y in pairs:
            fails = raises(f, *(v.copy() if isinstance(v, np.ndarray) else v for v in (x, y)))
            if fails and not failing:
                continue
            report = check(f, x, y, breaks=True, hits=False)
            total += not fails
            captured += not fails and not report.breaks
    return captured, total


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("symbol", BINARY)
def test_binary(symbol, dtype, check):
    captured, total = compare(check, function(f"return x {symbol} y"), ((values(dtype), y) for y in others(dtype)))
    # Powers of booleans break, and before NumPy 2.3 so do 0-d exponents.
    assert captured >= ((0.3 if dtype != "?" else 0) if symbol == "**" else 0.7) * total


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("symbol", BINARY[:12])
def test_in_place(symbol, dtype, check):
    f = function(f"x {symbol}= y; return x")
    # What a failing power of integers leaves behind is not initialized.
    captured, total = compare(check, f, ((values(dtype), y) for y in others(dtype)), failing=symbol != "**")
    assert captured >= (0.3 if symbol == "**" else 0.7) * total


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("symbol", BINARY)
def test_reflected(symbol, dtype, check):
    numbers = [True, 2, -1, 0.5, 2.0, 1j]
    captured, total = compare(check, function(f"return y {symbol} x"), ((values(dtype), y) for y in numbers))
    assert captured >= 0.6 * total


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", ["-x", "+x", "~x", "abs(x)", "divmod(x, y)", "x @ y", "round(x, 1)"])
def test_other_operators(text, dtype, check):
    compare(check, function(f"return {text}"), [(values(dtype), values(dtype)), (values(dtype), 3)])


class Reflected:
    def __radd__(self, other):
        return type(other), "reflected"

    __rmatmul__ = __rpow__ = __rdivmod__ = __radd__

    def __add__(self, other):
        return NotImplemented

    def __neg__(self):
        return self


class First(Reflected):
    __array_priority__ = 1000


class Refusing(Reflected):
    __array_ufunc__ = None


class Overriding(Reflected):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return ufunc.__name__, method, [type(item).__name__ for item in inputs]


@pytest.mark.parametrize("other", [Reflected, First, Refusing, Overriding])
@pytest.mark.parametrize("expression", ["y + o", "y ** o", "y[0] + o", "y[0] ** o", "o + y", "o + y[0]", "divmod(y, o)", "divmod(y[0], o)",
                                        "operator.iadd(y, o)", "y[0].item() + o", "y.sum() + o"])  # fmt: skip
def test_operands_of_other_types_are_asked_as_numpy_does(expression, other, check):
    compute = eval(f"lambda y, o: {expression}", {"operator": operator})

    def f(x, o):
        y = x * 2
        return compute(y, o), y + 1

    check(f, np.arange(3.0), other(), breaks=True)
