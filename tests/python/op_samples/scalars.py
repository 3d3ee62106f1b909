"""NumPy scalars, Python numbers and conversions."""

from collections.abc import Iterator

from . import DTYPES, TABLE, Call, Random, samples

ALL = [name for name in TABLE if name.startswith(("scalar_", "py_", "math_", "to_"))] + ["item"]
NUMPY_UNARY = ["scalar_negative", "scalar_positive", "scalar_absolute", "scalar_invert"]
NUMPY_BINARY = [n for n in ALL if n.startswith("scalar_") and n not in (*NUMPY_UNARY, "scalar_item")]
MATH = [n for n in ALL if n.startswith("math_")]
PYTHON = [n for n in ALL if n.startswith("py_")]


@samples(*NUMPY_BINARY)
def numpy_binary(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for other in DTYPES:
        for name in TABLE[operator]["numpy"]:
            if name.startswith("generic."):
                yield Call(name, (random.scalar(dtype), random.scalar(other)))
    for number in (True, 3, -1, 127, 300, -40000, 2**32, 2.5, 1e300, 2j):
        for name in TABLE[operator]["numpy"]:
            if name.startswith("generic."):
                yield Call(name, (random.scalar(dtype), number), declines="complex and np.float64 meet in Python")


@samples(*NUMPY_UNARY)
def numpy_unary(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(4):
        yield Call(TABLE[operator]["numpy"][-1], (random.scalar(dtype),))


@samples("tolist")
def tolist(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(15):
        array = random.array(dtype)
        yield Call("ndarray.tolist", (array,), declines="more than 64 elements" if array.size > 64 else "")


@samples("item", "scalar_item")
def item(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    for _ in range(6):
        value = random.scalar(dtype) if operator == "scalar_item" else random.array(dtype, random.choice([(), (1,), (1, 1), (2,)]))
        yield Call(TABLE[operator]["numpy"][-1], (value,))


@samples(*[name for name in ALL if name.startswith("to_")])
def convert(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    name = TABLE[operator]["numpy"][-1]
    for _ in range(3):
        yield Call(name, (random.scalar(dtype),))
        yield Call(name, (random.array(dtype, ()),))
        yield Call(name, (random.python_scalar(),))
    yield Call(name, (random.array(dtype, (2,)),))
    yield Call(name, (random.array(dtype, (1,)),), declines="arrays that are not 0-d")


@samples(*MATH)
def math(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    name = TABLE[operator]["numpy"][-1]
    count = len(TABLE[operator]["params"])
    for _ in range(6):
        values = [random.choice([random.scalar(dtype), random.python_scalar()]) for _ in range(count)]
        yield Call(name, tuple(values))
    yield Call(name, tuple(0.5 for _ in range(count)))
    if operator == "math_log":
        yield Call(name, (random.scalar(dtype),))


@samples(*PYTHON)
def python(random: Random, dtype: str, operator: str) -> Iterator[Call]:
    name = TABLE[operator]["numpy"][-1]
    count = len(TABLE[operator]["params"])
    for _ in range(12):
        yield Call(name, tuple(random.python_scalar() for _ in range(count)), declines="broken powers")
