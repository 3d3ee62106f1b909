"""Ufuncs: every pair of dtypes and Python scalars, broadcasting, layouts, and the keywords."""

from collections.abc import Iterator

import numpy as np

from . import DTYPES, TABLE, Call, Random, resolve, samples


def _operators(inputs: int) -> list[str]:
    out = []
    for name, row in TABLE.items():
        params = [p for p, _ in row["params"]]
        if "casting" in params and "where" in params and params.index("where") >= inputs:
            function = resolve(row["numpy"][0])
            if isinstance(function, np.ufunc) and function.nin == inputs and function.signature is None:
                out.append(name)
    return out


UNARY = _operators(1)
BINARY = _operators(2)


def _keywords(random: Random, shape: tuple[int, ...], operator: str, dtype: str) -> dict:
    """Rarely used keywords, in combinations."""
    out: dict = {}
    kind = random.rng.random()
    has_out = any(name == "out" for name, _ in TABLE[operator]["params"])
    if kind < 0.15:
        out["order"] = random.choice(list("KCFA"))
    elif kind < 0.25:
        out["dtype"] = DTYPES[random.choice(list(DTYPES))]
        if random.rng.random() < 0.3:
            out["casting"] = random.choice(["safe", "same_kind", "unsafe"])
    elif kind < 0.45 and has_out:
        target = random.array(random.choice([dtype, random.choice(list(DTYPES))]), shape)
        out["out"] = random.choice([target, (target,)])
        if random.rng.random() < 0.4:
            out["where"] = random.array("bool", random.like(shape))
        if random.rng.random() < 0.3:
            out["casting"] = random.choice(["safe", "same_kind", "unsafe"])
    return out


@samples(*UNARY)
def unary(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    names = TABLE[operator]["numpy"]
    yield Call(names[0], (random.scalar(dtype),))
    yield Call(names[0], (random.array(dtype, ()),))
    yield Call(names[0], (random.python_scalar(),))
    yield Call(names[0], ([random.python_scalar(), random.python_scalar()],))
    for _ in range(12):
        array = random.array(dtype)
        yield Call(names[0], (array,), _keywords(random, array.shape, operator, dtype), declines="dtype= of many loops")
    for name in names[1:]:
        yield Call(name, (random.array(dtype),))


@samples(*BINARY)
def binary(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    name = TABLE[operator]["numpy"][0]
    odd = "the loop depends on the Python int's value" if operator == "ldexp" else ""
    for other in DTYPES:
        yield Call(name, (random.array(dtype, (3,)), random.array(other, (3,))))
        yield Call(name, (random.scalar(dtype), random.array(other, (2,))))
        yield Call(name, (random.scalar(dtype), random.scalar(other)))
    for number in (True, 3, -1, 127, 128, 255, 256, -129, 40000, -40000, 2**31, 2**32, -(2**31) - 1, 2.0, 1e300, 2j):
        yield Call(name, (random.array(dtype, (2,)), number), declines=odd)
        yield Call(name, (number, random.scalar(dtype)), declines=odd)
        yield Call(name, (number, random.python_scalar()), declines=odd)
    for _ in range(16):
        array = random.array(dtype)
        other = random.operand(array.shape)
        if random.rng.random() < 0.5:
            array, other = other, array
        yield Call(name, (array, other), _keywords(random, np.shape(array), operator, dtype), "dtype= of many loops")
    yield from methods(random, dtype, operator)


def methods(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    """The other names: dunders with operands swapped, and in-place forms."""
    for name in TABLE[operator]["numpy"][1:]:
        for _ in range(3):
            array = random.array(dtype)
            other = random.operand(array.shape)
            if name.startswith("ndarray.__") and not isinstance(array, np.ndarray):
                continue
            yield Call(name, (array, other))


@samples("array_power", "array_ipower")
def powers(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    """Exponents that NumPy computes in other ways than its ufunc does, and any other operand."""
    for name in TABLE[operator]["numpy"][1:]:
        others = [2, 0.5, -1, 0, 1, 3, 2.0, -0.5, 2j, True, 127, 256]
        others += [random.array(other, shape) for other in DTYPES for shape in ((), (3,))]
        others += [random.scalar(other) for other in DTYPES]
        for other in others:
            array = random.array(dtype, random.choice([(3,), (2, 3), ()]))
            base, exponent = (other, array) if name == "ndarray.__rpow__" else (array, other)
            boolean = np.asarray(base).dtype == bool
            declines = "booleans run other loops than power's" if boolean else "0-d exponents" if np.ndim(exponent) == 0 else ""
            yield Call(name, (array, other), declines=declines)
