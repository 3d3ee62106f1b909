"""Threads of kernels and the process: forks, its end, threads of Python's, signals, memory."""

from __future__ import annotations

import os
import signal
import sys
import threading

import numpy as np
import pytest
from tests.python.hook_support import sanitized
from tests.python.native_support import NATIVE
from tests.python.native_threads_support import bits, counts, normalized, run_python, threads, until_workers_ran

import segue


def in_child(function):
    """The exit status of a child process that calls the function; a child that hangs is killed."""
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(60)
            os._exit(0 if function() else 1)
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1]


def test_a_fork_after_use():
    x = np.random.default_rng(4).normal(size=300_000)
    compiled = segue.compile(lambda x: np.sqrt(x * x + 1).sum(), **NATIVE)
    with threads(2):
        expected = compiled(x)
        until_workers_ran(lambda: compiled(x))

        def child():
            # The parent's workers are not here; what counts is that there are new ones, and that they work.
            assert counts() == {"runs": 0, "workers": 0, "worker_parts": 0}
            until_workers_ran(lambda: bits(compiled(x)) == bits(expected) or os._exit(3))
            return counts()["workers"] == 1 and in_child(lambda: bits(compiled(x)) == bits(expected)) == 0

        for _ in range(3):
            assert in_child(child) == 0
        assert compiled(x) == expected


def test_a_fork_while_another_thread_runs_kernels():
    x = np.random.default_rng(4).normal(size=200_000)
    compiled = segue.compile(lambda x: np.sqrt(x * x + 1).sum(), **NATIVE)
    done = threading.Event()
    with threads(2):
        expected = compiled(x)

        def busy():
            while not done.is_set():
                compiled(x)

        other = threading.Thread(target=busy)
        other.start()
        try:
            for _ in range(5 if sanitized() else 20):
                assert in_child(lambda: all(compiled(x) == expected for _ in range(3))) == 0
        finally:
            done.set()
            other.join()


def test_the_end_of_a_process_with_idle_and_with_busy_workers():
    script = "\n".join([
        "import threading, time, numpy as np, segue",
        "segue.config.threads = 2",
        "compiled = segue.compile(lambda x: np.sqrt(x) * 2 + x, backend='native')",
        "x = np.ones(3_000_000)",
        "compiled(x)",
        "def busy():",
        "    while True: compiled(x)",
        "if BUSY:",
        "    for _ in range(2): threading.Thread(target=busy, daemon=True).start()",
        "    time.sleep(0.3)",
        "print('end')",
    ])
    for busy in (False, True):
        for _ in range(3):
            assert run_python(f"BUSY = {busy}\n{script}", timeout=60) == "end"


def test_several_python_threads_at_once():
    rng = np.random.default_rng(6)
    inputs = [rng.normal(size=size) for size in (50_000, 100_000, 150_000, 5000)]
    compiled = segue.compile(lambda x: (np.sqrt(x * x + 1) * x, (x * 3).sum()), **NATIVE)
    with threads(1):
        expected = [bits(compiled(x)) for x in inputs]
    wrong = []

    def work(number):
        for _ in range(50 if sanitized() else 300):
            if bits(compiled(inputs[number])) != expected[number]:
                wrong.append(number)

    with threads(3):
        before = counts()["runs"]
        workers = [threading.Thread(target=work, args=(number,)) for number in range(len(inputs))]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert counts()["runs"] > before
    assert wrong == []


def tasks():
    return set(os.listdir("/proc/self/task"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_workers_receive_no_signals():
    compiled = segue.compile(lambda x: x * 2 + 1, **NATIVE)
    with threads(6):
        before, workers = tasks(), counts()["workers"]
        compiled(np.ones(100_000))
        started = tasks() - before
        assert len(started) == 5 - workers > 0
    for task in started:
        with open(f"/proc/self/task/{task}/status", encoding="ascii") as file:
            blocked = next(int(line.split()[1], 16) for line in file if line.startswith("SigBlk"))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1, signal.SIGCHLD):
            assert blocked >> (number - 1) & 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.skipif(sanitized(), reason="sanitizers keep freed memory")
def test_runs_keep_no_memory():
    def resident():
        with open("/proc/self/statm", encoding="ascii") as numbers:
            return int(numbers.read().split()[1]) * 4096

    x = np.random.default_rng(7).normal(size=(100, 50))
    functions = [segue.compile(f, **NATIVE) for f in (normalized, lambda x: (x * x).sum(), lambda x: x * 2, lambda x: (x * x).sum(axis=1))]
    with threads(3):
        for _ in range(500):
            for function in functions:
                function(x)
        before, running = resident(), tasks()
        for _ in range(5000):
            for function in functions:
                function(x)
        assert resident() - before < 1 << 20
        assert tasks() == running
