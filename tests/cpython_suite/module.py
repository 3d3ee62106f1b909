"""Runs one module of CPython's own tests in this process and prints each test's outcome as JSON."""

from __future__ import annotations

import importlib
import io
import json
import sys
import unittest
from contextlib import nullcontext

import segue
from segue import _segue
from segue.testing import trace_all
from test import support


class Outcomes(unittest.TestResult):
    """What each test came to, sub-tests included: "passed", "skipped", or the traceback's text."""

    def __init__(self) -> None:
        super().__init__(stream=io.StringIO(), verbosity=0)
        self.of: dict[str, str] = {}

    def stopTest(self, test: unittest.TestCase) -> None:
        # A test of test_monitoring that fails leaves its tools behind.
        for tool in range(6) if hasattr(sys, "monitoring") else ():
            if sys.monitoring.get_tool(tool) is not None:
                sys.monitoring.set_events(tool, 0)
                sys.monitoring.free_tool_id(tool)

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.of.setdefault(test.id(), "passed")

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self.of.setdefault(test.id(), "skipped")

    def addExpectedFailure(self, test: unittest.TestCase, err) -> None:
        self.of.setdefault(test.id(), "failed as expected")

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:
        self.of[test.id()] = "passed unexpectedly"

    def addFailure(self, test: unittest.TestCase, err) -> None:
        self.of[test.id()] = self._exc_info_to_string(err, test)

    addError = addFailure

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err) -> None:
        if err is not None:
            self.of[test.id()] = f"{subtest.id()}\n{self._exc_info_to_string(err, test)}"


def selected(suite: unittest.TestSuite, pattern: str) -> unittest.TestSuite:
    found = unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            found.addTest(selected(test, pattern))
        elif pattern in test.id():
            found.addTest(test)
    return found


def main() -> None:
    name, mode, pattern = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""
    support.use_resources = []
    support.verbose = 0
    module = importlib.import_module(f"test.{name}")
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    if pattern:
        suite = selected(suite, pattern)
    outcomes = Outcomes()
    with trace_all() if mode == "traced" else nullcontext():
        suite.run(outcomes)
    stats = _segue._stats()
    print(json.dumps({"outcomes": outcomes.of, "stats": stats}), file=sys.__stdout__, flush=True)


if __name__ == "__main__":
    main()
