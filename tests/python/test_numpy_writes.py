"""Writes to arrays: the trace's graph, run by NumPy, leaves arguments and results as the function does."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.trace_support import break_of, run_trace, trace

MATRIX = np.arange(12.0).reshape(3, 4)
OTHER = np.linspace(1.0, 2.0, 4)
INTS = np.arange(6)


def item(x, y):
    x[0, 1] = y[2]
    return x


def row(x, y):
    x[1] = y
    return x[1] + x[0]


def everything(x, y):
    x[...] = y
    return x.sum()


def in_place(x, y):
    x += y
    return x


def in_place_twice(x, y):
    x *= 2
    before = x + 0
    x -= y
    return before, x


def part_in_place(x, y):
    x[1:] += y
    x[:, 0] -= 1
    return x * 2


def through_a_view(x, y):
    v = x.T
    v[0] = 7
    w = x[1]
    w += y
    return x + 1, v


def read_write_read(x, y):
    a = x[0] + y
    x[0] = 5
    b = x[0] + y
    return a, b


def out_argument(x, y):
    return np.add(x, y, out=x)


def positional_out(x, y):
    np.multiply(x, y, x)
    return x[0]


def out_of_a_view(x, y):
    np.sqrt(y, out=x[1])
    return x


def fills(x, y):
    x[1].fill(3)
    np.copyto(y, x[1])
    return x, y


def of_results(x, y):
    z = x + y
    z[0] = 1
    z += x
    return z


def swap(x, y):
    x[0], x[1] = x[1].sum(), x[0].sum()
    return x


WRITERS = [item, row, everything, in_place, in_place_twice, part_in_place, through_a_view, read_write_read, out_argument,
           positional_out, out_of_a_view, fills, of_results, swap]


def describe(value, args):
    if isinstance(value, tuple):
        return [describe(v, args) for v in value]
    number = [i for i, arg in enumerate(args) if value is arg]
    data = np.asarray(value)
    return type(value), number, data.dtype, data.shape, data.strides, data.tobytes()


@pytest.mark.parametrize("layout", ["c", "fortran", "gaps"])
@pytest.mark.parametrize("function", WRITERS, ids=lambda f: f.__name__)
def test_writes_are_seen_in_program_order(function, layout):
    def arguments():
        x = MATRIX.copy()
        if layout == "fortran":
            x = np.asfortranarray(x)
        if layout == "gaps":
            x = np.repeat(x, 2, axis=1)[:, ::2]
        return x, OTHER.copy()

    plain, traced = arguments(), arguments()
    want, got = function(*plain), run_trace(function, *traced)
    assert describe(got, traced) == describe(want, plain)
    assert [describe(a, traced) for a in traced] == [describe(a, plain) for a in plain]


def test_an_array_written_in_place_stays_the_same_object():
    assert trace(in_place, MATRIX.copy(), OTHER).splitlines()[-1] == "return L['x']"


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


@pytest.mark.parametrize("function", [item, row, in_place, out_argument, fills], ids=lambda f: f.__name__)
def test_writing_to_a_read_only_array_is_left_to_numpy(function):
    assert break_of(function, read_only(MATRIX), OTHER) == "numpy-type-rule"


def test_an_array_that_is_written_is_guarded_to_be_writeable():
    assert "writeable" in trace(in_place, MATRIX.copy(), OTHER).splitlines()[1]


def test_writing_a_float_into_integers_in_place_is_left_to_numpy():
    assert break_of(in_place, INTS.copy(), np.float64(1.5)) == "numpy-type-rule"


def test_overlapping_arguments_are_left_to_numpy():
    base = np.arange(8.0)
    assert break_of(in_place, base[:4], base[2:6]) == "overlapping-arrays"


@pytest.mark.parametrize(
    "statement",
    ["x.shape = (4, 3)", "x.dtype = 'i8'", "x.flags.writeable = False", "x.strides = (8, 8)", "x.real = 0", "del x[0]"],
)
def test_changing_the_array_itself_is_left_to_numpy(statement):
    namespace = {}
    exec(f"def f(x):\n    {statement}\n    return x\n", namespace)
    assert break_of(namespace["f"], MATRIX.copy()) in ("unsupported-operation", "attribute-write")
