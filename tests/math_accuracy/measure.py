"""Distances from exact results, in units in the last place (ULP)."""

from __future__ import annotations

from dataclasses import dataclass

import mpmath
import numpy as np

from tests.math_accuracy.functions import Function

LIMIT = 4.0
WIDE = np.finfo(np.longdouble).nmant >= 63


@dataclass(frozen=True)
class Distance:
    ulps: float
    at: tuple[float, ...]
    got: float
    wrong: list[str]
    """What is not a matter of accuracy: NaNs, infinities and signed zeros at other places than NumPy's."""


def spacing(exact: np.ndarray, dtype: str) -> np.ndarray:
    """A unit in the last place of each."""
    limits = np.finfo(dtype)
    _, exponent = np.frexp(np.abs(exact))
    least = int(np.log2(limits.smallest_subnormal.astype(np.longdouble) if dtype == "f4" else np.longdouble(limits.smallest_subnormal)))
    exponent = np.clip(exponent - (limits.nmant + 1), least, limits.maxexp - limits.nmant - 1)
    return np.ldexp(np.longdouble(1), exponent)


def estimate(function: Function, args: list[np.ndarray], got: np.ndarray) -> np.ndarray:
    """By element: the distance from the C library's result in a wider type, which is exact to a few thousandths of a unit; 0 where one is not
    finite.
    """
    with np.errstate(all="ignore"):
        exact = function.numpy(*(arg.astype(np.longdouble) for arg in args))
        own = got.astype(np.longdouble)
        # What would be next, were there larger numbers.
        limit = np.ldexp(np.longdouble(1), np.finfo(got.dtype).maxexp)
        own = np.where(np.isinf(got) & np.isfinite(exact), np.copysign(limit, own), own)
        own = np.where(np.isinf(got) & np.isfinite(exact) & (np.abs(exact) >= limit), exact, own)
        out = np.abs(own - exact) / spacing(exact, got.dtype.str[1:])
    return np.where(np.isfinite(exact) & ~np.isnan(got), out, 0.0).astype(np.float64)


def exactly(function: Function, args: tuple[np.floating, ...], got: np.floating) -> float:
    """The distance of one element by multi-precision arithmetic."""
    dtype = got.dtype.str[1:]
    if not np.isfinite(got) or (got.dtype.type(0) in args and len(args) == 2):
        return 0.0   # mpmath has no signed zeros
    with mpmath.workprec(200):
        exact = function.exact(*(mpmath.mpf(float(arg)) for arg in args))
        if isinstance(exact, mpmath.mpc) or not mpmath.isfinite(exact):
            return 0.0
        limits = np.finfo(dtype)
        exponent = mpmath.frexp(exact)[1] if exact else -10_000
        least = int(np.frexp(float(limits.smallest_subnormal))[1]) - 1
        unit = mpmath.ldexp(1, int(np.clip(exponent - limits.nmant - 1, least, limits.maxexp - limits.nmant - 1)))
        return float(abs(mpmath.mpf(float(got)) - exact) / unit)


def misplaced(function: Function, args: list[np.ndarray], got: np.ndarray, limit: float) -> list[str]:
    """NaNs, infinities and zeros that are NumPy's and not ours, or the other way round; one that is within the limit is none."""
    with np.errstate(all="ignore"):
        plain = function.numpy(*args)
    kinds = [("NaN", np.isnan(plain) != np.isnan(got))]
    near = estimate(function, args, got) <= limit
    infinite = np.isinf(plain) != np.isinf(got)
    kinds.append(("infinity", (infinite & ~near) | (np.isinf(plain) & np.isinf(got) & (plain != got))))
    kinds.append(("sign of zero", ((plain == 0) | (got == 0)) & (np.signbit(plain) != np.signbit(got)) & ~np.isnan(plain)))
    out = []
    for what, mask in kinds:
        for index in np.flatnonzero(mask)[:3]:
            given = ", ".join(repr(float(arg[index])) for arg in args)
            out.append(f"{what}: {function.name}({given}) is {float(got[index])!r}, NumPy's {float(plain[index])!r}")
    return out


def measure(function: Function, args: list[np.ndarray], got: np.ndarray, limit: float = LIMIT, checks: int = 40) -> Distance:
    """The largest distance. `checks`: of so many of the farthest elements, and as many others, it is computed exactly."""
    wrong = misplaced(function, args, got, limit)
    near = estimate(function, args, got)
    order = np.argsort(near)[::-1]
    step = max(1, order.size // checks)
    chosen = np.concatenate([order[:checks], order[checks::step]]) if WIDE else order[::max(1, order.size // 2000)]
    worst, place = -1.0, int(order[0])
    for index in chosen:
        distance = exactly(function, tuple(arg[index] for arg in args), got[index])
        if distance > worst:
            worst, place = distance, int(index)
    if WIDE and abs(worst - near[order[0]]) > 0.05:
        wrong.append(f"{function.name}: {near[order[0]]:.3f} ULP by the C library at {[float(a[order[0]]) for a in args]}, exactly {worst:.3f}")
    return Distance(worst, tuple(float(arg[place]) for arg in args), float(got[place]), wrong)
