"""backend="native": elements of tables at indices, `table[index]` and `np.take(table, index)`."""

from __future__ import annotations

import gc
import os
import sys

import numpy as np
import pytest
from tests.guard_pages import VARIABLE
from tests.python.native_support import ALL, INTEGERS, NATIVE, check, values
from tests.python.native_threads_support import COUNTS, bits, threads

import segue

SIZES = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 129]


def indices(dtype, count, size, seed=0):
    """In bounds, negative ones included; the first and the last element on both ways."""
    dtype = np.dtype(dtype)
    low = -size if dtype.kind == "i" else 0
    out = np.random.default_rng(seed).integers(low, size, count).astype(dtype)
    ends = [0, size - 1, low, -1 if low else 0]
    out[: len(ends)] = ends[:count]
    return out


def scaled(table, index):
    return table[index] * 2 + 1


def taken(table, index):
    return np.take(table, index) + index


@pytest.mark.parametrize("index_dtype", INTEGERS)
@pytest.mark.parametrize("dtype", ALL)
def test_dtypes(dtype, index_dtype):
    table, index = values(dtype, 100), indices(index_dtype, 77, 100)
    check(lambda table, index: (table[index], table[index - 1 + 1]), table, index, kernels=1)
    check(lambda table, index: table.take(index), table, index, hits=None if index_dtype == "u8" else True, kernels=None if index_dtype == "u8" else 1)
    check(lambda table, index: ~(table[index] > table[index[::-1]]), table, index)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("index_dtype", ["i8", "i4", "u1"])
def test_sizes(count, index_dtype):
    for dtype in ("f8", "f4", "u1"):
        table, index = values(dtype, 31), indices(index_dtype, count, 31)
        with np.errstate(all="ignore"):
            check(scaled, table, index, kernels=1)
            check(taken, table, index, kernels=1)
            check(scaled, table[:1], index * 0, kernels=1)


def test_unsigned_indices_of_64_bits_wrap():
    """As NumPy casts them to its type of indices."""
    check(scaled, np.arange(5.0), np.array([1, 2**64 - 1, 2**64 - 5], "u8"), kernels=1)


FORMS = {
    "getitem": lambda table, index: table[index] + 1,
    "take": lambda table, index: np.take(table, index) + 1,
    "sum": lambda table, index: table[index].sum(),
    "cumsum": lambda table, index: table[index].cumsum(),
    "math": lambda table, index: np.exp(table[index]),
    "unused": lambda table, index: np.where(True, 1.0, table[index]),
    "computed": lambda table, index: table[index + 0] + 1,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", [1, 5, 16, 37, 300])
def test_bounds(form, count):
    """NumPy's error for the first index out of bounds, wherever it is; also where the floating-point status does not count."""
    table = np.arange(7.0)
    for index_dtype, bad in (("i8", [7, -8, 2**62, -(2**63)]), ("u1", [7, 255]), ("i2", [7, -8]), ("u8", [7, 2**63])):
        if form == "take" and index_dtype == "u8":
            continue   # no safe cast, which some versions of NumPy ask for
        for wrong in bad:
            for place in {0, count // 2, count - 1}:
                index = indices(index_dtype, count, 7)
                index[place] = wrong
                with np.errstate(all="ignore"):
                    check(FORMS[form], table, index, hits=False)
                with pytest.raises(IndexError, match="out of bounds"):
                    segue.compile(FORMS[form], mode="exact", **NATIVE)(table, index)


@pytest.mark.parametrize("index_dtype", [dtype for dtype in INTEGERS if dtype != "u8"])
def test_modes(index_dtype):
    limits = np.iinfo(index_dtype)
    for count in (1, 5, 16, 77):
        near = np.random.default_rng(count).integers(max(limits.min, -500), min(limits.max, 500), count).astype(index_dtype)
        far = values(index_dtype, count)
        for dtype in ("f8", "f4", "i2", "?"):
            for size in (1, 7, 100):
                table = values(dtype, size)
                check(lambda table, index: table.take(index, mode="clip") == table[0], table, far, kernels=1)
                # NumPy counts for hours through far ones.
                check(lambda table, index: np.take(table, index, mode="wrap") == table[0], table, near, kernels=1, calls=1)
        check(lambda table, index: table.take(index, mode="clip") + 1, np.arange(20.0)[::-3], near, kernels=1)


def test_modes_of_empty_tables():
    table, index = np.arange(4.0), np.array([1, -1, 9])
    for mode in ("clip", "wrap", "raise"):
        compiled = segue.compile(lambda table, index: np.take(table, index % 4, mode=mode) * 2, **NATIVE)
        for size in (4, 4, 4):
            np.testing.assert_array_equal(compiled(table[:size], index), table[index % 4] * 2)
        for indices in (index, np.arange(100)):
            with pytest.raises(IndexError, match="cannot do a non-empty take from an empty axes"):
                compiled(table[:0], indices)


def test_take_from_flat_arrays():
    grid = np.arange(60.0).reshape(3, 4, 5)
    index = indices("i4", 50, 60)
    check(lambda t, k: np.take(t, k) * 2, grid, index, kernels=1)
    check(lambda t, k: t.take(k, mode="clip") * 2, grid, index * 2, kernels=1)
    check(lambda t, k: t.take(k) * 2, grid, index + 60, hits=False)
    check(lambda t, k: t.take(k) * 2, grid.T, index)
    check(lambda t, k: t.take(k) * 2, grid[:, :, :2], index % 24)
    check(lambda t, k: t.take(k % 3, axis=0) * 2, grid, index)
    check(lambda t, k: t.take(k) * 2, np.array(3.0), index * 0, hits=None)


def test_bounds_after_good_calls():
    compiled = segue.compile(scaled, **NATIVE)
    table, index = np.arange(9.0), np.arange(-9, 9)
    for _ in range(3):
        np.testing.assert_array_equal(compiled(table, index), scaled(table, index))
        with pytest.raises(IndexError, match="index 9 is out of bounds for axis 0 with size 9"):
            compiled(table, index + 1)
        with pytest.raises(IndexError, match="index -9 is out of bounds for axis 0 with size 8"):
            compiled(table[:-1], index)


def test_empty_tables_and_indices():
    nothing, table = np.zeros(0), np.arange(4.0)
    for index_dtype in ("i8", "u1"):
        none = np.zeros(0, index_dtype)
        for form in FORMS.values():
            check(form, table, none, hits=None)
            check(form, nothing, none, hits=None, breaks=True)
            check(form, nothing, np.zeros(3, index_dtype), hits=None, breaks=True)
        check(scaled, table, np.zeros((0, 3), index_dtype), hits=None)
        check(scaled, table, np.zeros((3, 0), index_dtype), hits=None)
    # The table gets empty behind the first call.
    compiled = segue.compile(scaled, **NATIVE)
    for size in (5, 3, 2):
        np.testing.assert_array_equal(compiled(table[:size], np.array([0, -1])), scaled(table[:size], np.array([0, -1])))
    with pytest.raises(IndexError, match="size 0"):
        compiled(nothing, np.array([0, -1]))
    with pytest.raises(IndexError, match="size 0"):
        compiled(nothing, np.arange(100))


@pytest.mark.parametrize("step", [1, -1, 2, -3])
def test_tables_with_gaps(step):
    for dtype in ("f8", "f4", "i2", "?"):
        table = values(dtype, 300)
        for index_dtype in ("i8", "u1"):
            index = indices(index_dtype, 83, 90)
            check(lambda table, index: (table[::step][index], np.take(table[::step], index)), table, index, kernels=1)
            check(lambda table, index: table[index] == table[index], table[::step], index, kernels=1)
    check(scaled, np.broadcast_to(np.float64(3), 20), np.arange(-20, 20), kernels=1)
    check(scaled, np.zeros((50, 3))[:, 1], np.arange(40), kernels=1)


def test_indices_of_any_layout():
    table = np.arange(50.0)
    index = indices("i8", 240, 50)
    check(scaled, table, index[::3], kernels=1)
    check(scaled, table, index[::-1], kernels=1)
    check(scaled, table, np.broadcast_to(np.int64(-3), 30), kernels=1)
    grid = index.reshape(4, 10, 6)
    for form in (FORMS["getitem"], FORMS["take"]):
        for dtype in ("i8", "u4", "i1"):
            narrow = grid.astype(dtype) % 50
            check(form, table, narrow, kernels=1)
            for other in (np.asfortranarray(narrow), narrow[:, ::2], narrow.T, narrow[:, :1], narrow[:1, :, :1], narrow[:, 0], narrow[..., 0],
                          np.broadcast_to(narrow[:, :1], (4, 10, 6)), narrow[:1, :1, :1]):
                check(form, table, other)
    check(FORMS["take"], table, np.asfortranarray(grid), kernels=1)
    check(FORMS["take"], table, grid[:, ::2], kernels=1)
    check(scaled, table, np.array(3), breaks=True, hits=None)
    check(taken, table, np.array(3), breaks=True, hits=None)
    check(taken, table, np.int64(3), breaks=True, hits=None)


@pytest.mark.skipif(VARIABLE in os.environ, reason="arrays between guard pages are aligned")
def test_unaligned_arrays():
    raw = np.arange(801).astype("u1")
    check(scaled, raw[1:].view("u8"), np.arange(50))
    index = np.zeros(401, "u1")[1:].view("i4")
    assert not index.flags.aligned
    check(scaled, np.arange(3.0), index)


def test_indices_made_in_the_kernel():
    x, table = np.random.default_rng(1).random(131), np.random.default_rng(2).random(256)
    check(lambda table, x: table[(x * 255).astype(int)] * x, table, x, kernels=1)
    check(lambda table, x: table[(x * 255).astype(np.int32)] + 1, table, x, kernels=1)
    check(lambda table, k: table[k % 16] - table[k // 16 % 256], table, np.arange(-500, 500), kernels=1)
    check(lambda table, k: table[np.where(k > 3, k, -k)] * 2, table, np.arange(200), kernels=1)
    check(lambda table, k: table[np.clip(k, 0, 255)], table, np.arange(-500, 500), kernels=1)
    check(lambda table, mask: table[mask * 5], table, x > 0.5)
    # Gathers of gathers.
    check(lambda table, order, k: table[order[k]] + 1, table, np.argsort(table), np.arange(-256, 256), kernels=1)


def test_tables_made_by_kernels():
    table, index = np.arange(64.0), indices("i8", 200, 64)
    check(lambda table, index: (table * 2 + 1)[index] - 1, table, index, kernels=2)
    # The table's kernel has the index's shape, and makes it, too.
    check(lambda x: (x * 2)[x.astype(int)] + 1, np.arange(63.0, -1, -1), kernels=2)
    check(lambda x: (np.sqrt(x) + x)[(x * 0.5).astype(int)] * x, np.arange(64.0), kernels=2)
    check(lambda x: np.cumsum(x)[(x * 0.5).astype(int)] * x, np.arange(64.0), kernels=2)
    check(lambda x, k: (x / x.sum())[k] * 2, table, index)
    check(lambda x, k: np.sort(x)[k] * 2, table, index, kernels=1, calls=1)


def test_tables_that_are_also_operands():
    table = np.arange(64.0)
    check(lambda x, k: x[k] - x, table, np.arange(63, -1, -1), kernels=1)
    check(lambda k: k[k] + k[k[k]], np.random.default_rng(0).permutation(100), kernels=1)
    check(lambda x, k: (x[k] * x).sum(), table, np.arange(63, -1, -1), kernels=1)


def test_several_tables_and_indices():
    a, b = np.arange(64.0), np.arange(32, dtype="f4")
    k, j = indices("i8", 150, 64), indices("u1", 150, 32)
    check(lambda a, b, k, j: a[k] * b[j] + a[j] - b[k % 32], a, b, k, j, kernels=1)
    check(lambda a, b, k, j: a[k] * b[j] + a[j] - b[k % 32], a, b, k, j + 1, hits=False)
    with pytest.raises(IndexError, match="index 32 is out of bounds for axis 0 with size 32"):
        segue.compile(lambda a, b, k, j: a[k] * b[j] + a[j] - b[k % 32], **NATIVE)(a, b, k, j + 1)


def test_what_gathers_feed():
    table = np.random.default_rng(0).random(256)
    for dtype in ("f8", "f4"):
        own = table.astype(dtype)
        index = indices("i8", 1000, 256)
        check(lambda t, k: (t[k].sum(), t[k].mean(), t[k].max()), own, index, mode="exact")
        check(lambda t, k: t[k].cumsum(), own, index, kernels=1)
        check(lambda t, k: (t[k] > 0.5).any(), own, index, kernels=1)
        check(lambda t, k: (t[k].argmin(), t[k // 2].argmax()), own, index)
        for shape in ((250, 4), (4, 250), (500, 2), (8, 125)):
            check(lambda t, k: (t[k].argmin(axis=1), t[k].sum(axis=1), t[k].sum(axis=0), t[k] * 2), own, index.reshape(shape))
        check(lambda t, k: t[k].sum(axis=0), own, index.reshape(50, 20), kernels=1)
        check(lambda t, k: t[k].sum(axis=1), own, index.reshape(50, 20), kernels=1)
        check(lambda t, k: t[k] - t[k].mean(axis=1, keepdims=True), own, index.reshape(40, 25))
        for mode in ("exact", None):
            segue.reset()
            fn = segue.compile(lambda t, k: np.exp(t[k]), mode=mode, **NATIVE)
            np.testing.assert_array_max_ulp(fn(own, index), np.exp(own[index]), 4)


def test_rows_that_need_each_other():
    """Stages of one kernel, of which one has a table that another one loads."""
    def f(t, k):
        x = t[k]
        return (x - x.mean(axis=1, keepdims=True)) * t + t[k]

    check(f, np.random.default_rng(0).random(25), indices("i8", 1000, 25).reshape(40, 25))


def test_writes():
    table, index = np.arange(64.0), np.random.default_rng(0).permutation(64)

    def into(out, table, index):
        out[...] = table[index] * 2

    def own(table, index):
        table[...] = table[index] + 1

    def add(table, index):
        table += table[index]
        return table[index]

    def part(table, index):
        table[1:-1] = table[index[1:-1]] * 2

    def between(table, index):
        before = table[index] * 2
        table[3] = -1
        return before, table[index] * 2

    def fresh(table, index):
        made = table * 2
        made += made[index]
        made[index] = 5
        return made[index] + made

    check(into, np.zeros(64), table, index, kernels=1)
    for fn in (own, add, part, between, fresh):
        check(fn, table.copy(), index)
        check(fn, table.copy(), index[::-1] - 64)
    # An error leaves arguments as they were.
    for fn in (own, add, part, between):
        check(fn, table.copy(), index + 1, hits=False)
    # Memory that tables share with what is written.
    check(lambda x, k: x.__setitem__(slice(None), x[::-1][k] + 1), table.copy(), index)

    def shared(x, k):
        view = x[::-1]
        x[...] = view[k] + 1
        return view[k] * 2

    check(shared, table.copy(), index)


def test_reads_of_a_table_that_is_written_later():
    def f(x, k):
        y = x[k] * 2
        x[0] = 100.0
        z = x[k] + y
        x[...] = z
        return y + z

    check(f, np.arange(32.0), np.arange(31, -1, -1))


def test_what_is_numpys():
    table, index = np.arange(12.0), np.arange(3)
    grid = table.reshape(4, 3)
    check(lambda t, k: t[k] + 1, grid, index)
    check(lambda t, k: t[k, k] + 1, grid, index)
    check(lambda t, k: t[:, k] + 1, grid, index)
    check(lambda t, k: np.take(t, k, axis=1) + 1, grid, index)
    check(lambda t, k: np.take(t, k, axis=0) + 1, table, index, kernels=1)
    check(lambda t, k: np.take(t, k, axis=-1) + 1, table, index, kernels=1)
    check(lambda t, k: t[k > 1] + 1, np.arange(3.0), index)
    check(lambda t, k: np.take(t, k > 1) + 1, table, index)
    check(lambda t, k: t[k] + 1, table, index.astype("f8"), breaks=True, hits=None)
    check(lambda t, k: t[k] * 2, table.astype("c16"), index)
    check(lambda t, k: t[k] * 2, table.astype("f2"), index)
    check(lambda t, k: t[k] * 2, table, index.astype(">i4"), breaks=True, hits=None)
    check(lambda t, k: t[[0, 2]] + t[k][:2], table, index)


@pytest.mark.parametrize("size", [200_000, 300_001])
def test_threads(size):
    table, index = np.random.default_rng(0).random(4096), indices("i8", size, 4096)

    def f(table, index):
        return table[index] * 2 + 1, table[index].sum(), table[index % 77].max()

    results = {}
    for count in COUNTS:
        with threads(count):
            segue.reset()
            results[count] = [bits(result) for result in segue.compile(f, mode="exact", **NATIVE)(table, index)]
    assert all(result == results[1] for result in results.values())
    assert results[1][:2] == [bits(result) for result in f(table, index)][:2]


@pytest.mark.parametrize("place", [0, 150_000, 199_999])
def test_threads_tell_of_bounds(place):
    table, index = np.arange(100.0), np.zeros(200_000, int)
    index[place] = 100
    for fn in (scaled, lambda table, index: table[index].sum(), lambda table, index: table[index.reshape(400, 500)].sum(axis=1)):
        for count in COUNTS:
            with threads(count):
                segue.reset()
                with pytest.raises(IndexError, match="index 100 is out of bounds for axis 0 with size 100"):
                    segue.compile(fn, **NATIVE)(table, index)


def test_counts_of_references():
    compiled = segue.compile(scaled, **NATIVE)
    table, index = np.arange(64.0), np.arange(64)
    bad = index + 1

    def rounds():
        for _ in range(50):
            compiled(table, index)
            with pytest.raises(IndexError):
                compiled(table, bad)

    rounds()
    before = [sys.getrefcount(x) for x in (table, index, bad)], len(gc.get_objects())
    rounds()
    gc.collect()
    assert [sys.getrefcount(x) for x in (table, index, bad)] == before[0]
    assert len(gc.get_objects()) < before[1] + 40
