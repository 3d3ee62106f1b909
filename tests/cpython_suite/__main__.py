"""CPython's own regression tests, once plainly and once under segue.testing.trace_all.

    scripts/python [VERSION] -m tests.cpython_suite [MODULE ...] [--jobs N] [--test TEXT] [--floor SEGMENTS]

A test that passes (or is skipped, or fails as expected) in plain CPython must do the same under Segue. Differences that
docs/side_exits.md announces are listed in expected.py, with their reasons; one that no longer occurs is reported, too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.cpython_suite.expected import EXPECTED, MODULES
from tests.suites import compared

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 600


@dataclass
class Run:
    outcomes: dict[str, str]
    stats: dict[str, float]
    death: str = ""
    """Why there are no outcomes; empty when there are."""


def run(module: str, mode: str, pattern: str) -> Run:
    command = [sys.executable, "-m", "tests.cpython_suite.module", module, mode, pattern]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}
    try:
        child = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return Run({}, {}, f"not done in {TIMEOUT_S} s")
    if child.returncode != 0:
        return Run({}, {}, f"the process ended with status {child.returncode}:\n{child.stderr[-3000:]}")
    found = json.loads(child.stdout.splitlines()[-1])
    return Run(found["outcomes"], found["stats"])


@dataclass
class Verdict:
    module: str
    count: int
    differing: dict[str, str]
    """Test -> its traceback, or what else happened."""
    announced: list[str]
    agreeing: list[str]
    """Listed as differing, but they do not."""
    stats: dict[str, float]
    seconds: float


def compare(module: str, pattern: str) -> Verdict:
    begun = time.perf_counter()
    plain, traced = run(module, "plain", pattern), run(module, "traced", pattern)
    differing, announced, agreeing = {}, [], []
    if plain.death or traced.death:
        differing[module] = plain.death or traced.death
    else:
        for test, outcome in plain.outcomes.items():
            got = traced.outcomes.get(test, "not run")
            if got == outcome or "\n" in outcome:
                if test in EXPECTED:
                    agreeing.append(test)
            elif test in EXPECTED:
                announced.append(test)
            else:
                differing[test] = got
    return Verdict(module, len(plain.outcomes), differing, announced, agreeing, traced.stats, time.perf_counter() - begun)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.cpython_suite", description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="such as test_with; all of the list without one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--test", default="", help="only tests whose name has this text")
    parser.add_argument("--floor", type=int, default=100_000, help="segments that must have been run, and as many exits")
    options = parser.parse_args()
    modules = options.modules or MODULES

    verdicts = compared(modules, options.jobs, lambda module: compare(module, options.test),
                        lambda v: f"{v.stats.get('segments', 0)} segments, {v.stats.get('exits', 0)} exits")
    count = sum(verdict.count for verdict in verdicts)
    differing = sum(len(verdict.differing) for verdict in verdicts)
    announced = [test for verdict in verdicts for test in verdict.announced]
    segments, exits = (int(sum(verdict.stats.get(name, 0) for verdict in verdicts)) for name in ("segments", "exits"))
    print(f"cpython_suite: run {count}, passed {count - differing - len(announced)}, differing = {differing}; "
          f"{len(announced)} differ as announced; {segments} segments, {exits} exits (floor {options.floor})")
    whole = not options.modules and not options.test
    return 1 if differing or (whole and min(segments, exits) < options.floor) else 0


if __name__ == "__main__":
    sys.exit(main())
