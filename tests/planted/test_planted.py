"""The runner of planted faults: its table is read exactly, and every row has a site and tests. (The faults themselves are
planted by `scripts/python -m tests.planted`.)"""

import os
import re
import subprocess
import sys

import pytest

from tests.planted.__main__ import DEFINITIONS, FEWEST, ROOT, Fault, failure, joined, parse, selected, selects, sites


def test_rows_are_read():
    text = '// words\nSEGUE_FAULT_ROW(LostWrite, "a write "\n                "is lost", "tests/a.py -k \'x or y\'")\n'
    assert parse(text) == [Fault("LostWrite", "a write is lost", ("tests/a.py", "-k", "x or y"))]


def test_bad_rows_are_named():
    with pytest.raises(ValueError, match="1 rows"):
        parse('SEGUE_FAULT_ROW(A, "a")\n')
    with pytest.raises(ValueError, match="used twice: A"):
        parse('SEGUE_FAULT_ROW(A, "a", "b")\nSEGUE_FAULT_ROW(A, "a", "b")\n')


def test_every_row_has_a_site_and_every_site_a_row():
    assert {fault.name for fault in parse(DEFINITIONS.read_text())} == sites()


def test_there_are_enough_rows():
    assert len(parse(DEFINITIONS.read_text())) >= FEWEST


def test_every_row_names_tests_that_exist():
    rows = parse(DEFINITIONS.read_text())
    cpp = "".join(path.read_text() for path in (ROOT / "tests" / "cpp").rglob("*.cc"))
    tags = set(re.findall(r"\[\w+\]", "".join(re.findall(r'^TEST_CASE\(.*', cpp, re.MULTILINE))))
    files = {word for row in rows for word in row.tests if word.endswith(".py")}
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "-p", "no:cacheprovider", *sorted(files)]
    # The floors are those of whole runs.
    environment = {**os.environ, "SEGUE_FLOORS": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    node_ids = [line for line in done.stdout.splitlines() if "::" in line]

    def exists(tests):
        return tests[0][4:] in tags if tests[0].startswith("cpp:") else bool(selected(tests, node_ids))

    assert [row.name for row in rows if not exists(row.tests)] == []


def test_words_select_as_pytest_does():
    test = "tests/python/test_a.py::test_calls[not_None]"
    assert selects("calls and (none or some)", test) and selects("not (other)", test)
    assert not selects("calls and some", test)
    assert selected(("tests/python/test_b.py", "-k", "calls", "tests/python/test_a.py"), [test]) == [test]
    assert selected(("tests/python/test_b.py",), [test]) == []


def test_rows_share_runs_without_a_fault():
    rows = [("cpp:[a]",), ("a.py", "-k", "x or y"), ("cpp:[b]",), ("b.py", "-k", "x"), ("a.py", "-k", "z"), ("b.py",)]
    assert joined(rows) == [("cpp:[a],[b]",), ("a.py", "-k", "(x or y) or (z)"), ("b.py",)]


def test_failures_are_named():
    assert failure(1, "...\nFAILED tests/a.py::test_b - assert 1\n") == "tests/a.py::test_b"
    assert failure(1, f"{'-' * 79}\nwrites are lost\n{'-' * 79}\n") == "writes are lost"
    assert failure(-11, "") == "killed by SIGSEGV" and failure(124, "") == "hung"
