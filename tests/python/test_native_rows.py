"""backend="native": kernels that need each other's results of a row only run row by row, as stages of one."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.native_support import NATIVE, check

import segue


def grid(*shape, dtype="f8", seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def normalized(x, scale=2.0):
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = (centred * centred).mean(axis=-1, keepdims=True)
    return centred / np.sqrt(spread + 1e-5) * scale


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("shape", [(7, 33), (1, 500), (3, 5, 64), (2, 1, 16)], ids=str)
def test_normalized_rows(shape, dtype):
    check(normalized, grid(*shape, dtype=dtype), kernels=1)
    check(normalized, np.float32(3) * grid(*shape, dtype=dtype), 0.5, kernels=1)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_softmax(dtype):
    x = grid(20, 40, dtype=dtype)
    own = segue.compile(softmax, backend="native", mode="default")(x)
    np.testing.assert_allclose(own, softmax(x), rtol=20 * np.finfo(dtype).eps)
    np.testing.assert_allclose(own.sum(axis=1), np.ones(20), rtol=20 * np.finfo(dtype).eps)


def test_values_that_others_use_too():
    def f(x):
        total = x.sum(axis=1, keepdims=True)
        part = x / total
        low = part.min(axis=1)
        return total, part, low, part * 2 - total

    x = np.abs(grid(9, 50)) + 1
    check(f, x, mode="default", kernels=1)
    check(f, x, mode="exact")


def test_strides_and_broadcasting():
    def f(x, row, column, k):
        y = (x * row + column * k) - (x * x).sum(axis=1, keepdims=True)
        return y - y.mean(axis=1, keepdims=True) * column

    x = grid(12, 90)
    check(f, x, grid(90), grid(12, 1), 1.5, kernels=2)   # the column, then the rows
    check(f, np.asfortranarray(x), grid(90), grid(12, 1), 1.5)
    check(f, grid(24, 180)[::2, ::2], grid(180)[::-2], grid(12, 3)[:, 1:2], 1.5)


def test_sizes_are_symbolic():
    compiled = segue.compile(normalized, **NATIVE)
    for shape in [(5, 20), (3, 700), (1, 17), (4, 2), (2, 1), (0, 20), (5, 0)]:
        x = grid(*shape)
        with np.errstate(all="ignore"):
            try:
                expected = normalized(x)
            except RuntimeWarning:
                continue
            np.testing.assert_array_equal(compiled(x), expected, strict=True)


def test_short_rows_and_other_axes_are_kernels_of_their_own():
    check(normalized, grid(40, 3))

    def columns(x):
        return (x - x.mean(axis=0, keepdims=True)) / x.sum(axis=1, keepdims=True)

    check(columns, grid(30, 30))

    def all_of_it(x):
        return x / x.sum() - x.mean(axis=1, keepdims=True)

    check(all_of_it, grid(30, 30))


def test_a_square_array_meets_what_was_made_of_its_rows_in_columns():
    def f(x):
        total = x.sum(axis=1)
        return x / total, x / total.reshape(-1, 1)

    check(f, grid(20, 20))


@pytest.mark.parametrize("setting", ["ignore", "warn", "raise"])
def test_conditions_in_a_row(setting):
    def f(x):
        return x / x.sum(axis=1, keepdims=True)

    x = grid(6, 30)
    x[3] = 0.0
    with np.errstate(all=setting):
        check(f, x, hits=False)
        check(f, grid(6, 30), kernels=1)


def test_large_arrays_and_threads():
    x = grid(300, 500)
    compiled = segue.compile(normalized, **NATIVE)
    for _ in range(3):
        np.testing.assert_array_equal(compiled(x), normalized(x), strict=True)


@pytest.mark.parametrize("shape", [(700, 17), (129, 100), (5, 41, 33), (2, 3, 90, 20), (3, 1, 50)], ids=str)
def test_blocks_of_rows(shape):
    """More rows than are run at a time, with values of single elements between the stages."""

    def f(x, y):
        level, spread = x.mean(axis=-1, keepdims=True), (x * x).mean(axis=-1, keepdims=True)
        scale = 1.0 / (spread + level * level + 1.0)
        out = (x - level) * scale + y
        return out, scale, out.sum(axis=-1), (out < 0).any(axis=-1)

    x = grid(*shape)
    check(f, x, grid(shape[-1], seed=1), kernels=1)
    check(f, x[..., ::2], grid(len(range(0, shape[-1], 2)), seed=1))
    check(f, x[::-1], grid(*shape[:-1], 1, seed=1))
    compiled = segue.compile(f, **NATIVE)
    expected = f(x, 0.5)
    for threads in (1, 2, 3):
        with segue.config.patch(threads=threads):
            for value, own in zip(expected, compiled(x, 0.5)):
                np.testing.assert_array_equal(own, value, strict=True)
