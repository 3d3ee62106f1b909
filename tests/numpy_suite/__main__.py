"""NumPy's own installed tests, once plainly and once with each test's top function compiled.

    scripts/python [VERSION] -m tests.numpy_suite [MODULE ...] [--jobs N] [--test TEXT] [--floor PERCENT] [--reasons N]

A test that passes (or is skipped, or fails as expected) with plain NumPy must do the same under Segue, at its first call and at a
second one. MODULE may also be the path of another file of tests. At least 80 % of the test functions must contain a segment with a
captured NumPy call; the commonest reasons why others do not are printed. module.py says how a test is run.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.numpy_suite.expected import EXPECTED, MODULES
from tests.numpy_suite.module import STARTED, Record
from tests.suites import compared

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 3600


def run(module: str, mode: str, pattern: str) -> dict[str, dict]:
    """Test -> its Record as a dict. Behind a test that kills its process, another process goes on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "records"
        path.touch()
        records: dict[str, dict] = {}
        while True:
            death = run_on(module, mode, pattern, path)
            for line in path.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                if record["outcome"] != STARTED or record["test"] not in records:
                    records[record["test"]] = record
            if not death:
                return records
            killed = [record for record in records.values() if record["outcome"] == STARTED]
            for record in killed or [records.setdefault(module, asdict(Record(module)))]:
                record["outcome"] = death
            if not killed:
                return records


def run_on(module: str, mode: str, pattern: str, path: Path) -> str:
    """Runs the tests that the file does not have yet. Returns why the process did not get to their end; empty when it did."""
    command = [sys.executable, "-m", "tests.numpy_suite.module", module, mode, str(path), pattern]
    # Tests compare bits that two ways of computing the same have given: one may break, and is NumPy's.
    environment = {"SEGUE_STRICT": "1", "SEGUE_MODE": "exact", **os.environ,
                   "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])}  # fmt: skip
    try:
        child = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return f"not done in {TIMEOUT_S} s"
    return f"ended the process with status {child.returncode}\n{child.stderr[:2000]}" if child.returncode else ""


def first_line(outcome: str) -> str:
    return outcome.partition("\n")[0]


@dataclass
class Verdict:
    module: str
    count: int
    failing: int
    """Tests that fail plainly; nothing is compared of them but that they fail."""
    differing: dict[str, str]
    """Test -> its traceback, or what else happened."""
    announced: list[str]
    agreeing: list[str]
    """Listed as differing, but they do not."""
    functions: int
    """Test functions that were called, parametrized ones once."""
    captured: int
    """… of which some test captured a NumPy call."""
    hits: int
    """Second calls that ran segments and compiled nothing."""
    again: int
    """Second calls of functions that captured a NumPy call."""
    missed: collections.Counter[str]
    """Reasons of breaks -> functions that captured nothing and have them."""
    seconds: float


def difference(plain: dict, compiled: dict | None) -> str:
    """What is wrong with a compiled test; empty when nothing is."""
    if compiled is None:
        return "not run"
    if plain["outcome"].startswith("failed: "):
        return "" if compiled["outcome"].startswith("failed: ") else compiled["outcome"]
    if first_line(compiled["outcome"]) != first_line(plain["outcome"]):
        return compiled["outcome"]
    return f"at its second call: {compiled['again']}" if plain["again"] == "passed" != compiled["again"] else ""


def compare(module: str, pattern: str) -> Verdict:
    begun = time.perf_counter()
    plain, compiled = run(module, "plain", pattern), run(module, "compiled", pattern)
    differences = {test: difference(record, compiled.get(test)) for test, record in plain.items()}
    if module in compiled:  # its process ended without a test being to blame
        differences[module] = compiled[module]["outcome"]
    by_function = collections.defaultdict(list)
    for test, record in compiled.items():
        if record["outcome"] not in ("skipped", STARTED):
            by_function[test.partition("[")[0]].append(record)
    captured = [records for records in by_function.values() if any(record["numpy_calls"] for record in records)]
    missed = [records for records in by_function.values() if records not in captured]
    again = [record for records in captured for record in records if record["again"] == "passed"]
    return Verdict(
        module,
        count=len(plain),
        failing=sum(record["outcome"].startswith("failed: ") for record in plain.values()),
        differing={test: what for test, what in differences.items() if what and test not in EXPECTED},
        announced=[test for test, what in differences.items() if what and test in EXPECTED],
        agreeing=[test for test, what in differences.items() if not what and test in EXPECTED],
        functions=len(by_function),
        captured=len(captured),
        hits=sum(record["hit"] for record in again),
        again=len(again),
        missed=collections.Counter(reason for records in missed for reason in reasons(records)),
        seconds=time.perf_counter() - begun,
    )


def reasons(records: list[dict]) -> set[str]:
    return {reason for record in records for reason in record["breaks"]} or {"nothing to capture"}


def share(part: int, whole: int) -> float:
    return 100 * part / max(1, whole)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.numpy_suite", description=__doc__.splitlines()[0])
    parser.add_argument("modules", nargs="*", help="such as lib.test_stride_tricks; all of the list without one")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--test", default="", help="only tests whose name has this text")
    parser.add_argument("--floor", type=float, default=80.0, help="percentage of test functions that must have captured a NumPy call")
    parser.add_argument("--reasons", type=int, default=10, help="how many of the commonest reasons for functions without one to print")
    options = parser.parse_args()

    verdicts = compared(options.modules or MODULES, options.jobs, lambda module: compare(module, options.test),
                        lambda v: f"{v.captured} of {v.functions} functions captured, {v.hits} of {v.again} hit")
    missed = sum((verdict.missed for verdict in verdicts), collections.Counter())
    for reason, count in missed.most_common(options.reasons):
        print(f"  missed {count} times: {reason}")
    count, failing, functions, captured, hits, again = (
        sum(getattr(verdict, name) for verdict in verdicts) for name in ("count", "failing", "functions", "captured", "hits", "again")
    )
    differing = [test for verdict in verdicts for test in verdict.differing]
    announced = [test for verdict in verdicts for test in verdict.announced]
    print(f"numpy_suite: run {count}, passed {count - failing - len(differing) - len(announced)}, differing = {len(differing)}; "
          f"{failing} fail plainly, {len(announced)} differ as announced; captured {share(captured, functions):.1f} % of {functions} "
          f"test functions (floor {options.floor:g} %), {share(hits, again):.1f} % of {again} second calls hit")
    whole = not options.modules and not options.test
    return 1 if differing or (whole and share(captured, functions) < options.floor) else 0


if __name__ == "__main__":
    sys.exit(main())
