"""Kernels that are compiled while the program goes on: options={"async_compile": True}."""

from __future__ import annotations

import gc
import os
import threading
import time
import warnings
import weakref

import numpy as np
import pytest
from tests.plans import recorded
from tests.python.engine_support import counts, fresh, run_script  # noqa: F401
from tests.python.kernel_cache_support import cache, events, lenient, patched, unique_kernel  # noqa: F401

import segue
from segue import background, native

ASYNC = {"backend": "native", "options": {"async_compile": True}}
X = np.arange(37.0)


class Gate:
    """Stands in front of the compiler."""

    def __init__(self):
        self.open = threading.Event()
        self.threads = set()

    def object_code(self, module):
        self.threads.add(threading.current_thread().name)
        assert self.open.wait(60)
        return self.original(module)


@pytest.fixture
def gate(cache):  # noqa: F811
    gate = Gate()
    with patched("object_code", gate.object_code) as gate.original:
        yield gate
        gate.open.set()
        until(lambda: not background._jobs)


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_calls_run_numpy_until_the_kernels_are_there(gate):
    function = unique_kernel()
    compiled = segue.compile(function, **ASYNC)
    with recorded() as plans:
        for _ in range(3):
            np.testing.assert_array_equal(compiled(X), function(X))
    assert "kernel" not in plans[0] and " = call " in plans[0]
    assert counts("compiles", "hits") == (1, 2)
    gate.open.set()
    until(lambda: not background._jobs)
    with recorded() as plans, events("kernels") as seen:
        for _ in range(3):
            np.testing.assert_array_equal(compiled(X), function(X))
    assert len(plans) == 1 and "kernel" in plans[0] and " = call " not in plans[0]
    assert [fields["origin"] for _, fields in seen] == ["compiled in the background"]
    assert counts("compiles", "hits") == (2, 4)
    assert gate.threads == {"segue-compile"}


def test_loops_get_their_kernels_in_the_middle_of_a_call(gate):
    def steps(x, tell):
        for _ in range(20):
            x = x * 0.5 + 1.0003
            tell()
        return x

    def open_at_tenth():
        nonlocal visits
        visits += 1
        if visits % 20 == 10:
            gate.open.set()
            until(lambda: not background._jobs)

    visits = 0
    expected = steps(X, lambda: None)
    with recorded() as plans:
        np.testing.assert_array_equal(segue.compile(steps, **ASYNC)(X, open_at_tenth), expected)
    assert any("kernel" in plan for plan in plans[1:])


def test_known_kernels_are_used_at_once(gate):
    function = unique_kernel()
    gate.open.set()
    segue.compile(function, backend="native")(X)
    gate.open.clear()
    with recorded() as plans:
        segue.compile(function, **ASYNC)(X)
    assert "kernel" in plans[0]


def test_without_the_option_calls_wait_for_their_kernels(gate):
    gate.open.set()
    for options in (None, {}, {"async_compile": False}):
        with recorded() as plans:
            segue.compile(unique_kernel(), backend="native", options=options)(X)
        assert "kernel" in plans[0]
    assert gate.threads == {threading.current_thread().name}


SCRIPT = """
import time
import numpy as np
import segue
from tests.plans import recorded

def compute(x):
    return np.exp(x) * 0.3 + np.log1p(x)

compiled = segue.compile(compute, backend="native", mode="default", options={"async_compile": True})
x = np.linspace(0, 1, 100)
with recorded() as plans:
    first = compiled(x)
    deadline = time.monotonic() + 60
    while WAITS and segue.stats()["compiles"] < 2:
        assert time.monotonic() < deadline
        np.testing.assert_allclose(compiled(x), first, rtol=1e-14)
print(["kernel" in plan for plan in plans])
"""


def test_math_functions_and_the_cache_on_disk(tmp_path):
    environment = {"SEGUE_CACHE_DIR": str(tmp_path), "SEGUE_STRICT": "1"}
    assert run_script(SCRIPT.replace("WAITS", "True"), **environment).stdout == "[False, True]\n"
    assert run_script(SCRIPT.replace("WAITS", "False"), **environment).stdout == "[True]\n"


def test_a_process_ends_while_kernels_are_compiled(tmp_path):
    done = run_script(SCRIPT.replace("WAITS", "False"), SEGUE_CACHE_DIR=str(tmp_path), SEGUE_STRICT="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "[False]\n", "")


@pytest.mark.parametrize("error", [RuntimeError("LLVM IR parsing error"), MemoryError()], ids=lambda error: type(error).__name__)
def test_where_llvm_fails_the_next_call_warns(cache, lenient, error):  # noqa: F811
    def object_code(module):
        raise error

    function = unique_kernel()
    compiled = segue.compile(function, **ASYNC)
    with patched("object_code", object_code), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compiled(X)
        until(lambda: not background._jobs)
        assert caught == []
        for _ in range(3):
            np.testing.assert_array_equal(compiled(X), function(X))
    assert [warning.category for warning in caught] == [RuntimeWarning]
    assert type(error).__name__ in str(caught[0].message) and "add the file" in str(caught[0].message)
    assert counts("compiles") == (2,)


def test_where_no_thread_can_be_started_calls_wait(gate, monkeypatch):
    def start(self):
        raise RuntimeError("can't start new thread")

    gate.open.set()
    monkeypatch.setattr(background, "_thread", None)
    monkeypatch.setattr(threading.Thread, "start", start)
    with recorded() as plans:
        segue.compile(unique_kernel(), **ASYNC)(X)
    assert "kernel" in plans[0] and not background._jobs


def test_entries_that_are_dropped_meanwhile(gate):
    constant = np.arange(3.0)
    gone = weakref.ref(constant)
    function = eval("lambda x: x + constant * 7.25", {"constant": constant})
    segue.compile(function, **ASYNC)(X[:3])
    del function, constant
    segue.reset()
    gc.collect()
    assert gone() is None
    gate.open.set()
    until(lambda: not background._jobs)


def test_a_stance_against_recompiles_keeps_what_is_there(gate):
    compiled = segue.compile(unique_kernel(), **ASYNC)
    compiled(X)
    with segue.set_stance("fail_on_recompile"):
        gate.open.set()
        until(lambda: not background._jobs)
        compiled(X)
    assert counts("compiles") == (1,)


FORK = """
import os, sys, threading, time
import numpy as np
import segue
from segue import background, native

x = np.arange(37.0)
compile = native.object_code
parent = os.getpid()
gate = threading.Event()

def object_code(module):
    if os.getpid() == parent:
        gate.wait(60)
    return compile(module)

def wait():
    deadline = time.monotonic() + 60
    while background._jobs:
        assert time.monotonic() < deadline
        time.sleep(0.001)

native.object_code = object_code
options = dict(backend="native", options={"async_compile": True})
before, behind = segue.compile(lambda x: x * 3.25 + 1, **options), segue.compile(lambda x: x * 5.25 + 1, **options)
before(x)
if child := os.fork():
    status = os.waitpid(child, 0)[1]
    gate.set()
    wait()
    before(x)
    assert segue.stats()["compiles"] == 2
    sys.exit(os.waitstatus_to_exitcode(status))
behind(x)
wait()
for function, factor in ((before, 3.25), (behind, 5.25)):
    np.testing.assert_array_equal(function(x), x * factor + 1)
os._exit(0 if segue.stats()["compiles"] == 4 else 1)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_child_of_fork_goes_on_with_its_parents_jobs(tmp_path):
    done = run_script(FORK, SEGUE_CACHE_DIR=str(tmp_path), SEGUE_STRICT="1")
    assert done.returncode == 0, done.stderr


def test_options_are_checked():
    for options, error, message in (({"async_compile": 1}, TypeError, "async_compile is True or False, not int"),
                                    ({"async": True}, ValueError, "unknown option 'async' for backend 'native'; it takes async_compile")):
        with pytest.raises(error, match=message):
            segue.compile(lambda x: x, backend="native", options=options)
    with pytest.raises(ValueError, match="it takes none"):
        segue.compile(lambda x: x, backend="reference", options={"async_compile": True})
    options = {"async_compile": True}
    compiled = segue.compile(lambda x: x + 1.5, backend="native", options=options)
    options["async_compile"] = "changed"   # behind the call it is nobody's business
    np.testing.assert_array_equal(compiled(X), X + 1.5)
    until(lambda: not background._jobs)
    assert native.is_available()
