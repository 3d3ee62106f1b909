"""Views, splitting, indexing and assignment."""

from collections.abc import Iterator

import numpy as np

from . import TABLE, Call, Random, samples


def _factorization(random: Random, size: int) -> tuple[int, ...]:
    """A random shape of that many elements."""
    out = []
    while size > 1 and len(out) < 3:
        divisors = [d for d in range(1, size + 1) if size % d == 0]
        out.append(random.choice(divisors))
        size //= out[-1]
    if size != 1 or random.rng.random() < 0.2:
        out.append(size)
    return tuple(int(n) for n in out)


@samples("reshape")
def reshape(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(25):
        array = random.array(dtype)
        shape = list(_factorization(random, array.size))
        if shape and random.rng.random() < 0.4:
            shape[random.integer(0, len(shape))] = -1
        if random.rng.random() < 0.05:
            shape.append(2)
        kwargs = {"order": random.choice(list("CFA"))} if random.rng.random() < 0.3 else {}
        if random.rng.random() < 0.5:
            yield Call("numpy.reshape", (array, tuple(shape)), kwargs, "strides decide about read-only copies")
        else:
            args = (array, *shape) if random.rng.random() < 0.5 else (array, shape)
            yield Call("ndarray.reshape", args, kwargs, "strides decide about read-only copies")


@samples("ravel", "flatten")
def flat(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(12):
        kwargs = {"order": random.choice(list("CF"))} if random.rng.random() < 0.3 else {}
        yield Call(random.choice(TABLE[operator]["numpy"]), (random.array(dtype),), kwargs)


@samples("transpose")
def transpose(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype)
        axes = tuple(int(a) - (array.ndim if random.rng.random() < 0.2 else 0) for a in random.rng.permutation(array.ndim))
        yield Call("ndarray.T", (array,))
        yield Call("numpy.transpose", (array, axes))
        yield Call("ndarray.transpose", (array, *axes))
        yield Call("ndarray.transpose", (array, random.choice([None, list(axes)])))


@samples("matrix_transpose", "real", "imag", "conj", "atleast_1d", "atleast_2d", "atleast_3d", "fliplr", "flipud")
def one_argument(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        yield Call(random.choice(TABLE[operator]["numpy"]), (random.array(dtype),), declines="the order of strided zeros" if operator == "imag" else "")
    if operator in ("real", "imag"):
        yield Call(TABLE[operator]["numpy"][0], (random.scalar(dtype),))


@samples("swapaxes")
def swapaxes(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        array = random.array(dtype)
        yield Call(random.choice(TABLE[operator]["numpy"]), (array, random.axis(array.ndim, False), random.axis(array.ndim, False)))


@samples("moveaxis")
def moveaxis(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        array = random.array(dtype)
        yield Call("numpy.moveaxis", (array, random.axis(array.ndim, False), random.axis(array.ndim, False)))
        count = random.integer(0, array.ndim + 1)
        from_, to = (tuple(int(a) for a in random.rng.permutation(array.ndim)[:count]) for _ in range(2))
        yield Call("numpy.moveaxis", (array, from_, to))


@samples("squeeze", "expand_dims", "flip")
def with_axis(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype, random.shape(sizes=(1, 1, 2, 3, 0)))
        axis = random.axes(array.ndim + (1 if operator == "expand_dims" else 0))
        if operator == "expand_dims" and axis is None:
            axis = 0
        yield Call(random.choice(TABLE[operator]["numpy"]), (array, axis))
        if operator != "expand_dims":
            yield Call(random.choice(TABLE[operator]["numpy"]), (array,))


@samples("rot90")
def rot90(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        array = random.array(dtype, random.shape(min_ndim=1))
        kwargs = {"axes": tuple(int(a) for a in random.rng.permutation(array.ndim)[:2])} if random.rng.random() < 0.5 else {}
        yield Call("numpy.rot90", (array, random.integer(-3, 5)), kwargs)


@samples("broadcast_to")
def broadcast_to(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        shape = random.shape()
        value = random.array(dtype, random.like(shape)) if random.rng.random() < 0.8 else random.scalar(dtype)
        yield Call("numpy.broadcast_to", (value, shape))


@samples("diagonal")
def diagonal(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype, random.shape(min_ndim=1))
        args = (array, random.integer(-3, 4), *((random.axis(array.ndim, False), random.axis(array.ndim, False))
                                                if random.rng.random() < 0.5 else ()))
        yield Call(random.choice(TABLE[operator]["numpy"]), args)


@samples("split", "array_split", "hsplit", "vsplit", "dsplit")
def split(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(20):
        array = random.array(dtype, random.shape(min_ndim=1, sizes=(2, 4, 6, 3, 1, 0)))
        sections = random.choice([1, 2, 3, (1,), [1, 3], (2, 9), (-1, 2), ()])
        kwargs = {}
        if operator in ("split", "array_split") and random.rng.random() < 0.6:
            kwargs["axis"] = random.axis(array.ndim, False)
        yield Call(f"numpy.{operator}", (array, sections), kwargs)


def _bound(random: Random) -> int | None:
    return None if random.rng.random() < 0.4 else random.integer(-5, 7)


def _basic_item(random: Random, size: int):
    kind = random.rng.random()
    if kind < 0.3:
        return random.integer(-size, size) if size and random.rng.random() < 0.95 else size
    if kind < 0.85:
        step = random.choice([None, None, None, 1, 2, -1, -2, 3])
        return slice(_bound(random), _bound(random), step)
    return slice(None)


def basic_index(random: Random, array: np.ndarray):
    items = [_basic_item(random, n) for n in array.shape[: random.integer(0, array.ndim + 1)]]
    if random.rng.random() < 0.3:
        items.insert(random.integer(0, len(items) + 1), Ellipsis if random.rng.random() < 0.5 else None)
    return items[0] if len(items) == 1 and random.rng.random() < 0.7 else tuple(items)


def advanced_index(random: Random, array: np.ndarray):
    """One or two index arrays among slices and ints."""
    items: list = []
    shape = random.shape(2, 1, (1, 2, 3, 2))
    for n in array.shape:
        kind = random.rng.random()
        if kind < 0.5:
            index = random.rng.integers(-n, n, random.choice([shape, shape[-1:]])) if n else np.zeros(0, int)
            items.append(index.tolist() if random.rng.random() < 0.2 else index.astype(random.choice(["i8", "i1"])))
        else:
            items.append(_basic_item(random, n))
    if random.rng.random() < 0.2:
        items.insert(random.integer(0, len(items) + 1), None)
    return items[0] if len(items) == 1 else tuple(items)


@samples("getitem")
def getitem(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(120):
        array = random.array(dtype)
        yield Call("ndarray.__getitem__", (array, basic_index(random, array)))
        array = random.array(dtype, random.shape(min_ndim=1))
        yield Call("ndarray.__getitem__", (array, advanced_index(random, array)), declines="empty lists")
    for _ in range(30):
        array = random.array(dtype, random.shape(min_ndim=1))
        mask = random.array("bool", array.shape[: random.integer(1, array.ndim + 1)])
        left = array.ndim - mask.ndim
        index = random.choice([mask, (mask, *[random.choice([0, slice(None), slice(0, 2), None, ...]) for _ in range(min(left, 1))])])
        yield Call("ndarray.__getitem__", (array, index))
        if left:
            mask = random.array("bool", array.shape[left:])
            yield Call("ndarray.__getitem__", (array, (..., mask)))


@samples("setitem")
def setitem(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(60):
        array = random.array(dtype)
        index = basic_index(random, array) if random.rng.random() < 0.7 else advanced_index(random, array)
        target = np.empty(array.shape)[index] if _valid(array, index) else array
        value = random.operand(np.shape(target))
        yield Call("ndarray.__setitem__", (array, index, value), declines="empty lists")
    for _ in range(10):
        array = random.array(dtype, random.shape(min_ndim=1))
        mask = random.array("bool", array.shape[: random.integer(1, array.ndim + 1)])
        value = random.choice([random.operand(()), random.operand(array[mask].shape), random.operand((3,))])
        yield Call("ndarray.__setitem__", (array, mask, value), declines="complex numbers into others")


def _valid(array: np.ndarray, index) -> bool:
    try:
        array[index]
    except IndexError:
        return False
    return True


@samples("fill")
def fill(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(12):
        yield Call("ndarray.fill", (random.array(dtype), random.operand(())), declines="complex numbers into booleans")


@samples("copyto")
def copyto(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(25):
        array = random.array(dtype)
        kwargs: dict = {}
        if random.rng.random() < 0.3:
            kwargs["casting"] = random.choice(["safe", "same_kind", "unsafe", "no"])
        if random.rng.random() < 0.3:
            kwargs["where"] = random.array("bool", random.like(array.shape))
        yield Call("numpy.copyto", (array, random.operand(array.shape)), kwargs, "casts of Python scalars")
