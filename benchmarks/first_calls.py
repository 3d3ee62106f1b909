"""backend="native": what first calls cost, in fresh processes, with an empty cache of kernels and with a full one.

- A function of 100 element-wise operators: at most 100 ms cold, llvmlite's import included, and 15 ms from the cache.
- Its kernels, and those of the programs of native.py: at most 15 ms each to compile, 8 in the median; 0.2 ms each from the cache, which
  is writing the text, reading the file and loading.

Run with --check to fail when a limit is missed. Each figure is the best of several processes.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from typing import Any

import _timing

# What a process does with the programs that its arguments name; with the first argument "llvm", LLVM has been imported and has compiled
# something before.
CHILD = """
import json, sys, time
import numpy as np
import segue
from segue import _segue
sys.path.insert(0, {here!r})
import first_calls
kernels = []
_segue._log_callback(lambda channel, fields: kernels.append(fields) if channel == "kernels" and "origin" in fields else None)
if sys.argv[1] == "llvm":
    import segue.native
    segue.native.object_code("define void @warm() {{ ret void }}")
first = []
for name in sys.argv[2:]:
    function, args = first_calls.program(name)
    compiled = segue.compile(function, backend="native")
    start = time.perf_counter()
    compiled(*args)
    first.append(time.perf_counter() - start)
print(json.dumps(dict(first=first, kernels=[[k["origin"], k["microseconds"] / 1e3, k["nodes"]] for k in kernels])))
"""


def hundred(x: Any, y: Any) -> Any:
    """100 operators in four kernels."""
    results = []
    for i in range(4):
        z = x * (i + 1.5)
        for _ in range(6):
            z = (z * y + x) * 0.5 - y
        results.append(z.sum())
        x = x[1:]
        y = y[1:]
    return results


def program(name: str) -> tuple[Any, tuple[Any, ...]]:
    import numpy as np

    import native

    if name == "100 operators":
        x = np.linspace(0.0, 1.0, 1000)
        return hundred, (x, x[::-1].copy())
    return native.PROGRAMS[name], native.inputs(name, 1000)


def run(kind: str, cache: str, *names: str) -> dict[str, Any]:
    here = os.path.dirname(os.path.abspath(__file__))
    environment = {**os.environ, "SEGUE_CACHE_DIR": cache}
    command = [sys.executable, "-c", CHILD.format(here=here), kind, *names]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)


def main() -> int:
    import native

    options = _timing.arguments(__doc__.splitlines()[0])
    _timing.pin()
    report = _timing.Report("first calls")
    names = ["100 operators", *native.PROGRAMS]
    cold, warm, compiling = [], [], []
    for _ in range(7):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(run("plain", cache, names[0]))
            warm.append(run("plain", cache, names[0]))
        compiling.append(run("llvm", "", *names))
    assert all(origin == "compiled" for seen in compiling for origin, _, _ in seen["kernels"])
    assert all(origin == "from the cache" for seen in warm for origin, _, _ in seen["kernels"])

    def best(runs: list[dict[str, Any]], kernel: int) -> float:
        return min(seen["kernels"][kernel][1] for seen in runs)

    report.figure("a function of 100 operators, empty cache", min(seen["first"][0] for seen in cold) * 1e3, "ms", 100)
    report.figure("the same, from the cache", min(seen["first"][0] for seen in warm) * 1e3, "ms", 15)
    kernels = [best(compiling, i) for i in range(len(compiling[0]["kernels"]))]
    nodes = [kernel[2] for kernel in compiling[0]["kernels"]]
    note = ", ".join(f"{kernel:.1f} ({count})" for kernel, count in zip(kernels, nodes, strict=True))
    report.figure("slowest compile of a kernel", max(kernels), "ms", 15, note=f"of operators: {note}")
    report.figure("median compile of a kernel", statistics.median(kernels), "ms", 8)
    # The first one asks which compiler is installed.
    report.figure("slowest kernel from the cache but the first", max(best(warm, i) for i in range(1, len(warm[0]["kernels"]))), "ms", 0.2,
                  note=f"the first: {best(warm, 0):.2f} ms")
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
