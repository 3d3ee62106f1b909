"""Kernels in several threads: the same bits, warnings and errors for any number of them, and processes that fork, end and run threads of their own."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from tests.python.hook_support import sanitized
from tests.python.native_support import NATIVE, check, values

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


# --- forms of kernels -----------------------------------------------------------------------------------------------------

SIZES = [4096, 5000, 12_345, 100_003]
#: Before NumPy 2.3 all sums of floats are those of its buffers, one after the other: less than two are not cut.
BUFFERED_SUMS = np.lib.NumpyVersion(np.__version__) < "2.3.0"


@pytest.mark.parametrize("dtype", ["?", "i1", "i8", "f4", "f8"])
@pytest.mark.parametrize("size", SIZES)
def test_maps(dtype, size):
    x, y = values(dtype, size), values(dtype, size, seed=1)
    same_in_all(lambda x, y: np.where(x > y, x, y), x, y)


def test_maps_with_several_results_of_other_dtypes():
    x, y = values("f8", 20_000), values("f4", 20_000, seed=1)
    same_in_all(lambda x, y: (x * y + 1, x > y, -y), x, y)


@pytest.mark.parametrize("shape, index", [
    ((40_000,), np.s_[::2]),
    ((40_000,), np.s_[::-1]),
    ((200, 200), np.s_[:, 3:150]),
    ((200, 200), np.s_[3:150:2, ::3]),
    ((2, 20_000), np.s_[:, :-1]),
    ((20_000, 2), np.s_[:-1]),
    ((20_000, 4), np.s_[:, :3]),
    ((20, 30, 100), np.s_[:, ::2, :99]),
])
def test_maps_of_arrays_with_gaps(shape, index):
    x = values("f8", int(np.prod(shape))).reshape(shape)

    def part(x):
        y = x[index]
        return y * 0.5 + abs(y)

    same_in_all(part, x)
    if x.ndim == 2:
        same_in_all(lambda x: x.T * 0.5 - x.T, x)


def test_maps_that_repeat_elements():
    x, y = values("f8", 300)[:, None], values("f8", 200, seed=1)
    same_in_all(lambda x, y: x * y - x, x, y)
    same_in_all(lambda x, y: x * y - x, values("f8", 60_000).reshape(3, 100, 200), values("f8", 100, seed=1)[:, None])
    same_in_all(lambda x, s: x * s, values("f4", 30_000), np.float32(3))
    same_in_all(lambda x, s: x * s, values("f8", 30_000), 2.5)


@pytest.mark.parametrize("step", [1, 2])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_math_functions(dtype, step):
    x = np.abs(values(dtype, 50_001))[::step]
    same_in_all(lambda x: np.exp(-x) + np.log(x) * np.sin(x), x, mode="default")


def test_writes_to_arrays_of_the_function():
    def masked(x):
        z = x * 2
        z[z > 1] = 0
        z += x
        return z

    same_in_all(masked, values("f8", 30_000))


def in_place(x, y):
    x *= y
    x += 1


def test_writes_to_arguments():
    """They are computed twice: for the floating-point status, then, at the commit, for good."""
    x, y = np.random.default_rng(8).normal(size=(2, 100_001))
    expected = x * y + 1
    for count in COUNTS:
        with threads(count):
            before = counts()["runs"]
            check(in_place, x, y, mode="exact")
            compiled = segue.compile(in_place, **NATIVE)
            for _ in range(3):
                z = x.copy()
                compiled(z, y)
                assert bits(z) == bits(expected)
            assert (counts()["runs"] > before) == (count > 1)


# --- scalars: reductions of everything ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [*SIZES, 65_536, 262_143])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_scalars_that_are_sums(dtype, size):
    x = np.random.default_rng(size).normal(size=size).astype(dtype)
    cut = size > 8192 or not BUFFERED_SUMS
    same_in_all(lambda x: (x * x).sum(), x, cut=cut)
    same_in_all(lambda x: (x - 1).mean(), x, cut=cut)


@pytest.mark.parametrize("size", [*SIZES, 8192, 16_385, 262_143])
def test_scalars_that_numpy_sums_buffer_by_buffer(size):
    rng = np.random.default_rng(size)
    x, y = rng.normal(size=size).astype("f4"), rng.integers(-(2**62), 2**62, size)
    same_in_all(lambda x: x.sum(dtype="f8"), x, cut=size > 8192)
    same_in_all(lambda y: y.mean(), y, cut=size > 8192)
    same_in_all(lambda x: (x.sum(dtype="f8"), x.max()), x, cut=size > 8192, mode="default")


def test_scalars_of_arrays_with_gaps():
    x = np.random.default_rng(0).normal(size=100_000)
    same_in_all(lambda x: (x * x).sum(), x[::3])
    same_in_all(lambda x: (x * x).sum(), x.reshape(100, 1000).T)


@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_scalars_that_are_sums_of_zeros(zero):
    same_in_all(lambda x: (x * 1.0).sum(), np.full(10_000, zero))


def test_scalars_and_arrays_of_one_kernel():
    x = np.random.default_rng(0).normal(size=50_000)

    def several(x):
        y = x * 2 + 1
        return y, y.sum(), (y > 0).any(), (y * y).mean()

    same_in_all(several, x)


@pytest.mark.parametrize("name", ["sum", "prod", "min", "max", "any", "all"])
@pytest.mark.parametrize("dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_scalars_of_integers(dtype, name):
    x = values(dtype, 20_011) | np.dtype(dtype).type(1)
    same_in_all(lambda x: getattr(x & x, name)(), x)


@pytest.mark.parametrize("name", ["min", "max"])
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_scalars_that_are_extremes_of_floats(dtype, name):
    """Which of several zeros or NaNs it is depends on how a run is cut: always in the same way."""
    rng = np.random.default_rng(5)
    for special in (False, True):
        x = rng.normal(size=70_001).astype(dtype)
        if special:
            x[rng.integers(0, x.size, 20)] = np.nan
            x[rng.integers(0, x.size, 20)] = -np.nan
        else:
            x = (np.abs(x) if name == "min" else -np.abs(x)) * 1
            x[rng.integers(0, x.size, 50)] = 0.0
            x[rng.integers(0, x.size, 50)] = -0.0
        same_in_all(lambda x: getattr(x * 1, name)(), x, mode="default")


def test_scalars_over_several_axes():
    x, y = values("i4", 300)[:, None], values("i4", 200, seed=1)
    same_in_all(lambda x, y: (x ^ y).max(), x, y)
    same_in_all(lambda x, y: (x > y).all(), x, y)


def test_scalars_of_math_functions():
    x = np.random.default_rng(0).normal(size=60_000)
    same_in_all(lambda x: np.exp(x).sum(), x, mode="default")
    same_in_all(lambda x: np.exp(x).max(), x, mode="default")


# --- reductions along axes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(100, 200), (3, 10_000), (10_000, 3), (2, 5000), (5, 100, 40), (100, 5, 40), (2, 3, 4000)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_reductions_along_axes(shape, order):
    x = np.asarray(np.random.default_rng(1).normal(size=shape), order=order)
    for axis in range(x.ndim):
        for name in ("sum", "mean"):
            compiled = []
            for count in COUNTS:
                with threads(count):
                    fn = lambda x, axis=axis, name=name: getattr(x * x, name)(axis=axis)  # noqa: E731
                    check(fn, x, mode="exact")
                    compiled.append(bits(segue.compile(fn, **NATIVE)(x)))
            assert compiled[0] == compiled[1] == compiled[2]


def test_reductions_along_axes_run_in_threads():
    x = np.random.default_rng(1).normal(size=(200, 3000))
    same_in_all(lambda x: (x * x).sum(axis=0), x)
    same_in_all(lambda x: (x * x).sum(axis=1), x)
    same_in_all(lambda x: (x * x).sum(axis=1, keepdims=True), x)
    same_in_all(lambda x: (x > 0).any(axis=0), x)
    y = x.reshape(20, 10, 3000)
    same_in_all(lambda y: (y * y).sum(axis=1), y)
    same_in_all(lambda y: (y * y).sum(axis=(0, 1)), y)
    same_in_all(lambda y: (y * 2, y.max(axis=1)), (y * 1000).astype("i8"))
    # One result, of floats: no axis is left.
    same_in_all(lambda x: (x * x).sum(axis=1), x.reshape(1, -1), cut=False)


# --- rows: kernels with stages ----------------------------------------------------------------------------------------------


def normalized(x):
    return (x - x.mean(axis=-1, keepdims=True)) / np.sqrt((x * x).mean(axis=-1, keepdims=True))


@pytest.mark.parametrize("shape", [(300, 64), (2, 5000), (3, 5000), (5, 7, 300), (100, 2, 50), (1, 100, 100)])
def test_rows(shape):
    x = np.random.default_rng(2).normal(size=shape)
    same_in_all(normalized, x)
    same_in_all(lambda x: (normalized(x), x.mean(axis=-1, keepdims=True)), x)


def test_rows_of_math_functions():
    def softmax(x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    same_in_all(softmax, np.random.default_rng(2).normal(size=(400, 50)), mode="default")


def test_one_row_has_nothing_to_share():
    same_in_all(normalized, np.random.default_rng(2).normal(size=(1, 5000)), cut=False)


# --- floating-point status and control --------------------------------------------------------------------------------------


def until_workers_ran(call, least=20, seconds=60):
    """Calls until workers have run parts, and some times more."""
    start, times = counts()["worker_parts"], 0
    end = time.monotonic() + seconds
    while times < least or counts()["worker_parts"] < start + least:
        call()
        times += 1
        assert time.monotonic() < end, "no worker took part"


def overflows(fn, x):
    """A call that has to raise. Compiled anew: a segment that has been dropped for a condition twice is not tried again."""
    def call():
        segue.reset()
        with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
            segue.compile(fn, **NATIVE)(x)

    return call


@pytest.mark.parametrize("place", [0, 100_000, 150_000, 199_999])
def test_conditions_of_any_part_are_reported(place):
    x = np.ones(200_000)
    x[place] = 1e300
    with threads(2):
        until_workers_ran(overflows(lambda x: np.sqrt(x * x * x) + 1, x))


@pytest.mark.parametrize("place", [0, 199_999])
def test_conditions_of_rows_are_reported(place):
    x = np.ones((2000, 100)) + np.arange(100)
    x.flat[place] = 1e300
    with threads(2):
        until_workers_ran(overflows(normalized, x))


@pytest.mark.parametrize("place", [0, 199_999])
def test_conditions_of_writes_to_arguments_are_reported(place):
    x = np.ones(200_000)
    x[place] = 1e300

    def call():
        segue.reset()
        z = x.copy()
        with np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
            segue.compile(in_place, **NATIVE)(z, x)

    with threads(2):
        until_workers_ran(call)


def test_conditions_of_the_sum_of_parts_are_reported():
    x = np.full(100_000, 1.2e308 / 50_000)
    for count in COUNTS:
        with threads(count), np.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow"):
            segue.compile(lambda x: (x * 1).sum(), **NATIVE)(x)


def test_conditions_do_not_outlive_their_run():
    """Of neither the caller's nor workers': or runs that set none would be done again by NumPy."""
    good, bad = np.ones(200_000), np.full(200_000, 1e300)
    compiled = segue.compile(lambda x: x * x * 1.5, **NATIVE)
    with threads(2):
        for _ in range(20):
            with np.errstate(all="ignore"):
                compiled(bad)
            before = segue.stats()["reruns"]
            with np.errstate(all="raise"):
                compiled(good)
            assert segue.stats()["reruns"] == before
        until_workers_ran(lambda: compiled(good))


@pytest.mark.skipif(not sys.platform.startswith("linux") or os.uname().machine != "x86_64", reason="the numbers of rounding modes are its")
def test_workers_round_as_the_caller_does():
    libm = ctypes.CDLL("libm.so.6")
    upward = 0x800
    x, y = np.random.default_rng(3).normal(size=(2, 200_000))
    compiled = segue.compile(lambda x, y: x * y + x / y, **NATIVE)
    with threads(2):
        nearest = compiled(x, y)   # workers have been started
        assert libm.fegetround() == 0
        with threads(1):
            libm.fesetround(upward)
            try:
                expected = compiled(x, y)
            finally:
                libm.fesetround(0)
        assert (nearest != expected).any()

        def call():
            libm.fesetround(upward)
            try:
                result = compiled(x, y)
            finally:
                libm.fesetround(0)
            assert bits(result) == bits(expected)

        until_workers_ran(call)
        assert bits(compiled(x, y)) == bits(nearest)


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


# --- processes ----------------------------------------------------------------------------------------------------------------


def run_python(script, *, timeout=120, **environment):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


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


# --- settings -----------------------------------------------------------------------------------------------------------------


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
