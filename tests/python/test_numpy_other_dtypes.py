"""Arrays of other dtypes than the numbers in native byte order: dates, times, text, structures, swapped and wide numbers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.op_samples import unaligned

import segue

DATES = np.array(["2024-05-17", "2024-02-29", "NaT", "1969-12-31"], "M8[D]")
STEPS = np.array([1, -2, 3, 40], "m8[D]")
SECONDS = np.array([10, 20, 0, 7], "m8[s]")
TEXT = np.array(["pear", "fig", "", "apple"])
BYTES = np.array([b"pear", b"fig", b"", b"apple"])
SWAPPED = np.array([1.5, -2.0, 0.0, 4.0], ">f8")
SWAPPED_INTS = np.array([[1, 2], [3, 4]], ">i2")
WIDE = np.array([1, 2, 3, 5], np.longdouble)
LONG_LONG = np.array([1, 2, 3, 5], np.longlong)
POINTS = np.array([(1, 2.5), (3, -0.5), (0, 0.0)], [("a", "i4"), ("b", "f8")])
RAW = np.array([b"ab", b"cd"], "V2")

PROGRAMS = [
    ("x + y", DATES, STEPS),
    ("x - y", DATES, STEPS),
    ("x - x[::-1]", DATES, STEPS),
    ("(x + y) - x[0]", DATES, STEPS),
    ("x < x[::-1]", DATES, STEPS),
    ("np.isnat(x), np.isnat(y), np.where(np.isnat(x), x[:1], x)", DATES, STEPS),
    ("x + np.timedelta64(1, 'D'), x - np.datetime64('2024-01-01'), x < np.datetime64('2024-03-01T12:00')", DATES, STEPS),
    ("np.where(x == np.datetime64('NaT', 'D'), np.datetime64('1970-01-01'), x), y // np.timedelta64(2, 'D')", DATES, STEPS),
    ("np.diff(x), np.diff(x, 2), np.clip(x, x[1:2], x[:1])", DATES, STEPS),
    ("np.diff(y), np.mean(y), np.cumsum(y), y.any(), np.diag(y), np.searchsorted(np.sort(y), y)", DATES, STEPS),
    ("np.sort(x), np.argsort(x), x.argmax()", DATES, STEPS),
    ("x.max(), x.min()", DATES[:2], STEPS),
    ("x.reshape(2, 2).max(axis=0)", DATES, STEPS),
    ("y * 2, y / 2.0, -y, abs(y), y // y[1:2], y % y[1:2]", DATES, STEPS),
    ("y.sum(), y.reshape(2, 2).sum(axis=1)", DATES, STEPS),
    ("x + y, x < y", STEPS, SECONDS),
    ("x.astype('M8[s]'), y.astype('i8'), y.astype(float)", DATES, STEPS),
    ("x.view('i8'), y.view('i8') + 1", DATES, STEPS),
    ("np.where(x == x, x[:1], x)", DATES, STEPS),
    ("np.zeros(3, x.dtype), np.empty_like(x).shape", DATES, STEPS),
    ("np.concatenate([x, x + y]), np.stack([x, x])", DATES, STEPS),
    ("x == x[::-1], x < x[::-1], np.not_equal(x, y)", TEXT, TEXT[::-1].copy()),
    ("x.reshape(2, 2).T, x[1:], x[None, ::-1], x[[0, 2]]", TEXT, TEXT),
    ("np.sort(x), x.copy(), np.tile(x, 2), np.roll(x, 1)", TEXT, TEXT),
    ("np.concatenate([x, y])", TEXT, np.array(["a long word"])),
    ("x == y, x.astype('S3'), np.zeros_like(x)", BYTES, BYTES.copy()),
    ("x.astype(float) + 1", np.array(["1", "2.5"]), BYTES),
    ("x + 1, x * x, np.sqrt(abs(x)), x.sum(), x.max()", SWAPPED, SWAPPED),
    ("x + x, x.T, x.max(axis=0), x.astype('i4'), x[0, 1]", SWAPPED_INTS, SWAPPED),
    ("x + y, np.where(x > 0, x, y), np.concatenate([x, y])", SWAPPED, np.ones(4)),
    ("x + 1, x / 3, np.sin(x), x.sum(), x.astype(float), x[2]", WIDE, WIDE),
    ("np.diff(x), x.mean(), np.cumsum(x), x.all(), np.clip(x, x[1:2], x[2:3])", WIDE, WIDE),
    ("x + 1, x * x, x + y, x[1], x.max(), x.astype('i4')", LONG_LONG, np.arange(4)),
    ("x[1:], x.copy(), x[::-1], np.concatenate([x, x]), x.reshape(3, 1)", POINTS, POINTS),
    ("x[x.shape[0] - 2 :], np.sort(x), np.roll(x, 1), np.take(x, [0, 2])", POINTS, POINTS[::-1].copy()),
    ("x[::-1], np.zeros_like(x), x.copy()", RAW, RAW),
    ("x[1:], x.dtype, x.dtype.kind, x.itemsize, x.nbytes, x.strides, x.flags.c_contiguous", SWAPPED, SWAPPED),
    ("x[1:], x.dtype == y.dtype, x.dtype.names, x.itemsize", POINTS, POINTS),
]  # fmt: skip


def of(expression: str):
    namespace: dict[str, object] = {"np": np}
    exec(f"def f(x, y):\n    return {expression}\n", namespace)
    return namespace["f"]


@pytest.mark.parametrize(("expression", "x", "y"), PROGRAMS, ids=[row[0] for row in PROGRAMS])
def test_operators_on_other_dtypes_are_captured(check, expression, x, y):
    report = check(of(expression), x, y)
    assert report.captures[0].graph_break is None and report.captures[0].op_count > 0


@pytest.mark.parametrize("array", [DATES, STEPS, TEXT, BYTES, SWAPPED, WIDE, LONG_LONG, POINTS, RAW])
def test_an_entry_is_for_one_unit_size_and_order(array):
    """Arrays whose descriptors are the same share an entry; any difference is another one."""

    @segue.compile
    def f(x):
        return x[1:], x.dtype.str

    segue.reset()
    f(array)
    again = np.empty(array.shape, np.dtype(array.dtype.descr if array.dtype.names else array.dtype.str))
    again[:] = array
    assert array.dtype.char in "qg" or again.dtype is not array.dtype
    np.testing.assert_array_equal(f(again.astype(array.dtype) if array.dtype.char in "qg" else again)[0], array[1:])
    assert segue.stats()["compiles"] == 1
    others = [DATES, STEPS, SECONDS, TEXT, TEXT.astype("U9"), BYTES, SWAPPED, SWAPPED.astype("f8"), WIDE, LONG_LONG, POINTS, RAW]
    for other in others:
        expected = (other[1:], other.dtype.str)
        first, text = f(other)
        assert first.dtype == other.dtype and first.base is not None and text == expected[1]
        np.testing.assert_array_equal(first, expected[0])
    assert segue.stats()["compiles"] >= len(others)


def test_elements_that_do_not_convert_raise_as_numpy_does(check):
    def f(x):
        y = x[::-1].copy()
        return y.astype(float)

    check(f, np.array(["1", "pear"]), hits=False)
    check(f, np.array(["1", "2"]))


def test_a_dead_conversion_that_raises_still_raises(check):
    def f(x):
        x.astype(int)
        return x[1:]

    def g(x, y):
        np.searchsorted(x, y)
        return x[1:]

    check(f, np.array(["1", "pear"]), hits=False)
    check(g, DATES, np.ones(2), hits=False)


def test_writes_in_other_dtypes(check):
    def f(x, y, z):
        x[1:3] = y[:2]
        x += y[0]
        z[:] = z[::-1]
        z[:1] = z[2:3]
        return x.view("i8").sum()

    check(f, STEPS.copy(), STEPS[::-1].copy(), TEXT.copy())


def test_scalars_of_wide_numbers(check):
    check(lambda x: (x + np.longdouble(1.5), np.longdouble(x[0]), x.astype(np.longdouble), np.longlong(3) + x), np.ones(3))


def test_dates_that_ask_the_clock_or_have_no_unit_are_left_to_cpython(check):
    check(lambda x: (x[:1] - np.datetime64("today") < 0, x[1:]), DATES, breaks=True)
    check(lambda x, n: (x + np.timedelta64(n, "D"), x[1:]), DATES, 3, breaks=True)
    check(lambda x, date: (x - date, x[1:]), DATES, np.datetime64("2024-05-01"), breaks=True)


def test_loops_over_dates(check):
    def f(days, n):
        total = days[:1] - days[:1]
        for i in range(n):
            total = total + (days[i : i + 1] - days[:1])
        return total

    days = np.arange("2024-01-01", "2024-01-20", dtype="M8[D]")
    check(f, days, 5)
    check(f, days, 5)


def test_times_divide_by_zero_under_the_errstate_in_force(check):
    steps, zero = np.array([4, 5], "m8[s]"), np.array([0, 2], "m8[s]")
    check(lambda x, y: (x / y, x // y), steps, zero, hits=False)
    with np.errstate(all="ignore"):
        check(lambda x, y: (x // y, x / y), steps, zero)


@pytest.mark.parametrize("value", [np.array([1, None], object), np.ones(2, np.dtype("f8", metadata={"unit": "m"}))])
def test_what_may_run_code_or_carries_metadata_is_left_to_cpython(check, value):
    report = check(lambda x, y: (y + 1, x.copy(), y * 2), value, np.ones(3), breaks=True)
    assert "unmodelled-array" in report.breaks and report.op_count > 0


def test_elements_of_text_and_structures_are_left_to_cpython(check):
    """np.str_ is a str too, and np.void shares the array's memory."""
    check(lambda x, y: (x[1], x[0] + "!", y + 1), TEXT, np.ones(3), breaks=True)
    check(lambda x, y: (x[1]["a"], y + 1), POINTS, np.ones(3), breaks=True)


def test_a_view_of_bytes_as_numbers_may_be_unaligned(check):
    raw = np.arange(17, dtype="u1")[1:].view("S8")
    check(lambda x: (x[:], x.view("f8").flags.aligned), raw, breaks=True)


def matrix_off_by_a_byte(dtype):
    array = unaligned(np.arange(12).reshape(3, 4).astype(dtype))
    assert not array.flags.aligned
    return array


@pytest.mark.parametrize("dtype", ["f8", "i4", "c16", "m8[s]", ">f4"])
def test_unaligned_arrays(check, dtype):
    def compute(x):
        return x + x, x[1:], x.T, x[::-1, ::2].copy(), np.sort(x), x.sum(axis=0), x[0, 1], x.reshape(-1), np.concatenate([x, x])

    assert check(compute, matrix_off_by_a_byte(dtype)).breaks == []


def test_writes_to_unaligned_arrays(check):
    def write(x, y):
        x[1:] += y[1:]
        x[0, 0] = 7
        np.multiply(x, 2, out=x)
        x[x > 20] = 0
        view = x[:, 1:]
        view -= 1
        return view, x, x[2]

    assert check(write, matrix_off_by_a_byte("f8"), matrix_off_by_a_byte("f8") + 1).breaks == []


def test_whether_an_unaligned_array_is_aligned_is_left_to_numpy(check):
    report = check(lambda x: (x + 1, x.flags.aligned, x[0:0].flags["BEHAVED"], x.flags.c_contiguous), matrix_off_by_a_byte("f8"), breaks=True)
    assert set(report.breaks) == {"constant-needed"}
