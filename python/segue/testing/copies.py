"""Deep copies of a call's inputs that keep the aliasing between arrays.

`copy.deepcopy` copies each view on its own, so two arguments that overlap would stop to overlap. Here the memory that
arrays share is copied once and every array becomes the same view of the copy: same strides, offset and flags.
"""

from __future__ import annotations

import collections
import copy
import ctypes
import functools
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

_LEAVES = (type(None), bool, int, float, complex, str, bytes, type, types.ModuleType, types.BuiltinFunctionType, np.generic)
# Their instances have no attributes.
_BARE = frozenset({np.ndarray, list, tuple, dict, set, frozenset})


def children(value: Any) -> Iterator[Any]:
    """The objects that a data object holds, in a fixed order; nothing for functions, modules and types."""
    if isinstance(value, _LEAVES) or isinstance(value, (types.FunctionType, np.dtype)):
        return
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield item
    elif isinstance(value, (list, tuple, collections.deque)):
        yield from value
    elif isinstance(value, (set, frozenset)):
        yield from sorted(value, key=lambda item: (type(item).__name__, repr(item)))
    elif isinstance(value, np.ndarray):
        if bare(value).dtype == object:
            yield from bare(value).ravel().tolist()
    elif isinstance(value, functools.partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, types.MethodType):
        yield value.__self__
    elif isinstance(value, types.CellType):
        try:
            yield value.cell_contents
        except ValueError:
            return
    for item in attributes(value).values():
        yield item


def bare(array: np.ndarray) -> np.ndarray:
    """The array, or a view that runs none of its subclass's code."""
    return array if type(array) is np.ndarray else np.ndarray.view(array, np.ndarray)


def attributes(value: Any) -> dict[str, Any]:
    """Instance attributes in __dict__ and __slots__, read without running user code."""
    found: dict[str, Any] = {}
    if type(value) in _BARE or isinstance(value, _LEAVES) or isinstance(value, types.FunctionType):
        return found
    for kind in reversed(type(value).__mro__):
        for name, member in vars(kind).items():
            if isinstance(member, types.MemberDescriptorType) and kind.__module__ != "builtins":
                try:
                    found[name] = member.__get__(value)
                except AttributeError:
                    continue
    try:
        found.update(object.__getattribute__(value, "__dict__"))
    except AttributeError:
        pass
    return found


def reachable(roots: Any) -> list[Any]:
    """Every object that the roots hold, each once, in order of discovery; the roots first."""
    seen: dict[int, Any] = {}
    pending = [roots]
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen[id(value)] = value
        pending.extend(reversed(list(children(value))))
    return list(seen.values())


def copy_inputs(inputs: Any) -> Any:
    """A deep copy of `inputs` in which arrays overlap exactly as they did."""
    memo: dict[int, Any] = {}
    memories: dict[int, _Memory] = {}
    kept = [inputs]  # deepcopy's memo is keyed by id: what it names must stay alive
    for array in reachable(inputs):
        # Records that hold objects are left to deepcopy: they cannot be addressed by bytes.
        if type(array) is not np.ndarray or (array.dtype.hasobject and array.dtype != object):
            continue
        root = array
        while type(root.base) is np.ndarray:
            root = root.base
        if id(root) not in memories:
            kept.append(root)
            memories[id(root)] = _Memory(root, memo)
        memo[id(array)] = memories[id(root)].copy_of(array)
    return copy.deepcopy(inputs, memo)


class _Memory:
    """One copied stretch of memory, and the arrays of the original memory as views of it."""

    def __init__(self, root: np.ndarray, memo: dict[int, Any]) -> None:
        self._root = root
        new = root.copy(order="K")
        self._start = root.ctypes.data
        if new.strides == root.strides and root.flags.aligned or root.dtype == object:
            self._new = new
            # The axes from the outermost in: C-contiguous, as buffers have to be.
            self._buffer = new.transpose(np.argsort([-abs(stride) for stride in new.strides], kind="stable"))
        else:
            # Holes, negative strides or odd addresses: the bytes between the bounds, at the same address modulo 64.
            low, high = np.lib.array_utils.byte_bounds(root)
            room = np.zeros(high - low + 64, dtype=np.uint8)
            skip = (low - room.ctypes.data) % 64
            # Through a memoryview: views have these bytes for a base then, not all of the room.
            self._buffer = np.frombuffer(memoryview(room)[skip : skip + high - low], dtype=np.uint8)
            self._buffer[:] = np.frombuffer(ctypes.string_at(low, high - low), dtype=np.uint8)
            self._start = low
            self._new = self._view(root)
        if root.dtype == object:
            for index, item in enumerate(flat := self._buffer.reshape(-1)):
                flat[index] = copy.deepcopy(item, memo)
        self._new.setflags(write=root.flags.writeable)

    def copy_of(self, array: np.ndarray) -> np.ndarray:
        if array is self._root:
            return self._new
        view = self._view(array)
        if not array.flags.writeable:
            view.setflags(write=False)
        return view

    def _view(self, array: np.ndarray) -> np.ndarray:
        offset = array.ctypes.data - self._start
        if array.dtype != object:
            return np.ndarray(array.shape, array.dtype, self._buffer, offset if array.size else 0, array.strides)
        start = self._buffer.reshape(-1)[offset // array.itemsize :] if array.size else self._buffer.reshape(-1)
        return np.lib.stride_tricks.as_strided(start, array.shape, array.strides)
