"""Plants the faults of csrc/base/faults.def one at a time and requires the test suite to notice each.

    scripts/python [VERSION] -m tests.planted [--jobs N] [--list] [NAME…]

The engine is built once with SEGUE_FAULTS (build/faults-VERSION). First the named tests must pass without a fault; then,
for each fault, at least one of its tests must fail (a crash counts) and the fault's site must have run.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = ROOT / "csrc" / "base" / "faults.def"
STRING = r'"(?:[^"\\]|\\.)*"'
ROW = re.compile(rf"^SEGUE_FAULT_ROW\((\w+),\s*((?:{STRING}\s*)+),\s*((?:{STRING}\s*)+)\)", re.MULTILINE)
SITE = re.compile(r"\bSEGUE_FAULT\((\w+(?:##name)?)\)")
FEWEST = 40


@dataclass(frozen=True)
class Fault:
    name: str
    what: str
    tests: tuple[str, ...]


def parse(text: str) -> list[Fault]:
    """Rows of a faults.def; ValueError when one cannot be read or a name is used twice."""

    def joined(literals: str) -> str:
        return "".join(ast.literal_eval(literal) for literal in re.findall(STRING, literals))

    faults = [Fault(name, joined(what), tuple(shlex.split(joined(tests)))) for name, what, tests in ROW.findall(text)]
    unread = len(re.findall(r"^SEGUE_FAULT_ROW\(", text, re.MULTILINE)) - len(faults)
    if unread:
        raise ValueError(f"{unread} rows of faults.def could not be read")
    names = [fault.name for fault in faults]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"used twice: {', '.join(twice)}")
    return faults


def sites() -> set[str]:
    """The faults that the engine's sources ask for."""
    files = [path for path in (ROOT / "csrc").rglob("*") if path.suffix in (".cc", ".h") and path.name != "fault.h"]
    found = {name for path in files for name in SITE.findall(path.read_text(encoding="utf-8"))}
    # One site in the loop over guard kinds plants a fault per kind.
    kinds = re.findall(r"^SEGUE_GUARD_KIND\((\w+),", (ROOT / "csrc/program/guard_kinds.def").read_text(), re.MULTILINE)
    for name in [name for name in found if "##" in name]:
        found.remove(name)
        found.update(name.replace("##name", kind) for kind in kinds)
    return found


def build(version: str) -> dict[str, str]:
    """Builds with SEGUE_FAULTS; returns the environment that runs that build."""
    script = f"set -- ; . scripts/lib/setup.sh; build_version {version} faults"
    subprocess.run(["bash", "-c", script], cwd=ROOT, check=True, env={**os.environ, "SEGUE_FAULT": ""})
    paths = [str(ROOT / "build" / f"faults-{version}"), str(ROOT)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "SEGUE_STRICT": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def run_tests(tests: tuple[str, ...], environment: dict[str, str], timeout: float = 900) -> tuple[int, str]:
    """pytest's exit status (124: it hung, negative: it was killed by a signal) and its output's end."""
    if tests[0].startswith("cpp:"):
        catch2 = "import sys, _segue_tests; sys.exit(_segue_tests.run(sys.argv[1:]) != 0)"
        command = [sys.executable, "-c", catch2, tests[0].removeprefix("cpp:")]
    else:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", *tests]
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, timeout=timeout, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return 124, "timed out"
    return done.returncode, done.stdout[-2000:]


def plant(fault: Fault, environment: dict[str, str]) -> tuple[str, str]:
    """How the suite took the fault: "caught", "MISSED", "NOT REACHED" or "BROKEN", with words."""
    with tempfile.TemporaryDirectory() as folder:
        reached = Path(folder) / "reached"
        status, output = run_tests(
            fault.tests, {**environment, "SEGUE_FAULT": fault.name, "SEGUE_FAULT_REACHED": str(reached)}
        )
        if status == 0:
            return ("MISSED" if reached.exists() else "NOT REACHED"), output
        # 2 to 5: interrupted, internal or usage error, nothing collected. Tests did not fail: they did not run.
        if status in (2, 3, 4, 5):
            return "BROKEN", output
        if not reached.exists():
            return "NOT REACHED", output
        last = [line for line in output.splitlines() if line.startswith("FAILED")]
        return "caught", last[0][7:] if last else f"exit status {status}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.planted", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="faults to plant (default: all)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="print the faults and exit")
    options = parser.parse_args()
    faults = parse(DEFINITIONS.read_text(encoding="utf-8"))
    known = {fault.name for fault in faults}
    if unknown := sorted(set(options.names) - known):
        parser.error(f"unknown: {', '.join(unknown)}; --list prints the faults")
    if options.list:
        for fault in faults:
            print(f"{fault.name}: {fault.what}")
        return 0
    if without := sorted(known ^ sites()):
        print(f"rows without a site, or sites without a row: {', '.join(without)}")
        return 1
    chosen = [fault for fault in faults if not options.names or fault.name in options.names]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    environment = build(version)
    start = time.perf_counter()
    for tests in dict.fromkeys(fault.tests for fault in chosen):
        status, output = run_tests(tests, {**environment, "SEGUE_FAULT": ""})
        if status != 0:
            print(f"without a fault, {' '.join(tests)} does not pass:\n{output}")
            return 1
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for fault, (verdict, words) in zip(chosen, pool.map(lambda fault: plant(fault, environment), chosen)):
            failures += verdict != "caught"
            print(f"{verdict:11} {fault.name}: {words if verdict == 'caught' else fault.what}", flush=True)
            if verdict == "BROKEN":
                print(words)
    caught = len(chosen) - failures
    print(f"{caught} of {len(chosen)} planted faults caught in {time.perf_counter() - start:.0f} s on CPython {version}")
    if not options.names and len(faults) < FEWEST:
        print(f"too few faults: {len(faults)} of at least {FEWEST}")
        return 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
