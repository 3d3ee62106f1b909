"""What an entry keeps: memory of the compiled form of a 100-operator function.

- As the engine counts it (guards, plan, replay, dispatch): at most 100 KiB.
- As the process sees it: the growth of resident memory over many entries, which includes what the count leaves out.

Run with --check to fail when a limit is missed.
"""

from __future__ import annotations

import gc
import sys

import numpy as np

import _timing
from capture import mixed
from segue import _segue, api

OPERATORS = 100
ENTRIES = 200


def resident_kib() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:
        pages = int(file.read().split()[1])
    import resource

    return pages * resource.getpagesize() / 1024


def main() -> int:
    options = _timing.arguments(__doc__.splitlines()[0])
    report = _timing.Report("memory")
    x, y = np.ones(4), np.ones(4)
    functions = [mixed(OPERATORS) for _ in range(ENTRIES)]
    for function in functions:
        function(x, y)
    api.compile(mixed(OPERATORS))(x, y)
    gc.collect()
    before = resident_kib()
    for function in functions:
        api.compile(function)(x, y)
    gc.collect()
    grown = (resident_kib() - before) / ENTRIES
    size, entries = _segue._entry_memory(functions[0])
    if entries != 1:
        raise AssertionError("one call makes one entry")
    report.figure(f"an entry of {OPERATORS} operators, as counted", size / 1024, "KiB", 100.0)
    report.figure(f"growth of the process per entry, over {ENTRIES}", grown, "KiB", 100.0)
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
