"""Kernels from LLVM's assembly to code: what the logs say of it."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from tests.python.engine_support import fresh, run_script  # noqa: F401
from tests.python.kernel_cache_support import PROGRAM, cache, events, unique_kernel  # noqa: F401

import segue
from segue import _segue


@pytest.fixture
def log(tmp_path):
    """The file that logs go to."""
    _segue._log_file(str(tmp_path / "log"))
    yield tmp_path / "log"
    segue.set_logs("")
    _segue._log_file("")


def test_logs_of_kernels(cache, log):
    function, x = unique_kernel(), np.arange(5.0)
    segue.set_logs("asm")   # asked for: nobody pays for it who only listens
    with events("kernels", "ir", "asm") as seen:
        segue.compile(function, backend="native")(x)
        segue.compile(lambda x: function(x), backend="native")(x)
    by_channel = {channel: [fields for name, fields in seen if name == channel] for channel in ("kernels", "ir", "asm")}
    first, second = by_channel["kernels"]
    assert (first["origin"], second["origin"]) == ("compiled", "known") and first["name"] == second["name"]
    assert first["nodes"] == 2 and first["bytes"] > 100 and first["microseconds"] > second["microseconds"] >= 0 and first["text"]
    (ir,), (asm,) = by_channel["ir"], by_channel["asm"]
    assert ir["name"] == asm["name"] == first["name"]
    assert f"define void @{first['name']}(" in ir["text"] and f"{first['name']}:" in asm["text"] and "ret" in asm["text"]


def test_logs_as_text(tmp_path):
    program = PROGRAM.format(maker="", hidden=False).replace("_segue._log_callback(", "(")
    where = {"SEGUE_CACHE_DIR": str(tmp_path), "SEGUE_LOGS": "kernels,ir"}
    cold, warm = run_script(program, **where), run_script(program, **where)
    for done, origin in (cold, "compiled"), (warm, "from the cache"):
        lines = [line for line in done.stderr.splitlines() if line.startswith("segue kernels: ")]
        assert len(lines) == 2 and all(re.fullmatch(rf"segue kernels: segue_kernel_\w+: \d nodes, \d+ bytes, {origin} in \d+\.\d\d ms", line)
                                       for line in lines), done.stderr
        assert "segue ir: segue_kernel_" in done.stderr and "define void @segue_kernel_" in done.stderr


def test_logs_of_groups_and_of_the_plan(cache):
    def compute(x, m):
        a = x * 2.0 + 1.0
        b = np.sort(a)
        c = (a - b) * m
        x[0] = 1.0
        return b, c, x + 1.0

    with events("fusion", "schedule") as seen:
        segue.compile(compute, backend="native")(np.arange(5.0), np.ones((2, 5)))
    (groups,), (items,) = [fields["groups"] for channel, fields in seen if channel == "fusion"], \
        [fields["items"] for channel, fields in seen if channel == "schedule"]
    ends = [group.split("; ends: ")[1] for group in groups]
    assert len(groups) == 4 and all(" -> " in group for group in groups), groups
    assert [re.sub(r"^\w+ \((\w+)\)", r"\1", end) for end in ends] == [
        "sort uses a value as a whole", "multiply runs over another shape or order", "setitem writes memory", "the graph ends"]
    assert [item.split(" = ")[1] if " = " in item else item.split()[0] for item in items] == [
        "kernel", "sort", "kernel", "kernel", "setitem", "kernel"], items


def test_the_reference_backend_logs_its_plan_too():
    with events("fusion", "schedule") as seen:
        segue.compile(lambda x: np.sin(x) * 2, backend="reference")(np.arange(5.0))
    ((channel, fields),) = seen
    assert channel == "schedule" and [item.split(" = ")[1] for item in fields["items"]] == ["sin", "multiply"]


# Five kernels with a call of NumPy behind each; the compiler takes its time.
SLOW = """
import time
import numpy as np
import segue
from segue import native

compile = native.object_code
def object_code(module):
    time.sleep(0.4)
    return compile(module)
native.object_code = object_code

def compute(x):
    for factor in (1.25, 2.25, 3.25, 4.25, 5.25):
        x = np.sort(x * factor)
    return x

segue.compile(compute, backend="native")(np.arange(5.0))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="terminals are opened otherwise there")
@pytest.mark.parametrize("setting, shown", [({}, True), ({"SEGUE_PROGRESS": "0"}, False)])
def test_a_terminal_shows_how_far_a_long_compile_is(tmp_path, setting, shown):
    import pty

    terminal, end = pty.openpty()
    environment = {**os.environ, "SEGUE_CACHE_DIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **setting}
    done = subprocess.run([sys.executable, "-c", SLOW], stderr=end, stdout=subprocess.PIPE, env=environment, timeout=120)
    os.close(end)
    written = b""
    with contextlib.suppress(OSError):   # the other end is closed
        while piece := os.read(terminal, 4096):
            written += piece
    os.close(terminal)
    assert done.returncode == 0, written
    text = written.decode()
    assert ("segue: compiling kernels, 4 of 5, 1 s" in text) == shown
    assert text == "" if not shown else text.endswith("\r\x1b[K")


def test_without_a_terminal_long_compiles_say_nothing(tmp_path):
    done = run_script(SLOW, SEGUE_CACHE_DIR=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
