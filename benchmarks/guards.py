"""What guards cost: many arguments, many specializations.

- 100 array arguments, each guarded by type, dtype, rank, layout and symbolic size, with an empty plan: at most 3 µs.
  Printed beside it: TorchDynamo with 100 tensors, when it is installed.
- 64 entries of a compiled function that differ in one argument's value, against one entry, calls and plans included: at
  most 1.3 times, for a str, an int and a dtype. The lookup alone is printed too.

Run with --check to fail when a limit is missed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

import _peers
import _timing
import segue
from segue import _segue

DispatchProbe = _segue._testing.DispatchProbe


def microseconds(table: DispatchProbe, args: Sequence[object], number: int = 2000, rounds: int = 60) -> float:
    """Best time of one lookup."""
    return min(table.time(number, *args) for _ in range(rounds)) * 1e6


def many_arguments(report: _timing.Report) -> None:
    args = [np.zeros((3, 4 + i)) for i in range(100)]
    table = DispatchProbe()
    table.add(*args)
    if table.find(*args) != 0:
        raise AssertionError("the entry does not fit its own call")
    report.figure("100 array arguments, guards and an empty plan", microseconds(table, args), "us", 3.0,
                  note=_peers.dynamo_guards(len(args)))


def many_entries(report: _timing.Report) -> None:
    x, y = np.zeros((3, 4)), np.zeros((4, 3))
    values: dict[str, list[object]] = {
        "str": [f"mode{i}" for i in range(64)],
        "int": [10**i for i in range(64)],
        "type": [np.dtype(t).type(1) for t in "?bhilBHILefdFD"] + [float(i) for i in range(50)],
    }
    for kind, choices in values.items():
        one, many = DispatchProbe(), DispatchProbe()
        one.add(x, y, choices[63])
        for choice in choices:
            many.add(x, y, choice)
        args = (x, y, choices[63])
        if many.find(*args) != 63:
            raise AssertionError("the last entry does not answer its call")
        # Taking turns, so that a slow spell hits both.
        alone = among = float("inf")
        for _ in range(20):
            alone = min(alone, microseconds(one, args, rounds=4))
            among = min(among, microseconds(many, args, rounds=4))
        report.figure(f"64 entries told apart by a {kind}, against one: lookup alone", among / alone, "x",
                      note=f"{among * 1e3:.0f} ns against {alone * 1e3:.0f} ns")


def compiled_entries(report: _timing.Report, kind: str, choices: Sequence[object]) -> None:
    """Two functions of one source: one with an entry for the last choice, one with an entry for each."""
    is_dtype = kind == "dtype"   # told apart by what it says
    table = {choice.itemsize if is_dtype else choice: float(i) for i, choice in enumerate(choices)}

    def scale(x, choice):
        return np.multiply(x, table[choice.itemsize if is_dtype else choice])

    def scale_again(x, choice):
        return np.multiply(x, table[choice.itemsize if is_dtype else choice])

    segue.reset()   # entries belong to code objects, which all kinds share
    x, last = np.arange(4.0), choices[-1]
    one, many = segue.compile(scale), segue.compile(scale_again)
    for _ in range(2):
        one(x, last)
        for choice in choices:
            many(x, choice)
    before = segue.stats()
    one(x, last)
    many(x, last)
    after = segue.stats()
    if after["hits"] - before["hits"] != 2 or after["eager"] != 0 or after["entries"] < 1 + len(choices):
        raise AssertionError(f"calls that should hit did not: {before} {after}")
    times = _timing.call_times({"one": one, "many": many}, x, last)
    report.figure(f"{len(choices)} entries of a compiled function told apart by a {kind}, against one",
                  times["many"] / times["one"], "x", 1.3, note=f"{times['many']:.0f} ns against {times['one']:.0f} ns")


def many_compiled_entries(report: _timing.Report) -> None:
    compiled_entries(report, "str", [f"mode{i}" for i in range(64)])
    compiled_entries(report, "int", [7 * i for i in range(64)])
    lengths = [f"S{i}" for i in range(1, 65)]
    compiled_entries(report, "dtype", [np.dtype(length) for length in lengths])


def main() -> int:
    options = _timing.arguments(__doc__.splitlines()[0])
    _timing.pin()
    report = _timing.Report("guards")
    many_arguments(report)
    many_entries(report)
    many_compiled_entries(report)
    return report.finish(options.check)


if __name__ == "__main__":
    sys.exit(main())
