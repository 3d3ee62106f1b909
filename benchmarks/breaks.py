"""What breaks cost: side exits, probes, and capturing a function that breaks often.

- A break in a loop's body: at most 0.5 us a trip over the work itself, which is the same loop run plainly.
- A probe that finds an entry, runs one operator on 4 floats and exits: at most 300 ns over that operator's plain call.
- Capturing: time per break that does not grow with their number.

TorchDynamo skips frames that break in a loop, so there is no peer's figure for the first two. Run with --check to fail
when a limit is missed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

import _timing
import segue
from segue import _segue, api

TRIPS = 200
ROUNDS = 7


@segue.disable
def note(value):
    """Where the frame breaks: a call that is left to CPython."""
    return value


def per_trip(function: Callable[..., object], *args: object) -> tuple[float, float]:
    """Nanoseconds of one trip, plain and compiled."""
    compiled = api.compile(function)
    for _ in range(3):
        compiled(*args)
    times = _timing.minima({"plain": lambda: function(*args), "compiled": lambda: compiled(*args)}, rounds=200)
    return times["plain"] / TRIPS * 1e9, times["compiled"] / TRIPS * 1e9


def loop_body(report: _timing.Report) -> None:
    def f(x):
        for i in range(TRIPS):
            y = np.multiply(x, 0.5)
            y = np.add(y, x)
            y = np.sqrt(y)
            note(i)
        return y

    plain, compiled = per_trip(f, np.ones(4))
    report.figure("a break in a loop's body of 3 operators, over plain, per trip", (compiled - plain) / 1e3, "us", 0.5,
                  note=f"{compiled:.0f} ns against {plain:.0f} ns")

    def g(x):
        for i in range(TRIPS):
            y = np.add(x, x)
            note(i)
        return y

    plain, compiled = per_trip(g, np.ones(4))
    report.figure("a probe that finds an entry and exits, over its operator's plain call", compiled - plain, "ns", 300,
                  note=f"{compiled:.0f} ns against {plain:.0f} ns")


def inlined(x):
    note(0)
    return x


def breaking(body: str, count: int) -> Callable[..., object]:
    """f(x) of `body` so many times, with a code object of its own."""
    namespace: dict[str, object] = {"note": note, "inlined": inlined}
    exec("def f(x):\n" + f"    {body}\n" * count + "    return x", namespace)  # noqa: S102 - the source is built here
    return namespace["f"]


def milliseconds(body: str, count: int) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        _segue._reset()
        compiled = api.compile(breaking(body, count))
        best = min(best, _timing.seconds(lambda: compiled(np.ones(4)), time.thread_time))
        if _segue._stats()["compiles"] < count:
            raise AssertionError(f"{_segue._stats()['compiles']} traces for {count} breaks")
    return best * 1e3


def capturing(report: _timing.Report) -> None:
    for where, body in {"": "x = x + 1; note(0)", " in callees": "x = inlined(x + 1)"}.items():
        few, many = milliseconds(body, 25), milliseconds(body, 200)
        report.figure(f"capturing a function with 200 breaks{where}", many, "ms")
        report.figure(f"time per break{where}, 200 against 25 of them", (many / 200) / (few / 25), "x", 1.3)


def main() -> int:
    options = _timing.arguments(__doc__.splitlines()[0])
    _timing.pin()
    report = _timing.Report("breaks")
    loop_body(report)
    capturing(report)
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
