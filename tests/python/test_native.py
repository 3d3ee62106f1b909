"""backend="native": element-wise operators run as fused kernels, with NumPy's bits, types, memory order, warnings and errors."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
from tests.python.engine_support import counts, fresh  # noqa: F401
from tests.python.native_support import ALL, FLOATS, INTEGERS, NATIVE, check, values

import segue
from segue import _segue, native
from segue.testing import check as check_call

OPERATORS = {
    "add": (lambda x, y: x + y, ALL),
    "subtract": (lambda x, y: x - y, INTEGERS + FLOATS),
    "multiply": (lambda x, y: x * y, ALL),
    "divide": (lambda x, y: x / y, FLOATS),
    "negative": (lambda x, y: -x, INTEGERS + FLOATS),
    "absolute": (lambda x, y: abs(x), INTEGERS + FLOATS),
    "fabs": (lambda x, y: np.fabs(x), FLOATS),
    "square": (lambda x, y: np.square(x), INTEGERS + FLOATS),
    "reciprocal": (lambda x, y: np.reciprocal(x), FLOATS),
    "sqrt": (lambda x, y: np.sqrt(x), FLOATS),
    "floor": (lambda x, y: np.floor(x), FLOATS),
    "ceil": (lambda x, y: np.ceil(x), FLOATS),
    "trunc": (lambda x, y: np.trunc(x), FLOATS),
    "rint": (lambda x, y: np.rint(x), FLOATS),
    "copysign": (lambda x, y: np.copysign(x, y), FLOATS),
    "and": (lambda x, y: x & y, ["?", *INTEGERS]),
    "or": (lambda x, y: x | y, ["?", *INTEGERS]),
    "xor": (lambda x, y: x ^ y, ["?", *INTEGERS]),
    "invert": (lambda x, y: ~x, ["?", *INTEGERS]),
    "equal": (lambda x, y: x == y, ALL),
    "not_equal": (lambda x, y: x != y, ALL),
    "less": (lambda x, y: x < y, ALL),
    "less_equal": (lambda x, y: x <= y, ALL),
    "greater": (lambda x, y: x > y, ALL),
    "greater_equal": (lambda x, y: x >= y, ALL),
    "isnan": (lambda x, y: np.isnan(x), FLOATS),
    "isinf": (lambda x, y: np.isinf(x), FLOATS),
    "isfinite": (lambda x, y: np.isfinite(x), FLOATS),
    "where": (lambda x, y: np.where(x == y, x, y), ALL),
    "minimum": (lambda x, y: np.minimum(x, y), ["?", *INTEGERS]),
    "maximum": (lambda x, y: np.maximum(x, y), ["?", *INTEGERS]),
    "left_shift": (lambda x, y: x << (y & 15), INTEGERS),
    "right_shift": (lambda x, y: x >> (y & 15), INTEGERS),
    "shifts by anything": (lambda x, y: (x << y) ^ (x >> y), INTEGERS),
    "sign": (lambda x, y: np.sign(x), INTEGERS + FLOATS),
    "signbit": (lambda x, y: np.signbit(x), FLOATS),
    "logical_and": (lambda x, y: np.logical_and(x, y), ["?"]),
    "logical_or": (lambda x, y: np.logical_or(x, y), ["?"]),
    "logical_xor": (lambda x, y: np.logical_xor(x, y), ["?"]),
    "logical_not": (lambda x, y: np.logical_not(x), ["?"]),
}
CASES = [(name, dtype) for name, (_, dtypes) in OPERATORS.items() for dtype in dtypes]


@pytest.mark.parametrize("name, dtype", CASES)
@pytest.mark.parametrize("count", [3, 131])
def test_operators(name, dtype, count):
    with np.errstate(all="ignore"):
        check(OPERATORS[name][0], values(dtype, count), values(dtype, count, 1), kernels=1)


@pytest.mark.parametrize("second", ALL)
@pytest.mark.parametrize("first", ALL)
def test_mixed_dtypes(first, second):
    def compute(x, y):
        logic = np.logical_and(x, y), np.logical_or(x, y), np.logical_not(x), np.maximum(x, y), np.minimum(x, y)
        return x + y, x * y, x < y, x == y, np.where(x == x, x, y), logic

    with np.errstate(all="ignore"):
        check(compute, values(first, 37), values(second, 37, 1))


@pytest.mark.parametrize("dtype", ALL)
def test_python_numbers(dtype):
    with np.errstate(all="ignore"):
        check(lambda x: (x + 1, 2 * x, x * 0.5, 1.5 - x / 3, x == 0, x < True, x + False, np.where(x > 0, x, 0)), values(dtype, 37))


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_powers(dtype):
    with np.errstate(all="ignore"):
        check(lambda x: (x**2, x**2.0, x**0.5, x**1, x**3), values(dtype, 37))
        if dtype in FLOATS:
            check(lambda x: (x**2, x**2.0, x**0.5, x**-1, x**-1.0), values(dtype, 37), kernels=1)
        else:
            check(lambda x: x**2 + x, values(dtype, 37), kernels=1)

@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("count", [3, 131])
def test_extremes(dtype, count):
    x, y = values(dtype, count), values(dtype, count, seed=3)
    if dtype in FLOATS:
        x[:2], y[:2] = [0.0, -0.0], [-0.0, 0.0]   # NumPy takes the second
        x[2:4], y[2:4] = [np.nan, 1.0][: count - 2], [1.0, -np.nan][: count - 2]
    with np.errstate(all="raise"):
        check(lambda x, y: (np.maximum(x, y), np.minimum(x, y), np.maximum(x, 1), np.minimum(True, x)), x, y, kernels=1)


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_clip(dtype):
    x = values(dtype, 131)
    check(lambda x, n: (np.clip(x, 0, 1), np.clip(x, 3, 1), np.clip(x, n, 5), np.clip(x, 1, None)), x, 2, kernels=1)
    check(lambda x: (np.clip(x, None, 7), np.clip(x, x, 7)), x)
    if dtype in FLOATS:
        x[:2] = [0.0, -0.0]
        check(lambda x: (np.clip(x, -0.0, 0.5), np.clip(x, 0.0, 0.5), np.clip(x, -0.5, -0.0), np.clip(x, -0.0, None)), x, kernels=1)
        check(lambda x, limit: (np.clip(x, np.nan, 1.0), np.clip(x, limit, 1.0), np.clip(x, 2.0, limit)), x, float("nan"))


def test_copies_keep_the_strides_of_dimensions_of_one_element():
    for x in [np.ones((3, 4)), np.ones((3, 1)), np.ones((1, 3)), np.asfortranarray(np.ones((4, 1)))]:
        check(lambda x: x[::-1][:, None, :].astype("f4"), x)
        check(lambda x: (x[None, ::2, ::-1].copy(order="K"), np.flip(x)[None].astype("i1"), np.flip(x)[None].copy(), x[None].astype("f4")), x)


def test_copies_in_fortran_order_of_arrays_that_are_in_both():
    for shape in [(1, 5, 1), (5, 1), (1, 1), (3, 4), (7,)]:
        x = np.ones(shape, order="F")
        check(lambda x: (x.copy(order="F"), x.astype("f4", order="F"), np.copy(x, "F"), x.copy(order="A"), x.astype("f4", "K"), x + 1), x)


@pytest.mark.parametrize("dtype", ALL)
def test_casts(dtype):
    x = values(dtype, 131)
    for to in ALL:
        left_to_numpy = dtype in FLOATS and to in INTEGERS and to not in ("i4", "i8")
        for setting in ["ignore", "warn"]:
            with np.errstate(all=setting):
                check(lambda x, to=np.dtype(to): (x.astype(to), x[::3].astype(to)), x, kernels=None if left_to_numpy else 2, hits=False)


M = np.arange(1.0, 36.0).reshape(5, 7)
LAYOUTS = {
    "rows and a vector": (M, np.arange(7.0)),
    "rows and a column": (M, np.arange(5.0)[:, None]),
    "a column and a row": (np.arange(5.0)[:, None], np.arange(7.0)[None, :]),
    "a zero-dimensional array": (np.array(2.0), M),
    "Fortran order": (np.asfortranarray(M), np.asfortranarray(M + 1)),
    "Fortran order and a column": (np.asfortranarray(M), np.asfortranarray(np.arange(5.0)[:, None])),
    "transposed": (M.T, M.T + 1),
    "C and Fortran order": (M, np.asfortranarray(M + 1)),
    "inner part": (M[1:-1, 1:-1], M[:-2, 2:]),
    "every second": (M[::2, :-1:2], M[::2, 1::2]),
    "reversed": (M[::-1, ::-1], M),
    "repeated": (np.broadcast_to(np.arange(7.0), (5, 7)), M),
    "a line of a vector": (np.arange(40.0)[3:-2:5], np.arange(7.0)),
    "nothing": (np.zeros((0, 7)), np.zeros((0, 7))),
    "nothing inside": (np.zeros((5, 0)), np.zeros((5, 0))),
    "one element": (np.ones(1), np.ones(1)),
    "one row": (np.ones((1, 7)), M),
    "a box": (np.arange(24.0).reshape(2, 3, 4), np.arange(12.0).reshape(3, 4)),
    "a box of thin slices": (np.arange(24.0).reshape(2, 3, 4), np.arange(6.0).reshape(2, 3, 1)),
    "a box with a flat side": (np.arange(8.0).reshape(2, 1, 4), np.arange(24.0).reshape(2, 3, 4)),
    "axes swapped": (np.arange(24.0).reshape(2, 3, 4).transpose(1, 0, 2), np.ones((3, 2, 4))),
    "flat column": (np.arange(5.0)[:, None], np.arange(5.0)[:, None]),
    "unaligned": (np.frombuffer(b"\0" + bytes(8 * 7), dtype="f8", offset=1, count=7), np.arange(7.0)),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name):
    x, y = LAYOUTS[name]
    check(lambda x, y: x * y + 1, x, y)
    check(lambda x, y: (x > y, np.where(y > 3, x, -y)), x, y)
    check(lambda x, y: y[..., ::-1] - x.astype("f4"), x, y)


def test_sizes_are_symbolic():
    compiled = segue.compile(lambda x, y: np.sqrt(x * x + y * y), backend="native")
    for count in (2, 3, 7, 8, 31, 32, 33, 1000, 100_003):
        x, y = np.arange(float(count)), np.ones(count)
        np.testing.assert_array_equal(compiled(x, y), np.sqrt(x * x + y * y))
    assert counts("compiles") == (1,)


def test_values_that_others_use_are_stored():
    def compute(x):
        a = x * 2
        b = a + 1
        c = np.sort(b)
        return a, b - c, c + a

    check(compute, np.arange(9.0))


def test_groups_do_not_move_across_writes():
    def compute(x, y):
        a = x + 1
        x[0] = 50.0
        b = x + 1
        y[:] = a + b
        x *= 2
        return a, b, x - y, y

    check(compute, np.arange(9.0), np.zeros(9))


def test_written_arguments_and_views():
    def compute(x):
        inner = x[1:-1]
        inner += 0.5 * (x[2:] - x[:-2])
        x[0] = -x[1]
        return x + 1, inner * 2

    check(compute, np.arange(12.0) ** 2)


def test_a_value_that_meets_another_shape():
    def compute(x, m):
        column = x * 2 + 1
        return m - column, (m * m)[0] + column

    check(compute, np.arange(7.0), M)


def test_sizes_that_are_one_by_computation():
    """A guard says so, not the graph."""
    def compute(x, m):
        last = np.array_split(x, 2)[1]
        return x / last, np.array_split(m, 2)[1] * m, m - last

    segue.reset()
    compiled = segue.compile(compute, backend="native")
    for count in (3, 5, 3, 2, 3):
        x, m = np.arange(1.0, count + 1), np.arange(1.0, 3 * count + 1).reshape(count, 3)
        try:
            expected = compute(x, m)
        except ValueError as error:
            with pytest.raises(ValueError, match=str(error)[:40].replace("(", ".")):
                compiled(x, m)
            continue
        for own, plain in zip(compiled(x, m), expected, strict=True):
            np.testing.assert_array_equal(own, plain)


def test_results_that_repeat_one_element():
    check(lambda x, m: (np.where(m == m, x, x), np.where(m == m, x, 2.0)), np.array([3.0]), M)


def test_branches_and_loops_around_kernels():
    def compute(x, n):
        for _ in range(n):
            x = x * 0.5 + 1
            if x[0] > 1.9:
                x = x - 1
        return x

    check(compute, np.arange(5.0), 12, breaks=True, hits=False)


def conditions(x, y):
    a = x + y
    b = a * 2.0
    return b / x, np.sqrt(y)


@pytest.mark.parametrize("setting", ["ignore", "warn", "raise"])
@pytest.mark.parametrize("x, y", [
    ([1.0, 2.0], [3.0, 4.0]), ([0.0, 2.0], [3.0, 4.0]), ([1.0, 2.0], [-3.0, 4.0]), ([1e308, 2.0], [1e308, 4.0]),
    ([5e-324, 1.0], [1.0, 1e-320]), ([np.nan, 1.0], [np.inf, -np.inf]),
])
def test_conditions(setting, x, y):
    with np.errstate(all=setting):
        check(conditions, np.array(x), np.array(y), hits=False)


def unused_conditions(x, y):
    for _ in range(2):   # what the last trip computes is not used
        x, total = x * x, x + y
    return total


@pytest.mark.parametrize("setting", ["ignore", "warn", "raise"])
@pytest.mark.parametrize("x, hits", [(1.0, True), (1e100, False)])
def test_conditions_of_what_nothing_uses(setting, x, hits):
    x = np.full(37, x)
    with np.errstate(all=setting):
        check(unused_conditions, x, np.ones(37), kernels=1, hits=hits or setting == "ignore")


def test_what_nothing_uses_has_no_kernel_of_its_own():
    def unused(x, y):
        x * x + y   # noqa: B018
        return y.sum() if y.size else None

    check(unused, np.full(37, 2.0), np.ones(37))

    def unused_constant(x):
        np.float32(0) * x   # noqa: B018
        return x[::2]

    check(unused_constant, np.arange(5))


def test_conditions_are_looked_for_behind_each_call():
    compiled = segue.compile(lambda x: 1.0 / x, backend="native")
    for _ in range(3):
        compiled(np.array([1.0, 2.0]))
    with pytest.warns(RuntimeWarning, match="divide by zero encountered in divide"):
        compiled(np.array([1.0, 0.0]))
    reruns = counts("reruns")
    compiled(np.array([1.0, 2.0]))
    assert counts("reruns") == reruns == (1,)


def compared(x, y):
    half = x * 0.5   # the status is looked at
    return half < y, half <= y, half > y, half >= y, half == y, half != y, np.isnan(half), np.isinf(half), np.isfinite(half)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("count", [3, 67])
def test_comparisons_are_quiet(dtype, count):
    x = values(dtype, count)
    x[:] = np.where(np.isfinite(x), np.sign(x), x)
    with np.errstate(all="raise"):
        check(compared, x, x[::-1].copy(), kernels=1)
    assert counts("reruns") == (0,)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("count", [3, 67])
def test_signs_of_nans_are_kept(dtype, count):
    def compute(x):
        return x * -1, -1 * x, x * 1, x - 0.0, x + -0.0, -0.0 - x, 0.0 - x, x / -1, x / 1, -x, abs(x), 2 * x, x / 2

    x = np.full(count, np.nan, dtype)
    x[1::2] = -x[1::2]
    results = segue.compile(compute, backend="native")(x)
    for number, (own, plain) in enumerate(zip(results, compute(x), strict=True)):
        np.testing.assert_array_equal(np.signbit(own), np.signbit(plain), err_msg=str(number))
    with np.errstate(all="ignore"):
        check(compute, values(dtype, count), kernels=1)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("count", [1, 5, 40])
def test_signs_of_negated_nans_are_kept(dtype, count):
    def compute(x):
        sums = -x + 1, 1 + -x, -x - 3, 2 - -x, -(x + 1), -(2 - x)
        return *sums, -x * 2, -x / 3, 3 / -x, -(x * 2), -(x / 3), -(3 / x), -(-x) + 2, abs(-x) + 1, -np.sqrt(abs(x)), np.where(x > 0, -x, x) * 3

    x = np.full(count, np.nan, dtype)
    x[1::2] = -x[1::2]
    results = segue.compile(compute, backend="native")(x)
    for number, (own, plain) in enumerate(zip(results, compute(x), strict=True)):
        np.testing.assert_array_equal(np.signbit(own), np.signbit(plain), err_msg=str(number))
    with np.errstate(all="ignore"):
        check(compute, values(dtype, count), kernels=1)


def test_padding_reports_nothing():
    compiled = segue.compile(lambda x: 1.0 / x, backend="native")
    with np.errstate(all="raise"):
        for count in range(2, 70):
            compiled(np.ones(count + 5)[2:-3])
    assert counts("reruns") == (0,)


def test_memory_is_freed_on_time():
    compiled = segue.compile(lambda x, y: (x + y) * x - y, backend="native")
    x, y = np.arange(1000.0), np.ones(1000)
    compiled(x, y)
    before = sys.getrefcount(x), sys.getrefcount(y)
    for _ in range(10):
        result = compiled(x, y)
        gone = weakref.ref(result)
        assert result.base is None and result.flags.owndata
        del result
        assert gone() is None
    assert (sys.getrefcount(x), sys.getrefcount(y)) == before


def test_runs_leak_nothing():
    compiled = segue.compile(lambda x, y: np.where(x > y, (x + y) * x, -y), backend="native")
    x, y = np.arange(64.0), np.ones(64)
    for _ in range(10):
        compiled(x, y)
    gc.collect()
    tracemalloc.start()
    try:
        compiled(x, y)
        start = tracemalloc.get_traced_memory()[0]
        for _ in range(20_000):
            compiled(x, y)
        assert tracemalloc.get_traced_memory()[0] - start < 10_000
    finally:
        tracemalloc.stop()


def test_long_runs_let_other_threads_run():
    compiled = segue.compile(lambda x, y: np.sqrt(x * x + y * y) / (x + 1.0), backend="native")
    x, y = np.arange(200_000.0), np.ones(200_000)
    expected = np.sqrt(x * x + y * y) / (x + 1.0)
    wrong = []

    def work():
        for _ in range(30):
            if not np.array_equal(compiled(x, y), expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_kernels_are_compiled_once():
    def first(x):
        return x * 2.0 + 1.03125   # a kernel of no other test

    def second(z):
        return z * 2.0 + 1.03125

    compiled = []
    original = native.object_code
    native.object_code = lambda module: compiled.append(module) or original(module)
    try:
        with segue.config.patch(cache_dir=None):
            segue.compile(first, backend="native")(np.arange(3.0) * 7)
            assert len(compiled) == 1
            segue.compile(second, backend="native")(np.arange(5.0))
    finally:
        native.object_code = original
    assert len(compiled) == 1


WITHOUT_LLVMLITE = """
import sys, warnings
sys.modules["llvmlite"] = None
import numpy as np, segue
f = segue.compile(lambda x, m: (x + 1.0, m * 2.0 - x.sum()), backend="native")
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    for _ in range(2):
        print(*f(np.arange(3.0), np.ones(2)))
print(segue.stats()["hits"], len(caught), caught[0].message)
"""


def test_without_llvmlite_numpy_runs_everything_and_a_warning_says_why():
    environment = {**os.environ, "SEGUE_STRICT": "0", "SEGUE_CACHE_DIR": ""}
    done = subprocess.run([sys.executable, "-c", WITHOUT_LLVMLITE], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    first, second, said = done.stdout.splitlines()
    assert first == second == "[1. 2. 3.] [-1. -1.]"
    assert said.startswith("1 1 ") and "needs llvmlite: pip install llvmlite" in said
    done = subprocess.run([sys.executable, "-c", WITHOUT_LLVMLITE], capture_output=True, text=True, env={**environment, "SEGUE_STRICT": "1"})
    assert done.returncode == 1 and "RuntimeError: backend 'native' failed" in done.stderr and "needs llvmlite" in done.stderr
