"""Runs one module of NumPy's own tests (or another file of tests) in this process, and writes what each came to as lines of JSON.

    python -m tests.numpy_suite.module MODULE plain|compiled FILE [TEXT]

A test is a call of its top function, which `compiled` wraps in segue.compile; so are the functions that hypothesis calls with its
examples. Frames of the test's own module count as the user's code (`config.capture_modules`), NumPy's as a library's.

Every test that passes is called once more, with the same fixtures, so that the second call finds what the first one compiled.
That does no harm: both runs do it, random state is seeded before each call, and a second call counts only where the plain one
passes (some tests change what they got from a fixture).

The file gets a record of each test before it starts and the final one behind, so that nothing is lost when the process dies. Tests
which the file has already are left out: a second process goes on behind the one that died.
"""

from __future__ import annotations

import functools
import json
import os
import random
import sys
import traceback
import types
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pytest

import segue
from segue.explain import record

NUMPY = Path(np.__file__).parent
MEMORY = "2 GB"  # tests that say they need more are skipped
STARTED = "started"
"""The outcome of a test that has not ended yet."""


@dataclass
class Record:
    test: str
    outcome: str = STARTED
    """passed, skipped, failed as expected, passed unexpectedly, or "failed: " and the exception's type; then the traceback."""
    again: str = ""
    """The outcome of the second call; empty when there was none."""
    numpy_calls: int = 0
    """Captured at the first call: what segments call, and what they need not call, as the trace knew the answer."""
    hit: bool = False
    """The second call ran segments and compiled nothing."""
    breaks: list[str] = field(default_factory=list)


def kind(error: BaseException) -> str:
    return "skipped" if isinstance(error, pytest.skip.Exception) else f"failed: {type(error).__name__}"


class Plugin:
    def __init__(self, compiled: bool, pattern: str, seen: set[str], lines: TextIO) -> None:
        self.compiled, self.pattern, self.seen, self.lines = compiled, pattern, seen, lines
        self.record = Record("")

    def write(self) -> None:
        self.lines.write(json.dumps(asdict(self.record)) + "\n")
        self.lines.flush()

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self.pattern in item.nodeid and item.nodeid not in self.seen]
        segue.config.capture_modules = tuple({item.module.__name__ for item in items})

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.record = Record(nodeid)
        self.write()
        self.record.outcome = "passed"

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool:
        function = compiled(pyfuncitem.obj) if self.compiled else pyfuncitem.obj
        fixtures = {name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames}
        try:
            with record() as captures:
                call(function, fixtures)
        finally:
            self.record.numpy_calls = sum(capture.numpy_calls for capture in captures)
            self.record.breaks = [f"{found.id}: {found.detail}" for capture in captures if (found := capture.graph_break) is not None]
        before = segue.stats()
        try:
            call(function, fixtures)
            self.record.again = "passed"
        except (Exception, pytest.skip.Exception, pytest.fail.Exception) as error:
            self.record.again = f"{kind(error)}\n{traceback.format_exc()}"
        after = segue.stats()
        self.record.hit = after["segments"] > before["segments"] and after["compiles"] == before["compiles"]
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo):
        report = yield
        expected = hasattr(report, "wasxfail")
        if report.failed:
            what = kind(call.excinfo.value) if call.excinfo else "passed unexpectedly"
            self.record.outcome = f"{what}\nin {report.when}\n{report.longreprtext}"
        elif report.skipped:
            self.record.outcome = "failed as expected" if expected else "skipped"
        elif expected:
            self.record.outcome = "passed unexpectedly"
        return report

    def pytest_runtest_logfinish(self) -> None:
        self.write()


@functools.cache
def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    examples = getattr(function, "hypothesis", None)
    if examples is None:
        return segue.compile(function)
    examples.inner_test = segue.compile(examples.inner_test)
    return function


def compiled(test: Callable[..., Any]) -> Callable[..., Any]:
    if isinstance(test, types.MethodType):
        return types.MethodType(wrapped(test.__func__), test.__self__)
    return wrapped(test)


def call(test: Callable[..., Any], fixtures: dict[str, Any]) -> None:
    random.seed(0)
    np.random.seed(0)
    test(**fixtures)


def main() -> int:
    module, mode, path, pattern = *sys.argv[1:4], sys.argv[4] if len(sys.argv) > 4 else ""
    if module.endswith(".py"):
        tests, root = Path(module), Path(module).parent
    else:
        package, name = module.split(".")
        tests, root = NUMPY / package / "tests" / f"{name}.py", NUMPY
    os.environ["NPY_AVAILABLE_MEM"] = MEMORY
    with open(path, "a+", encoding="utf-8") as lines:
        lines.seek(0)
        seen = {json.loads(line)["test"] for line in lines}
        arguments = [str(tests), "-c", os.devnull, f"--rootdir={root}", "--assert=plain", "--capture=sys", "-q", "-p", "no:cacheprovider",
                 "-m", "not slow"]  # fmt: skip
        status = pytest.main(arguments, [Plugin(mode == "compiled", pattern, seen, lines)])
    good = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
    return 0 if status in good else int(status)


if __name__ == "__main__":
    sys.exit(main())
