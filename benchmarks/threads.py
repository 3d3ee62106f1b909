"""Kernels in two threads against one, in wall time.

- Programs that compute more than they load take at most 1 / 1.7 of the time, at 1e6 elements.
- Programs that memory bounds, for information: two processors share it.
- Calls of few elements, which no thread helps with: at most 1.03 times.

Needs two processors that have nothing else to do. Run with --check to fail when a limit is missed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import numpy as np

import _timing
import segue


def black_scholes(price, strike, time):
    spread = 0.3 * np.sqrt(time)
    first = (np.log(price / strike) + 0.065 * time) / spread
    return price * (1 + np.tanh(0.8 * first)) - strike * np.exp(-0.02 * time) * (1 + np.tanh(0.8 * (first - spread)))


def arc_distance(x, y, z):
    half = np.sin((x - y) / 2) ** 2 + np.cos(x) * np.cos(y) * np.sin(z / 2) ** 2
    return 2 * np.arctan2(np.sqrt(half), np.sqrt(np.abs(1 - half)))


def mean_of_logarithms(x, y, z):
    return (np.log(x) * np.exp(-y) + z).mean()


def softmax(x, y, z):
    x = x.reshape(-1, 100)
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def triad(x, y, z):
    return x * y + z


def sum_of_products(x, y, z):
    return (x * y).sum()


COMPUTE: list[Callable[..., object]] = [black_scholes, arc_distance, mean_of_logarithms, softmax]
MEMORY: list[Callable[..., object]] = [triad, sum_of_products]


def measure(report: _timing.Report, function: Callable[..., object], size: int, limit: float | None) -> None:
    args = np.random.default_rng(0).uniform(0.5, 2.0, (3, size))
    compiled = segue.compile(function, backend="native", mode="default")

    def with_threads(count: int) -> Callable[[], object]:
        def run() -> None:
            segue.config.threads = count
            for _ in range(number):
                compiled(*args)

        return run

    number = max(1, 2_000_000 // size)
    best = _timing.minima({"one": with_threads(1), "two": with_threads(2)}, rounds=60 if size <= 1_000_000 else 15)
    report.figure(f"{function.__name__} of {size:.0e} elements, two threads against one", best["two"] / best["one"], "x", limit,
                  note=f"{best['one'] / best['two']:.2f} times as fast; {best['one'] / number * 1e6:.1f} us in one")


def main() -> int:
    options = _timing.arguments(__doc__.splitlines()[0])
    if hasattr(os, "sched_getaffinity"):
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) < 2:
            print("threads: one processor only, nothing to measure")
            return 0
        os.sched_setaffinity(0, set(usable[-2:]))
    report = _timing.Report("threads")
    for function in COMPUTE:
        for size, limit in ((100_000, None), (1_000_000, 1 / 1.7)):
            measure(report, function, size, limit)
    for function in MEMORY:
        for size in (100_000, 1_000_000, 10_000_000):
            measure(report, function, size, None)
    for size in (100, 4000):
        measure(report, triad, size, 1.03)
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
