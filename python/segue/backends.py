"""Backends: the engine's own, those registered here, and those of installed packages (entry points `segue.backends`)."""

from __future__ import annotations

import functools
import importlib.metadata
import inspect
from collections.abc import Callable
from typing import Any

from segue import _segue

ENTRY_POINTS = "segue.backends"
Backend = Callable[..., Callable[..., Any]]

# Options that the engine's own backends take, which are all True or False; those of Python backends are their keyword parameters.
_OPTIONS = {"native": frozenset({"async_compile"})}
_BUILT_IN: dict[str, frozenset[str]] = {name: _OPTIONS.get(name, frozenset()) for name in _segue._backends()}
_registered: dict[str, Backend] = {}


def register_backend(name: str, fn: Backend) -> None:
    """Makes `compile(..., backend=name)` call `fn(graph, example_inputs, **options)`.

    `graph` is a `segue.Graph`, `example_inputs` the values of its inputs in the call being compiled; the answer is a
    callable that takes the inputs and returns a sequence of the graph's outputs. Registering a name again replaces it for functions
    compiled from then on. TypeError for wrong types, ValueError for a built-in backend's name.
    """
    if not isinstance(name, str):
        raise TypeError(f"a backend's name is a str, not {type(name).__name__}")
    if not name:
        raise ValueError("a backend's name cannot be empty")
    if not callable(fn):
        raise TypeError(f"a backend is a callable (graph, example_inputs) -> callable, not {type(fn).__name__}")
    if name in _BUILT_IN:
        raise ValueError(f"{name!r} is a built-in backend and cannot be replaced")
    _registered[name] = fn


def list_backends() -> list[str]:
    """Every name that `compile(..., backend=name)` takes, sorted."""
    installed = {point.name for point in importlib.metadata.entry_points(group=ENTRY_POINTS)}
    return sorted({*_BUILT_IN, *_registered, *installed})


def resolve(backend: str | Backend, options: dict[str, Any]) -> str | Backend:
    """What the engine gets for a backend and its options; TypeError or ValueError name the choices."""
    if isinstance(backend, str):
        if backend in _BUILT_IN:
            _check_options(f"backend {backend!r}", _BUILT_IN[backend], options)
            for option, value in options.items():
                if not isinstance(value, bool):
                    raise TypeError(f"{option} is True or False, not {type(value).__name__}")
            return backend
        return _with_options(f"backend {backend!r}", _find(backend), options)
    if not callable(backend):
        raise TypeError(f"backend is a name or a callable (graph, example_inputs) -> callable, "
                        f"not {type(backend).__name__}")
    return _with_options("the backend", backend, options)


def _find(name: str) -> Backend:
    if name in _registered:
        return _registered[name]
    for point in importlib.metadata.entry_points(group=ENTRY_POINTS, name=name):
        register_backend(name, point.load())
        return _registered[name]
    raise ValueError(f"unknown backend {name!r}; known: {', '.join(list_backends())}")


def _with_options(title: str, backend: Backend, options: dict[str, Any]) -> Backend:
    if not options:
        return backend
    parameters = list(inspect.signature(backend).parameters.values())
    if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        # The first two are the graph and its example inputs.
        known = {p.name for p in parameters[2:] if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD)}
        _check_options(title, frozenset(known), options)
    return functools.partial(backend, **options)


def _check_options(title: str, known: frozenset[str], options: dict[str, Any]) -> None:
    for name in options:
        if name not in known:
            choices = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
            raise ValueError(f"unknown option {name!r} for {title}; {choices}")
