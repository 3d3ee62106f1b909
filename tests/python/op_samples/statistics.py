"""Histograms, weighted averages, windows of vectors; the methods reduce, accumulate and reduceat of ufuncs."""

from collections.abc import Iterator

import numpy as np

from . import TABLE, Call, Random, samples

DECLINES = "other dtypes and shapes than the plain ones"


@samples("histogram_bin_edges")
def edges(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        yield Call("numpy.histogram_bin_edges", (random.array(dtype), *random.choice([(), (4,), (0,)])), declines=DECLINES)


@samples("histogram2d")
def histogram2d(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        count = random.integer(0, 5)
        yield Call("numpy.histogram2d", (random.array(dtype, (count,)), random.array("f64", (count,)), *random.choice([(), (3,)])), declines=DECLINES)


@samples("average")
def average(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype)
        weights = random.array(random.choice([dtype, "f64", "i16"]), array.shape)
        yield Call("numpy.average", (array, random.axis(array.ndim), weights), declines="0-d arrays")


@samples("isin")
def is_in(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        tested = random.choice([random.array(random.choice([dtype, "i64", "f32"])), [1, 2], [1.5], 3])
        yield Call("numpy.isin", (random.array(dtype), tested), random.choice([{}, {"invert": True}]), "0-d arrays")


@samples("nanargmax", "nanargmin")
def nan_arg_extremum(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        array = random.array(dtype)
        yield Call(f"numpy.{operator}", (array, random.axis(array.ndim)), declines="0-d arrays")


@samples("i0", "byteswap")
def one_array(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        yield Call(TABLE[operator]["numpy"][0], (random.array(dtype),), declines="0-d arrays" if operator == "i0" else "")


@samples("sliding_window_view")
def sliding_window_view(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(12):
        yield Call(TABLE[operator]["numpy"][0], (random.array(dtype, random.shape(2, 1)), random.choice([0, 1, 2, 3, 9, -1])), declines="matrices")


@samples("linalg_tensorsolve")
def tensorsolve(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for count in (0, 1, 2, 3):
        matrix = (np.eye(count) * 2).astype(random.array(dtype).dtype)
        yield Call("numpy.linalg.tensorsolve", (matrix, random.array(dtype, (count,))), declines=DECLINES)


FOLDING = [np.bitwise_or, np.bitwise_and, np.maximum, np.fmax, np.minimum, np.add, np.multiply, np.hypot, np.logaddexp, np.gcd, np.subtract,
           np.divide, np.less, np.logical_and, np.power, np.negative]  # fmt: skip


@samples("ufunc_reduce", "ufunc_accumulate", "ufunc_reduceat")
def folds(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for ufunc in FOLDING:
        for _ in range(3):
            array = random.array(dtype)
            axis = random.integer(-1, 2)
            declines = "results of another type than the array, orders of axes that matter"
            if operator == "ufunc_reduceat":
                yield Call("numpy.ufunc.reduceat", (ufunc, array, random.choice([[0, 1], [0], np.array([1, 0, 9])]), axis), declines=declines)
            elif operator == "ufunc_accumulate":
                yield Call("numpy.ufunc.accumulate", (ufunc, array, axis), declines=declines)
            else:
                keywords = random.choice([{}, {"keepdims": True}, {"initial": random.choice([1, 0, 2.5])}])
                if "initial" in keywords and random.rng.random() < 0.5:
                    keywords["where"] = random.array("bool", array.shape)
                yield Call("numpy.ufunc.reduce", (ufunc, array, random.axes(array.ndim)), keywords, declines)
