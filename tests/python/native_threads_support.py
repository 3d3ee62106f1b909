"""What tests of kernels in several threads share: settings that cut short runs too, and the same bits for any number of threads."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time

import numpy as np
from tests.python.native_support import NATIVE, check

import segue
from segue import _segue

testing = _segue._testing
COUNTS = (1, 2, 3)


@contextlib.contextmanager
def threads(count, least_work=1):
    """So many threads, which also short runs use (of 4096 elements at least)."""
    before = testing.set_long_run_work(least_work)
    try:
        with segue.config.patch(threads=count):
            yield
    finally:
        testing.set_long_run_work(before)


def counts():
    return testing.thread_counts()


def bits(result):
    """All that there is to see of a result, as something that compares."""
    if isinstance(result, tuple):
        return tuple(bits(one) for one in result)
    assert isinstance(result, (np.ndarray, np.generic))
    array = np.asarray(result)
    return type(result), array.dtype, array.shape, array.strides, array.tobytes()


def same_in_all(fn, *args, cut=True, mode="exact"):
    """Runs with each number of threads: as NumPy, and with the same bits. `cut`: several threads are expected to run it."""
    seen = []
    for count in COUNTS:
        with threads(count), np.errstate(all="ignore"):
            before = counts()["runs"]
            if mode == "exact":
                check(fn, *args, mode="exact")
            compiled = segue.compile(fn, mode=mode, **NATIVE)
            for _ in range(3):
                seen.append(bits(compiled(*args)))
            assert (counts()["runs"] > before) == (cut and count > 1)
    assert all(one == seen[0] for one in seen)


def in_place(x, y):
    x *= y
    x += 1


def normalized(x):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt((x * x).mean(axis=-1, keepdims=True))


def until_workers_ran(call, least=20, seconds=60):
    """Calls until workers have run parts, and some times more."""
    start, times = counts()["worker_parts"], 0
    end = time.monotonic() + seconds
    while times < least or counts()["worker_parts"] < start + least:
        call()
        times += 1
        assert time.monotonic() < end, "no worker took part"


def run_python(script, *, timeout=120, **environment):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
