"""Forks, shutdown and subinterpreters. Scripts run in processes of their own, with and without compiling, and must look alike."""

import os
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

import segue
from tests.python.engine_support import run_script
from tests.python.hook_support import sanitized

X = np.arange(4.0)

HEAD = """
import atexit, gc, os, sys, threading, time, weakref
import numpy as np
import segue
compile = segue.compile if os.environ["COMPILES"] == "1" else lambda f, **_: f
note = segue.disable(lambda *values: values[0] if values else None)
X = np.arange(4.0)
"""


def alike(script, times=1):
    """Runs the script plainly and compiled; both must end well and say the same."""
    said = []
    for compiles in ["0"] + ["1"] * times:
        done = subprocess.run([sys.executable, "-c", HEAD + textwrap.dedent(script)], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "COMPILES": compiles})
        assert done.returncode == 0, done.stderr
        said.append((done.stdout, done.stderr))
    assert said[0][0]
    assert all(one == said[0] for one in said[1:])


def loop(x, n):
    for i in range(n):
        x = x * 0.5 + i
        repr(i)
    return x


# --- fork ---------------------------------------------------------------------------------------------------------------


def in_child(function):
    """Whether the function finds things right in a child process."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if function() else 1)
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


def test_a_child_goes_on_with_what_was_compiled_and_compiles_more():
    compiled = segue.compile(loop)
    compiled(X, 5)

    def child():
        def other(x):
            y = x + 1
            repr(y)
            return y * 2

        before = segue.stats()["segments"]
        same = np.array_equal(compiled(X, 9), loop(X, 9)) and np.array_equal(segue.compile(other)(X), other(X))
        return same and segue.stats()["segments"] > before

    assert in_child(child)
    assert np.array_equal(compiled(X, 9), loop(X, 9))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_fork_while_other_threads_run_segments():
    compiled, stop = segue.compile(loop), threading.Event()

    def work():
        while not stop.is_set():
            compiled(np.arange(20000.0), 5)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10 if not sanitized() else 2):
            assert in_child(lambda: np.array_equal(compiled(X, 9), loop(X, 9)))
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_fork_inside_of_a_compiled_call_and_of_a_generator():
    def f(x):
        y = x + 1
        child = os.fork()
        y = y * 2
        yield child, y
        yield y - 1

    for function in (f, segue.compile(f)):
        generator = function(X)
        child, y = next(generator)
        good = np.array_equal(y, (X + 1) * 2) and np.array_equal(next(generator), y - 1)
        if child == 0:
            os._exit(0 if good else 1)
        assert good and os.waitpid(child, 0)[1] == 0


# --- shutdown -----------------------------------------------------------------------------------------------------------


def test_shutdown_with_entries_and_suspended_generators():
    alike("""
        def f(x):
            y = x + 1
            try:
                for i in range(9):
                    y = y * 0.5 + i
                    yield float(y.sum())
            finally:
                print("closed", y.shape)

        compiled = compile(f)
        print(list(compiled(X)))
        held = compiled(X)
        print(next(held), next(held))
        builtins_held = compiled(X)
        print(next(builtins_held))
        sys.held = builtins_held
        """)


def test_calls_from_atexit_and_from_finalizers():
    alike("""
        def f(x, n):
            for i in range(n):
                x = x * 0.5 + i
                note(i)
            return x.sum()

        def late(x):
            return float((x + 1).sum())

        compiled, never_called = compile(f), compile(late)

        class Last:
            def __init__(self, name):
                self.name, self.compiled, self.never_called, self.x, self.out = name, compiled, never_called, X, sys.stdout.write

            def __del__(self):
                try:
                    self.out(f"{self.name} {float(self.compiled(self.x, 5))} {self.never_called(self.x)}\\n")
                except Exception as error:
                    self.out(f"{self.name} {type(error).__name__}\\n")

        print(float(compiled(X, 5)))
        atexit.register(lambda: print("atexit", float(compiled(X, 5))))
        first = Last("module")
        first.me = first
        last = Last("sys")
        sys.last_of_all = last
        """)


def test_threads_that_outlive_the_main_one():
    alike("""
        def f(x, n):
            for i in range(n):
                x = x * 0.5 + i
                note(i)
            return x

        compiled = compile(f)

        def work():
            for _ in range(30):
                compiled(X, 10)
                time.sleep(0.002)
            sys.stdout.write(f"done {compiled(X, 10).sum() == f(X, 10).sum()}\\n")

        for _ in range(2):
            threading.Thread(target=work).start()
        """)


@pytest.mark.skipif(sanitized(), reason="CPython ends daemon threads wherever they are: their memory is not freed")
def test_daemon_threads_at_shutdown():
    alike("""
        def f(x, n):
            for i in range(n):
                x = x * 0.5 + i
                note(i)
                y = np.sqrt(x * x + 1)
                x = y - 1
            return x

        compiled = compile(f)
        big = np.arange(300000.0)

        def work():
            while True:
                compiled(big, 20)

        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(0.4)
        print("main ends")
        """, times=5)


# --- subinterpreters ----------------------------------------------------------------------------------------------------


SUBINTERPRETER = """
import sys, textwrap
if {first}:
    import segue
try:
    import _interpreters as interpreters
    made = interpreters.create("legacy")
except ImportError:
    import _xxsubinterpreters as interpreters
    made = interpreters.create(isolated=False)
source = f"import sys; sys.path = {{sys.path!r}}; import segue"
try:
    failed = interpreters.run_string(made, source)
    print(failed.type.__name__, failed.msg)
except RuntimeError as error:   # before 3.13
    print(error)
interpreters.destroy(made)
import segue, numpy as np
print(segue.compile(lambda x: x + 1)(np.arange(3.0)))
"""


@pytest.mark.parametrize("first", [False, True])
def test_an_import_in_a_subinterpreter_is_refused(first):
    """Before and after the main interpreter has imported Segue; a call is refused, too: tests/cpp/runtime/callable_test.cc."""
    done = subprocess.run([sys.executable, "-c", SUBINTERPRETER.format(first=first)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "ImportError" in done.stdout and "Segue runs in the main interpreter only" in done.stdout
    assert "[1. 2. 3.]" in done.stdout


def test_modules_are_imported_whatever_globals_the_frame_has():
    """numpy.ma makes named tuples while it is imported, whose `__new__` has no builtins."""
    script = "import numpy as np, segue; print(segue.compile(lambda x: np.ma.masked_equal(x, 1))(np.arange(3)))"
    done = run_script(script, SEGUE_STRICT="1")
    assert done.stdout == "[0 -- 2]\n", done.stderr
