"""backend="native": kernels that store straight into arguments that are not read, and see then whether they have reported anything."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest
from tests.plans import plans_of
from tests.python.native_support import NATIVE, check

import segue

# Below and above the size from which warnings' filters are looked at.
SIZES = [1, 100, 5000, 100_000]


def scaled(x, y, out):
    np.multiply(x, 1.5, out=out)
    np.add(out, y, out=out)
    np.maximum(out, 0.0, out=out)
    return out


def late(x, y, out):
    """Overflows before it writes anything."""
    z = x * 1.5
    np.add(z, y, out=out)


def arrays(size, *special):
    x, y, out = (np.random.default_rng(seed).normal(size=size) for seed in range(3))
    x[: len(special)] = special[:size]
    return x, y, out


@pytest.mark.parametrize("size", SIZES)
def test_results_and_warnings(size):
    assert "store.kernel" in plans_of(scaled, *arrays(size if size > 1 else 2), **NATIVE)
    check(scaled, *arrays(size))
    check(scaled, *arrays(size, 1.7e308), hits=False)
    with np.errstate(all="ignore"):
        check(scaled, *arrays(size, 1.7e308))


@pytest.mark.parametrize("size", SIZES)
def test_errors_leave_what_numpy_has_written(size):
    """NumPy raises behind the operation that overflows: what comes later is not stored."""
    for f in (late, scaled):
        with np.errstate(over="raise"):
            check(f, *arrays(size, 1.7e308), hits=False)
        with np.errstate(over="call", call=lambda kind, flag: None):
            check(f, *arrays(size, 1.7e308), hits=False)


def outcome(f, x, y, out):
    try:
        f(x, y, out)
    except (RuntimeWarning, ZeroDivisionError) as error:
        return type(error), str(error), out.tolist()
    return out.tolist()


class Shown(ZeroDivisionError):
    """Raised where a warning is shown."""


def raising(*_args, **_kwargs):
    raise Shown


@pytest.mark.parametrize("how", ["filter", "default", "show", "format"])
def test_warnings_that_become_errors(how, monkeypatch):
    """`python -W error`, and programs that show warnings in their own way."""
    for size in SIZES:
        segue.reset()
        compiled = segue.compile(late, **NATIVE)
        x, y, out = arrays(size, 1.7e308)
        for _ in range(3):
            compiled(*arrays(size))
            with warnings.catch_warnings(), monkeypatch.context() as patch:
                warnings.simplefilter("error" if how == "filter" else "always")
                if how == "default":
                    warnings.resetwarnings()
                    patch.setattr(warnings, "defaultaction", "error")
                elif how != "filter":
                    patch.setattr(warnings, how + "warning", raising)
                if how == "format":   # which what pytest shows warnings with does not call
                    patch.setattr(warnings, "_showwarnmsg_impl", warnings._formatwarnmsg)
                expected = outcome(late, x, y, out.copy())
                assert isinstance(expected, tuple)
                assert outcome(compiled, x, y, out.copy()) == expected


@pytest.mark.parametrize("size", SIZES)
def test_a_segment_that_reads_the_argument_checks_first(size):
    def reads(x, y, out):
        before = out.sum()
        np.multiply(x, 1.5, out=out)
        np.add(out, y, out=out)
        return before

    check(reads, *arrays(size, 1.7e308), hits=False)
    check(reads, *arrays(size))

    def adds(x, y, out):
        out += x
        out *= 1.5

    check(adds, *arrays(size, 1.7e308), hits=False)
    check(adds, *arrays(size))


def test_errors_of_what_comes_first():
    """What raises without a floating-point condition does so before anything is stored."""

    def f(x, y, out, index):
        picked = x[index]
        np.multiply(x, 1.5, out=out)
        np.add(out, y, out=out)
        return picked

    check(f, *arrays(5000), np.array([7, -1]))
    check(f, *arrays(5000), np.array([7, 70_000]), hits=False)


def test_writes_to_other_objects_are_undone():
    """Lists are appended to once, whether the kernel's run is dropped or not."""

    def f(x, y, out, log):
        log.append(1)
        scaled(x, y, out)
        log.append(2)

    check(f, *arrays(5000), [])
    check(f, *arrays(5000, 1.7e308), [], hits=False)


def test_several_arguments():
    def f(x, y, out, other):
        np.multiply(x, 1.5, out=out)
        np.subtract(x, y, out=other)
        np.add(out, y, out=out)
        np.multiply(other, y, out=other)

    check(f, *arrays(5000), np.zeros(5000))
    check(f, *arrays(5000, 1.7e308), np.zeros(5000), hits=False)
    check(f, *arrays(5000), np.zeros(5000, dtype="f4"), breaks=True)


def test_threads_store_into_arrays_of_their_own():
    compiled = segue.compile(scaled, **NATIVE)
    wrong = []

    def work(seed):
        x, y, out = arrays(50_000)
        x = x + seed
        for _ in range(30):
            compiled(x, y, out)
            wrong.extend([seed] if not np.array_equal(out, np.maximum(x * 1.5 + y, 0.0)) else [])
            out[:] = 0

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("count", [1, 7, 16, 20, 37, 64, 100, 1003, 70_001])
def test_math_functions_in_place(count):
    def f(x, y):
        np.exp(x, out=x)
        np.log1p(y, out=y)

    check(f, np.linspace(0, 1, count, dtype="f4"), np.linspace(0, 1, count, dtype="f4"), ulp=4, hits=None)
