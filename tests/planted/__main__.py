"""Plants the faults of csrc/base/faults.def one at a time and requires the test suite to notice each.

    scripts/python [VERSION] -m tests.planted [--jobs N] [--build DIR] [--list] [NAME…]

The engine is built once with SEGUE_FAULTS (build/faults-VERSION). First the named tests must pass without a fault; then,
for each fault, at least one of its tests must fail (a crash or a hang counts) and the fault's site must have run. The last
line says how many were caught; the exit status is 0 only if all were.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import os
import re
import shlex
import signal
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
# Far more than the named tests of any row take.
TIMEOUT = 300


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


def selects(expression: str, node_id: str) -> bool:
    """Whether pytest's `-k expression` (words, and, or, not, parentheses) selects a test."""
    words = re.sub(
        r"[^\s()]+",
        lambda word: word[0] if word[0] in ("and", "or", "not") else str(word[0].lower() in node_id.lower()),
        expression,
    )
    return bool(eval(words, {"__builtins__": {}}))


def split(tests: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """A row's pytest arguments as files and the expression behind -k."""
    files, expression = [], None
    arguments = iter(tests)
    for argument in arguments:
        if argument == "-k":
            expression = next(arguments)
        else:
            files.append(argument)
    return tuple(files), expression


def joined(all_tests: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The tests of many rows in few runs: one for all C++ tests, one for each set of files."""
    tags = dict.fromkeys(tests[0].removeprefix("cpp:") for tests in all_tests if tests[0].startswith("cpp:"))
    runs: list[tuple[str, ...]] = [("cpp:" + ",".join(tags),)] if tags else []
    expressions: dict[tuple[str, ...], dict[str | None, None]] = {}
    for files, expression in (split(tests) for tests in all_tests if not tests[0].startswith("cpp:")):
        expressions.setdefault(files, {})[expression] = None
    for files, words in expressions.items():
        runs.append(files if None in words else (*files, "-k", " or ".join(f"({word})" for word in words)))
    return runs


def selected(tests: tuple[str, ...], node_ids: list[str]) -> list[str]:
    """The tests that a row's pytest arguments name, out of those collected."""
    files, expression = split(tests)
    chosen = [node_id for node_id in node_ids if node_id.split("::")[0] in files]
    return [node_id for node_id in chosen if expression is None or selects(expression, node_id)]


def build(version: str) -> Path:
    """Builds with SEGUE_FAULTS; returns the build's folder."""
    script = f"set -- ; . scripts/lib/setup.sh; build_version {version} faults"
    subprocess.run(["bash", "-c", script], cwd=ROOT, check=True, env={**os.environ, "SEGUE_FAULT": ""})
    return ROOT / "build" / f"faults-{version}"


def environment_of(folder: Path) -> dict[str, str]:
    own = {
        "PYTHONPATH": os.pathsep.join([str(folder.resolve()), str(ROOT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "SEGUE_STRICT": "1",
        "SEGUE_FLOORS": "0",  # those of whole runs
    }
    return {**os.environ, **own}


def run_tests(tests: tuple[str, ...], environment: dict[str, str]) -> tuple[int, str]:
    """The run's exit status (124: it hung, negative: it was killed by a signal) and output."""
    if tests[0].startswith("cpp:"):
        catch2 = "import sys, _segue_tests; sys.exit(_segue_tests.run(sys.argv[1:]) != 0)"
        command = [sys.executable, "-c", catch2, tests[0].removeprefix("cpp:")]
    else:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", *tests]
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, timeout=TIMEOUT, text=True, errors="replace",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except subprocess.TimeoutExpired:
        return 124, "timed out"
    return done.returncode, done.stdout


def failure(status: int, output: str) -> str:
    """The first test that failed, or how the run ended."""
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    if status == 124:
        return "hung"
    failed = re.search(r"^FAILED (\S+)", output, re.MULTILINE) or re.search(r"^-{70,}\n(.+)\n-{70,}$", output, re.MULTILINE)
    return failed[1] if failed else f"exit status {status}"


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
        return "caught", failure(status, output)


def passes(chosen: list[Fault], environment: dict[str, str], pool: concurrent.futures.Executor) -> bool:
    """Whether the tests that the rows name pass without a fault; prints those that do not."""
    all_tests = joined([fault.tests for fault in chosen])
    sound = True
    for tests, (status, output) in zip(all_tests, pool.map(lambda tests: run_tests(tests, environment), all_tests)):
        if status != 0:
            print(f"without a fault, {shlex.join(tests)} does not pass:\n{output[-2000:]}", flush=True)
            sound = False
    return sound


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.planted", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="faults to plant (default: all)")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--build", type=Path, help="a build made with SEGUE_FAULTS, used as it is")
    parser.add_argument("--list", action="store_true", help="print the faults and exit")
    options = parser.parse_args()
    options.faults = parse(DEFINITIONS.read_text(encoding="utf-8"))
    if unknown := sorted(set(options.names) - {fault.name for fault in options.faults}):
        parser.error(f"unknown: {', '.join(unknown)}; --list prints the faults")
    return options


def main() -> int:
    options = parse_arguments()
    faults = options.faults
    if options.list:
        for fault in faults:
            print(f"{fault.name}: {fault.what}")
        return 0
    if without := sorted({fault.name for fault in faults} ^ sites()):
        print(f"rows without a site, or sites without a row: {', '.join(without)}")
        return 1
    chosen = [fault for fault in faults if not options.names or fault.name in options.names]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    environment = environment_of(options.build or build(version))
    start = time.perf_counter()
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        if not passes(chosen, {**environment, "SEGUE_FAULT": ""}, pool):
            return 1
        for fault, (verdict, words) in zip(chosen, pool.map(lambda fault: plant(fault, environment), chosen)):
            failures += verdict != "caught"
            print(f"{verdict:11} {fault.name}: {fault.what} ({words if verdict == 'caught' else shlex.join(fault.tests)})",
                  flush=True)
            if verdict == "BROKEN":
                print(words[-2000:])
    caught = len(chosen) - failures
    print(f"{caught} of {len(chosen)} planted faults caught in {time.perf_counter() - start:.0f} s on CPython {version}")
    if not options.names and len(faults) < FEWEST:
        print(f"too few faults: {len(faults)} of at least {FEWEST}")
        return 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
