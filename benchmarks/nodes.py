"""What a node of a plan that calls NumPy adds to NumPy's own cost.

NumPy's own cost is that of the callable called from C, without a bytecode instruction in between (`map` with arguments at
hand). A node's is what 20 more of them in a chain take. The limit is for each of the calls below, on 4 elements.

Run with --check to fail when the limit is missed.
"""

from __future__ import annotations

import collections
import itertools
import sys
from collections.abc import Callable

import numpy as np

import _timing
from segue import _segue, api

SHORT, LONG = 4, 24
CALLS: dict[str, tuple[Callable[..., object], str, str]] = {
    "np.add of floats": (np.add, "x = np.add(x, y)", "f"),
    "np.add of integers": (np.add, "x = np.add(x, y)", "i"),
    "np.sqrt": (np.sqrt, "x = np.sqrt(x)", "f"),
    "np.maximum": (np.maximum, "x = np.maximum(x, y)", "f"),
    "x.cumsum()": (np.ndarray.cumsum, "x = x.cumsum()", "i"),
}


def chain(statement: str, length: int) -> Callable[..., object]:
    namespace: dict[str, object] = {"np": np}
    exec("def chain(x, y):\n" + f"    {statement}\n" * length + "    return x\n", namespace)  # noqa: S102
    return namespace["chain"]


def own_cost(function: Callable[..., object], *args: object) -> float:
    """Nanoseconds of one call from C."""
    number = 1000

    def run() -> None:
        collections.deque(map(function, *[itertools.repeat(arg, number) for arg in args]), maxlen=0)

    return _timing.minima({"own": run}, rounds=200)["own"] / number * 1e9


def measure(report: _timing.Report, what: str, function: Callable[..., object], statement: str, kind: str) -> None:
    x = np.arange(4.0) if kind == "f" else np.arange(4)
    args = (x, x + 1) if "y" in statement else (x,)
    _segue._reset()
    calls = {}
    for length in (SHORT, LONG):
        calls[str(length)] = compiled = api.compile(chain(statement, length))
        for _ in range(3):
            compiled(x, x + 1)
    best = _timing.call_times(calls, x, x + 1)
    node = (best[str(LONG)] - best[str(SHORT)]) / (LONG - SHORT)
    own = own_cost(function, *args)
    report.figure(f"{what}: a node, over NumPy's own cost", node - own, "ns", 60, note=f"{node:.0f} ns against {own:.0f} ns")


def main() -> int:
    options = _timing.arguments(__doc__.splitlines()[0])
    _timing.pin()
    report = _timing.Report("nodes")
    for what, (function, statement, kind) in CALLS.items():
        measure(report, what, function, statement, kind)
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
