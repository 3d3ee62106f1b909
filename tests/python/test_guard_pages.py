"""Guard pages around arrays (tests/guard_pages.py): they trap what they are for, and kernels do not touch them."""

from __future__ import annotations

import re
import signal

import pytest
from tests.python.engine_support import run_script

pytest.importorskip("llvmlite", reason="the native backend needs llvmlite", exc_type=ImportError)

HEAD = """
import ctypes, mmap
import numpy as np
from tests import guard_pages
guard_pages.start()

def placed(at_end, size=800):
    '''The bytes of an array whose end, or else whose begin, is where a page without access is.'''
    while True:
        array = np.empty(size, "u1")
        place = array.ctypes.data + size * at_end
        if place % mmap.PAGESIZE == 0:
            return array, array.ctypes.data

def byte(address):
    return ctypes.c_ubyte.from_address(address)

"""


def ends(script):
    """The exit status of a process that runs the script, and its standard error."""
    done = run_script(HEAD + script)
    return done.returncode, done.stderr


@pytest.mark.parametrize("size", [1, 3, 8, 800, 4096, 100_000])
@pytest.mark.parametrize("access", ["load", "store"])
def test_accesses_beyond_a_guarded_end_are_trapped(size, access):
    act = {"load": "byte({}).value", "store": "byte({}).value = 1"}[access]
    for at_end, where, place, distance in [(True, "behind", "address + size", 0), (False, "before", "address - 1", 1)]:
        status, error = ends(f"size = {size}\narray, address = placed({at_end}, size)\n{act.format(place)}")
        assert status == -signal.SIGSEGV
        assert re.match(rf"guard pages: an access {distance} bytes {where} an array of {size} bytes at 0x", error), error
        assert "most recent call first" in error   # Python's traceback


@pytest.mark.parametrize("size", [1, 3, 8, 800, 100_000])
def test_stores_beyond_the_other_end_are_seen_when_the_array_dies(size):
    for at_end, place, where in [(True, "address - 1", "before its begin"), (False, "address + size", "behind its end")]:
        status, error = ends(f"size = {size}\narray, address = placed({at_end}, size)\nbyte({place}).value ^= 1\nprint(1)\ndel array")
        assert status == -signal.SIGABRT
        assert re.match(rf"guard pages: an array of {size} bytes at 0x\w+ has been written {where}\n", error), error


def test_accesses_to_dead_arrays_are_trapped():
    status, error = ends("array, address = placed(True)\ndel array\nbyte(address + 8).value")
    assert status == -signal.SIGSEGV
    assert error.startswith("guard pages: an access 8 bytes into an array that has died, of 800 bytes at 0x"), error


@pytest.mark.parametrize("other", ["pass", "import faulthandler; faulthandler.disable()"])
def test_other_faults_end_the_process_as_ever(other):
    status, error = ends(f"{other}\nbyte(16).value")
    assert status == -signal.SIGSEGV and "guard pages" not in error


def test_arrays_are_what_they_are_without_guards():
    status, error = ends("""
x = np.arange(1000)
x.resize(3000)
assert (x[:1000] == np.arange(1000)).all() and not x[1000:].any()
x.resize(10)
assert (x == np.arange(10)).all() and not np.zeros(100_000).any() and np.empty((0, 3)).size == 0
for dtype in ("f8", "c16", "g", "G", "U3", "i4,f8", "M8[s]"):
    for size in range(1, 9):
        made = np.zeros(size, dtype)
        assert made.flags.aligned and made.flags.owndata and made.ctypes.data % made.dtype.alignment == 0
try:
    np.empty(1 << 60, "u1")
except MemoryError:
    pass
else:
    raise AssertionError
""")
    assert status == 0, error


def test_arrays_of_other_threads_and_of_children_are_guarded():
    status, error = ends("""
import os, threading
kept = []
for target in [lambda: kept.append(np.empty(100)) for _ in range(50)]:
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
assert guard_pages.counts()[0] >= 50
busy = threading.Thread(target=lambda: [np.empty(10) for _ in range(200_000)], daemon=True)
busy.start()
for _ in range(20):
    if (child := os.fork()) == 0:
        os._exit(len([np.empty(10) for _ in range(10)]) - 10)
    assert os.waitpid(child, 0)[1] == 0
""")
    assert status == 0, error


def test_many_arrays_may_be_alive():
    status, error = ends("""
arrays = [np.full(3, i) for i in range(40_000)]
guarded, unguarded = guard_pages.counts()
assert guarded + unguarded >= 40_000 and guarded >= 5000
with open("/proc/self/maps") as maps, open("/proc/sys/vm/max_map_count") as most:
    assert sum(1 for _ in maps) < int(most.read()) * 0.6
assert all((array == i).all() for i, array in enumerate(arrays))
del arrays
guarded, unguarded = guard_pages.counts()
array = np.empty(3)   # there is room again
assert guard_pages.counts() == (guarded + 1, unguarded)
""")
    assert status == 0, error


# name: program, arguments
KERNELS = {
    "maps": ("lambda x, y: x * y + 1", "a(999), a(999)"),
    "maps of several axes": ("lambda x, y: x * y + 1", "a(30, 33), a(30, 1)"),
    "maps of parts": ("lambda x: x[1:-1, ::2] * 2 - x[2:, 1::2]", "a(31, 32)"),
    "maps backwards": ("lambda x: x[::-1] * 2.5", "a(1001)"),
    "large results": ("lambda x: x * 2 + 1", "a(100_003)"),
    "writes": ("lambda x, y: np.multiply(x, y, out=x)", "a(777), a(777)"),
    "scalars": ("lambda x: (x * x).sum()", "a(5003)"),
    "sums along axes": ("lambda x: ((x * x).sum(axis=0), (x + 1).sum(axis=1))", "a(37, 41)"),
    "running sums": ("lambda x: np.cumsum(x * 2, axis=1)", "a(37, 41)"),
    "rows": ("lambda x: (x - x.mean(axis=1, keepdims=True)) * 2", "a(37, 41)"),
    "math": ("lambda x: np.exp(x) * np.sin(x)", "a(999)"),
}


@pytest.mark.parametrize("form", KERNELS)
def test_kernels_stay_in_their_arrays(form):
    program, arguments = KERNELS[form]
    status, error = ends(f"""
import segue
listed = lambda result: result if isinstance(result, tuple) else [result]
a = lambda *shape: np.random.default_rng(1).normal(size=shape)
plain = {program}
compiled = segue.compile(plain, backend="native", mode="default")
for _ in range(30):   # both ends of all arrays
    for expected, seen in zip(listed(plain({arguments})), listed(compiled({arguments})), strict=True):
        np.testing.assert_allclose(seen, expected, rtol=1e-13, atol=1e-13)
assert guard_pages.counts()[0] > 100 and guard_pages.counts()[1] == 0
""")
    assert status == 0, error
