"""What a capture costs: the whole first call of long functions, less a plain call.

- A function of 1,000 mixed operators: at most 25 ms. Printed beside it: TorchDynamo's eager backend, when it is installed.
- 5,000 additions: at most 200 ms, and time per operator that does not grow with their number.

Run with --check to fail when a limit is missed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np

import _peers
import _timing
from segue import _segue, api

MIXED = ("y = x + y", "y = y * 0.5", "y = np.sqrt(y)", "y = np.maximum(y, x)", "y = y - x")
ROUNDS = 7


def function(lines: list[str]) -> Callable[..., object]:
    """f(x, y) of these statements on x and y, with a code object of its own."""
    body = "\n    ".join(lines)
    namespace: dict[str, object] = {"np": np}
    exec(f"def f(x, y):\n    {body}\n    return y", namespace)  # noqa: S102 - the source is built above
    return namespace["f"]


def mixed(count: int) -> Callable[..., object]:
    return function([MIXED[i % len(MIXED)] for i in range(count)])


def additions(count: int) -> Callable[..., object]:
    return function(["y = x + y"] * count)


def milliseconds(make: Callable[[int], Callable[..., object]], count: int) -> float:
    """What the first call of `count` operators takes over a plain one, at best; every round compiles a new function."""
    x, y = np.ones(4), np.ones(4)
    first = plain = float("inf")
    for _ in range(ROUNDS):
        _segue._reset()
        function = make(count)
        plain = min(plain, _timing.seconds(lambda: function(x, y), time.thread_time))
        compiled = api.compile(function)
        first = min(first, _timing.seconds(lambda: compiled(x, y), time.thread_time))
        if _segue._stats()["compiles"] != 1:
            raise AssertionError("one call makes one compile")
        compiled(x, y)
        if _segue._stats()["hits"] != 1:
            raise AssertionError("the second call does not hit")
    return (first - plain) * 1e3


def main() -> int:
    options = _timing.arguments(__doc__.splitlines()[0])
    _timing.pin()
    _segue._config_set("trace_budget", 10**6)
    report = _timing.Report("capture")
    report.figure("capturing 1,000 mixed operators", milliseconds(mixed, 1000), "ms", 25.0,
                  note=_peers.dynamo_capture(mixed(1000), np.ones(4), np.ones(4)))
    few, many = milliseconds(additions, 500), milliseconds(additions, 5000)
    report.figure("capturing 5,000 additions", many, "ms", 200.0)
    report.figure("time per addition, 5,000 against 500 of them", many / few / 10, "x", 1.5)
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
