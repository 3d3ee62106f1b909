"""SEGUE_LOGS: what it accepts, and what it says about what it does not."""

import os
import subprocess
import sys

import pytest

import segue.logs
from segue import _segue


@pytest.fixture(autouse=True)
def quiet():
    yield
    _segue._log_configure("")
    _segue._log_file("")


def run(spec: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "SEGUE_LOGS": spec}
    return subprocess.run([sys.executable, "-c", "import segue.logs"], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("spec", ["", "graph", "+guards,-graph", " recompiles , trace_call ", "bytecode,"])
def test_specs_that_are_accepted(spec):
    done = run(spec)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_help_lists_every_channel():
    done = run("help")
    assert done.returncode == 0
    for channel in ["graph", "bytecode", "guards", "graph_breaks", "recompiles", "trace_call"]:
        assert f"\n  {channel} " in done.stderr


def test_an_unknown_channel_is_an_error_that_lists_the_known_ones():
    done = run("guard")
    assert done.returncode != 0
    assert "ValueError: unknown log channel 'guard'; known are graph, bytecode, guards" in done.stderr


def test_set_logs_wants_text():
    with pytest.raises(TypeError, match="set_logs takes a str"):
        segue.logs.set_logs(["graph"])


def test_a_log_file_that_cannot_be_opened_is_an_error():
    with pytest.raises(OSError, match="cannot open the log file /nonexistent/x"):
        _segue._log_file("/nonexistent/x")
