"""Joining, repeating, choosing, ordering and looking up elements."""

from collections.abc import Iterator

import numpy as np

from . import DTYPES, TABLE, Call, Random, samples


@samples("concatenate", "stack", "vstack", "hstack", "dstack", "column_stack")
def join(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(25):
        shape = random.shape()
        arrays = []
        for _ in range(random.integer(1, 4)):
            own = list(shape)
            if own and random.rng.random() < 0.3:
                own[random.integer(0, len(own))] = random.integer(0, 4)
            other = dtype if random.rng.random() < 0.6 else random.choice(list(DTYPES))
            arrays.append(random.array(other, tuple(own)))
        kwargs: dict = {}
        if operator in ("concatenate", "stack"):
            if random.rng.random() < 0.6:
                kwargs["axis"] = random.axis(len(shape) + (operator == "stack"), operator == "concatenate")
            if random.rng.random() < 0.2:
                kwargs["dtype"] = DTYPES[random.choice(list(DTYPES))]
        yield Call(random.choice(TABLE[operator]["numpy"]), (random.choice([tuple(arrays), arrays]),), kwargs)
        if operator == "concatenate" and random.rng.random() < 0.3:
            out = random.array(random.choice([dtype, "f64"]), (sum(len(a) for a in arrays if a.ndim), *shape[1:]))
            yield Call("numpy.concatenate", (arrays,), {"out": out}, "out= of another type")


@samples("roll", "tile", "repeat", "pad")
def repeated(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype)
        name = random.choice(TABLE[operator]["numpy"])
        if operator == "roll":
            yield Call(name, (array, random.integer(-4, 5)))
            yield Call(name, (array, random.integer(-4, 5), random.axis(array.ndim, False)))
            yield Call(name, (array, (1, -2), random.choice([(0, 1), 0, (-1, -1)])))
        elif operator == "tile":
            yield Call(name, (array, random.choice([1, 2, 0, (2, 1), (1, 1, 1, 1), (3,), ()])), declines="empty arrays")
        elif operator == "repeat":
            yield Call(name, (array, random.integer(-1, 4)), declines="empty arrays")
            yield Call(name, (array, random.integer(0, 4), random.axis(array.ndim)))
            axis = random.axis(array.ndim)
            size = random.length(array, axis)
            each = random.choice([random.values("u8", (size,)), random.values("i64", (1,)), [2] * size, np.array(3)])
            yield Call(name, (array, each, axis), declines="empty arrays")
        else:
            width = random.choice([1, 0, (1, 2), ((0, 1),) * array.ndim, ((2, 1),), -1])
            yield Call(name, (array, width), {"mode": random.choice(["constant", "edge", "reflect", "symmetric", "wrap", "minimum"])}, "strides; empty arrays")


@samples("where")
def where(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(40):
        shape = random.shape()
        condition = random.array(random.choice(["bool", "bool", dtype]), random.like(shape))
        first = random.array(dtype, random.like(shape))
        pair = [first, random.operand(shape)]
        yield Call("numpy.where", (condition, *(pair if random.rng.random() < 0.5 else pair[::-1])), declines="ints outside the dtype")
        yield Call("numpy.where", (condition, random.python_scalar(), random.python_scalar()))
        yield Call("numpy.where", (condition,), declines="NumPy refuses 0-d arrays")


@samples("clip")
def clip(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(40):
        array = random.array(dtype)
        bounds = [None if random.rng.random() < 0.2 else random.operand(array.shape) for _ in range(2)]
        yield Call("numpy.clip", (array, *bounds), declines="bounds outside the dtype")
        yield Call("ndarray.clip", (array,), {"min": bounds[0], "max": bounds[1]}, "bounds outside the dtype")
        out = random.array(dtype, array.shape)
        yield Call("numpy.clip", (array, *bounds, out), declines="bounds outside the dtype")


@samples("sort", "argsort", "sort_inplace", "diff", "tril", "triu", "diag", "nan_to_num", "round")
def one_array(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype)
        name = random.choice(TABLE[operator]["numpy"])
        yield Call(name, (array,), declines="matrices" if operator == "diag" else "integers" if operator == "round" else "")
        if operator in ("sort", "argsort"):
            yield Call(name, (array, random.axis(array.ndim)))
            yield Call(name, (array,), {"kind": random.choice(["stable", "mergesort", "heapsort", "quicksort", None])})
        elif operator == "sort_inplace":
            yield Call(name, (array, random.axis(array.ndim, False)))
        elif operator == "diff":
            yield Call(name, (array, random.integer(0, 4), random.axis(array.ndim, False)), declines="n of zero")
        elif operator == "round":
            yield Call(name, (array, random.integer(-2, 4)), declines="integers")
        elif operator != "nan_to_num":
            yield Call(name, (array, random.integer(-3, 4)), declines="matrices" if operator == "diag" else "")


@samples("searchsorted", "digitize")
def search(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        other = random.choice(list(DTYPES))
        table = np.sort(random.array(dtype, (random.integer(0, 5),)))
        values = random.operand(random.shape()) if operator == "searchsorted" else random.array(other)
        name = random.choice(TABLE[operator]["numpy"])
        args = (table, values) if operator == "searchsorted" else (values, table)
        kwargs = {"side": random.choice(["left", "right"])} if operator == "searchsorted" else {"right": True}
        yield Call(name, args, kwargs if random.rng.random() < 0.5 else {})


@samples("take")
def take(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(30):
        array = random.array(dtype)
        indices = random.choice([0, -1, np.int8(1), [0, 1], random.array("i64", random.shape(2)), random.array("u8", (2,))])
        kwargs = {"mode": random.choice(["raise", "wrap", "clip"])} if random.rng.random() < 0.6 else {}
        if random.rng.random() < 0.6:
            kwargs["axis"] = random.axis(array.ndim)
        yield Call(random.choice(TABLE[operator]["numpy"]), (array, indices), kwargs, "empty axes")


@samples("take_along_axis")
def take_along_axis(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype, random.shape(min_ndim=1, sizes=(2, 3, 4)))
        axis = random.integer(-array.ndim, array.ndim)
        shape = list(array.shape)
        shape[axis] = random.integer(1, 4)
        if random.rng.random() < 0.2:
            shape[0] = 1
        indices = np.asarray(random.rng.integers(0, 2, shape))
        yield Call("numpy.take_along_axis", (array, indices), {"axis": axis}, "indices that are broadcast")


@samples("isclose", "allclose", "array_equal", "array_equiv")
def compare(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype)
        pair = [array, random.operand(array.shape)]
        if random.rng.random() < 0.3:
            pair.reverse()
        yield Call(f"numpy.{operator}", tuple(pair))
        if not operator.startswith("array_equ"):
            yield Call(f"numpy.{operator}", tuple(pair), {"rtol": 1e-3, "atol": 0.5})


@samples("put")
def put(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype)
        indices = random.choice([0, -1, [0, 1], random.array("i32", (2,)), random.array("f32", (1,)), random.array("u64", (1,))])
        values = random.choice([random.operand((2,)), [1, 2], [2.5]])
        mode = (random.choice(["wrap", "clip", "raise"]),) if random.rng.random() < 0.5 else ()
        yield Call("ndarray.put", (array, indices, values, *mode), declines="conversions one by one")


@samples("ufunc_at")
def ufunc_at(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(40):
        array = random.array(dtype, random.shape(2, 1, (2, 3, 4)))
        index = random.choice([0, -1, slice(None), [0, 0, 1], np.array([1, 1, 0]), random.array("i8", (2,)), ...])
        ufunc = random.choice([np.add, np.multiply, np.maximum, np.subtract, np.divide, np.negative, np.sqrt, np.less, np.divmod])
        operands = () if ufunc.nin == 1 else (random.operand((3,)),)
        yield Call("numpy.ufunc.at", (ufunc, array, index, *operands), declines="casts to another dtype and back")
