"""New arrays, conversions and copies."""

from collections.abc import Iterator

import numpy as np

from . import DTYPES, TABLE, Call, Random, samples


def _dtype(random: Random, dtype: str):
    aliases = {"bool": bool, "i64": int, "f64": float, "c128": complex}
    return random.choice([DTYPES[dtype], np.dtype(DTYPES[dtype]), aliases.get(dtype, DTYPES[dtype])])


@samples("zeros", "ones", "empty")
def new(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(8):
        shape = random.choice([random.shape(), list(random.shape()), random.integer(0, 5)])
        kwargs = {"order": random.choice(list("CF"))} if random.rng.random() < 0.4 else {}
        yield Call(f"numpy.{operator}", (shape, _dtype(random, dtype)), kwargs)
        yield Call(f"numpy.{operator}", (shape,), kwargs)
    yield Call(f"numpy.{operator}", ((3, -1),))


@samples("full", "full_like", "zeros_like", "ones_like", "empty_like")
def filled(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        kwargs: dict = {}
        if random.rng.random() < 0.4:
            kwargs["dtype"] = _dtype(random, dtype)
        if random.rng.random() < 0.4:
            kwargs["order"] = random.choice(list("CF") if operator == "full" else list("CFAK"))
        if operator == "empty_like" and random.rng.random() < 0.3:
            kwargs["shape"] = random.choice([random.shape(), 3])
        value = (random.operand(()),) if "full" in operator else ()
        first = random.shape() if operator == "full" else random.choice([random.array(dtype), random.scalar(dtype), 2.5])
        yield Call(f"numpy.{operator}", (first, *value), kwargs)


@samples("arange")
def arange(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        start, stop = random.integer(-9, 9), random.integer(-9, 9)
        step = random.choice([1, 2, 3, -1, -2, 0])
        yield Call("numpy.arange", (stop,))
        yield Call("numpy.arange", (start, stop))
        yield Call("numpy.arange", (start, stop, step))
        yield Call("numpy.arange", (start, stop, step), {"dtype": _dtype(random, dtype)}, "bounds outside the dtype")
        yield Call("numpy.arange", (start * 0.5, stop * 0.75, random.choice([0.1, 0.3, -0.7, 1.0])))
    yield Call("numpy.arange", (random.scalar(dtype),), declines="lengths that depend on data")


@samples("linspace", "logspace")
def spaced(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(10):
        bounds = [random.choice([0, 1.5, -2, random.scalar(dtype), 2j]) for _ in range(2)]
        kwargs = {"dtype": _dtype(random, dtype)} if random.rng.random() < 0.4 else {}
        yield Call(f"numpy.{operator}", (*bounds, random.integer(-1, 6)), kwargs, "integers and narrow scalars")
        yield Call(f"numpy.{operator}", tuple(bounds), kwargs, "integers and narrow scalars")
        if operator == "linspace":
            yield Call("numpy.linspace", (*bounds, random.integer(0, 6), random.choice([True, False]), True), kwargs, "few points; complex steps")


@samples("eye", "identity", "tri", "fftfreq", "rfftfreq")
def square(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(8):
        n = random.integer(-1, 5)
        name = TABLE[operator]["numpy"][0]
        yield Call(name, (n,), declines="negative sizes are zero" if n < 0 else "")
        if operator in ("eye", "tri"):
            m = random.choice([None, random.integer(0, 5)])
            yield Call(name, (max(n, 0), m, random.integer(-2, 3), _dtype(random, dtype)))
        elif operator == "identity":
            yield Call(name, (max(n, 0), _dtype(random, dtype)))
        else:
            yield Call(name, (n, 0.5), declines="negative sizes")


@samples("meshgrid")
def meshgrid(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(6):
        pair = tuple(random.array(d, (random.integer(0, 4),)) for d in (dtype, random.choice(list(DTYPES))))
        yield Call("numpy.meshgrid", pair, {"indexing": random.choice(["xy", "ij"])} if random.rng.random() < 0.7 else {})


@samples("astype", "copy", "copy_like", "asarray", "ascontiguousarray", "asfortranarray", "view", "array")
def convert(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(25):
        array = random.array(random.choice(list(DTYPES)))
        kwargs: dict = {}
        args: tuple = (array,)
        if operator not in ("copy", "copy_like") and (operator == "astype" or random.rng.random() < 0.5):
            args = (array, _dtype(random, dtype))
        if operator in ("astype", "copy", "copy_like", "array") and random.rng.random() < 0.4:
            kwargs["order"] = random.choice(list("CFAK"))
        if operator == "astype" and random.rng.random() < 0.3:
            kwargs["copy"] = False
        if operator == "array" and random.rng.random() < 0.3:
            kwargs |= random.choice([{"copy": None}, {"subok": True}, {"ndmin": 0}, {"ndmin": 2}, {"copy": None, "subok": True}, {"copy": None, "ndmin": 3}])
        if operator == "astype" and random.rng.random() < 0.3:
            kwargs["casting"] = random.choice(["safe", "same_kind", "no"])
        why = {"view": "elements of another size", "astype": "another order without a copy",
               "ascontiguousarray": "strides", "asfortranarray": "strides",
               "array": "strides, more dimensions"}.get(operator, "")
        yield Call(random.choice(TABLE[operator]["numpy"]), args, kwargs, why)
    if operator in ("asarray", "array", "copy_like"):
        for value in (3, 2.5, [1, 2], [[1.0, 2], [3, 4]], random.scalar(dtype), [random.scalar(dtype), 1], [], [[], []],
                      [random.scalar(dtype), 2.5], [random.array(dtype, (2,)), random.array(dtype, (2,))], [1, [2]]):
            yield Call(TABLE[operator]["numpy"][0], (value,))
            if operator != "copy_like":
                yield Call(TABLE[operator]["numpy"][0], (value, _dtype(random, dtype)), declines="conversions one by one")
