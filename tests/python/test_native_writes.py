"""backend="native": writes to arrays that a segment makes are fused, as values; others are NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from tests.plans import plans_of
from tests.python.native_support import ALL, FLOATS, INTEGERS, NATIVE, check, values


def grid(shape=(9, 13), seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_augmented_assignments(dtype):
    def f(x, y):
        z = x * y
        z += 1
        z *= x
        z -= y
        np.negative(z, out=z)
        return z

    check(f, values(dtype, 131), values(dtype, 131, seed=3), kernels=1, hits=False)


@pytest.mark.parametrize("dtype", ALL)
def test_masked_numbers(dtype):
    def f(x, y):
        z = x.copy()
        z[x > y] = 1
        z[~(x > y)] = True
        z[z == y] = z.dtype.type(0)
        return z

    check(f, values(dtype, 131), values(dtype, 131, seed=3))


def test_masks_of_floats_with_numbers_that_arguments_are():
    def f(x, low, k):
        z = x * 2
        z[z < low] = low
        z[np.isnan(z)] = k
        return z

    x = grid()
    x[2, 3] = np.nan
    check(f, x, 0.25, np.float64(3.5), kernels=1)


def test_arrays_that_are_overwritten():
    def f(x):
        out = np.empty_like(x)
        out[...] = x * 2
        np.sqrt(np.abs(out), out=out)
        other = np.zeros(x.shape)
        other[:] = out
        other += 1
        return out, other

    check(f, grid())


def test_what_was_read_before_a_write_stays():
    def f(x):
        z = x * 2
        before = z + 1
        z *= before
        total = z.sum(axis=1)
        z -= 1
        return before, z, total

    check(f, grid(), kernels=1)


def test_views_see_writes():
    def f(x):
        z = x * 2
        view = z[1:]
        z += 1
        reshaped = z.reshape(-1)
        z *= 3
        w = x + 1
        w[1:-1] += 2
        w += 5
        return view, z, reshaped, w

    check(f, grid())


def test_arrays_with_strides_that_nobody_knows():
    def f(x):
        return np.add(x, 1, out=np.empty_like(x)), np.add(x, x, out=np.empty(x.shape))

    check(f, np.broadcast_to(np.arange(3.0), (2, 3)))
    check(f, np.broadcast_to(np.arange(3.0), (2, 3)).T)
    check(f, grid((4, 5, 6)).transpose(1, 0, 2))


def test_arrays_that_show_their_bases():
    def f(x):
        rolled = np.roll(x, 1)
        rolled += 1
        crossed = np.cross(x, x)
        crossed.real[...] += 0.5
        powers = x**2
        powers -= 1
        return rolled, crossed, powers

    check(f, grid((5, 3)))


def test_results_of_other_types():
    def f(x, y, m):
        a = x * 2
        a += y            # computed in float64
        b = x * 3
        b[m] = y[m]
        c = x * 4
        c[2] = 0
        d = np.add(x, y, out=np.empty(x.shape))
        return a, b, c, d

    x = grid().astype("f4")
    check(f, x, grid(seed=2), x > 0)


def test_arguments_are_written():
    def f(x, y):
        x += y
        z = x * 2
        z += x
        y[...] = z
        return z

    check(f, grid(), grid(seed=1))


def test_writes_in_fortran_order():
    def f(x):
        z = x * 2
        z += x
        z[z > 1] = 0
        return z

    check(f, np.asfortranarray(grid()), kernels=1)
    check(f, grid()[:, ::2])


@pytest.mark.parametrize("setting", ["ignore", "warn", "raise"])
def test_conditions_behind_writes(setting):
    def f(x):
        z = x + 1
        z /= x
        z += 1
        return z

    with np.errstate(all=setting):
        check(f, np.array([1.0, 2.0, 0.0]), hits=False)
        check(f, np.array([1.0, 2.0, 3.0]))


def test_identity_of_what_is_written():
    def f(x):
        z = x * 2
        same = z
        z += 1
        held = [z, same]
        z *= 2
        return z is same, held, same

    check(f, grid())


def test_writes_in_loops_and_branches():
    def f(x, n):
        z = x * 1.0
        for i in range(n):
            z += x * i
            if z[0, 0] > 1:
                z -= 1
        return z

    check(f, grid(), 5, breaks=True, hits=False)


@pytest.mark.parametrize("dtype", INTEGERS + FLOATS)
def test_writes_to_an_argument_become_one_assignment(dtype):
    def momentum(w, g, v):
        before = v[1:] * 1
        v *= 2
        v += g
        w -= v
        np.negative(w, out=w)
        return before, w

    def into(x, y, out):
        np.multiply(x, y, out=out)
        np.add(out, 1, out=out)
        return np.maximum(out, x, out=out)

    x, y, z = (values(dtype, 131, seed=seed) for seed in range(3))
    with np.errstate(all="ignore"):
        check(momentum, x, y, z, kernels=2, hits=False)
        check(into, x, y, z, kernels=1, hits=False)


def test_an_argument_that_is_masked_and_calculated_with():
    def f(x, y):
        x -= y
        x[x < 0] = 0
        x *= 2
        return x + 1

    check(f, grid(), grid(seed=1), kernels=1)


def test_arguments_that_something_views_stay_as_they_are():
    def viewed(x):
        tail = x[1:]
        x += 1
        return tail * 2

    def behind(x):
        x += 1
        return x[1:], x[::-1] + x

    def outputs(x):
        tail = x[1:]
        x += 1
        x *= 2
        return tail, x

    for f in (viewed, behind, outputs):
        check(f, grid())
        check(f, grid()[::2, ::-1])
        check(f, np.asfortranarray(grid()))


def test_arguments_that_overlap():
    def f(x, y):
        x *= 2
        y += x
        return x + y

    a = grid()
    check(f, a, a)
    check(f, a[1:], a[:-1], breaks=True, hits=False)


@pytest.mark.parametrize("setting", ["ignore", "warn", "raise"])
def test_conditions_while_an_argument_is_written(setting):
    def f(x, y):
        x *= y
        x += 1
        return np.sqrt(x, out=x)

    with np.errstate(all=setting):
        for number in (1.0, -1.0, 1e308):
            check(f, np.abs(grid()) + 2, np.full((9, 13), number), hits=False)


def test_other_dtypes_are_numpys_to_cast():
    def f(x, y):
        x += y
        x *= 2
        return x

    check(f, grid().astype("f4"), grid())
    check(f, np.arange(5), np.arange(5.0), breaks=True, hits=False)
    check(f, np.arange(5.0), np.arange(5))


def test_kernels_that_store_straight_into_arguments():
    def scaled(x, y, out):
        np.multiply(x, 2.0, out=out)
        np.add(out, y, out=out)
        return out

    def both(x, y):
        x *= 2
        y += x
        x -= 1

    def neighbours(x):
        x[...] = x[::-1] * 2 + x

    def twice(x, y):
        y[...] = x + 1
        y[...] = x * 2

    def of_another_size(x, y):
        y[...] = x * 2

    def kept(x):
        x *= 2
        return x * 3

    for shape in [(7,), (5, 300), (3, 40, 50), (0,), (1,), (1024,), (1025,)]:
        x, y, z = (np.random.default_rng(seed).normal(size=shape) for seed in range(3))
        check(scaled, x, y, z)
        check(both, x, y)
        check(neighbours, x)
        check(twice, x, y)
        check(kept, x)
        check(scaled, *(np.asfortranarray(a) for a in (x, y, z)))
        check(scaled, x, y, x)
        check(both, x[:1], y)
    check(of_another_size, grid()[:1], grid())
    for f, args, step in ((scaled, [grid(), grid(), grid()], "store.kernel"), (both, [grid(), grid()], "check.kernel")):
        assert step in plans_of(f, *args, **NATIVE)
    for f, args in ((neighbours, [grid()]), (of_another_size, [grid()[:1], grid()])):
        plan = plans_of(f, *args, **NATIVE)
        assert "check.kernel" not in plan and "store.kernel" not in plan


def test_a_kernel_that_stores_into_an_argument_in_the_exact_bits_of_every_dtype():
    def f(x, y):
        x += y
        x *= x

    for dtype in INTEGERS + FLOATS:
        with np.errstate(all="ignore"):
            check(f, values(dtype, 3001), values(dtype, 3001, seed=5), hits=False)


def test_written_arrays_whose_strides_are_their_own():
    def reduced(a, b):
        return np.square(b, out=a).any(axis=-3), a

    def times(a):
        made = a[:1] * 2
        made += 1
        return made

    empty, ones = np.zeros((3, 3, 0)).transpose(2, 0, 1), np.zeros((3, 3, 1)).transpose(2, 0, 1)
    for array in (empty, ones, np.swapaxes(np.zeros((0, 3, 3)), 1, 2), np.zeros((1, 3, 3)), np.zeros((2, 3, 3))):
        check(reduced, array, np.ones(array.shape))
        check(reduced, np.ones(array.shape), array)
        if len(array):
            check(times, array)
            check(times, np.asfortranarray(np.ones((5, 2, 2))))


def test_arrays_whose_ones_have_strides_of_their_own():
    def f(x):
        made = np.empty((1, 4, 1), order="F")
        made[...] = x[None, :4, None] * 2
        like = np.empty_like(x[::-1][:, None])
        np.add(x[:, None], 1, out=like)
        copied = x[None, ::-1].astype("f4")
        copied += 1
        filled = np.zeros((1, 4))
        filled[...] = x[None, :4]
        return made, like, copied, filled

    check(f, np.arange(5.0))
    check(f, np.arange(10.0)[::2])


def test_arrays_whose_sizes_depend_on_data():
    def f(a):
        repeated = np.repeat(a, [1] * a.shape[0], axis=0)
        differs = np.not_equal(repeated, -1.5).conj()
        differs[:] = np.ascontiguousarray(a)
        return differs

    check(f, np.arange(5, dtype="u8"), hits=None)


def test_several_assignments_to_an_argument_keep_their_order():
    def part_first(out, x, y):
        value = x + 1
        out[1:3] = y
        out[...] = value

    def part_last(out, x, y):
        value = x + 1
        out[...] = value
        out[1:3] = y

    def twice(out, x, y):
        first, second = x + 1, x * 2
        out[...] = second
        out[...] = first
        out[:2] = y

    def two_arrays(out, x, y):
        value = x + 1
        x[:2] = y
        out[...] = value

    for f in (part_first, part_last, twice, two_arrays):
        check(f, np.zeros(8), np.arange(8.0), np.array([50.0, 60.0]))
