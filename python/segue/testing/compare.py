"""What differs between two observations: values and their graph of identities, memory, effects, exceptions."""

from __future__ import annotations

import collections
import functools
import itertools
import random
import types
from typing import Any

import numpy as np

from segue.testing.copies import attributes, bare
from segue.testing.observe import Observation

# Immutable scalars: CPython does not promise which of them are one object.
_SCALARS = (type(None), bool, int, float, complex, str, bytes)
_FLAGS = ("C_CONTIGUOUS", "F_CONTIGUOUS", "WRITEABLE", "ALIGNED", "WRITEBACKIFCOPY")
_FLAGS_OF, _BASE_OF = np.ndarray.flags.__get__, np.ndarray.base.__get__  # a subclass may have attributes of these names


def compare(plain: Observation, compiled: Observation, *, ulp: int = 0, references: bool = False) -> list[str]:
    """Every difference as a line "where: what"; an empty list when a caller could not tell the calls apart.

    ulp: by how many units in the last place floating-point elements may differ (0: bit for bit).
    references: also compare what the call did to the reference counts of its inputs.
    """
    walk = _Walk(ulp)
    if (plain.exception is None) != (compiled.exception is None):
        walk.differ("outcome", _outcome(plain), _outcome(compiled))
    elif plain.exception is not None and compiled.exception is not None:
        walk.exceptions("exception", plain.exception, compiled.exception)
        walk.plain("traceback", plain.traceback, compiled.traceback)
    else:
        walk.values("result", plain.result, compiled.result)
    walk.values("inputs", plain.inputs, compiled.inputs)
    for index, (a, b) in enumerate(itertools.zip_longest(plain.known, compiled.known)):
        walk.values(f"known[{index}]", a, b)
    walk.values("state objects", plain.state_objects, compiled.state_objects)
    walk.memory()
    # The state's objects are the same in both calls, so that their contents are compared on copies.
    contents = _Walk(ulp)
    contents.values("state", plain.state, compiled.state)
    walk.found += contents.found
    for name in ("warnings", "stdout", "stderr", "random_state", "float_errors"):
        walk.plain(name, getattr(plain, name), getattr(compiled, name))
    if references and plain.exception is None and compiled.exception is None:
        walk.references(plain, compiled)
    return walk.found


def _outcome(seen: Observation) -> str:
    return "returned" if seen.exception is None else f"raised {seen.exception!r}"


class _Walk:
    """Walks two object graphs side by side, keeping a one-to-one map between their objects."""

    def __init__(self, ulp: int) -> None:
        self.found: list[str] = []
        self._ulp = ulp
        self._twins: dict[int, tuple[Any, Any]] = {}
        self._sources: dict[int, Any] = {}
        self._arrays: list[tuple[str, np.ndarray, np.ndarray]] = []

    def differ(self, where: str, a: Any, b: Any) -> None:
        self.found.append(f"{where}: plain {_short(a)}, compiled {_short(b)}")

    def plain(self, where: str, a: Any, b: Any) -> None:
        if a != b:
            self.differ(where, a, b)

    def values(self, where: str, a: Any, b: Any) -> None:
        """Compares two values and everything that they hold. Works through a list: graphs may be deep."""
        pending = [(where, a, b)]
        while pending:
            where, a, b = pending.pop()
            if type(a) is not type(b):
                self.differ(f"{where} type", type(a), type(b))
            elif type(a) in _SCALARS:
                if not _same_scalar(a, b, self._ulp):
                    self.differ(where, a, b)
            elif self._pair(where, a, b):
                pending.extend(reversed(self._contents(where, a, b)))

    def _pair(self, where: str, a: Any, b: Any) -> bool:
        """Records that `a` and `b` play the same part; True when their contents are still to be compared."""
        if type(a) is tuple and not a and not b:
            return False  # one object in all of CPython
        known = self._twins.get(id(a))
        if known is not None:
            if known[1] is not b:
                self.found.append(f"{where} identity: plain has the object seen before, compiled has another one")
            return False
        if id(b) in self._sources:
            self.found.append(f"{where} identity: plain has a new object, compiled has one seen before")
            return False
        self._twins[id(a)] = (a, b)
        self._sources[id(b)] = a
        return True

    def _contents(self, where: str, a: Any, b: Any) -> list[tuple[str, Any, Any]]:
        """Compares what is no object, and returns the pairs of objects that `a` and `b` hold."""
        if isinstance(a, np.ndarray):
            return self._array(where, a, b)
        if isinstance(a, np.generic):
            self._dtype(f"{where} dtype", a.dtype, b.dtype)
            if not _same_elements(np.asarray(a), np.asarray(b), self._ulp):
                self.differ(where, a, b)
            return []
        if isinstance(a, np.dtype):
            self._dtype(where, a, b)
            return []
        if isinstance(a, (types.ModuleType, types.CodeType, type, types.BuiltinFunctionType, range, slice)):
            if a is not b and (isinstance(a, (type, types.ModuleType)) or a != b):
                self.differ(where, a, b)
            return []
        pairs = self._attributes(where, a, b)
        if isinstance(a, _SCALARS) and not _same_scalar(a, b, self._ulp):  # instances of subclasses
            self.differ(where, a, b)
        if isinstance(a, dict):
            self.plain(f"{where} length", len(a), len(b))
            for (key_a, item_a), (key_b, item_b) in zip(a.items(), b.items(), strict=False):
                pairs += [(f"{where} key", key_a, key_b), (f"{where}[{_short(key_a)}]", item_a, item_b)]
            if isinstance(a, collections.defaultdict):
                pairs.append((f"{where}.default_factory", a.default_factory, b.default_factory))
        elif isinstance(a, (list, tuple, collections.deque)):
            self.plain(f"{where} length", len(a), len(b))
            pairs += [(f"{where}[{i}]", x, y) for i, (x, y) in enumerate(zip(a, b, strict=False))]
            if isinstance(a, collections.deque):
                self.plain(f"{where}.maxlen", a.maxlen, b.maxlen)
        elif isinstance(a, (set, frozenset)):
            self.plain(f"{where} length", len(a), len(b))
            key = lambda item: (type(item).__name__, repr(item))  # noqa: E731
            pairs += [(f"{where} item", x, y) for x, y in zip(sorted(a, key=key), sorted(b, key=key), strict=False)]
        elif isinstance(a, BaseException):
            self.exceptions(where, a, b)
        else:
            pairs += self._others(where, a, b)
        return pairs

    def _attributes(self, where: str, a: Any, b: Any) -> list[tuple[str, Any, Any]]:
        mine, theirs = attributes(a), attributes(b)
        self.plain(f"{where} attributes", list(mine), list(theirs))
        return [(f"{where}.{name}", value, theirs[name]) for name, value in mine.items() if name in theirs]

    def _others(self, where: str, a: Any, b: Any) -> list[tuple[str, Any, Any]]:
        if isinstance(a, types.FunctionType):
            self.plain(f"{where} code", a.__code__, b.__code__)
            names = ("__name__", "__qualname__", "__doc__", "__module__", "__defaults__", "__kwdefaults__", "__closure__")
            same = a.__globals__ is b.__globals__
            if not same:
                self.found.append(f"{where}.__globals__: not the same dict")
            return [(f"{where}.{name}", getattr(a, name), getattr(b, name)) for name in names]
        if isinstance(a, types.CellType):
            contents = [_cell(cell) for cell in (a, b)]
            self.plain(f"{where} bound", len(contents[0]), len(contents[1]))
            return [(f"{where} contents", x, y) for x, y in zip(*contents, strict=False)]
        if isinstance(a, types.MethodType):
            return [(f"{where}.__func__", a.__func__, b.__func__), (f"{where}.__self__", a.__self__, b.__self__)]
        if isinstance(a, functools.partial):
            return [(f"{where}.{n}", getattr(a, n), getattr(b, n)) for n in ("func", "args", "keywords")]
        if isinstance(a, types.GeneratorType):
            # The code object itself may be a rewritten one (docs/side_exits.md).
            self.plain(f"{where} code", _place(a.gi_code), _place(b.gi_code))
            return [(f"{where} items", *_drained(a, b))]
        if isinstance(a, collections.abc.Iterator):
            return [(f"{where} items", *_drained(a, b))]
        if isinstance(a, (bytearray, memoryview)):
            self.plain(where, bytes(a), bytes(b))
        elif isinstance(a, np.random.Generator):
            self.plain(f"{where} state", repr(a.bit_generator.state), repr(b.bit_generator.state))
        elif isinstance(a, np.random.RandomState):
            self.plain(f"{where} state", repr(a.get_state()), repr(b.get_state()))
        elif type(a).__eq__ is not object.__eq__ and not attributes(a) and not callable(a):
            self.plain(where, a, b)
        elif not attributes(a) and type(a).__module__ != "builtins" and a is not b and callable(a):
            self.differ(where, a, b)
        return []

    def _dtype(self, where: str, a: np.dtype, b: np.dtype) -> None:
        self.plain(where, a, b)
        # Equality does not look at these.
        self.plain(f"{where} fields", a.fields, b.fields)
        self.plain(f"{where} metadata", a.metadata, b.metadata)

    def _array(self, where: str, a: np.ndarray, b: np.ndarray) -> list[tuple[str, Any, Any]]:
        pairs = self._attributes(where, a, b)
        self.plain(f"{where} flag OWNDATA", _FLAGS_OF(a)["OWNDATA"], _FLAGS_OF(b)["OWNDATA"])
        bases = _BASE_OF(a), _BASE_OF(b)
        self.plain(f"{where} base", type(bases[0]), type(bases[1]))
        if all(isinstance(base, np.ndarray) for base in bases):
            # Which object it is, and what is written to its memory beside the view.
            pairs.append((f"{where}.base", *bases))
        a, b = bare(a), bare(b)
        self._arrays.append((where, a, b))
        before = len(self.found)
        self._dtype(f"{where} dtype", a.dtype, b.dtype)
        self.plain(f"{where} byte order", a.dtype.byteorder, b.dtype.byteorder)
        self.plain(f"{where} shape", a.shape, b.shape)
        self.plain(f"{where} strides", a.strides, b.strides)
        for name in _FLAGS:
            self.plain(f"{where} flag {name}", a.flags[name], b.flags[name])
        if len(self.found) != before and (a.shape != b.shape or a.dtype != b.dtype):
            return []
        if a.dtype.hasobject:
            return [(f"{where} elements", a.tolist(), b.tolist()), *pairs]
        if not _same_elements(a, b, self._ulp):
            self.found.append(f"{where} elements: {_first_difference(a, b)}")
        return pairs

    def exceptions(self, where: str, a: BaseException | None, b: BaseException | None) -> None:
        """Types, arguments and messages along __cause__ and __context__."""
        if type(a) is not type(b) or a is None or b is None:
            if a is not b:
                self.differ(f"{where} type", a and type(a), b and type(b))
            return
        self.plain(f"{where} message", str(a), str(b))
        self.values(f"{where}.args", a.args, b.args)
        self.plain(f"{where}.__notes__", getattr(a, "__notes__", None), getattr(b, "__notes__", None))
        self.plain(f"{where}.__suppress_context__", a.__suppress_context__, b.__suppress_context__)
        self.exceptions(f"{where}.__cause__", a.__cause__, b.__cause__)
        if a.__cause__ is not a.__context__ or b.__cause__ is not b.__context__:
            self.exceptions(f"{where}.__context__", a.__context__, b.__context__)
        if isinstance(a, BaseExceptionGroup) and isinstance(b, BaseExceptionGroup):
            for index, (x, y) in enumerate(itertools.zip_longest(a.exceptions, b.exceptions)):
                self.exceptions(f"{where}.exceptions[{index}]", x, y)

    def memory(self) -> None:
        """Which arrays share memory, and at which distance, over everything that was walked."""
        mine = _clusters([array for _, array, _ in self._arrays])
        theirs = _clusters([array for _, _, array in self._arrays])
        if mine == theirs:
            return
        for (where, _, _), a, b in zip(self._arrays, mine, theirs, strict=True):
            if a != b:
                names = [name for name, _, _ in self._arrays]
                self.differ(f"{where} memory", f"shared with {names[a[0]]} at {a[1]}", f"shared with {names[b[0]]} at {b[1]}")

    def references(self, plain: Observation, compiled: Observation) -> None:
        # Plain Python may leave its frames in a garbage cycle (an exception that a frame of its traceback holds), where a
        # capture makes no frames; the reverse would be a leak.
        counts = zip(plain.known, plain.references, plain.settled_references, compiled.references, strict=False)
        for index, (value, a, settled, b) in enumerate(counts):
            if isinstance(value, (np.ndarray, list, dict, set, collections.deque)) and b not in (a, settled):
                self.differ(f"known[{index}] references ({type(value).__name__})", f"{a:+d}", f"{b:+d}")


def _cell(cell: types.CellType) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:
        return ()


def _place(code: types.CodeType) -> tuple[str, str, int]:
    return code.co_qualname, code.co_filename, code.co_firstlineno


def _drained(a: Any, b: Any) -> tuple[list[Any], list[Any]]:
    """What both give, with the random generators in the same states."""
    states = np.random.get_state(), random.getstate()
    first = _drain(a)
    np.random.set_state(states[0])
    random.setstate(states[1])
    return first, _drain(b)


def _drain(iterator: Any) -> list[Any]:
    """The items left, at most 10,000, and how the iterator ends."""
    items: list[Any] = []
    try:
        items.extend(itertools.islice(iterator, 10_000))
    except Exception as error:
        items.append((type(error).__name__, str(error)))
    return items


def _clusters(arrays: list[np.ndarray]) -> list[tuple[int, int]]:
    """For each array: the first array whose stretch of memory overlaps (directly or through others), and the distance in
    bytes to that array's first element. Empty arrays share nothing.
    """
    bounds = [np.lib.array_utils.byte_bounds(array) if array.size else None for array in arrays]
    order = sorted((bound, index) for index, bound in enumerate(bounds) if bound is not None)
    leader = list(range(len(arrays)))
    group: list[int] = []
    end = 0
    groups = []
    for (low, high), index in order:
        if group and low < end:
            group.append(index)
            end = max(end, high)
        else:
            group, end = [index], high
            groups.append(group)
    for members in groups:
        for index in members:
            leader[index] = min(members)
    return [(leader[i], arrays[i].ctypes.data - arrays[leader[i]].ctypes.data) for i in range(len(arrays))]


def _same_scalar(a: Any, b: Any, ulp: int) -> bool:
    if isinstance(a, (float, complex)):
        return _same_elements(np.asarray(a), np.asarray(b), ulp)
    return bool(a == b)


def _bits(a: np.ndarray) -> np.ndarray:
    """The bytes of the elements, one row each, without those that pad an extended-precision number.

    Parts of complex numbers that are NaNs are one NaN: quotients of infinities and NaNs add two NaNs of different signs, and which one
    NumPy's loops keep depends on the strides of the operands.
    """
    if a.dtype.kind == "c":
        a = a.copy()
        for part in (a.real, a.imag):
            part[np.isnan(part)] = np.nan
    rows = np.frombuffer(a.tobytes(), dtype=np.uint8)
    if a.dtype.char in "gG" and np.finfo(a.dtype).nmant == 63:
        return rows.reshape(-1, np.dtype(np.longdouble).itemsize)[:, :10].reshape(a.size, -1)
    return rows.reshape(a.size, a.itemsize)


def _same_elements(a: np.ndarray, b: np.ndarray, ulp: int) -> bool:
    if a.tobytes() == b.tobytes() or np.array_equal(_bits(a), _bits(b)):
        return True
    if not ulp or a.dtype.kind not in "fc" or a.dtype != b.dtype:
        return False
    if a.dtype.kind == "c":
        return _same_elements(a.real, b.real, ulp) and _same_elements(a.imag, b.imag, ulp)
    zeros = (a == 0) & (b == 0)
    same = ((a == b) & ~zeros) | (zeros & (np.signbit(a) == np.signbit(b))) | (np.isnan(a) & np.isnan(b))
    with np.errstate(all="ignore"):
        close = np.abs(a - b) <= ulp * np.spacing(np.maximum(np.abs(a), np.abs(b)))
    return bool(np.all(same | (np.isfinite(a) & np.isfinite(b) & close & ~zeros)))


def _first_difference(a: np.ndarray, b: np.ndarray) -> str:
    index = int(np.flatnonzero((_bits(a) != _bits(b)).any(axis=1))[0])
    at = tuple(int(i) for i in np.unravel_index(index, a.shape))
    return f"at {at} plain {a[at]!r}, compiled {b[at]!r}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:197] + "..."
