"""backend="native" against plain NumPy: what a call costs, and element-wise programs of three sizes.

- Compiled `np.add(x, y)` on 4 elements: at most 0.7 times the plain function.
- The programs are of operators that kernels know; each takes arrays of 1e3, 1e5 and 1e7 elements. At most 1 / 0.97 times the plain function.
- Each math function by itself, of 1e4 float64 and float32 elements, for information: NumPy has vector functions of its own on some processors.
- First calls are printed too: what fusing, LLVM and loading take.

Run with --check to fail when a limit is missed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

import _timing
from segue import _segue, api


def add(x, y):
    return np.add(x, y)


def polynomial(x, y):
    return ((x * y + x) * y + x) * y + x


def masked(x, y):
    return np.where(x < y, x * 2.0, -y) + np.abs(x)


def norm(x, y):
    return np.sqrt(x * x + y * y) / (1.0 + np.abs(x - y))


def black_scholes(x, y):
    price, time = np.abs(x) + 1.0, np.abs(y) + 0.1
    spread = 0.3 * np.sqrt(time)
    first = (np.log(price) + 0.065 * time) / spread
    return price * np.tanh(first) - np.exp(-0.02 * time) * np.tanh(first - spread)


def arc_distance(x, y):
    half = np.sin((x - y) / 2) ** 2 + np.cos(x) * np.cos(y) * np.sin((x + y) / 2) ** 2
    return 2 * np.arctan2(np.sqrt(half), np.sqrt(np.abs(1 - half)))


def softmax_like(x, y):
    return np.exp(x - 4.0) / (1.0 + np.exp(y))


def hyperbolic_tangent(x, y):
    return np.tanh(x * y + x)


def jacobi(m, _):
    return 0.2 * (m[1:-1, 1:-1] + m[:-2, 1:-1] + m[2:, 1:-1] + m[1:-1, :-2] + m[1:-1, 2:])


PROGRAMS: dict[str, Callable[..., object]] = {
    "np.add": add, "a polynomial": polynomial, "where": masked, "square roots and a quotient": norm, "a Jacobi step": jacobi,
    "Black-Scholes": black_scholes, "arc distance": arc_distance, "exponentials": softmax_like, "tanh": hyperbolic_tangent,
}


def inputs(name: str, size: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).normal(size=size)
    if name == "a Jacobi step":
        side = int(size**0.5)
        x = x[: side * side].reshape(side, side)
    return x, x[::-1].copy()


def measure(report: _timing.Report, name: str, size: int, limit: float) -> None:
    function = PROGRAMS[name]
    args = inputs(name, size)
    _segue._reset()
    compiled = api.compile(function, backend="native")
    start = time.perf_counter()
    compiled(*args)
    first = time.perf_counter() - start
    for _ in range(3):
        compiled(*args)
    number, rounds = max(1, min(500, 200_000 // size)), 200 if size < 1_000_000 else 10
    best = _timing.call_times({"plain": function, "native": compiled}, *args, number=number, rounds=rounds)
    report.figure(f"{name} of {size:.0e} elements, native against plain", best["native"] / best["plain"], "x", limit,
                  note=f"{best['native'] / 1e3:.2f} us against {best['plain'] / 1e3:.2f} us; first call {first * 1e3:.1f} ms")


MATH = ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh",
        "arcsinh", "arccosh", "arctanh", "cbrt", "hypot", "power"]


def measure_math(report: _timing.Report, name: str, dtype: str, size: int = 10_000) -> None:
    ufunc = getattr(np, name)
    low, high = {"arccosh": (1.0, 9.0), "arcsin": (-1.0, 1.0), "arccos": (-1.0, 1.0), "arctanh": (-0.99, 0.99)}.get(name, (0.1, 9.0))
    rng = np.random.default_rng(0)
    args = [rng.uniform(low, high, size).astype(dtype) for _ in range(ufunc.nin)]
    function = (lambda x: ufunc(x)) if ufunc.nin == 1 else (lambda x, y: ufunc(x, y))
    compiled = api.compile(function, backend="native")
    for _ in range(3):
        compiled(*args)
    best = _timing.call_times({"plain": function, "native": compiled}, *args, number=20, rounds=200)
    report.figure(f"{name} of {np.dtype(dtype).name}, native against plain", best["native"] / best["plain"], "x",
                  note=f"{best['native'] / size:.2f} ns an element against {best['plain'] / size:.2f}")


def main() -> int:
    options = _timing.arguments(__doc__.splitlines()[0])
    _timing.pin()
    report = _timing.Report("native")
    measure(report, "np.add", 4, 0.7)
    for name in PROGRAMS:
        for size in (1_000, 100_000, 10_000_000):
            measure(report, name, size, 1 / 0.97)
    for name in MATH:
        measure_math(report, name, "f8")
        measure_math(report, name, "f4")
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
