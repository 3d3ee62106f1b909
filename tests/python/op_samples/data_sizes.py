"""Results whose size is in the data, and what is asked of memory and of days."""

from collections.abc import Iterator

import numpy as np
from tests.python.op_samples import TABLE, Call, Random, samples

EMPTY = "NumPy refuses 0-d arrays"


@samples("nonzero", "flatnonzero", "argwhere")
def true_indices(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        yield Call(f"numpy.{operator}", (random.array(dtype),), declines=EMPTY)


@samples("compress", "extract")
def chosen(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype, random.shape(min_ndim=1))
        axis = None if operator == "extract" else random.axis(array.ndim)
        size = random.length(array, axis)
        condition = random.array("bool", (size,))
        keywords = {} if operator == "extract" or axis is None else {"axis": axis}
        yield Call(f"numpy.{operator}", (condition, array), keywords)


@samples("trim_zeros")
def trim_zeros(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        yield Call("numpy.trim_zeros", (random.array(dtype, (random.integer(0, 6),)), random.choice(["fb", "f", "b"])))


@samples("unique")
def unique(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        wanted = {f"return_{what}": random.rng.random() < 0.5 for what in ("index", "inverse", "counts")}
        yield Call("numpy.unique", (random.array(dtype),), wanted)
        yield Call("numpy.unique", (random.array(dtype),), {"equal_nan": random.rng.random() < 0.5})


@samples("union1d", "intersect1d", "setdiff1d", "setxor1d")
def sets(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        pair = random.array(dtype), random.array(random.choice([dtype, "f64", "u8"]))
        keywords = {"return_indices": True} if operator == "intersect1d" and random.rng.random() < 0.5 else {}
        yield Call(f"numpy.{operator}", pair, keywords)


@samples("bincount")
def bincount(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        array = random.array(dtype, (random.integer(0, 5),))
        unsigned = "uint64, which NumPy takes since 2.4" if dtype == "u64" else ""
        yield Call("numpy.bincount", (array,), {"minlength": random.integer(0, 3)}, unsigned)
        yield Call("numpy.bincount", (array, random.array(random.choice(["f32", "i64", "bool", "c64"]), array.shape)), declines=unsigned)


@samples("shares_memory", "may_share_memory")
def memory(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(5):
        array = random.array(dtype, (4,))
        yield Call(f"numpy.{operator}", (array, array[1:]))
        yield Call(f"numpy.{operator}", (array, random.array(dtype)))


def _dates(random: Random, shape: tuple[int, ...]) -> np.ndarray:
    return np.datetime64("2024-05-17") + random.rng.integers(0, 9, shape)


@samples("busday_count", "busday_offset", "is_busday")
def days(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(6):
        dates = random.choice([_dates(random, random.shape()), "2024-05-17", np.datetime64("2024-05-20")])
        other = {"busday_count": ("2024-06-01",), "busday_offset": (random.choice([2, random.array(dtype, (3,))]), "forward")}
        shape = np.shape(dates) if isinstance(dates, np.ndarray) else ()
        if operator == "busday_count" and random.rng.random() < 0.5:
            other["busday_count"] = (np.asarray(_dates(random, random.like(shape))),)
        yield Call(f"numpy.{operator}", (dates, *other.get(operator, ())), declines="scalars, which are no constants here")


@samples("asarray_chkfinite")
def finite(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(5):
        yield Call("numpy.asarray_chkfinite", (random.array(dtype),))


@samples("cross")
def cross(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        stack = random.shape(2)
        other = random.choice([dtype, "f64", "i8"])
        yield Call("numpy.cross", (random.array(dtype, (*stack, 3)), random.array(other, (*random.like(stack), 3))), declines="booleans")


@samples("expect")
def expect(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    """No callable of NumPy's or Python's: tests/python/test_guessed_branches.py."""
    assert TABLE[operator]["numpy"] == ["py.assert"]
    yield from ()
