"""What loops cost that are captured trip by trip: time per trip against the same loop run plainly, and what grows with trips.

- A body without array operators costs at most 20 % more than plain, once its probes are closed.
- A body of array operators costs at most 0.5 us a trip over the work itself.
- Entries and capture time do not grow with the number of trips, nor x[i] = x[i - 1] + 1 with the size of x.

TorchDynamo skips frames that break in a loop and unrolls the others, so there is no peer's figure. Run with --check to fail when
a limit is missed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

import _timing
import segue
from segue import _segue

TRIPS = 2000


def numbers(n: int) -> int:
    total = 0
    for i in range(n):
        total += i
    return total


def operators(n: int) -> object:
    x = np.ones(4)
    for i in range(n):
        x = np.sqrt(x * 0.5 + i)
    return x


def elements(n: int) -> object:
    x = np.ones(TRIPS)
    for i in range(1, n):
        x[i] = x[i - 1] + 1
    return x


def rows(n: int) -> object:
    total = np.zeros(3)
    for row in np.ones((n, 3)):
        total = total + row
    return total


def zipped(n: int) -> object:
    total = np.zeros(3)
    for row, weight in zip(np.ones((n, 3)), np.ones(n)):
        total = total + row * weight
    return total


def counting(n: int) -> object:
    x, k = np.ones(4), 0
    while k < n:
        x = np.sqrt(x * 0.5 + k)
        k += 1
    return x


def nanoseconds(function: Callable[..., object]) -> tuple[float, float]:
    """Of one trip, plain and compiled."""
    compiled = segue.compile(function)
    for _ in range(3):
        compiled(TRIPS)
    times = _timing.minima({"plain": lambda: function(TRIPS), "compiled": lambda: compiled(TRIPS)}, rounds=30)
    return times["plain"] / TRIPS * 1e9, times["compiled"] / TRIPS * 1e9


def trips(report: _timing.Report) -> None:
    plain, compiled = nanoseconds(numbers)
    report.figure("a body without array operators, against plain", compiled / plain, "x", 1.2,
                  note=f"{compiled:.0f} ns against {plain:.0f} ns a trip")
    for function in (operators, elements, rows, zipped, counting):
        plain, compiled = nanoseconds(function)
        report.figure(f"{function.__name__}: a trip over plain", (compiled - plain) / 1e3, "us", 0.5,
                      note=f"{compiled:.0f} ns against {plain:.0f} ns")


def capturing(function: Callable[..., object], n: int) -> tuple[float, int]:
    """Milliseconds of compiling in a first call of n trips, and entries."""
    best, entries = float("inf"), 0
    for _ in range(5):
        _segue._reset()
        segue.compile(function)(n)
        stats = _segue._stats()
        best, entries = min(best, stats["compile_ms"]), stats["entries"]
    return best, entries


def growth(report: _timing.Report) -> None:
    few, few_entries = capturing(operators, 100)
    many, many_entries = capturing(operators, 100_000)
    # The last segment is compiled with caches that the loop has gone through.
    report.figure("capture time, 100,000 trips more than 100", many - few, "ms", 2, note=f"{many:.2f} against {few:.2f} ms")
    report.figure("entries, 100,000 trips more than 100", many_entries - few_entries, "", 0)

    @segue.compile
    def scan(x):
        for i in range(1, 1000):
            x[i] = x[i - 1] + 1

    small, large = np.zeros(1000), np.zeros(1_000_000)
    scan(small)
    seconds = [_timing.seconds(lambda x=x: scan(x), time.thread_time) for x in (small, large)]
    report.figure("writing elements of a large array against a small one", seconds[1] / seconds[0], "x", 2)


def main() -> int:
    options = _timing.arguments(__doc__.splitlines()[0])
    _timing.pin()
    report = _timing.Report("loops")
    trips(report)
    growth(report)
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
