"""Which runs of kernels are cut for several threads, and how many threads there are."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from tests.python.native_support import NATIVE
from tests.python.native_threads_support import counts, run_python

import segue

# --- which runs are cut -----------------------------------------------------------------------------------------------------


def test_short_runs_stay_in_one_thread():
    compiled = segue.compile(lambda x, y: x * y + 1, **NATIVE)
    with segue.config.patch(threads=2):
        before = counts()["runs"]
        for size in (1, 100, 4096, 30_000):
            x = np.ones(size)
            compiled(x, x)
        assert counts()["runs"] == before
        x = np.ones(1_000_000)
        compiled(x, x)
        assert counts()["runs"] == before + 1


def test_expensive_elements_are_worth_it_earlier():
    x = np.ones(50_000)
    cheap, expensive = (segue.compile(f, mode="default", **NATIVE) for f in (lambda x: -x, lambda x: np.exp(np.sin(x)) * np.log(x)))
    with segue.config.patch(threads=2):
        before = counts()["runs"]
        cheap(x)
        assert counts()["runs"] == before
        expensive(x)
        assert counts()["runs"] == before + 1


def test_one_thread_starts_no_worker():
    script = "\n".join([
        "import numpy as np, segue, os",
        "compiled = segue.compile(lambda x: np.sqrt(x) * 2 + x, backend='native')",
        "segue.config.threads = 1",
        "tasks = lambda: len(os.listdir('/proc/self/task'))",
        "compiled(np.ones(100))",
        "before = tasks()",
        "compiled(np.ones(3_000_000))",
        "assert tasks() == before",
        "segue.config.threads = 3",
        "compiled(np.ones(3_000_000))",
        "assert tasks() == before + 2, (tasks(), before)",
        "segue.config.threads = 2",
        "for _ in range(20): compiled(np.ones(3_000_000))",
        "assert tasks() == before + 2",
    ])
    run_python(script)


# --- how many threads -------------------------------------------------------------------------------------------------------


def test_the_setting():
    with segue.config.patch(threads=5):
        assert segue.config.threads == 5
        with segue.config.patch(threads=None):
            assert segue.config.threads >= 1
        assert segue.config.threads == 5
    with segue.config.patch(threads=10_000):
        assert 1 < segue.config.threads <= 10_000


@pytest.mark.parametrize("value, error, text", [
    (0, ValueError, "threads must be at least 1, not 0"),
    (-2, ValueError, "threads must be at least 1, not -2"),
    (2.0, TypeError, "threads is an int or None, not float"),
    ("2", TypeError, "threads is an int or None, not str"),
    (True, TypeError, "threads is an int or None, not bool"),
])
def test_bad_settings(value, error, text):
    before = segue.config.threads
    with pytest.raises(error, match=text):
        segue.config.threads = value
    assert segue.config.threads == before


PRINT = "import segue; print(segue.config.threads)"


@pytest.mark.parametrize("environment, expected", [
    ({"OMP_NUM_THREADS": "3"}, "3"),
    ({"OMP_NUM_THREADS": " 4,2"}, "4"),
    ({"OMP_NUM_THREADS": "3", "SEGUE_THREADS": "7"}, "7"),
    ({"OMP_NUM_THREADS": "3", "SEGUE_THREADS": ""}, "3"),
])
def test_the_environment(environment, expected):
    clean = {"SEGUE_THREADS": "", "OMP_NUM_THREADS": ""}
    assert run_python(PRINT, **{**clean, **environment}) == expected


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs the system's masks of processors")
@pytest.mark.parametrize("given", ["", "0", "many"])
def test_the_processors_that_may_be_used(given):
    environment = {"SEGUE_THREADS": "", "OMP_NUM_THREADS": given}
    assert run_python(PRINT, **environment) == str(len(os.sched_getaffinity(0)))
    one = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    assert run_python(one + PRINT, **environment) == "1"


@pytest.mark.parametrize("value", ["0", "two", "-1", "1.5"])
def test_an_environment_that_makes_no_sense(value):
    done = subprocess.run([sys.executable, "-c", PRINT], capture_output=True, text=True, env={**os.environ, "SEGUE_THREADS": value})
    assert done.returncode != 0
    assert "ValueError: SEGUE_THREADS must be" in done.stderr
