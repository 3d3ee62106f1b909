"""backend="native": kernels store the parts of joined arrays, and of arrays that a function fills, where they belong."""

from __future__ import annotations

import numpy as np
import pytest
from tests.plans import plans_of
from tests.python.native_support import ALL, FLOATS, NATIVE, check, values

import segue


def grid(shape=(9, 13), seed=0):
    return np.random.default_rng(seed).normal(size=shape)


JOINS = {
    "concatenate": lambda parts: np.concatenate(parts),
    "axis 1": lambda parts: np.concatenate(parts, axis=1),
    "last axis": lambda parts: np.concatenate(parts, axis=-1),
    "stack": lambda parts: np.stack(parts),
    "stack 1": lambda parts: np.stack(parts, axis=1),
    "stack -1": lambda parts: np.stack(parts, axis=-1),
    "vstack": lambda parts: np.vstack(parts),
    "hstack": lambda parts: np.hstack(parts),
    "dstack": lambda parts: np.dstack(parts),
    "column_stack": lambda parts: np.column_stack(parts),
}


@pytest.mark.parametrize("name", [name for name in JOINS if name != "axis 1"])
@pytest.mark.parametrize("count", [1, 7, 33, 1000])
def test_stacked_vectors(name, count):
    join = JOINS[name]

    def f(x, y):
        return join([x * y, x - y, x + 1])

    check(f, grid((count,)), grid((count,), 1), kernels=1 if count > 1 else None)
    check(f, values("f8", count + 20), values("f8", count + 20, seed=3), hits=False)


@pytest.mark.parametrize("name", JOINS)
@pytest.mark.parametrize("shape", [(9, 13), (1, 5), (5, 1), (40, 64), (2, 3, 5), (4, 1, 3), (2, 3, 4, 5)])
def test_stacked_arrays(name, shape):
    join = JOINS[name]

    def f(x, y):
        return join([x * y, y, x + 1])

    check(f, grid(shape), grid(shape, 1))


@pytest.mark.parametrize("first", ALL)
@pytest.mark.parametrize("second", ["?", "i2", "u4", "i8", "f4", "f8", "c8", "c16"])
def test_dtypes_of_parts(first, second):
    def f(x, y):
        return np.concatenate([np.maximum(x, x[::-1]), y, np.minimum(y, y[::-1])]), np.stack([x == x[::-1], y == 0]), np.column_stack([y, np.maximum(x, x)])

    check(f, values(first, 67), values(second, 67, seed=1), hits=False)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_dtype_given(dtype):
    def f(x, y):
        return np.concatenate([x + 1, y], dtype=dtype), np.stack([x + 1, y], dtype=dtype)

    check(f, np.arange(40, dtype="f4"), np.arange(40, dtype="f4"))


def test_casts_that_overflow_warn_as_numpys():
    def f(x, y):
        return np.concatenate([x * 2, y], dtype=np.float32)

    check(f, np.array([1.0, 1e300, 3.0]), np.ones(5), hits=False)


@pytest.mark.parametrize("sizes", [(0, 4), (4, 0), (1, 1), (1, 30), (0, 0), (17, 5)])
def test_sizes_of_parts(sizes):
    def f(x, y):
        return np.concatenate([x * 2, y + 1, x]), np.hstack((y, -x))

    check(f, np.arange(float(sizes[0])), np.arange(float(sizes[1])))


@pytest.mark.parametrize("sizes", [(0, 4), (4, 0), (1, 1), (3, 5)])
@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_sizes_of_parts_with_rows(sizes, axis):
    shapes = [(n, 3) if axis == 0 else (3, n) if axis else (n, 2) for n in sizes]

    def f(x, y):
        return np.concatenate([x * 2, y + 1, x], axis=axis)

    check(f, grid(shapes[0]), grid(shapes[1], 1))


def test_a_part_without_elements_in_another_order():
    def f(x, y):
        return np.concatenate([x, y * 2, y]), np.concatenate([x, y])

    check(f, np.zeros((3, 4)).T[:0], np.ones((1, 3)))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("axis", [0, 1])
def test_orders_of_parts(order, axis):
    def f(x, y):
        return np.concatenate([x * 2, y], axis=axis), np.stack([x, y + 1], axis=axis)

    check(f, np.asarray(grid(), order=order), np.asarray(grid(seed=1), order="C"))
    check(f, np.asarray(grid(), order=order), np.asarray(grid(seed=1), order=order))
    check(f, grid((18, 26))[::2, ::2], grid(seed=1)[::-1])


def test_parts_that_are_used_otherwise():
    def f(x, y):
        a, b = x * y, x - y
        joined = np.concatenate([a, b, a])
        return joined, a, b.sum(), joined.max()

    check(f, grid((50,)), grid((50,), 1))


def test_padding():
    def f(x, k):
        inner = 0.25 * (x[:-2] + 2 * x[1:-1] + x[2:])
        return np.concatenate([x[:1], inner, x[-1:]]), np.concatenate([np.zeros(k), inner, np.full(k, 3.0)])

    check(f, grid((100,)), 5)


def test_joins_of_joins():
    def f(x):
        rows = np.vstack([x[:1], x * 2, x[-1:]])
        return np.hstack([rows[:, :1], rows + 1, rows[:, -1:]])

    check(f, grid())


NUMBERS = tuple(range(20))


def test_many_parts():
    def f(x):
        return np.stack([x * k for k in NUMBERS]), np.concatenate([x[i : i + 3] - i for i in NUMBERS])

    check(f, grid((64,)))


def test_joins_that_numpy_makes():
    def f(x, y):
        return np.concatenate([x, y]), np.append(x, y * 2), np.concatenate([[1.0, 2.0], x + 1]), np.hstack([x.sum(), x * 2, 3.0])

    check(f, grid((5,)), grid((6,)))


def test_joins_that_raise():
    def f(x, y):
        return np.concatenate([x * 2, y])

    def g(x, y):
        return np.stack([x * 2, y], axis=3)

    check(f, grid((4, 3)), grid((4,)), breaks=True, hits=False)
    check(f, grid((4, 3)), grid((4, 5)), breaks=True, hits=False)
    check(g, grid((4,)), grid((4,)), breaks=True, hits=False)


def test_results_own_their_memory():
    def f(x):
        return np.concatenate([x * 2, x]), np.stack([x + 1, x - 1], axis=-1)

    for out in segue.compile(f, **NATIVE)(np.ones(100_000)):
        assert type(out) is np.ndarray and out.flags.owndata and out.flags.writeable and out.base is None


@pytest.mark.parametrize("count", [7, 100, 70_000])
def test_filled_arrays(count):
    def f(x, y):
        out = np.empty(2 * x.shape[0])
        out[: x.shape[0]] = x * y
        out[x.shape[0] :] = x - y
        edges = np.zeros(x.shape[0] + 2)
        edges[1:-1] = np.sqrt(x * x + y * y)
        table = np.empty((x.shape[0], 2), np.float32)
        table[:, 0] = x + y
        table[:, 1] = x
        return out, edges, table

    check(f, grid((count,)), grid((count,), 1), kernels=1, calls=1)


def test_overlapping_assignments():
    def f(x, y):
        out = np.empty(40)
        out[:30] = x * y
        out[10:] = x - y
        out[20] = 7.0
        out[::2] = x[:20] + 1
        out[1::2] = y[:20] + 1
        out[-5:] = x[:5] * 2
        return out

    check(f, grid((30,)), grid((30,), 1))


def test_overlapping_assignments_of_what_was_made_the_other_way_round():
    def f(x, y):
        late, early = x * 2, y * 3
        out = np.zeros(40)
        out[:25] = early
        out[10:] = late
        return out

    check(f, grid((30,)), grid((25,), 1))


def test_numbers_that_decide_what_overlaps():
    def f(x, y, k):
        out = np.zeros(60)
        out[k : k + 30] = x * y
        out[20:50] = x + y
        return out

    check(f, grid((30,)), grid((30,), 1), 10)
    check(f, grid((30,)), grid((30,), 1), -31)
    compiled = segue.compile(f, **NATIVE)
    for k in [0, 10, 25, -31, 30, -50]:
        np.testing.assert_array_equal(compiled(grid((30,)), grid((30,), 1), k), f(grid((30,)), grid((30,), 1), k))


def test_one_element_where_several_may_be():
    def f(x, a, b):
        out = np.zeros(10)
        out[a:b] = x * 2
        return out

    check(f, np.array([3.0]), 2, 3)
    compiled = segue.compile(f, **NATIVE)
    for a, b in [(2, 3), (2, 7), (4, 5), (5, 5), (0, 10)]:
        np.testing.assert_array_equal(compiled(np.array([3.0]), a, b), f(np.array([3.0]), a, b))


def test_arrays_read_behind_assignments():
    def f(x, y):
        out = np.empty((2, x.shape[0]))
        view = out[::-1]
        out[0] = x * y
        first = view.sum(axis=1)[1]
        out[1] = x - y
        total = view + 1
        picked = out.take([0, 5, 7])
        out[0, 1:] = x[1:] * 2
        return total, first, picked, out, out[0][::-1] - y

    check(f, grid((30,)), grid((30,), 1))


def test_arrays_read_before_assignments():
    def f(x, y):
        out = np.zeros(30)
        out[:] = x
        late = out + y
        picked = out[(y > 0).astype(int)]
        out[5:25] = x[:20] * 3
        out[:-1] = out[1:] * 2
        out[2:] = out[:-2]
        return late, picked, out

    check(f, grid((30,)), grid((30,), 1))


def test_assignments_that_raise():
    def f(x, y):
        out = np.zeros(30)
        out[:20] = x * 2
        out[:7] = y
        return out

    check(f, grid((20,)), grid((7,)))
    check(f, grid((20,)), grid((8,)), breaks=True, hits=False)
    check(f, grid((19,)), grid((7,)), breaks=True, hits=False)


@pytest.mark.parametrize("dtype", FLOATS)
def test_rows_and_assignments(dtype):
    def f(x):
        out = np.empty((x.shape[0], 2 * x.shape[1]), x.dtype)
        shifted = x - x.max(axis=1, keepdims=True)
        out[:, : x.shape[1]] = shifted / shifted.sum(axis=1, keepdims=True)
        out[:, x.shape[1] :] = out[:, : x.shape[1]] * 2
        joined = np.concatenate([shifted, np.exp(shifted)], axis=1)
        return out, joined - joined.mean(axis=1, keepdims=True)

    check(f, grid((20, 33)).astype(dtype), mode="exact")


def test_memory_that_data_size():
    def f(x):
        some = x[x > 0]
        out = np.zeros(40)
        out[: some.shape[0]] = some * 2
        return np.concatenate([some * 2, x]), out

    check(f, grid((30,)))


def test_plans_of_joins():
    def f(x, y):
        return np.concatenate([x * y, x - y, x])

    plan = plans_of(f, np.ones(100), np.ones(100), **NATIVE)
    assert plan.count(" = empty ") == 1 and plan.count(" = window ") == 3 and " = call " not in plan   # inputs and result, no more memory
