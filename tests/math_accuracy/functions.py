"""The functions and the arguments they are measured at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import mpmath
import numpy as np

Interval = tuple[float, float]


def _power(x: mpmath.mpf, y: mpmath.mpf) -> mpmath.mpf:
    return mpmath.power(x, y)


def _cbrt(x: mpmath.mpf) -> mpmath.mpf:
    return mpmath.cbrt(x) if x >= 0 else -mpmath.cbrt(-x)


def _log1p(x: mpmath.mpf) -> mpmath.mpf:
    with mpmath.workprec(1200):   # 1 + x is exact
        return +mpmath.log(1 + x)


def _near_one(x: mpmath.mpf, function: Callable[[mpmath.mpf], mpmath.mpf]) -> mpmath.mpf:
    with mpmath.workprec(1300):
        return +function(x)


@dataclass(frozen=True)
class Function:
    """`intervals`: where arguments lie that the function treats apart, beside those of all exponents."""

    name: str
    numpy: np.ufunc
    exact: Callable[..., mpmath.mpf]
    intervals: list[Interval] = field(default_factory=list)
    periodic: bool = False

    @property
    def arity(self) -> int:
        return self.numpy.nin


UNARY = [
    Function("exp", np.exp, mpmath.exp, [(-1, 1), (-50, 50), (-110, 90), (-750, 715)]),
    Function("exp2", np.exp2, lambda x: mpmath.power(2, x), [(-1, 1), (-50, 50), (-155, 130), (-1080, 1030)]),
    Function("expm1", np.expm1, mpmath.expm1, [(-1, 1), (-3, 3), (-50, 50), (80, 90), (-720, 715)]),
    Function("log", np.log, mpmath.log, [(0.5, 2), (0.99, 1.01), (0, 10), (0, 1e6)]),
    Function("log2", np.log2, lambda x: mpmath.log(x) / mpmath.log(2), [(0.5, 2), (0.99, 1.01), (0, 10), (0, 1e6)]),
    Function("log10", np.log10, mpmath.log10, [(0.5, 2), (0.99, 1.01), (0, 10), (0, 1e6)]),
    Function("log1p", np.log1p, _log1p, [(-1, 1), (-0.3, 0.5), (-1e-3, 1e-3), (-1, 1e6)]),
    Function("sin", np.sin, mpmath.sin, [(-1, 1), (-10, 10), (-1e4, 1e4), (-1e6, 1e6), (-2e9, 2e9)], periodic=True),
    Function("cos", np.cos, mpmath.cos, [(-1, 1), (-10, 10), (-1e4, 1e4), (-1e6, 1e6), (-2e9, 2e9)], periodic=True),
    Function("tan", np.tan, mpmath.tan, [(-1, 1), (-10, 10), (-1e4, 1e4), (-1e6, 1e6), (-2e9, 2e9)], periodic=True),
    Function("arcsin", np.arcsin, lambda x: _near_one(x, mpmath.asin), [(-1, 1), (-0.51, 0.51), (0.999, 1), (-1, -0.999)]),
    Function("arccos", np.arccos, lambda x: _near_one(x, mpmath.acos), [(-1, 1), (-0.51, 0.51), (0.999, 1), (-1, -0.999)]),
    Function("arctan", np.arctan, mpmath.atan, [(-1, 1), (-5, 5), (-100, 100)]),
    Function("sinh", np.sinh, mpmath.sinh, [(-1, 1), (-5, 5), (-50, 50), (-90, 90), (-712, 712)]),
    Function("cosh", np.cosh, mpmath.cosh, [(-1, 1), (-5, 5), (-50, 50), (-90, 90), (-712, 712)]),
    Function("tanh", np.tanh, mpmath.tanh, [(-1, 1), (-0.4, 0.4), (-5, 5), (-25, 25)]),
    Function("arcsinh", np.arcsinh, lambda x: _near_one(x, mpmath.asinh), [(-1, 1), (-5, 5), (-1e4, 1e4)]),
    Function("arccosh", np.arccosh, lambda x: _near_one(x, mpmath.acosh), [(1, 1.001), (1, 2), (1, 10), (1, 1e4)]),
    Function("arctanh", np.arctanh, lambda x: _near_one(x, mpmath.atanh), [(-1, 1), (-0.2, 0.2), (0.99, 1), (-1e-3, 1e-3)]),
    Function("cbrt", np.cbrt, _cbrt, [(-1, 1), (-10, 10), (-1e4, 1e4)]),
]
BINARY = [
    Function("power", np.power, _power),
    Function("arctan2", np.arctan2, mpmath.atan2),
    Function("hypot", np.hypot, lambda x, y: mpmath.sqrt(x * x + y * y)),
]
FUNCTIONS = {function.name: function for function in UNARY + BINARY}


def special(dtype: str) -> np.ndarray:
    """Elements that functions treat apart."""
    limits = np.finfo(dtype)
    positive = [0.0, 1.0, 0.5, 2.0, 3.0, 10.0, 1000.0, 0.25, 1.5, 100.0, 1e-10, 1e10, np.pi, np.e, np.inf, np.nan, limits.tiny, limits.max,
                limits.smallest_subnormal, limits.eps, 1 + limits.eps, 1 - limits.epsneg, limits.tiny * 2, limits.tiny / 3, 2.0**31, 2.0**53,
                2.0**54 + 4, 1e20, 1e38, 88.8, 89.5, 104.0, 709.7, 710.5, 745.2, 746.0]
    with np.errstate(over="ignore", under="ignore"):
        values = np.array(positive, dtype=dtype)
    return np.concatenate([values, -values])


def every_exponent(dtype: str, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random bits: about `count` of them for each exponent and sign, subnormal numbers included."""
    bits = np.dtype(dtype).itemsize * 8
    mantissa = np.finfo(dtype).nmant
    exponents = np.repeat(np.arange(2 ** (bits - 1 - mantissa) - 1, dtype=np.uint64), count)
    low = rng.integers(0, 2**mantissa, exponents.size, dtype=np.uint64)
    values = ((exponents << np.uint64(mantissa)) | low).astype(f"u{bits // 8}").view(dtype)
    return np.concatenate([values, -values])


def multiples(dtype: str, count: int, rng: np.random.Generator) -> np.ndarray:
    """Elements next to multiples of pi/2, where sines and cosines vanish."""
    n = np.concatenate([np.arange(1, 2000), rng.integers(1, 2**30, count)])
    near = (n * (np.pi / 2)).astype(dtype)
    return np.concatenate([near, np.nextafter(near, np.zeros((), dtype)), -near])


def arguments(function: Function, dtype: str, count: int, seed: int = 0) -> list[np.ndarray]:
    """About `count` arguments of each kind, specials first."""
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        if function.arity == 2:
            return _pairs(function.name, dtype, count, rng)
        parts = [special(dtype), every_exponent(dtype, max(1, count // 2000), rng)]
        parts += [rng.uniform(low, high, count).astype(dtype) for low, high in function.intervals]
        if function.periodic:
            parts.append(multiples(dtype, count, rng))
        return [np.concatenate(parts)]


def _pairs(name: str, dtype: str, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    edges = special(dtype)
    x = [np.repeat(edges, edges.size)]
    y = [np.tile(edges, edges.size)]
    exponents = 126 if dtype == "f4" else 1000
    for reach in (1, 10, exponents):
        x.append((rng.uniform(0.5, 1, count) * 2.0 ** rng.uniform(-reach, reach, count)).astype(dtype))
        if name == "power":
            # Results of all sizes.
            y.append((rng.uniform(-exponents, exponents, count) / np.log2(np.maximum(x[-1], 1e-300))).astype(dtype))
        else:
            y.append((rng.uniform(0.5, 1, count) * 2.0 ** rng.uniform(-reach, reach, count)).astype(dtype))
    if name == "power":
        x += [rng.uniform(0.9, 1.1, count).astype(dtype), rng.integers(-20, 20, count).astype(dtype), rng.uniform(-5, 5, count).astype(dtype)]
        y += [rng.uniform(-2000, 2000, count).astype(dtype), rng.integers(-12, 13, count).astype(dtype),
              rng.integers(-30, 31, count).astype(dtype)]
    else:
        ratio = 10.0 ** rng.uniform(-3, 3, count)
        base = rng.normal(size=count)
        x += [(base * ratio).astype(dtype), rng.normal(size=count).astype(dtype)]
        y += [base.astype(dtype), rng.normal(size=count).astype(dtype)]
        x, y = [*x, -x[1]], [*y, y[1]]
    return [np.concatenate(x), np.concatenate(y)]
