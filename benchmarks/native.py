"""backend="native" against plain NumPy: what a call costs, and element-wise programs of three sizes.

- Compiled `np.add(x, y)` on 4 elements: at most 0.7 times the plain function.
- The programs are of operators that kernels know; each takes arrays of 1e3, 1e5 and 1e7 elements. At most 1 / 0.97 times the plain function.
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


def jacobi(m, _):
    return 0.2 * (m[1:-1, 1:-1] + m[:-2, 1:-1] + m[2:, 1:-1] + m[1:-1, :-2] + m[1:-1, 2:])


PROGRAMS: dict[str, Callable[..., object]] = {
    "np.add": add, "a polynomial": polynomial, "where": masked, "square roots and a quotient": norm, "a Jacobi step": jacobi,
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


def main() -> int:
    options = _timing.arguments(__doc__.splitlines()[0])
    _timing.pin()
    report = _timing.Report("native")
    measure(report, "np.add", 4, 0.7)
    for name in PROGRAMS:
        for size in (1_000, 100_000, 10_000_000):
            measure(report, name, size, 1 / 0.97)
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
