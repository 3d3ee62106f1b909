"""Runs one call and records everything that its caller could see of it."""

from __future__ import annotations

import contextlib
import gc
import io
import random
import re
import sys
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from segue.testing.copies import copy_inputs, reachable


@dataclass
class Observation:
    """One call's visible effects. Objects are the call's own: an observation is compared once and dropped."""

    result: Any = None
    exception: BaseException | None = None
    traceback: list[tuple[Any, ...]] = field(default_factory=list)
    """Below the caller: (file, function, line, and the columns of the instruction)."""
    inputs: Any = None
    """The arguments after the call."""
    state_objects: list[Any] = field(default_factory=list)
    """What the function's globals and cells held after the call, and as `state` copies of it made then."""
    state: list[Any] = field(default_factory=list)
    known: list[Any] = field(default_factory=list)
    """What the inputs reached before the call: the identity of what stayed, was replaced or was dropped."""
    warnings: list[tuple[Any, ...]] = field(default_factory=list)
    stdout: str = ""
    stderr: str = ""
    random_state: Any = None
    float_errors: Any = None
    references: list[int] = field(default_factory=list)
    """For each of `known`: by how much the call and its result changed the reference count."""
    settled_references: list[int] = field(default_factory=list)
    """The same once the garbage cycles that the call left behind are collected."""


class State:
    """The data that a function reaches beside its arguments: its globals and closure cells, those of the functions they
    hold included. Each run starts from the same contents; what a run changed is part of its observation.
    """

    def __init__(self, fn: Callable[..., Any]) -> None:
        self._globals: dict[tuple[int, str], tuple[dict[str, Any], str]] = {}
        self._cells: list[types.CellType] = []
        self._collect(fn, set())
        self._original = [self._read(place) for place in self._places()]
        self._contents = copy_inputs(self._original)

    def _collect(self, fn: Any, seen: set[int]) -> None:
        fn = getattr(fn, "__func__", fn)
        fn = getattr(fn, "__wrapped__", fn) if not isinstance(fn, types.FunctionType) else fn
        if not isinstance(fn, types.FunctionType) or id(fn) in seen:
            return
        seen.add(id(fn))
        for cell in fn.__closure__ or ():
            if all(cell is not known for known in self._cells):
                self._cells.append(cell)
                with contextlib.suppress(ValueError):
                    self._collect(cell.cell_contents, seen)
        for name in sorted(_names(fn.__code__)):
            if name in fn.__globals__:
                value = fn.__globals__[name]
                if isinstance(value, types.FunctionType) and value.__globals__ is fn.__globals__:
                    self._collect(value, seen)
                elif _is_data(value):
                    self._globals[id(fn.__globals__), name] = (fn.__globals__, name)
        for name in sorted(_stored_globals(fn.__code__)):
            self._globals[id(fn.__globals__), name] = (fn.__globals__, name)

    def _places(self) -> list[Any]:
        return [*self._globals.values(), *self._cells]

    @staticmethod
    def _read(place: Any) -> Any:
        """The value there as a 1-tuple; () when unbound. Functions and modules are not data: they stay as they are."""
        try:
            value = place.cell_contents if isinstance(place, types.CellType) else place[0][place[1]]
        except (KeyError, ValueError):
            return ()
        return (value,)

    def now(self) -> list[Any]:
        return [self._read(place) for place in self._places()]

    def restore(self) -> None:
        """Puts the first contents back. Objects keep their identity, so that guards on them go on holding."""
        contents = copy_inputs(self._contents)
        for place, original, content in zip(self._places(), self._original, contents, strict=True):
            if self._read(place) != original or (original and self._read(place)[0] is not original[0]):
                _bind(place, original)
            if original and _is_data(original[0]):
                _refill(original[0], content[0])


def _names(code: types.CodeType) -> set[str]:
    return set(code.co_names).union(*(_names(c) for c in code.co_consts if isinstance(c, types.CodeType)))


def _stored_globals(code: types.CodeType) -> set[str]:
    import dis

    found = {i.argval for i in dis.get_instructions(code) if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")}
    return found.union(*(_stored_globals(c) for c in code.co_consts if isinstance(c, types.CodeType)))


def _is_data(value: Any) -> bool:
    return not isinstance(value, (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type, np.ufunc)) and not (
        callable(value) and hasattr(value, "__wrapped__")
    )


def _bind(place: Any, original: tuple[Any, ...]) -> None:
    if isinstance(place, types.CellType):
        if original:
            place.cell_contents = original[0]
        else:
            with contextlib.suppress(ValueError):
                del place.cell_contents
    elif original:
        place[0][place[1]] = original[0]
    else:
        place[0].pop(place[1], None)


def _refill(target: Any, content: Any) -> None:
    """Gives a mutable object the contents of its copy."""
    if type(target) is np.ndarray:
        if target.flags.writeable and target.shape == content.shape and target.dtype == content.dtype:
            target[...] = content
    elif isinstance(target, list):
        target[:] = content
    elif isinstance(target, (dict, set)):
        target.clear()
        target.update(content)
    elif isinstance(getattr(target, "__dict__", None), dict) and type(target).__module__ != "numpy":
        target.__dict__.clear()
        target.__dict__.update(content.__dict__)


def observe(call: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], state: State | None = None) -> Observation:
    """Calls `call` once; the arguments are used as they are. The random generators start from one fixed state."""
    seen = Observation(inputs=[args, kwargs])
    seen.known = reachable([args, kwargs])
    out, err = io.StringIO(), io.StringIO()
    np_state, py_state = np.random.get_state(), random.getstate()
    float_errors = np.geterr()
    np.random.seed(20240229)
    random.seed(20240229)
    before = [sys.getrefcount(value) for value in seen.known]
    try:
        with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            warnings.simplefilter("always")
            try:
                seen.result = call(*args, **kwargs)
            except BaseException as error:
                if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
                    raise
                seen.exception = error
                seen.traceback = _traceback(error)
        seen.references = [sys.getrefcount(value) - count for value, count in zip(seen.known, before, strict=True)]
        if any(seen.references):
            gc.collect(0)
        seen.settled_references = [sys.getrefcount(value) - count for value, count in zip(seen.known, before, strict=True)]
        seen.random_state = (_plain_state(np.random.get_state()), random.getstate())
        seen.float_errors = np.geterr()
    finally:
        np.random.set_state(np_state)
        random.setstate(py_state)
        np.seterr(**float_errors)
    seen.warnings = [(w.category, str(w.message), w.filename, w.lineno) for w in caught]
    # "Exception ignored in: <generator object f at 0x7f…>": addresses say nothing.
    seen.stdout, seen.stderr = out.getvalue(), re.sub(r"\b0x[0-9a-f]{8,}\b", "0x...", err.getvalue())
    if state is not None:
        seen.state_objects = state.now()
        seen.state = copy_inputs(seen.state_objects)
    return seen


def _plain_state(state: Any) -> tuple[Any, ...]:
    kind, keys, *rest = state
    return (kind, keys.tobytes(), *rest)


def _traceback(error: BaseException) -> list[tuple[Any, ...]]:
    entries = []
    link = error.__traceback__.tb_next if error.__traceback__ is not None else None
    while link is not None:
        code = link.tb_frame.f_code
        positions = list(code.co_positions())
        where = positions[link.tb_lasti // 2] if 0 <= link.tb_lasti // 2 < len(positions) else None
        entries.append((code.co_filename, code.co_qualname, link.tb_lineno, where))
        link = link.tb_next
    return entries
