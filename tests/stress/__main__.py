"""Threads that compile and call the same functions: results must be the plain functions', whatever happens meanwhile.

    scripts/python [VERSION] -m tests.stress [--seconds N] [--threads N] [--seed N]

Functions with breaks, generators that go from thread to thread, coroutines, new code, globals bound anew, finalizers that make
compiled calls, resets and collections. Threads switch every 10 microseconds. Fails on any difference or error, and when
less was run than the floors say.
"""

from __future__ import annotations

import argparse
import sys
import threading
import traceback

from tests.stress.work import TOTALS, Shared, Worker

FLOORS = {"segments": 200, "exits": 100, "compiles": 20}
"""At least this many a second, for one thread or more. Sanitized runs are slower: see --slow."""


def run(seconds: float, threads: int, seed: int, slow: float = 1.0) -> list[str]:
    """What went wrong, as texts."""
    shared, stop, unraisable = Shared(), threading.Event(), []
    workers = [Worker(shared, seed * 100 + i, resets=i == 0) for i in range(threads)]
    interval, hook = sys.getswitchinterval(), sys.unraisablehook
    sys.setswitchinterval(1e-5)
    sys.unraisablehook = lambda what: unraisable.append("".join(traceback.format_exception(what.exc_value)))
    try:
        running = [threading.Thread(target=worker.run, args=(stop,)) for worker in workers]
        for thread in running:
            thread.start()
        stop.wait(seconds)
        stop.set()
        for thread in running:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
        sys.unraisablehook = hook
    workers[0].add_counts()
    problems = ["".join(traceback.format_exception(error)) for worker in workers for error in worker.errors] + unraisable
    counts = ", ".join(f"{name} {TOTALS[name]}" for name in FLOORS)
    print(f"stress: {threads} threads, {seconds:g} s, {shared.done} actions, {counts}; {len(problems)} problems")
    short = [name for name, floor in FLOORS.items() if TOTALS[name] < floor * seconds / slow]
    return problems + ([f"below the floor: {', '.join(short)}"] if short else [])


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.stress", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--slow", type=float, default=1.0, help="divides the floors (sanitized builds)")
    options = parser.parse_args()
    problems = run(options.seconds, options.threads, options.seed, options.slow)
    print("\n".join(problems[:5]), end="\n" if problems else "")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
