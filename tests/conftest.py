"""Fixtures and the floor of the Python tests. (Here rather than in tests/python, where pytest-xdist's controller would not
find it.)

`check` is `segue.testing.check` (differential test of one call). Every run ends with what the checks exercised, summed
over pytest-xdist's workers; with SEGUE_FLOORS=1 (scripts/test sets it for whole runs) falling below FLOORS fails the
run, so that nothing passes by running eagerly. With SEGUE_GUARD_PAGES=1 all arrays lie between pages without access
(tests/guard_pages.py).
"""

import os
import shutil
import tempfile

import pytest

# The tests' kernels are compiled in every run, and not kept in the user's cache. Workers of pytest-xdist share their controller's folder.
OWN_CACHE = "SEGUE_CACHE_DIR" not in os.environ
if OWN_CACHE:
    os.environ["SEGUE_CACHE_DIR"] = tempfile.mkdtemp(prefix="segue-tests-")

# Results are compared bit for bit whatever the backend: functions that are compiled without a mode are compiled in the exact one.
# (test_native_math.py names the default mode, whose math functions have a tolerance.)
os.environ.setdefault("SEGUE_MODE", "exact")

import segue  # noqa: E402: it reads the variables
from segue.testing import check as check_call  # noqa: E402
from segue.testing import tally  # noqa: E402
from tests import guard_pages  # noqa: E402

# At least this much in a whole run of the suite.
FLOORS = {"checks": 8000, "captured": 4500, "operators": 5500, "hits": 8000, "segments": 8000, "exits": 2000}
# What guard_pages.counts() has given in pytest-xdist's workers.
guarded_by_workers = []


@pytest.hookimpl(trylast=True)   # faulthandler has been enabled: its traceback comes behind what the guards say
def pytest_configure(config):
    guard_pages.start_if_wanted()
    config.addinivalue_line("markers", "language(items, breaks): see `covers` in tests/python/language_support.py")


@pytest.fixture
def check(request):
    """Runs a function plainly and compiled and compares everything visible; returns a `Report`."""
    mark = request.node.get_closest_marker("language")
    if mark is None:
        return check_call
    declared = sorted(mark.kwargs["breaks"])

    def check_as_declared(fn, *args, **options):
        segue.reset()  # the report is of what this call captures, and other cases share its code
        report = check_call(fn, *args, breaks=bool(declared), **options)
        # How a test reads an exception that it has caught is not what it is about.
        found = [c.graph_break.id for c in report.captures if c.graph_break and c.function != "message"]
        assert sorted(set(found)) == declared, "the call breaks otherwise than `covers` says"
        assert not declared or any(c.op_count and not c.graph_break for c in report.captures), "nothing is captured behind"
        return report

    return check_as_declared


def pytest_unconfigure(config):
    if OWN_CACHE:
        shutil.rmtree(os.environ["SEGUE_CACHE_DIR"], ignore_errors=True)


def pytest_sessionfinish(session, exitstatus):
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["segue_tally"] = tally.as_dict()
        config.workeroutput["segue_guarded"] = guard_pages.counts() if guard_pages.wanted() else (0, 0)
    elif os.environ.get("SEGUE_FLOORS") == "1" and exitstatus == pytest.ExitCode.OK and _short():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    output = getattr(node, "workeroutput", {})
    tally.add(output.get("segue_tally", {}))
    guarded_by_workers.append(output.get("segue_guarded", (0, 0)))


def _short():
    return {name: floor for name, floor in FLOORS.items() if getattr(tally, name) < floor}


def pytest_terminal_summary(terminalreporter):
    if not tally.checks:
        return
    terminalreporter.section("what the checks exercised")
    for name, value in tally.as_dict().items():
        if name != "breaks":
            floor = f" (at least {FLOORS[name]})" if name in FLOORS else ""
            terminalreporter.write_line(f"{name}: {value}{floor}")
    if guard_pages.wanted():
        guarded, unguarded = (sum(column) for column in zip(guard_pages.counts(), *guarded_by_workers))
        terminalreporter.write_line(f"arrays between guard pages: {guarded}; others, as too many were alive: {unguarded}")
    terminalreporter.write_line("breaks: " + ", ".join(f"{name} {count}" for name, count in sorted(tally.breaks.items())))
    if os.environ.get("SEGUE_FLOORS") == "1" and _short():
        terminalreporter.write_line(f"FAILED: below the floor: {', '.join(_short())}", red=True)
