"""Measures how far the native backend's math functions are from the exact results.

    scripts/python [VERSION] -m tests.math_accuracy [FUNCTION…] [--count N] [--seed N] [--exhaustive]

Arguments are of all exponents, dense where a function treats them apart, and special. Distances come from the C library in extended precision,
and for the farthest elements from mpmath. With --exhaustive all float32 arguments of functions of one argument are measured against
float64. Fails above 4 ULP, and where NaNs, infinities and signed zeros are not where NumPy has them.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from tests.math_accuracy.functions import FUNCTIONS, Function, arguments
from tests.math_accuracy.measure import LIMIT, measure, misplaced, spacing
from tests.math_accuracy.native import compute


def exhaustive(function: Function) -> tuple[float, list[str]]:
    """The largest distance over all float32 numbers."""
    worst, wrong = 0.0, []
    step = 1 << 22
    for start in range(0, 1 << 32, step):
        x = np.arange(start, start + step, dtype=np.uint64).astype(np.uint32).view(np.float32)
        got = compute(function.name, [x])
        with np.errstate(all="ignore"):
            exact = function.numpy(x.astype(np.float64))
            limit = np.float64(2.0**128)
            own = np.where(np.isinf(got) & np.isfinite(exact), np.copysign(np.minimum(limit, np.abs(exact)), exact), got.astype(np.float64))
            own = np.where(np.isinf(got) & (np.abs(exact) < limit), np.copysign(limit, got), own)
            distance = np.abs(own - exact) / spacing(exact, "f4")
        distance = distance[np.isfinite(exact) & ~np.isnan(got)]
        worst = max(worst, float(distance.max(initial=0.0)))
        wrong += misplaced(function, [x], got, LIMIT)
    return worst, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("functions", nargs="*", choices=[*FUNCTIONS, []], metavar="FUNCTION")
    parser.add_argument("--count", type=int, default=100_000, help="arguments of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--exhaustive", action="store_true")
    options = parser.parse_args()
    failed = False
    for name in options.functions or FUNCTIONS:
        function = FUNCTIONS[name]
        for dtype in ("f8", "f4"):
            if options.exhaustive:
                if dtype == "f8" or function.arity == 2:
                    continue
                worst, wrong = exhaustive(function)
                print(f"{name:9} float32 {worst:6.3f} ULP over all arguments", flush=True)
            else:
                args = arguments(function, dtype, options.count, options.seed)
                distance = measure(function, args, compute(name, args))
                worst, wrong = distance.ulps, distance.wrong
                where = ", ".join(map(repr, distance.at))
                print(f"{name:9} {np.dtype(dtype).name} {worst:6.3f} ULP at {where} ({args[0].size} arguments)", flush=True)
            failed |= worst > LIMIT or bool(wrong)
            for line in wrong[:10]:
                print(f"  {line}")
    print("failed" if failed else f"all within {LIMIT:g} ULP")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
