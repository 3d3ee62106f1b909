"""backend="native": what views look at is computed from views of its operands."""

from __future__ import annotations

import numpy as np
import pytest
from tests.plans import plans_of
from tests.python.native_support import INTEGERS, NATIVE, check, kernel_count, values

import segue


def life(board):
    across = board[:, :-2] + board[:, 1:-1] + board[:, 2:]
    total = across[:-2] + across[1:-1] + across[2:]
    return ((total == 3) | ((total == 4) & (board[1:-1, 1:-1] == 1))).astype(np.uint8)


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 18), (5, 34), (19, 66), (7, 130)], ids=str)
def test_stencils_of_stencils_are_one_kernel(dtype, shape):
    board = values(dtype, shape[0] * shape[1]).reshape(shape)
    check(life, board, kernels=1 if min(shape) > 3 else None)
    check(life, board.T)
    check(life, board[::-1, ::-1])


def test_sizes_change_behind_the_first_call():
    """Rows seen first are shorter than a vector, or longer: the others are as good."""
    rng = np.random.default_rng(0)
    boards = [rng.integers(0, 2, (rows, columns)).astype(np.uint8) for rows, columns in [(5, 9), (20, 400), (9, 5), (6, 33), (4, 131), (5, 4)]]
    for order in (boards, boards[::-1], boards[1:] + boards[:1]):
        segue.reset()
        compiled = segue.compile(life, **NATIVE)
        for board in order:
            np.testing.assert_array_equal(compiled(board), life(board))


@pytest.mark.parametrize("dtype", ["f4", "f8", "i8"])
def test_signs_are_computed_for_each_view(dtype):
    x = values(dtype, 200)
    check(lambda x: np.maximum(np.abs(x)[:-2], np.abs(x)[2:]), x, kernels=1)

    def spread(x):
        level = -np.abs(x)
        return np.maximum(np.maximum(level[:-2], level[1:-1]), level[2:])

    check(spread, x, kernels=1)
    check(spread, x[::3])


def test_choices_are_computed_for_each_view():
    x = values("f8", 99)

    def f(x, i):
        chosen = np.where(i > 2, x[:50], 0.5)
        return np.minimum(chosen[1:], chosen[:-1])

    check(f, x, values("i8", 50))

    def g(i):
        chosen = np.where(i > 2, i, 7)
        return np.minimum(chosen[1:], chosen[:-1])

    check(g, values("i8", 50), kernels=1)


def test_what_is_not_computed_for_views_is_not_stored_for_them():
    """Sums of floats may overflow: what is made of two of them is one array to store."""

    def f(x, y):
        larger = np.where(x + y > 1.0, x - y, -(x * y))
        return larger[1:] < larger[:-1]

    x = np.linspace(-3.0, 3.0, 40)
    check(f, x, x[::-1].copy(), kernels=2)
    plan = plans_of(f, x, x[::-1].copy(), **NATIVE)
    assert sum(" = empty " in line for line in plan.splitlines()) == 2, plan


@pytest.mark.parametrize("axes", [(slice(None), 0), (0,), (slice(1, None), slice(None, None, -1)), (slice(None), None, slice(2, 5))], ids=str)
def test_other_indices(axes):
    def f(x):
        more = x + 1
        part = more[axes]
        return part * part

    check(f, values("i4", 63).reshape(7, 9))
    check(f, np.asfortranarray(values("i4", 63).reshape(7, 9)))


def test_what_may_report_is_computed_whole():
    """No view selects what overflows."""
    x = np.array([1e308, 1.0, 2.0, 3.0])

    def f(x):
        double = x * 10.0
        return np.abs(double[1:-1]) + np.abs(double[2:])

    check(f, x, hits=False)


def test_what_is_written_meanwhile_is_read_before():
    def f(x):
        more = x + 1
        x[:] = 0
        return more[1:] * more[:-1]

    check(f, values("i8", 50))

    def g(x):
        twice = x + x
        x[2] = 7
        part = twice[1:]
        return part - twice[:-1]

    check(g, values("i8", 50))


def test_what_else_is_used_stays():
    x = values("i8", 60)
    check(lambda x: ((x + 1), (x + 1)[1:] * 2), x)
    check(lambda x: (x + 1)[1:], x)

    def seen(x):
        more = x + 1
        part = more[1:]
        return part, part * part, more[:-1] * 2

    check(seen, x)

    def summed(x):
        more = x + 1
        return more.sum(), more[1:] * more[:-1]

    check(summed, x, kernels=2)


def test_dear_values_are_stored():
    """Computing them four times would take longer than loading them."""

    def f(x):
        value = (x ^ 3) * (x + 5) + (x & 7) * (x | 1)
        return (value[:-3] + value[1:-2]) * (value[2:-1] + value[3:])

    x = values("i4", 70)
    check(f, x)
    assert kernel_count([plans_of(f, x, **NATIVE)]) == 2


def test_views_of_values_that_are_written_themselves():
    def f(x):
        made = x + 3
        made[:1] = 7
        before = made[1:] - made[:-1]
        made[2:] = made[1:-1] * 2
        return before, made[1:] - made[:-1]

    check(f, np.arange(10) * 3)
