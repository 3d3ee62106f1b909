"""SEGUE_LOGS: what it accepts, and what it says about what it does not."""

import pytest

import segue.logs
from segue import _segue
from tests.python.engine_support import run_script


@pytest.fixture(autouse=True)
def quiet():
    yield
    _segue._log_configure("")
    _segue._log_file("")


def run(spec: str):
    return run_script("import segue.logs", SEGUE_LOGS=spec)


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


def test_unknown_log_channels_are_listed():
    with pytest.raises(ValueError, match="graph_breaks"):
        segue.set_logs("graph,nonsense")
    done = run_script("import segue", SEGUE_LOGS="nonsense")
    assert done.returncode == 1 and "nonsense" in done.stderr and "graph_breaks" in done.stderr
    with pytest.raises(TypeError):
        segue.set_logs(None)


def test_a_log_channel_prints():
    program = "import segue, numpy as np\nsegue.compile(lambda x: np.sin(x) + 1)(np.ones(3))"
    silent, loud = run_script(program), run_script(program, SEGUE_LOGS="graph,guards")
    assert silent.returncode == loud.returncode == 0, loud.stderr
    assert silent.stderr == "" and "sin" in loud.stderr and "L['x']" in loud.stderr
