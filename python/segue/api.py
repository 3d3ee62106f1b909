"""`segue.compile` and the calls that steer what is captured."""

from __future__ import annotations

import functools
import os
import types
from collections.abc import Callable
from typing import Any, TypeVar, overload

from segue import _segue, native
from segue.backends import Backend, resolve

F = TypeVar("F", bound=Callable[..., Any])

MODES = ("default", "exact")
#: What `compile` takes where its caller names none.
DEFAULT_BACKEND = os.environ.get("SEGUE_BACKEND") or ("native" if native.is_available() else "reference")
DEFAULT_MODE = os.environ.get("SEGUE_MODE", "default")


@overload
def compile(fn: F, /) -> F: ...
@overload
def compile(
    fn: None = None,
    /,
    *,
    backend: str | Backend = ...,
    fullgraph: bool = ...,
    dynamic: bool = ...,
    mode: str | None = ...,
    options: dict[str, Any] | None = ...,
    disable: bool = ...,
) -> Callable[[F], F]: ...
def compile(
    fn: Callable[..., Any] | None = None,
    /,
    *,
    backend: str | Backend = DEFAULT_BACKEND,
    fullgraph: bool = False,
    dynamic: bool = True,
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
) -> Any:
    """Compiles a function's array programs on its calls; without `fn`, returns a decorator.

    backend: a name of `list_backends()`, or a callable (see `register_backend`). Where none is given: the environment variable
        SEGUE_BACKEND's, else "native" (fused kernels) if llvmlite is installed, else "reference" (NumPy's calls).
    fullgraph: raise `GraphBreakError` instead of leaving parts of the function to CPython.
    dynamic: array sizes are symbolic from the first call; False compiles for each size anew.
    mode: "default", or "exact", which computes every bit as NumPy does, transcendental functions and sums included. None: the environment
        variable SEGUE_MODE's, else the default.
    options: the backend's options.
    disable: return `fn` as it is, as the environment variable SEGUE_DISABLE=1 does.

    The result behaves as `fn` does: name, signature, methods, pickling, weak references, exceptions. TypeError or
    ValueError name the choices when an argument is wrong.
    """
    for name, value in (("fullgraph", fullgraph), ("dynamic", dynamic), ("disable", disable)):
        if not isinstance(value, bool):
            raise TypeError(f"{name} is True or False, not {type(value).__name__}")
    if mode is not None and not isinstance(mode, str):
        raise TypeError(f"mode is None or one of {', '.join(MODES)}, not {type(mode).__name__}")
    mode = DEFAULT_MODE if mode is None else mode
    if mode not in MODES:
        raise ValueError(f"unknown mode {mode!r}; known: {', '.join(MODES)}")
    if options is not None and not isinstance(options, dict):
        raise TypeError(f"options is None or a dict, not {type(options).__name__}")
    for key in options or {}:
        if not isinstance(key, str):
            raise TypeError(f"the names of options are str, not {type(key).__name__}")
    engine_options = {
        "backend": resolve(backend, options or {}),
        "fullgraph": fullgraph,
        "dynamic": dynamic,
        "mode": mode,
        "options": dict(options) if options else None,
    }
    if fn is None:
        return lambda function: _compile(function, engine_options, disable)
    return _compile(fn, engine_options, disable)


def _compile(fn: Any, options: dict[str, Any], disable: bool) -> Any:
    # classmethod objects are no callables, and both kinds must stay what they are in the class's dict.
    if isinstance(fn, (classmethod, staticmethod)):
        return type(fn)(_compile(fn.__func__, options, disable))
    if not callable(fn):
        raise TypeError(f"segue.compile takes a callable, not {type(fn).__name__}")
    if disable or os.environ.get("SEGUE_DISABLE", "") not in ("", "0"):
        return fn
    if isinstance(fn, (_segue.CompiledFunction, _segue.CompiledCallable)):
        fn = fn.__wrapped__
    return _segue._compile(fn, options)


def disable(fn: F | None = None, /, *, recursive: bool = True) -> Any:
    """Keeps a function out of capture; without `fn`, returns a decorator.

    Its calls run in CPython, as do (unless `recursive` is False) the calls that it makes.
    """
    if not isinstance(recursive, bool):
        raise TypeError(f"recursive is True or False, not {type(recursive).__name__}")
    if fn is None:
        return functools.partial(disable, recursive=recursive)
    if not callable(fn):
        raise TypeError(f"segue.disable takes a callable, not {type(fn).__name__}")
    if not recursive:
        if not isinstance(fn, types.FunctionType):
            raise TypeError(f"disable(recursive=False) takes a Python function, not {type(fn).__name__}")
        _segue._disable_code(fn.__code__)
        return fn

    @functools.wraps(fn)
    def disabled(*args: Any, **kwargs: Any) -> Any:
        _segue._pause()
        try:
            return fn(*args, **kwargs)
        finally:
            _segue._resume()

    _segue._disable_code(disabled.__code__)
    return disabled


def is_compiling() -> bool:
    """True in code that is being captured, False in code that CPython runs."""
    return False


def graph_break(msg: str | None = None) -> None:
    """Ends the capture here; CPython goes on. `msg` is shown as the break's detail."""


def reset() -> None:
    """Forgets everything compiled so far, gives back the memory kept for results, and zeroes `stats`."""
    _segue._reset()


def stats() -> dict[str, int | float]:
    """Counts since the start or the last `reset`: calls, hits, misses, compiles, compile_ms, entries, segments, exits, reruns,
    eager and splices."""
    return _segue._stats()
