"""Memory of large results is kept for the next ones: owned by their arrays, bounded, and never that of the user's own allocator."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from tests import guard_pages
from tests.python.allocator_support import handler_of, renamed_allocator
from tests.python.native_support import NATIVE, check

import segue

MEBI = 1 << 20

pytestmark = pytest.mark.skipif(guard_pages.wanted(), reason="arrays between guard pages take nothing from the pool")


@pytest.fixture(autouse=True)
def fresh():
    segue.reset()
    yield
    segue.reset()


def add(x, y):
    return x + y


def large(count=MEBI // 4, dtype="f8"):
    return np.arange(count).astype(dtype)


def place(array):
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize("shape, order", [((400_000,), "C"), ((600, 700), "C"), ((600, 700), "F"), ((3, 400, 400), "C")])
def test_large_results_are_arrays_as_any(shape, order):
    x = np.asarray(large(int(np.prod(shape))).reshape(shape), order=order)
    check(add, x, x, kernels=1)
    made = segue.compile(add, **NATIVE)(x, x)
    assert made.flags.owndata and made.flags.writeable and made.flags.aligned and made.base is None
    assert sys.getsizeof(made) == sys.getsizeof(x + x)
    assert place(made) % 64 == 0


def test_memory_of_a_dead_result_is_used_again():
    compiled = segue.compile(add, **NATIVE)
    x = large()
    first = compiled(x, x)
    was = place(first)
    del first
    assert place(compiled(x, x)) == was
    # An array that lives keeps its own.
    kept, other = compiled(x, x), compiled(x, 2 * x)
    assert place(kept) != place(other)
    np.testing.assert_array_equal(kept, x + x)


def test_blocks_of_other_sizes_are_not_taken_for_large_ones():
    compiled = segue.compile(add, **NATIVE)
    for count in [300_000, 2_000_000, 400_000, 3_000_000, 250_000, 2_500_000]:
        x = large(count)
        for _ in range(2):
            np.testing.assert_array_equal(compiled(x, x), x + x)


def resident():
    with open("/proc/self/statm", encoding="ascii") as numbers:
        return int(numbers.read().split()[1]) * 4096


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_what_is_kept_is_bound():
    compiled = segue.compile(add, **NATIVE)
    x = large(8 * MEBI)
    compiled(x, x)
    with segue.config.patch(output_memory=100 * MEBI):
        results = [compiled(x, x) for _ in range(6)]
        full = resident()
        del results
        assert full - resident() > 4.5 * 64 * MEBI
        segue.reset()
        assert full - resident() > 5.5 * 64 * MEBI


def test_nothing_is_kept_where_the_limit_is_zero():
    with segue.config.patch(output_memory=0):
        assert segue.config.output_memory == 0
        x = large()
        made = segue.compile(add, **NATIVE)(x, x)
        assert handler_of(made) == "default_allocator"
    with pytest.raises(ValueError, match="output_memory must be between 0"):
        segue.config.output_memory = -1


def test_the_users_own_allocator_is_used():
    compiled = segue.compile(add, **NATIVE)
    x = large()
    compiled(x, x)
    with renamed_allocator() as name:
        assert handler_of(compiled(x, x)) == handler_of(x + x) == name
    assert handler_of(compiled(x, x)) == "segue"


def test_results_outlive_what_made_them_and_can_be_resized():
    compiled = segue.compile(add, **NATIVE)
    x = large()
    made, expected = compiled(x, x), x + x
    view = made[10:]
    del compiled, made
    segue.reset()
    gc.collect()
    np.testing.assert_array_equal(view, expected[10:])
    grown = segue.compile(add, **NATIVE)(x, x)
    grown.resize(3 * len(x), refcheck=False)
    np.testing.assert_array_equal(grown, np.concatenate([expected, np.zeros(2 * len(x))]))
    grown.resize(5, refcheck=False)
    np.testing.assert_array_equal(grown, expected[:5])


def test_tracemalloc_sees_results_as_numpys():
    compiled = segue.compile(add, **NATIVE)
    x = large()
    compiled(x, x)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        made = compiled(x, x)
        assert x.nbytes <= tracemalloc.get_traced_memory()[0] - before < x.nbytes + 10_000
        del made
        assert tracemalloc.get_traced_memory()[0] - before < 10_000
    finally:
        tracemalloc.stop()


def test_threads_share_the_blocks():
    compiled = segue.compile(add, **NATIVE)
    failures = []

    def work(seed):
        x = large() + seed
        for _ in range(30):
            if not np.array_equal(compiled(x, x), 2 * x):
                failures.append(seed)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


PROGRAM = """
import os, numpy as np, segue
compiled = segue.compile(lambda x: x + 1.0, backend="native")
x = np.arange(300_000.0)
kept = compiled(x)
compiled(x)
child = os.fork()
made = compiled(x)
assert (made == x + 1.0).all() and (kept == made).all()
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print("done")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_processes_that_fork_and_end():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def test_more_memory_than_there_is_raises_numpys_error():
    check(add, np.ones((1 << 22, 1)), np.ones((1, 1 << 22)), hits=False)
