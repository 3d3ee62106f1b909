"""backend="native": products of stacks of small matrices run in kernels."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.native_support import INTEGERS, NATIVE, check
from tests.python.native_threads_support import same_in_all, threads

import segue

EXACT = [*INTEGERS, "f2"]   # NumPy multiplies these itself
SIZES = [(1, 2, 2), (2, 1, 3), (2, 2, 2), (3, 3, 3), (4, 4, 4), (5, 3, 2), (3, 8, 1), (1, 8, 1), (6, 7, 5), (8, 8, 8), (2, 4, 7)]


def stack(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return rng.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def close(fn, *args, kernels=1, calls=0):
    """Floats as near to the exact products as NumPy's, or nearly; all else as NumPy."""
    check(fn, *args, mode="exact")
    compiled = segue.compile(fn, mode="default", **NATIVE)
    report = segue.explain(fn, **NATIVE, mode="default")(*args)
    assert len(report.kernels) == kernels
    result, plain = compiled(*args), fn(*args)
    exact = fn(*[arg.astype("f8" if arg.dtype == "f4" else np.longdouble) for arg in args])
    bound = 8 * np.finfo(plain.dtype).eps * fn(*[np.abs(arg) for arg in args])
    assert (type(result), result.dtype, result.shape, result.strides) == (type(plain), plain.dtype, plain.shape, plain.strides)
    assert (np.abs(result - exact) <= bound).all()
    assert (np.signbit(result) == np.signbit(plain))[plain == 0].all()


@pytest.mark.parametrize("dtype", EXACT)
def test_sizes(dtype):
    for m, k, n in SIZES:
        a, b = stack((11, m, k), dtype), stack((11, k, n), dtype, 1)
        check(lambda a, b: a @ b, a, b, kernels=1, mode="exact")
        check(lambda a, b: np.matmul(a, b), a, b[0], kernels=1, mode="exact")
        check(lambda a, b: a @ b, a[0], b, kernels=1, mode="exact")


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_sizes_of_floats(dtype):
    for m, k, n in SIZES:
        a, b = stack((11, m, k), dtype), stack((11, k, n), dtype, 1)
        close(lambda a, b: a @ b, a, b)
        close(lambda a, b: np.matmul(a, b), a, b[0])
        close(lambda a, b: a @ b, a[0], b)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4"])
def test_vectors(dtype):
    same = close if dtype in ("f4", "f8") else lambda fn, *args: check(fn, *args, kernels=1, mode="exact")
    for m, k in [(2, 2), (3, 3), (4, 4), (5, 7), (1, 8), (8, 1)]:
        a = stack((9, m, k), dtype)
        same(lambda a, v: a @ v, a, stack((k,), dtype))
        same(lambda v, a: v @ a, stack((m,), dtype), a)
        same(lambda a, v: np.matmul(a, v[..., None])[..., 0], a, stack((9, k), dtype))


EINSUMS = ["nij,njk->nik", "nij,nkj->nik", "nji,njk->nik", "nji,nkj->nik", "ij,njk->nik", "nij,jk->nik", "nij,nj->ni", "nij,j->ni", "ij,nj->ni", "nji,nj->ni",
           "nj,njk->nk", "j,njk->nk", "nj,nj->n", "abij,abjk->abik", "abij,jk->abik", "abj,abj->ab"]   # fmt: skip
OTHERS = ["nij,njk->nki", "nij,njk->ik", "nij,njk->nijk", "nij,nij->n", "nij,mjk->nmik", "nii,nik->nk", "nij,njk"]


def operands(subscripts, dtype, seed=0):
    sizes = {"n": 11, "m": 2, "a": 3, "b": 4, "i": 3, "j": 4, "k": 2}
    shapes = [tuple(sizes[letter] for letter in part) for part in subscripts.split("->")[0].split(",")]
    if "ii" in subscripts:
        shapes = [(11, 3, 3), (11, 3, 2)]
    return [stack(shape, dtype, seed + i) for i, shape in enumerate(shapes)]


@pytest.mark.parametrize("subscripts", EINSUMS)
def test_einsum(subscripts):
    a, b = operands(subscripts, "i8")
    kernels = 0 if subscripts == "nji,nkj->nik" else 1   # whose order in memory is another
    check(lambda a, b: np.einsum(subscripts, a, b), a, b, kernels=kernels, calls=1 - kernels, mode="exact")
    close(lambda a, b: np.einsum(subscripts, a, b), *operands(subscripts, "f8"), kernels=kernels)
    close(lambda a, b: np.einsum(subscripts, a, b), *operands(subscripts, "f4"), kernels=kernels)
    for x in (np.asfortranarray(a), a[::-1], a[..., ::-1]):
        check(lambda a, b: np.einsum(subscripts, a, b), x, b)
    if a.shape[0] == b.shape[0]:
        check(lambda a, b: np.einsum(subscripts, a, b) + 1, a[:1], b[:1])


@pytest.mark.parametrize("subscripts", OTHERS)
def test_other_einsums(subscripts):
    check(lambda a, b: np.einsum(subscripts, a, b), *operands(subscripts, "i8"), kernels=0, calls=1, mode="default")


def test_einsums_that_are_left_to_numpy():
    a, b = operands("nij,njk->nik", "f8")
    check(lambda a, b: np.einsum("nij,njk->nik", a, b), a, b, kernels=0, calls=1, mode="exact")
    check(lambda a, b: np.einsum("nij,njk->nik", a, b), a.astype("f2"), b.astype("f2"), kernels=0, calls=1, mode="exact")
    check(lambda a, b: np.einsum("nij,njk->nik", a, b, optimize=True), a.astype("i8"), b.astype("i8"), kernels=0, calls=1)
    check(lambda a, b: np.einsum("nij,njk,nkl->nil", a, b, b.swapaxes(1, 2)), a.astype("i8"), b.astype("i8"))
    check(lambda a, b: np.einsum("nij,njk->nik", a, b), a.astype("i8"), b.astype("i4"))


@pytest.mark.skipif(not hasattr(np, "matvec"), reason="NumPy 2.2 has these")
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4"])
def test_products_with_vectors(dtype):
    same = close if dtype in ("f4", "f8") else lambda fn, *args: check(fn, *args, kernels=1, mode="exact")
    a, v, w = stack((9, 3, 5), dtype), stack((9, 5), dtype, 1), stack((9, 3), dtype, 2)
    for x in (a, np.asfortranarray(a), a[::-1]):
        same(lambda a, v: np.matvec(a, v), x, v)
        same(lambda a, v: np.matvec(a, v), x, v[0])
        same(lambda w, a: np.vecmat(w, a), w, x)
    same(lambda v, w: np.vecdot(v, w), v, stack((9, 5), dtype, 3))
    same(lambda v, w: np.vecdot(v, w), v[::2], v[0])
    check(lambda v, w: np.vecdot(v, w), v[:, None], v.reshape(1, 9, 5), mode="exact")


def views(a):
    """The same numbers in other orders in memory."""
    gaps = np.zeros((2 * a.shape[0], a.shape[1] + 1, 2 * a.shape[2]), a.dtype)[::2, 1:, ::2]
    gaps[...] = a
    return [a, np.asfortranarray(a), a.swapaxes(-1, -2).copy().swapaxes(-1, -2), np.moveaxis(np.moveaxis(a, 0, -1).copy(), -1, 0), gaps,
            a[::-1].copy()[::-1], a[:, ::-1].copy()[:, ::-1], a[..., ::-1].copy()[..., ::-1], np.broadcast_to(a[:1], a.shape)]   # fmt: skip


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i8"])
def test_orders(dtype):
    a, b = stack((7, 3, 4), dtype), stack((7, 4, 5), dtype, 1)
    for x in views(a):
        for y in (b, *views(b)[2:5]):
            if dtype in ("f4", "f8"):
                close(lambda x, y: x @ y, x, y)
            else:
                check(lambda x, y: x @ y, x, y, kernels=1, mode="exact")
    for y in views(b):
        check(lambda x, y: x @ y, a.astype("i8"), y.astype("i8"), kernels=1)


def test_stacks_of_stacks():
    a, b = stack((5, 1, 3, 3), "i8"), stack((4, 3, 3), "i8", 1)
    check(lambda a, b: a @ b, a, b, kernels=1)
    check(lambda a, b: a @ b, a, b[0], kernels=1)
    check(lambda a, b: a @ b, np.broadcast_to(a, (2, 5, 4, 3, 3)), b)
    check(lambda a, b: a @ b, stack((2, 3, 4, 2, 3), "i8"), stack((2, 3, 4, 3, 2), "i8"), kernels=1)
    check(lambda a, b: a @ b, stack((4, 5, 3, 3), "i8").swapaxes(0, 1), stack((5, 4, 3, 3), "i8"))


def test_no_elements():
    for a, b in [((0, 3, 3), (0, 3, 3)), ((0, 3, 3), (3, 3)), ((4, 3, 0), (4, 0, 3)), ((4, 0, 3), (4, 3, 3)), ((4, 3, 3), (4, 3, 0))]:
        for dtype in ("f8", "i4", "f2"):
            check(lambda a, b: a @ b, np.ones(a, dtype), np.ones(b, dtype), mode="default")
            check(lambda a, b: (a @ b) + 1, np.ones(a, dtype), np.ones(b, dtype))


def test_other_sizes_than_those_seen_first():
    for dtype in ("i8", "f8"):
        f = segue.compile(lambda a, b: a @ b, mode="default", **NATIVE)
        for count, m, k, n in [(5, 3, 3, 3), (6, 3, 3, 3), (6, 4, 3, 2), (6, 4, 4, 4), (1, 3, 3, 3), (6, 30, 40, 20), (7, 3, 3, 3), (6, 3, 9, 3)]:
            a, b = stack((count, m, k), dtype), stack((count, k, n), dtype, 1)
            np.testing.assert_allclose(f(a, b), a @ b, rtol=1e-12, atol=1e-12)


def test_what_is_numpys():
    a = stack((5, 3, 3), "f8")
    check(lambda a: a @ a, a, kernels=0, calls=1, mode="exact")
    check(lambda a: a @ a, a.astype("c16"), kernels=0, calls=1)
    check(lambda a: a @ a, a > 0, kernels=0, calls=1)
    check(lambda a, b: a @ b, a, stack((5, 3, 3), "i8"))
    check(lambda a, b: np.matmul(a, b, out=a), a.copy(), a)
    check(lambda a: a @ a, stack((3, 3), "f8"), kernels=0, calls=1)
    check(lambda a: a @ a, stack((4, 9, 9), "f8"), kernels=0, calls=1)


def test_with_what_stands_around():
    def transformed(r, p, t):
        return np.maximum(np.matmul(r, p[..., None])[..., 0] * 2 + t, 0)

    r, p, t = stack((50, 3, 3), "i4"), stack((50, 3), "i4"), stack((3,), "i4")
    check(transformed, r, p, t)
    check(lambda r: (r + 1) @ (r - 1) + r, r, kernels=3)
    check(lambda r: (r @ r) @ (r @ r), r, kernels=2)
    x = stack((50, 8, 8), "i8")
    check(lambda x: ((x @ x).sum(axis=-1), x @ x), x)


def test_writes():
    def assigned(a, b, out):
        out[...] = a @ b
        a += 1
        return a @ out

    check(assigned, stack((6, 3, 3), "i8"), stack((6, 3, 3), "i8", 1), np.zeros((6, 3, 3), "i8"))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_conditions(dtype):
    """Those of the products, and no others: neither of lanes that nobody uses, nor of their neighbours. (BLAS reports some of these, too.)"""
    for m, k, n in [(2, 2, 2), (3, 3, 3), (4, 4, 4), (1, 3, 5), (3, 3, 1)]:
        for value, factor in [(np.finfo(dtype).max, 2), (np.inf, 0), (np.inf, 1), (np.nan, 1)]:
            a, b = np.ones((5, m, k), dtype), np.full((5, k, n), factor, dtype)
            a[2, -1, -1] = value
            segue.reset()
            compiled = segue.compile(lambda a, b: a @ b, mode="default", **NATIVE)
            with np.errstate(all="ignore"):
                expected = a @ b
                np.testing.assert_array_equal(compiled(a, b), expected)
            reports = not np.isnan(value) and not (np.isinf(value) and factor == 1)
            with np.errstate(all="raise"):
                if reports:
                    with pytest.raises(FloatingPointError, match="in matmul"):
                        compiled(a, b)
                    continue
                before = segue.stats()["reruns"]
                np.testing.assert_array_equal(compiled(a, b), expected)
                assert segue.stats()["reruns"] == before


def test_threads():
    a, b = stack((20_000, 3, 3), "i8"), stack((20_000, 3, 3), "i8", 1)
    same_in_all(lambda a, b: a @ b, a, b)
    same_in_all(lambda a, b: a @ b[0], a.swapaxes(1, 2), b)
    x = stack((20_000, 4, 4), "f8")
    results = []
    for count in (1, 2, 3):
        with threads(count):
            results.append(segue.compile(lambda x: x @ x, mode="default", **NATIVE)(x).tobytes())
    assert len(set(results)) == 1
