"""Arrays that a segment writes: later reads see it, the commit stores it, and a dropped run stores nothing."""

import warnings

import numpy as np
import pytest
from tests.python.engine_support import counts, fresh  # noqa: F401

from segue import api


# A few writes are made in place, behind a copy of what they replace; more go to a copy of the array.
@pytest.fixture(params=[1, 3], ids=["in_place", "copied"])
def rounds(request):
    return request.param


def test_reads_after_a_write_see_it(check, rounds):
    def f(x, y):
        x[0] = y[1]
        total = x.sum()
        for _ in range(rounds):
            x[1:] *= 2
        return total + x.sum()

    check(f, np.arange(5.0), np.arange(5.0) + 10)


def test_views_taken_before_a_write_see_it(check):
    def f(x):
        tail = x[1:]
        x[2] = 50.0
        return tail + 1

    check(f, np.arange(5.0))


def test_outputs_are_views_of_the_argument(rounds):
    @api.compile
    def f(x):
        y = x + 1
        x[0] = y[1]
        for _ in range(rounds):
            x[2:] += 1
        return x[1:], x

    for _ in range(2):
        x = np.arange(4.0)
        tail, whole = f(x)
        assert whole is x and tail.base is x and np.shares_memory(tail, x)
        assert x.tolist() == [2.0, 1.0, 2.0 + rounds, 3.0 + rounds]


@pytest.mark.parametrize("layout", ["C", "F", "reversed", "gaps"])
def test_layouts_survive_staging(layout, check, rounds):
    base = np.arange(24.0).reshape(4, 6)
    x = {"C": base, "F": np.asfortranarray(base), "reversed": base[::-1, ::-1], "gaps": base[::2, ::3]}[layout]

    def f(x):
        for _ in range(rounds):
            x += 1.0
        x[0, 0] = 9.0
        return x * 2

    check(f, x)


@pytest.mark.parametrize("layout", ["whole", "reversed", "gaps", "transposed"])
def test_a_dropped_run_has_written_nothing(layout, rounds):
    def f(x, y):
        for _ in range(rounds):
            x += 1
        x[0] = 7.0
        return x / y

    def laid_out():
        base = np.arange(12.0).reshape(4, 3)
        return {"whole": base, "reversed": base[::-1, ::-1], "gaps": base[::2, ::2], "transposed": base.T}[layout]

    compiled = api.compile(f)
    compiled(laid_out(), 1.0)
    expected = laid_out()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        x = laid_out()
        compiled(x, 0.0)
        f(expected, 0.0)
    np.testing.assert_array_equal(x, expected)
    assert len(caught) == 2 and counts("reruns") == (1,)


def test_a_dropped_run_of_a_vector_has_written_nothing():
    def f(x, y):
        x += 1
        x[0] = 7.0
        return x / y

    compiled = api.compile(f)
    compiled(np.arange(3.0), np.ones(3))
    x, y = np.arange(3.0), np.array([1.0, 0.0, 1.0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compiled(x, y)
    assert x.tolist() == [7.0, 2.0, 3.0] and len(caught) == 1
    assert counts("reruns") == (1,)


def test_overlapping_arguments_are_told_apart():
    def f(x, y):
        x[:] = y * 2
        return x + y

    compiled = api.compile(f)
    compiled(np.arange(4.0), np.arange(4.0))
    a, b = np.arange(5.0), np.arange(5.0)
    np.testing.assert_array_equal(compiled(a[1:], a[:-1]), f(b[1:], b[:-1]))
    np.testing.assert_array_equal(a, b)


def test_read_only_arrays_are_never_written():
    def f(x):
        x[0] = 1.0
        return x + 1

    compiled = api.compile(f)
    compiled(np.zeros(3))
    x = np.zeros(3)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        compiled(x)
    assert x.tolist() == [0, 0, 0]


def test_writes_that_numpy_warns_of_are_left_to_it(check):
    def f(x, y):
        wide = np.broadcast_arrays(x, y)[0]
        total = wide.sum()
        wide += 1
        return total, wide

    column, matrix = np.zeros((2, 1)), np.zeros((2, 3))
    check(f, matrix, matrix)  # results that are the arguments: the segment behind the call is compiled for these
    assert check(f, column, matrix, breaks=True)
    with pytest.warns(DeprecationWarning, match="broadcast_arrays") as caught:
        api.compile(f)(column, matrix)
    assert caught[0].lineno == f.__code__.co_firstlineno + 3


def test_writes_that_wait_for_the_commit(check):
    def inner(x):
        x[1:-1] = (x[:-2] + x[2:]) / 2
        x[:1] = x.dtype.type(1) * np.ones_like(x[:1])
        return x

    def rows(x, y):
        x[0] = y + 1
        x[1:, ::2] = y[::2] * 2
        x[::-1][:1] = (y * 3)[None, :]

    def columns(x, y):
        x[:, 1] = np.sqrt(y)
        return x[:, 1]

    for dtype in ("f8", "f4", "i2", "i1", "c16"):
        check(inner, np.arange(8).astype(dtype), breaks=dtype in ("i2", "i1"), hits=dtype not in ("i2", "i1"))
    for order in "CF":
        check(rows, np.asarray(np.zeros((3, 4)), order=order), np.arange(4.0))
        check(columns, np.asarray(np.zeros((3, 4)), order=order), np.arange(3.0))
    check(columns, np.zeros((0, 4)), np.arange(0.0))


def test_a_value_that_waits_is_the_one_of_its_place(check):
    def swap(x, y):
        old = x * 1
        x[...] = y * 2
        y[...] = old + 1

    def again(x, y):
        x[...] = y + 1
        x[...] = y + 2
        return y + 3

    def read_behind(x, y):
        x[1:] = y[1:] * 2
        return x.sum()

    def source_is_written(x, y):
        x[...] = y
        y[0] = 7.0
        return x

    def itself(x, y):
        x[1:] = x[:-1]
        x[...] = x[::-1]

    for f in (swap, again, read_behind, source_is_written, itself):
        check(f, np.arange(5.0), np.arange(5.0) + 10)


def test_what_waits_is_not_written_by_a_dropped_run():
    def f(x, y):
        x[...] = y + 1
        return np.log(y)

    compiled = api.compile(f)
    compiled(np.ones(3), np.ones(3))
    x = np.zeros(3)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        compiled(x, np.array([1.0, 2.0, 0.0]))
    assert x.tolist() == [2.0, 3.0, 1.0]   # CPython has run it once
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compiled(x, np.array([1.0, 2.0, 0.0]))
    assert len(caught) == 1
