"""backend="native": rows whose elements have gaps between them: colours, coordinates, every other element."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.native_support import ALL, NATIVE, check, values

import segue


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("pixels", [1, 2, 7, 8, 9, 15, 16, 17, 33, 100])
def test_rows_with_gaps(dtype, pixels):
    image = values(dtype, pixels * 15).reshape(5, pixels, 3)
    check(lambda image: (image[..., 0] == image[..., 1]) | (image[..., 2] > image[..., 0]), image, kernels=1 if pixels > 1 else None)
    plain = values(dtype, 5 * pixels, seed=1).reshape(5, pixels)
    check(lambda image, plain: (image[:, :, 1] < plain, np.maximum(image[:, :, 2], plain)), image, plain)
    check(lambda image, plain: (image[:, :, 1] < plain, np.maximum(image[:, :, 2], plain)), image, plain[:, ::-1])
    check(lambda x: x[:, ::2] == x[:, ::2][::-1], plain)
    check(lambda x: x[:, ::-1] == x, plain)
    check(lambda x: x[0, ..., 1:] == x[1, ..., :-1], image)


@pytest.mark.parametrize("gap", [2, 3, 4, 5])
@pytest.mark.parametrize("dtype", ["f8", "f4", "u1", "i2", "?"])
def test_gaps_of_every_size(dtype, gap):
    """Of a few elements: loaded with what lies between them. The array may be another's part, or have other gaps, in a later call."""

    def f(x):
        return x[:, 0] == x[:, 1], np.maximum(x[:, -1], x[:, 0])

    segue.reset()
    compiled = segue.compile(f, **NATIVE)
    for rows in [1, 7, 8, 9, 31, 32, 33, 64, 65, 200]:
        x = values(dtype, rows * gap).reshape(rows, gap)
        check(f, x)
        wide = values(dtype, rows * (gap + 2)).reshape(rows, gap + 2)
        for array in (x, x[::-1], wide[:, 1:-1], wide):
            for got, want in zip(compiled(array), f(array), strict=True):
                np.testing.assert_array_equal(got, want, strict=True)
    check(lambda x: x[::gap] == x[::gap][::-1], values(dtype, 300))


def test_sums_of_rows_with_gaps():
    points, other = values("f8", 300).reshape(100, 3), np.linspace(-1.0, 1.0, 100)
    points = np.nan_to_num(points, nan=1.0, posinf=2.0, neginf=3.0)

    def f(points, other):
        distance = points[:, 0] * other + points[:, 2]
        return np.abs(distance).max(), (distance * other).sum(), np.sqrt(np.abs(points[:, 1])).sum()

    check(f, points, other, mode="exact")
    check(f, points, other[::-1], mode="exact")
    check(f, points[::2], other[:50], mode="exact")
