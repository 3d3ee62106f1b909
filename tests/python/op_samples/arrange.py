"""Partial orders, choices among arrays, elements put in, taken out or packed; windows; indices of triangles."""

from collections.abc import Iterator

import numpy as np

from . import DTYPES, TABLE, Call, Random, samples

DECLINES = "casts, other shapes than the plain ones"


def name_of(operator: str) -> str:
    return TABLE[operator]["numpy"][0]


@samples("partition", "argpartition", "partition_inplace")
def partition(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype)
        args = (array, random.choice([0, 1, -1, 4, (0, 1)]))
        axis = random.axis(array.ndim, allow_none=operator != "partition_inplace")
        yield Call(random.choice(TABLE[operator]["numpy"]), args, {} if random.rng.random() < 0.5 else {"axis": axis}, "0-d arrays")


@samples("lexsort")
def lexsort(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        count = random.integer(0, 5)
        keys = [random.array(random.choice([dtype, "i16"]), (count,)) for _ in range(random.integer(1, 4))]
        yield Call("numpy.lexsort", (random.choice([tuple, list])(keys),))


@samples("choose")
def choose(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        shape = random.shape(2, 1)
        index = np.minimum(random.array(random.choice(["bool", "i8", "i64", "u8"]), shape), 1)
        choices = [random.array(random.choice([dtype, random.choice(list(DTYPES))]), random.like(shape)) for _ in range(2)]
        keywords = {"mode": random.choice(["wrap", "clip"])} if random.rng.random() < 0.4 else {}
        yield Call(random.choice(TABLE[operator]["numpy"]), (index, choices), keywords, DECLINES)


@samples("select")
def select(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        shape = random.shape(2)
        conditions = [random.array("bool", random.like(shape)) for _ in range(2)]
        choices = [random.operand(shape), random.array(dtype, random.like(shape))]
        default = random.choice([(), (1,), (2.5,), (random.scalar(dtype),)])
        yield Call("numpy.select", (conditions, choices, *default), declines="0-d conditions")


@samples("putmask", "place")
def put_where(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype)
        mask = random.array(random.choice(["bool", "bool", "i8"]), array.shape)
        values = random.choice([random.array(dtype, (2,)), random.scalar(dtype), [1, 0], 1, random.operand((2,))])
        yield Call(name_of(operator), (array, mask, values), declines=DECLINES)


@samples("fill_diagonal")
def fill_diagonal(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        array = random.array(dtype, random.shape(3, 1))
        yield Call("numpy.fill_diagonal", (array, random.choice([0, 1, random.scalar(dtype), 2.5, [1, 2]])), declines=DECLINES)


@samples("delete")
def delete(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        yield Call("numpy.delete", (random.array(dtype, random.shape(2, 1)), random.choice([0, -1, 2, 9])), declines="matrices")
        array = random.array(dtype, random.shape(3, 1))
        axis = random.axis(array.ndim)
        size = random.length(array, axis)
        which = random.choice([[0, 2], [-1], random.values("i32", (2,)), random.values("bool", (size,))])
        yield Call("numpy.delete", (array, which, axis), declines="matrices")


@samples("insert")
def insert(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        array = random.array(dtype, random.shape(2, 1))
        yield Call("numpy.insert", (array, random.choice([0, -1, 1, 9]), random.choice([0, 1, random.scalar(dtype), 2.5])), declines=DECLINES)


@samples("ediff1d", "diagflat", "packbits", "unpackbits")
def flat(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        yield Call(name_of(operator), (random.array(dtype, random.shape(2)),), declines="0-d and empty arrays, booleans")


@samples("unravel_index")
def unravel_index(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        index = random.choice([5, -1, 99, np.int64(3), random.array(dtype, (3,)), random.array(dtype, (2, 2)), random.array(dtype, (0,))])
        yield Call("numpy.unravel_index", (index, random.choice([(3, 4), 12, (2, 2, 3)])), declines="indices that are no vector")


@samples("ravel_multi_index")
def ravel_multi_index(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        index = tuple(random.choice([1, np.int8(2), random.array(dtype, (3,)), random.array(dtype, (1,))]) for _ in range(2))
        yield Call("numpy.ravel_multi_index", (index, random.choice([(6, 7), (2, 2), (6,)])), declines="one dtype for another")


@samples("bartlett", "blackman", "hamming", "hanning", "kaiser")
def window(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for count in (-2, 0, 1, 2, 7):
        yield Call(name_of(operator), (count, *((random.choice([0, 14.0]),) if operator == "kaiser" else ())))


@samples("geomspace")
def geomspace(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        ends = random.choice([(1.0, 8.0), (1, 1000), (-1.0, -8.0), (2, 2)])
        yield Call("numpy.geomspace", (*ends, random.choice([1, 4, 0])), {"endpoint": random.choice([True, False])}, "complex ends")


@samples("tril_indices", "triu_indices", "tril_indices_from", "triu_indices_from")
def triangle_indices(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for count in (0, 1, 2, 5, -1):
        if not operator.endswith("from"):
            yield Call(name_of(operator), (count,), declines="negative sizes")
        elif count >= 0:
            yield Call(name_of(operator), (random.array(dtype, (count, count)),))
            yield Call(name_of(operator), (random.array(dtype, (count, 3)),), declines="matrices that are not square")


@samples("quantile", "percentile")
def quantile(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        array = random.array(dtype)
        q = random.choice([0.5, 0, 1, [0.25, 0.75], np.array([0.5]), 0.1, [0, 1], np.float64(0.3), 200.0])
        keywords = random.choice([{}, {"axis": random.axes(array.ndim)}, {"axis": random.axis(array.ndim), "keepdims": True}])
        yield Call(name_of(operator), (array, q), keywords, "other dtypes than float64, empty arrays")


@samples("cov", "corrcoef")
def covariance(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(12):
        array = random.array(dtype, random.choice([(4,), (3, 4), (2, 1), (2, 2), (1, 3)]))
        others = random.choice([(), (random.array(random.choice([dtype, "f64"]), (4,)),)])
        with np.errstate(all="ignore"):
            yield Call(name_of(operator), (array, *others), declines="one variable, float16")
