"""Random calls of every operator, and the comparison of a type rule with what NumPy returns.

A family module registers, for operators by name, a generator of `Call`s; `check` runs NumPy on one and compares the
rule's answer. Families are imported by `test_type_rules`, which also makes sure that no operator is left out.
"""

import copy
import functools
import importlib
import operator
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from segue._segue import ops

DTYPES = {
    "bool": np.bool_,
    "i8": np.int8,
    "i16": np.int16,
    "i32": np.int32,
    "i64": np.int64,
    "u8": np.uint8,
    "u16": np.uint16,
    "u32": np.uint32,
    "u64": np.uint64,
    "f16": np.float16,
    "f32": np.float32,
    "f64": np.float64,
    "c64": np.complex64,
    "c128": np.complex128,
}
TABLE = {row["name"]: row for row in ops.table()}
MAY_RAISE = 1 << 7
VIEW = 1 << 2
ANY_DTYPE = 1 << 13
#: Other dtypes than the core ones, made of arrays of int64.
OTHERS = {
    ">i8": lambda array: array.astype(">i8"),
    ">f8": lambda array: array.astype(">f8"),
    "q": lambda array: array.view("q"),
    "Q": lambda array: array.view("Q"),
    "g": lambda array: array.astype("g"),
    "M8[s]": lambda array: array.view("M8[s]"),
    "m8[ms]": lambda array: array.view("m8[ms]"),
    "S8": lambda array: array.view("S8"),
    "U2": lambda array: array.view("U2"),
    "V8": lambda array: array.view("V8"),
    "fields": lambda array: array.view([("a", "<i4"), ("b", ">f4")]),
}


@dataclass
class Call:
    """One call by a NumPy name. ``declines``: the rule may refuse although NumPy answers (and why that is fine)."""

    name: str
    args: tuple = ()
    kwargs: dict = field(default_factory=dict)
    declines: str = ""

    def __str__(self) -> str:
        words = [_show(a) for a in self.args] + [f"{k}={_show(v)}" for k, v in self.kwargs.items()]
        return f"{self.name}({', '.join(words)})"


def _show(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"array<{value.dtype}{value.shape} strides {value.strides}{'' if value.flags.writeable else ' ro'}>"
    return repr(value)


#: operator -> generator of calls, given a source of randomness and the operator's first dtype.
GENERATORS: dict[str, Callable[["Random", str], Iterator[Call]]] = {}


def samples(*operators: str) -> Callable:
    """Registers a generator for these operators; it is called as ``generator(random, dtype, operator)``."""

    def register(generator: Callable[["Random", str, str], Iterator[Call]]) -> Callable:
        for name in operators:
            assert name not in GENERATORS, f"{name} has two generators"
            GENERATORS[name] = functools.partial(generator, operator=name)
        return generator

    return register


def unaligned(array: np.ndarray) -> np.ndarray:
    """A copy in C order, one byte off."""
    room = np.zeros(array.nbytes + 1, dtype=np.uint8)
    out = np.ndarray(array.shape, array.dtype, room[1:])
    out[...] = array
    return out


class Random:
    """Random arguments, of sizes and layouts chosen to meet every case of a rule."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)

    def choice(self, values):
        return values[self.rng.integers(len(values))]

    def integer(self, low: int, high: int) -> int:
        return int(self.rng.integers(low, high))

    def shape(self, max_ndim: int = 3, min_ndim: int = 0, sizes=(1, 2, 3, 4, 5, 0)) -> tuple[int, ...]:
        ndim = self.integer(min_ndim, max_ndim + 1)
        weights = np.array([4.0] * len(sizes))
        weights[-1] = 1.0
        return tuple(int(n) for n in self.rng.choice(sizes, ndim, p=weights / weights.sum()))

    def values(self, dtype: str, shape: tuple[int, ...]) -> np.ndarray:
        scalar = DTYPES[dtype]
        numbers = self.rng.integers(0, 2 if dtype == "bool" else 6, shape)
        return np.asarray(numbers, dtype=scalar)

    def array(self, dtype: str, shape: tuple[int, ...] | None = None, layout: str | None = None) -> np.ndarray:
        """An array of the shape; ``layout``: C, F, permuted, gaps, reversed, broadcast, readonly, unaligned or any."""
        if shape is None:
            shape = self.shape()
        layout = layout or self.choice(["C"] * 4 + ["F"] * 2 + ["permuted", "gaps", "reversed", "broadcast", "readonly", "unaligned"])
        base = self.values(dtype, shape)
        if layout == "F":
            return np.asfortranarray(base) if shape else base
        if layout == "permuted":
            order = self.rng.permutation(len(shape))
            return np.ascontiguousarray(base.transpose(order)).transpose(np.argsort(order)) if shape else base
        if layout == "gaps":
            wide = self.values(dtype, tuple(2 * n for n in shape))
            return wide[tuple(slice(None, None, 2) for _ in shape)] if shape else base
        if layout == "reversed":
            return base[tuple(slice(None, None, -1) for _ in shape)] if shape else base
        if layout == "broadcast" and shape:
            return np.broadcast_to(self.values(dtype, shape[1:]), shape)
        if layout == "unaligned" and base.size:
            return unaligned(base)
        if layout == "readonly":
            base.flags.writeable = False
        return base

    def like(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape that broadcasts with the given one, mostly."""
        out = [1 if self.rng.random() < 0.25 else n for n in shape]
        cut = self.integer(0, len(out) + 1) if self.rng.random() < 0.3 else 0
        out = out[cut:]
        if self.rng.random() < 0.15:
            out = [self.integer(2, 5), *out]
        if out and self.rng.random() < 0.05:
            out[-1] += 1
        return tuple(out)

    def scalar(self, dtype: str):
        return DTYPES[dtype](self.integer(0, 2 if dtype == "bool" else 6))

    def python_scalar(self):
        return self.choice([True, 3, -2, 300, 2.5, 1j, 0])

    def operand(self, shape: tuple[int, ...]):
        """An array that broadcasts with the shape, a NumPy scalar, or a Python one."""
        kind = self.rng.random()
        dtype = self.choice(list(DTYPES))
        if kind < 0.6:
            return self.array(dtype, self.like(shape))
        return self.scalar(dtype) if kind < 0.75 else self.python_scalar()

    def axis(self, ndim: int, allow_none: bool = True):
        """An axis argument: None, an int of either sign, rarely one that is out of bounds."""
        if allow_none and self.rng.random() < 0.2:
            return None
        if self.rng.random() < 0.04 or ndim == 0:
            return self.integer(-1, 2) if ndim == 0 else ndim
        return self.integer(-ndim, ndim)

    def length(self, array: np.ndarray, axis: int | None) -> int:
        """Of the array along an axis argument; anything where it is out of bounds."""
        if axis is None:
            return array.size
        return array.shape[axis] if -array.ndim <= axis < array.ndim else 2

    def axes(self, ndim: int):
        """An axis argument that may also be a tuple."""
        if ndim and self.rng.random() < 0.3:
            chosen = self.rng.permutation(ndim)[: self.integer(0, ndim + 1)]
            return tuple(int(a) - (ndim if self.rng.random() < 0.3 else 0) for a in chosen)
        return self.axis(ndim)


@functools.cache
def resolve(name: str) -> Callable:
    """The Python callable a name of the table stands for."""
    module, _, rest = name.partition(".")
    if module == "ndarray":
        attribute = getattr(np.ndarray, rest)
        return attribute if callable(attribute) else attribute.__get__
    if module == "generic":
        return _scalar_operator(rest)
    if module == "py":
        return getattr(operator, rest)
    if module == "numpy":
        return functools.reduce(getattr, rest.split("."), np)
    return functools.reduce(getattr, rest.split("."), importlib.import_module(module))


def _scalar_operator(dunder: str) -> Callable:
    """np.generic's operator as Python runs it: the reflected ones with their operands exchanged."""
    if dunder == "item":
        return np.generic.item
    word = dunder.strip("_")
    plain = getattr(operator, word, None) or getattr(operator, word + "_", None)
    if word == "divmod":
        return divmod
    if plain is not None and word != "rshift":
        return plain
    if word == "rshift":
        return operator.rshift
    reflected = divmod if word == "rdivmod" else _scalar_operator(f"__{word[1:]}__")
    return lambda own, other: reflected(other, own)


def describe(value: object) -> tuple:
    """What a Type says, of a live value (the form `ops.infer` answers in)."""
    if type(value) is np.ndarray:
        flags = (value.flags.c_contiguous, value.flags.f_contiguous)
        return ("array", ops.dtype_name(value.dtype), value.shape, flags, value.flags.writeable, value.flags.aligned)
    if isinstance(value, np.generic):
        return ("scalar", ops.dtype_name(value.dtype))
    if type(value) is tuple or isinstance(value, tuple):
        return ("tuple", [describe(v) for v in value])
    if type(value) is list:
        return ("list", [describe(v) for v in value])
    names = {type(None): "None", bool: "bool", int: "int", float: "float", complex: "complex"}
    return (names.get(type(value), "object"),)


def agrees(inferred: tuple, actual: tuple) -> bool:
    """Whether a type describes the value. (Flags None: layout not known; a size None: it depends on data; not aligned: not known.)"""
    if inferred[0] != actual[0]:
        return False
    if inferred[0] == "array":
        known = inferred[3] is not None
        same_shape = len(inferred[2]) == len(actual[2]) and all(n is None or n == m for n, m in zip(inferred[2], actual[2]))
        same = inferred[1] == actual[1] and inferred[4] == actual[4] and same_shape and inferred[5] <= actual[5]
        return same and (not known or inferred[3] == actual[3])
    if inferred[0] in ("tuple", "list"):
        return len(inferred[1]) == len(actual[1]) and all(map(agrees, inferred[1], actual[1]))
    return inferred == actual


def sizes_found(text: str, value: object) -> dict[str, int]:
    """What the sizes that depend on data are in a value of the type: d0, d1 …"""
    sizes = {}
    for words, array in zip(re.findall(r"\w+\[([^]]*)\]|np\.\w+", text), _leaves(value)):
        if isinstance(array, np.ndarray):
            named = zip(words.split(", "), array.shape)
            sizes.update({word: size for word, size in named if re.fullmatch(r"d\d+", word)})
    return sizes


def _leaves(value: object) -> list:
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, (tuple, list)) else [value]


def guessed_right(inferred: dict, result: object) -> bool:
    """Whether all holds that the rule has guessed of sizes that depend on data. (Else the run would be dropped.)"""
    sizes = sizes_found(inferred["text"], result)
    return all(eval(guess, {"min": min, "max": max}, sizes) for guess in inferred["guesses"])


def arrays_in(value: object) -> list[np.ndarray]:
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, (tuple, list)):
        return [a for item in value for a in arrays_in(item)]
    if isinstance(value, slice):
        return arrays_in((value.start, value.stop, value.step))
    return []


def check_sharing(sharing: str, result: object, call: Call) -> str:
    """What is wrong with the rule's answer on whose memory the result has; empty when nothing is."""
    inputs = arrays_in(call.args) + arrays_in(tuple(call.kwargs.values()))
    for array in arrays_in(result):
        if array.size == 0 and sharing not in ("same", "written"):
            continue
        if sharing == "fresh" and any(np.may_share_memory(array, other) for other in inputs):
            return "said to be fresh, but shares memory"
        if sharing == "view" and not np.shares_memory(array, inputs[0]):
            return "said to be a view, but shares no memory with the first argument"
        if sharing == "written" and not any(array is other for other in inputs):
            return "said to be the written argument, but is another object"
        if sharing == "same" and array is not inputs[0]:
            return "said to be the first argument, but is another object"
    return ""


def run_numpy(call: Call) -> tuple[object, str]:
    """NumPy's result and what it complained of other than through errstate."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            result = resolve(call.name)(*call.args, **call.kwargs)
        except Exception as error:  # whatever NumPy raises is what the rule has to refuse
            return None, f"{type(error).__name__}: {error}"
    return result, f"{caught[0].category.__name__}: {caught[0].message}" if caught else ""


COMPARISONS = {"less", "less_equal", "equal", "not_equal", "greater", "greater_equal"}


def crashes_numpy(call: Call, operator_name: str) -> bool:
    """NumPy 2.0 crashes on some comparisons of integer arrays with Python ints that their dtype cannot hold, all versions do where the
    array is not aligned; before 2.5, taking from an empty array with mode='wrap' does not end."""
    if operator_name == "take" and call.kwargs.get("mode") == "wrap" and call.args[0].size == 0:
        return np.lib.NumpyVersion(np.__version__) < "2.5.0"
    if operator_name not in COMPARISONS:
        return False
    old = np.lib.NumpyVersion(np.__version__) < "2.1.0"
    arrays = [a for a in call.args if isinstance(a, np.ndarray) and a.dtype.kind in "iu"]
    limits = [np.iinfo(a.dtype) for a in arrays if old or not a.flags.aligned]
    return any(not limit.min <= a <= limit.max for a in call.args if type(a) is int for limit in limits)


def of_other_dtype(call: Call, other: str, first_only: bool) -> Call:
    """The call with its arrays of int64, or the first of them, as arrays of another dtype of `OTHERS`."""
    made: dict[int, np.ndarray] = {}

    def convert(value: object) -> object:
        if type(value) is np.ndarray and value.dtype == np.int64 and not (first_only and made and id(value) not in made):
            return made.setdefault(id(value), OTHERS[other](value))
        if type(value) in (tuple, list):
            return type(value)(convert(item) for item in value)
        return value

    args = tuple(convert(value) for value in call.args)
    return Call(call.name, args, {key: convert(value) for key, value in call.kwargs.items()}, declines="another dtype")


def check(call: Call, operator_name: str, counts: Counter, casts: bool = False) -> str:
    """Compares the rule with NumPy on one call. Returns what is wrong, or an empty text. ``casts``: elements may not convert."""
    if crashes_numpy(call, operator_name):
        counts["crashes"] += 1
        return ""
    # The rule sees the arguments before NumPy may write to them.
    try:
        inferred, refusal = ops.infer(call.name, *call.args, **call.kwargs), ""
        static = ops.infer_static(call.name, *call.args, **call.kwargs)
    except ValueError as error:
        inferred, refusal = None, str(error)
    result, complaint = run_numpy(call)
    tags = TABLE[operator_name]["tags"]
    may_raise = tags & MAY_RAISE or (casts and not tags & VIEW)
    if complaint:
        counts["complaints"] += 1
        if inferred is None or (may_raise and "Warning" not in complaint.split(":")[0]):
            return ""
        return f"{call}: the rule says {inferred['text']}, NumPy says {complaint}"
    if inferred is None:
        counts["declined"] += 1
        return "" if call.declines else f"{call}: NumPy gives {describe(result)}, the rule refuses: {refusal}"
    if not guessed_right(static, result):
        counts["guessed wrong"] += 1
        return ""
    counts["compared"] += 1
    actual = describe(result)
    if not agrees(inferred["type"], actual):
        return f"{call}: the rule says {inferred['text']} {inferred['type']}, NumPy gives {actual}"
    if not agrees(static["type"], actual):
        return f"{call}: with constant sizes the rule says {static['text']}, NumPy gives {actual}"
    if wrong := check_sharing(inferred["sharing"], result, call):
        return f"{call}: the result is {wrong}"
    return ""
