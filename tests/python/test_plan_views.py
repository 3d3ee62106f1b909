"""Views that plans make without NumPy's indexing (runtime/view.h)."""

from __future__ import annotations

import gc
import sys
import weakref

import numpy as np
import pytest
from tests.plans import plans_of

import segue
from segue import native

SLICES = [slice(None), slice(1, -1), slice(-3, None), slice(None, 2), slice(5, 2), slice(2, 100), slice(-100, 3), slice(None, None, 2),
          slice(None, None, -1), slice(4, None, -2), slice(None, 1, -1), slice(-1, -100, -3), slice(1, 2), slice(3, 3)]


def arrays():
    whole = np.arange(210.0).reshape(6, 5, 7)
    return [whole, whole.T, whole[::2, ::-1], whole[:, 1:2], np.broadcast_to(np.arange(5), (6, 5)), whole[:0], np.arange(6, dtype=">i4"),
            np.zeros((6, 2), "c8"), whole.astype("f4")[1:, ::2, 3]]


@pytest.mark.parametrize("first", SLICES, ids=str)
def test_slices(check, first):
    for x in arrays():
        segue.reset()   # one code object has entries for so many arrays only
        check(lambda x: x[first], x)
        check(lambda x: x[..., first], x)
        if x.ndim > 1:
            for second in SLICES[::3]:
                segue.reset()
                check(lambda x: x[first, second], x)
                check(lambda x: x[first, None, second][None, ...], x)


def test_ints(check):
    x = np.arange(210.0).reshape(6, 5, 7)
    check(lambda x: (x[2], x[-1], x[:, 3], x[..., -7], x[1, 2], x[0, ..., 0], x[None, 1], x[1:, None, 2, ::-1]), x)
    check(lambda x, i: (x[i], x[:, i - 2], x[i:, i], x[:i], x[-i:i + 2]), x, 3)


def test_bounds_that_depend_on_sizes(check):
    def halves(x):
        n = len(x) // 2
        return x[:n], x[n:], x[n - 1], x[n:0:-1], x[n + 40:], x[:-n]

    for size in (8, 9, 20):
        check(halves, np.arange(size * 3.0).reshape(size, 3))


def test_plans_hold_them(check):
    def shifted(x):
        return x[1:-1, None, ::2], x[-1]

    plan = plans_of(shifted, np.ones((5, 4)))
    assert "view r0, [1:-1, None, ::2]" in plan and "view r0, [-1]" in plan and "getitem" not in plan


def test_what_numpy_has_to_look_at_is_left_to_it(check):
    def others(x, i, m):
        return x[i], x[[0, 1]], x[m], x[np.newaxis, i, 1]

    args = np.arange(12.0).reshape(4, 3), np.array([1, 2]), np.array([True, False, True, False])
    check(others, *args)
    assert " view " not in plans_of(others, *args)


def test_an_int_out_of_bounds_is_numpys_error(check):
    def last(x, i):
        return (x * 2)[i]

    x = np.arange(12.0).reshape(4, 3)
    check(last, x, 2)
    check(last, x, 4, breaks=True, hits=False)
    check(last, x, -5, breaks=True, hits=False)


def test_flags_and_bases(check):
    x = np.arange(20.0).reshape(4, 5)
    frozen = x.copy()
    frozen.flags.writeable = False

    def views(x):
        first = x[1:]
        return first, first[:, 1:], x.T[2:4]

    for array in (x, frozen, x[:, ::2], np.frombuffer(b"\0" * 32, "f8")[:4].reshape(2, 2)):
        check(views, array)
        compiled = segue.compile(views)
        for _ in range(2):
            for own, plain in zip(compiled(array), views(array), strict=True):
                assert own.base is plain.base and own.flags == plain.flags and own.ctypes.data == plain.ctypes.data


def test_views_keep_their_array_alive():
    compiled = segue.compile(lambda x: x[2:])
    for _ in range(3):
        owner = np.arange(1000.0)
        before, dead = sys.getrefcount(owner), weakref.ref(owner)
        view = compiled(owner)
        assert sys.getrefcount(owner) == before + 1
        del owner
        assert dead() is not None and view[0] == 2.0
        del view
        gc.collect()
        assert dead() is None


def test_writes_go_through_them(check):
    def smooth(x):
        x[1:-1, ::2] = x[:-2, ::2] * 2
        y = x[::-1]
        y[0] = 7
        return x[0], y

    check(smooth, np.arange(20.0).reshape(4, 5))


needs_llvmlite = pytest.mark.skipif(not native.is_available(), reason="the native backend needs llvmlite")


def neighbours(x):
    return x[1:-1, 1:] + x[:-2, :-1] * x[2:, None, 0]


def native_check(check, fn, *args, **options):
    check(fn, *args, compile_options={"backend": "native"}, **options)
    return plans_of(fn, *args, backend="native")


@needs_llvmlite
def test_windows_are_what_only_kernels_use(check):
    x = np.arange(20.0).reshape(4, 5)
    plan = native_check(check, neighbours, x[:, :3].copy())
    assert plan.count(" = window r0, ") == 3 and " = view " not in plan

    def also_returned(x):
        first, second = x[1:], x[:-1]
        return first * second, second

    plan = native_check(check, also_returned, x)
    assert "window r0, [1:]" in plan and "view r0, [:-1]" in plan

    def also_written(x):
        first, second = x[1:], x[:-1]
        total = first + second
        second += 1
        return total

    plan = native_check(check, also_written, x)
    assert "view r0, [:-1]" in plan

    def also_numpys(x):
        first, second = x[1:], x[:-1]
        return first * second, np.sort(second)

    assert "view r0, [:-1]" in native_check(check, also_numpys, x)


@needs_llvmlite
def test_windows_of_what_is_made_on_the_way(check):
    def f(x, i):
        y = np.sort(x, axis=0)
        return y[1:] - y[:-1], y[i] * y[-1], (x[..., ::-1] + x[:, None, 1:2][:, 0]).sum(axis=0)

    x = np.random.default_rng(0).normal(size=(7, 6))
    for array in (x, np.asfortranarray(x), x.astype("f4"), x[::2]):
        native_check(check, f, array, 2)
    check(f, x, -8, breaks=True, hits=False, compile_options={"backend": "native"})   # out of bounds


@needs_llvmlite
def test_windows_die_with_the_call():
    live = segue._segue._testing.live_windows
    before = live()

    def many(x):
        total = x[1:] * 0.5
        for i in range(8):
            for j in range(i):
                total = total + x[1:] * x[:-1] * x[0] - x[j : j + 1] * x[i : i + 1]
        return total

    for function, shape in ((many, (30,)), (neighbours, (4, 3))):
        x = np.ones(shape)
        compiled = segue.compile(function, backend="native")
        compiled(x)
        references, descr = sys.getrefcount(x), sys.getrefcount(x.dtype)
        for _ in range(200):
            compiled(x)
        assert sys.getrefcount(x) == references and abs(sys.getrefcount(x.dtype) - descr) < 5
        gone = weakref.ref(x)
        del x
        assert gone() is None
    assert live() == before


@pytest.mark.parametrize("setting", ["warn", "raise"])
@needs_llvmlite
def test_windows_die_where_the_call_is_dropped(check, setting):
    segue.reset()
    x = np.full((4, 3), 1e200)
    before = segue._segue._testing.live_windows()
    with np.errstate(all=setting):
        check(neighbours, x, hits=False, compile_options={"backend": "native"})
    assert segue._segue._testing.live_windows() == before
