"""Timing for the benchmarks: one pinned core, alternating candidates, minima, and checks that name what fell short.

Times on a shared machine have a long upper tail and a sharp lower edge, so the minimum over many short runs is what is
compared, and candidates take turns so that a slow spell hits all of them.
"""

from __future__ import annotations

import argparse
import functools
import gc
import itertools
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping


def pin() -> None:
    """Keeps the process on one of its cores (where the system can)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def seconds(run: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """One run of `run`, without garbage collection.

    Runs of more than a few milliseconds are measured with `clock=time.thread_time`, the thread's own time: on a busy
    machine the scheduler interrupts every one of them.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        start = clock()
        run()
        return clock() - start
    finally:
        if enabled:
            gc.enable()


def repeated(call: Callable[..., object], number: int, *args: object) -> Callable[[], None]:
    """A run of `number` calls `call(*args)`, written out as positional arguments.

    Every run has a code object of its own: CPython specialises call sites, and candidates must not share one.
    """
    names = [f"argument{i}" for i in range(len(args))]
    source = f"def run({', '.join(['call', *names])}):\n    for _ in repeat(None, number):\n        call({', '.join(names)})"
    namespace: dict[str, object] = {"repeat": itertools.repeat, "number": number}
    exec(source, namespace)  # noqa: S102 - the source is the two lines above
    return functools.partial(namespace["run"], call, *args)


def minima(runs: Mapping[str, Callable[[], object]], rounds: int = 40, settle: int = 3,
           clock: Callable[[], float] = time.perf_counter) -> dict[str, float]:
    """Best time in seconds of each run, taking turns for `rounds` rounds after `settle` unmeasured ones."""
    best = dict.fromkeys(runs, float("inf"))
    for turn in range(settle + rounds):
        for name, run in runs.items():
            elapsed = seconds(run, clock)
            if turn >= settle:
                best[name] = min(best[name], elapsed)
    return best


def call_times(calls: Mapping[str, Callable[..., object]], *args: object, number: int = 500,
               rounds: int = 300) -> dict[str, float]:
    """Nanoseconds per call `call(*args)` of each candidate, less the loop around it.

    Runs are short, a fraction of a millisecond, so that even on a busy machine some of each are undisturbed.
    """
    runs = {name: repeated(call, number, *args) for name, call in calls.items()}

    def empty() -> None:
        for _ in itertools.repeat(None, number):
            pass

    best = minima({**runs, "": empty}, rounds)
    loop = best.pop("")
    return {name: (elapsed - loop) / number * 1e9 for name, elapsed in best.items()}


class Report:
    """Prints figures; those with a limit are checked, and `finish` tells which ones fell short."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.short: list[str] = []
        print(f"{title} on CPython {platform.python_version()}")

    def figure(self, what: str, value: float, unit: str, limit: float | None = None, note: str = "") -> None:
        line = f"  {what:<64} {value:10.3f} {unit}"
        if limit is not None:
            verdict = "ok" if value <= limit else "TOO SLOW" if unit != "KiB" else "TOO MUCH"
            line += f"  (limit {limit:g}: {verdict})"
            if value > limit:
                self.short.append(f"{what}: {value:.3f} {unit}, limit {limit:g}")
        print(line + (f"  {note}" if note else ""), flush=True)

    def finish(self, check: bool) -> int:
        """The process's exit status: 1 when `check` is set and a limit was missed."""
        for text in self.short:
            print(f"{self.title}: fell short: {text}", file=sys.stderr)
        return 1 if check and self.short else 0


def arguments(description: str) -> argparse.Namespace:
    """Parses the benchmarks' common command line: --check."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="exit with status 1 when a limit is missed, naming it")
    return parser.parse_args()
