"""Methods and attributes that NumPy scalars share with arrays."""

from __future__ import annotations

import numpy as np
import pytest

METHODS = (
    "ravel()", "flatten()", "reshape(1, 1)", "conj()", "copy()", "sum()", "max()", "all()", "argmax()", "cumsum()", "mean()",
    "squeeze()", "transpose()", "repeat(3)", "view()", "astype('c16')", "fill(3)", "real", "imag", "take(0)",
)


@pytest.mark.parametrize("dtype", ["?", "i1", "i8", "u2", "f4", "f8", "c8", "c16"])
def test_methods_of_scalars_are_those_of_arrays(dtype, check):
    f = eval(f"lambda x: ({', '.join(f'x[1].{method}' for method in METHODS)}, x)")
    assert check(f, np.arange(3).astype(dtype)).op_count >= len(METHODS)


def test_methods_take_arguments_and_stay_scalars(check):
    def f(x):
        s = x.sum()
        return s.astype(np.float32), s.round(1), s.clip(0, 2), s.sum(dtype="f4"), s.view("i8"), s.tolist(), s.item()

    assert check(f, np.linspace(0.0, 1.0, 5)).op_count > 7


def test_arrays_have_no_such_method(check):
    def f(x):
        return x.sum().dot(x)

    check(f, np.arange(3.0), breaks=True)


@pytest.mark.parametrize("dtype", ["?", "i4", "f8", "c16"])
def test_conj_of_real_arrays_is_the_array(dtype, check):
    def f(x):
        return x.conj(), x.conjugate() is x, x

    assert check(f, np.arange(6).astype(dtype).reshape(2, 3).T).graph_count == (1 if dtype == "c16" else 0)


def test_kinds_of_sorts(check):
    def f(x):
        y = x.copy()
        x.sort(kind="heapsort")
        y.sort(0, "stable")
        return np.argsort(y, axis=0, kind="mergesort"), np.sort(y, kind=None), y.argsort(kind="stable"), y

    report = check(f, np.random.default_rng(0).integers(0, 3, (4, 5)))
    assert report.breaks == []


def test_sorting_in_place_is_staged(check):
    def f(x):
        before = x.sum()
        x.sort()
        x[1:].sort(axis=0)
        return before, x

    assert check(f, np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0], [9.0, 7.0, 8.0]])).breaks == []


@pytest.mark.parametrize("expected", [True, False])
@pytest.mark.parametrize("other", [1.0, 2.0])
def test_a_computed_bool_is_true_or_false_itself(expected, other, check):
    def f(x, expected):
        equal = bool((x == other).all())
        return equal is expected, expected is not equal, np.array_equal(x, x) is True

    check(f, np.ones(3), expected, breaks=True)
