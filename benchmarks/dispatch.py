"""What a call costs: compiled `np.add(x, y)` on 4 elements against the plain function.

- The reference backend calls NumPy itself, so at most 1.1 times the plain function.
- The parts are printed too: the same call of integers (no floating-point state to override), and a longer function.
- And what the peers that are installed take for the first.

Run with --check to fail when a limit is missed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

import _peers
import _timing
from segue import _segue, api


def add(x, y):
    return np.add(x, y)


def polynomial(x, y):
    return ((x * y + x) * y + x) * y + x


def compared(report: _timing.Report, what: str, function: Callable[..., object], *args: object,
             limit: float | None = None, note: str = "") -> None:
    _segue._reset()   # entries belong to code objects, which figures share
    compiled = api.compile(function)
    hits = _segue._stats()["hits"]
    for _ in range(3):
        compiled(*args)
    if _segue._stats()["hits"] < hits + 2:
        raise AssertionError(f"{what}: the compiled function does not hit its entry")
    best = _timing.call_times({"plain": function, "compiled": compiled}, *args)
    report.figure(what, best["compiled"] / best["plain"], "x", limit,
                  note=f"{best['compiled']:.0f} ns against {best['plain']:.0f} ns{note}")


def main() -> int:
    options = _timing.arguments(__doc__.splitlines()[0])
    _timing.pin()
    report = _timing.Report("dispatch")
    floats, ints = np.arange(4.0), np.arange(4)
    compared(report, "np.add of 4 floats, compiled against plain", add, floats, floats + 1, limit=1.1,
             note=f"; {_peers.dispatch(add, floats, floats + 1)}")
    compared(report, "np.add of 4 integers, compiled against plain", add, ints, ints + 1)
    compared(report, "6 operators on 4 floats, compiled against plain", polynomial, floats, floats + 1)
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
