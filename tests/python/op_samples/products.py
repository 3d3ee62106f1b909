"""Products, linear algebra, Fourier transforms and statistics."""

from collections.abc import Iterator

import numpy as np

from . import DTYPES, TABLE, Call, Random, samples


def _pair(random: Random, dtype: str, shapes: list[tuple[tuple, tuple]]) -> tuple[np.ndarray, np.ndarray]:
    left, right = random.choice(shapes)
    other = dtype if random.rng.random() < 0.6 else random.choice(list(DTYPES))
    return random.array(dtype, left), random.array(other, right)


MATRICES = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((1, 3), (3, 1)), ((0, 3), (3, 2)),
            ((2, 0), (0, 3)), ((2, 3), (2, 3)), ((4, 2, 3), (3, 5)), ((2, 3), (4, 3, 2)), ((4, 2, 3), (1, 3, 2)), ((), (3,))]


@samples("matmul", "dot", "inner", "vdot", "outer", "kron")
def products(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    shapes = MATRICES if operator != "inner" else [(a, b[:-2] + b[::-1][:2]) for a, b in MATRICES]
    for _ in range(25):
        pair = _pair(random, dtype, shapes)
        yield Call(random.choice(TABLE[operator]["numpy"]), pair, declines="0-d arrays" if () in (pair[0].shape, pair[1].shape) else "")
        if operator in ("matmul", "dot") and random.rng.random() < 0.3:
            out = random.array(np.result_type(*pair) and dtype, random.choice([(2, 4), (2,), (1, 1)]))
            yield Call(f"numpy.{operator}", (*pair, out), declines="out= that is not plain")


@samples("tensordot")
def tensordot(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        pair = _pair(random, dtype, [((2, 3, 4), (3, 4, 2)), ((2, 3), (2, 3)), ((3,), (3,)), ((2, 3), (3, 2))])
        yield Call("numpy.tensordot", pair)
        axes = random.choice([0, 1, ((0,), (0,)), ([1, 0], [0, 1]), (1, 0), (0, -1)])
        yield Call("numpy.tensordot", (*pair, axes))


@samples("trace")
def trace(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        array = random.array(dtype, random.shape(3, 1))
        yield Call(random.choice(TABLE[operator]["numpy"]), (array,), declines="more than two dimensions")
        yield Call(random.choice(TABLE[operator]["numpy"]), (array, random.integer(-2, 3)), declines="more dimensions")


@samples("einsum")
def einsum(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    two = ["ij,jk->ik", "ij,jk", "ij,ij->", "ij,kj->ik", "ii,jk->jk", "ij,ij->ij", "ij,jk->i", "ij,jk->kk"]
    one = ["ij->i", "ij->", "ij->j", "ii", "ii->i", "ij->ji", "ij", "i"]
    for _ in range(25):
        arrays = [random.array(random.choice([dtype, dtype, random.choice(list(DTYPES))]), (3, 3)) for _ in range(2)]
        yield Call("numpy.einsum", (random.choice(two), *arrays))
        yield Call("numpy.einsum", (random.choice(one), arrays[0]), declines="views")
        yield Call("numpy.einsum", (random.choice(two), *arrays), {"optimize": random.choice([True, False, "greedy", "optimal"])}, "scalars")
        yield Call("numpy.einsum", ("ij,jk,kl->il", *arrays, arrays[0]), {"optimize": random.choice([True, "optimal"])})
        sizes = random.array(dtype, (2, 3)), random.array(dtype, random.choice([(3, 4), (2, 4)]))
        yield Call("numpy.einsum", (two[0], *sizes))


@samples("convolve", "correlate")
def convolve(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        pair = [random.array(d, (random.integer(0, 5),)) for d in (dtype, random.choice(list(DTYPES)))]
        kwargs = {"mode": random.choice(["full", "same", "valid"])} if random.rng.random() < 0.7 else {}
        yield Call(f"numpy.{operator}", tuple(pair), kwargs)


@samples("linalg_norm", "linalg_inv", "linalg_cholesky", "linalg_det", "linalg_eigvalsh", "linalg_solve")
def linalg(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    name = TABLE[operator]["numpy"][0]
    for _ in range(15):
        if operator == "linalg_norm":
            array = random.array(dtype)
            yield Call(name, (array,))
            yield Call(name, (array,), {"axis": random.axes(array.ndim)}, "norms over no axis")
            yield Call(name, (array,), {"axis": random.axis(array.ndim), "keepdims": True}, "0-d arrays")
            continue
        shape = random.choice([(2, 2), (3, 3), (1, 1), (4, 2, 2), (0, 0), (2, 3), (3,)])
        matrix = random.array(dtype, shape)
        if len(shape) >= 2 and shape[-1] == shape[-2] and random.rng.random() < 0.8:
            matrix = (np.zeros(shape, matrix.dtype) + np.eye(shape[-1], dtype=matrix.dtype) * 2).astype(matrix.dtype)
        if operator == "linalg_solve":
            right = random.array(random.choice([dtype, random.choice(list(DTYPES))]), random.choice([shape[-1:], (shape[-1], 2), (5,)]))
            yield Call(name, (matrix, right), declines="stacks of equations")
        else:
            yield Call(name, (matrix,))


@samples("linalg_svd", "linalg_svdvals", "linalg_qr", "linalg_eigh", "linalg_pinv", "linalg_matrix_rank", "linalg_cond", "linalg_slogdet")
def decompositions(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    options = {"linalg_svd": {"full_matrices": False}, "linalg_eigh": {"UPLO": "U"}}.get(operator, {})
    for _ in range(15):
        matrix = random.array(dtype, random.choice([(2, 2), (3, 3), (1, 1), (4, 2, 2), (0, 0), (2, 3), (3, 2), (3,), (2, 3, 2), (1, 2, 1, 3)]))
        keywords = options if random.rng.random() < 0.5 else {}
        yield Call(TABLE[operator]["numpy"][0], (matrix,), keywords, "matrices without elements, vectors")


@samples("vecdot", "matvec", "vecmat")
def vector_products(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    shapes = {
        "vecdot": [((3,), (3,)), ((2, 3), (3,)), ((2, 3), (2, 3)), ((1, 3), (4, 3)), ((0, 3), (3,)), ((2,), (3,))],
        "matvec": [((2, 3), (3,)), ((4, 2, 3), (3,)), ((2, 3), (4, 3)), ((3,), (3,)), ((1, 3), (3,))],
        "vecmat": [((3,), (3, 2)), ((4, 3), (3, 2)), ((3,), (4, 3, 2)), ((2,), (3, 2)), ((3,), (3, 1))],
    }
    for _ in range(20 if hasattr(np, operator) else 0):  # two of them came with NumPy 2.2
        yield Call(f"numpy.{operator}", _pair(random, dtype, shapes[operator]))


@samples("fft2", "fftn", "ifft2", "ifftn", "rfft2", "rfftn", "irfft2", "irfftn")
def fourier_over_axes(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(8):
        yield Call(f"numpy.fft.{operator}", (random.array(dtype, random.shape(3, 1)),), declines="empty arrays, float16, vectors of one point")


@samples("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
def fourier(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        array = random.array(dtype)
        yield Call(f"numpy.fft.{operator}", (array,), declines="empty arrays, float16")
        yield Call(f"numpy.fft.{operator}", (array, random.choice([None, 3, 4, 0]), random.axis(array.ndim, False)),
                   declines="empty arrays, float16")


@samples("interp")
def interp(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        count = random.integer(0, 4)
        points = np.sort(random.array(random.choice(list(DTYPES)), (count,)))
        values = random.array(dtype, (count if random.rng.random() < 0.9 else 2,))
        declines = "" if len(points) else "no points, which NumPy 2.5 takes for no values"
        yield Call("numpy.interp", (random.operand(random.shape()), points, values), declines=declines)


@samples("histogram")
def histogram(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        args: tuple = (random.array(dtype),)
        if random.rng.random() < 0.6:
            args += (random.integer(0, 5),)
        kwargs = {"range": random.choice([(0, 4), (0.5, 2.5)])} if random.rng.random() < 0.5 else {}
        yield Call("numpy.histogram", args, kwargs, "booleans and float16")
        yield Call("numpy.histogram", (random.array(dtype), random.choice([[0.5, 2.0, 3.0], (1.0, 5.5), [2.0, 1.0], [1.0]])), {}, "other dtypes")


@samples("median", "nansum", "nanprod")
def statistics(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        array = random.array(dtype)
        yield Call(f"numpy.{operator}", (array,), declines="0-d arrays" if array.ndim == 0 else "")
        axis = random.axis(array.ndim)
        yield Call(f"numpy.{operator}", (array, axis), declines="0-d arrays" if array.ndim == 0 else "")
