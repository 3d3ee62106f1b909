"""What the suites that run others' tests share: modules compared side by side, and what is printed of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar


class Verdict(Protocol):
    module: str
    count: int
    differing: dict[str, str]
    """Test -> its traceback, or what else happened."""
    agreeing: list[str]
    """Listed as differing, but they do not."""
    seconds: float


V = TypeVar("V", bound=Verdict)


def compared(modules: Iterable[str], jobs: int | None, compare: Callable[[str], V], figures: Callable[[V], str]) -> list[V]:
    """The verdicts in the modules' order; each is printed when it is there, with the suite's own figures."""
    verdicts = []
    with ThreadPoolExecutor(jobs) as pool:
        for verdict in pool.map(compare, modules):
            verdicts.append(verdict)
            for test, what in verdict.differing.items():
                print(f"--- {test}\n{what}\n")
            for test in verdict.agreeing:
                print(f"    listed in expected.py, but does not differ: {test}")
            print(f"{verdict.module}: {verdict.count} tests, {len(verdict.differing)} differing, {figures(verdict)}, "
                  f"{verdict.seconds:.0f} s", flush=True)
    return verdicts
