"""Runs samples compiled, against plain NumPy, and says how they were captured."""

from __future__ import annotations

import functools
import tempfile
import types
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import segue
from segue import _segue
from segue.testing import check
from tests.numpy_calls.samples import Sample

INPUTS: dict[str, Callable[[], Any]] = {
    "x": lambda: np.array([0.5, 1.5, 2.0, 3.25, 4.0, 7.5]),
    "y": lambda: np.array([1.0, 0.25, 3.0, 2.5, 6.0, 0.5]),
    "u": lambda: np.array([-0.9, -0.25, 0.0, 0.25, 0.5, 0.75]),
    "nan": lambda: np.array([1.0, np.nan, 2.0, 5.0, np.nan, 0.5]),
    "o": lambda: np.zeros(6),
    "v": lambda: np.array([1.0, 2.5, -3.0]),
    "m": lambda: np.array([[0.5, 2.0, 1.0, 4.0], [3.0, 2.5, 0.25, 1.0], [5.0, 1.5, 2.0, 3.0]]),
    "s": lambda: np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]]),
    "s4": lambda: np.arange(16.0).reshape(4, 4),
    "i": lambda: np.array([3, 1, 4, 1, 5, 2]),
    "j": lambda: np.array([2, 7, 1, 8, 2, 8]),
    "b": lambda: np.array([True, False, True, True, False, True]),
    "c": lambda: np.array([1 + 2j, 0.5 - 1j, 3.0, 2j]),
    "dates": lambda: np.array(["2024-05-17", "2024-05-18", "NaT"], dtype="M8[D]"),
    "k": lambda: 5,
    "q": lambda: 2.5,
    "rng": lambda: np.random.default_rng(7),
    "path": lambda: str(scratch() / "sample"),
}


@functools.cache
def scratch() -> Path:
    folder = tempfile.TemporaryDirectory()
    scratch.folder = folder  # lives as long as the process
    return Path(folder.name)


# Names of NumPy's public namespaces that are not found by their `__all__`.
BESIDE = ["broadcast_to", "lib.stride_tricks.as_strided", "lib.stride_tricks.sliding_window_view", "r_", "c_", "s_", "index_exp",
          "ogrid", "mgrid"]  # fmt: skip


def public_callables() -> list[str]:
    """Every public callable of the installed NumPy, as samples name them."""
    names = [name for name in sorted(np.__all__) if callable(getattr(np, name))] + BESIDE
    for module in (np.linalg, np.fft, np.random):
        prefix = module.__name__.removeprefix("numpy.")
        names += [f"{prefix}.{name}" for name in sorted(module.__all__) if callable(getattr(module, name))]
    for prefix, kind in (("ndarray", np.ndarray), ("ufunc", np.ufunc), ("random.Generator", np.random.Generator)):
        names += [f"{prefix}.{name}" for name in sorted(dir(kind)) if not name.startswith("_")]
    return names


def find(name: str) -> Any:
    """The object of that name; None where the installed NumPy has none."""
    value = np
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


@dataclass(frozen=True)
class Outcome:
    runs: str
    detail: str
    """Of the first break."""


def function(sample: Sample) -> tuple[Callable[..., Any], list[Any]]:
    """A function that makes the call, and its arguments."""
    names = [name for name in sample.reads if name in INPUTS]
    namespace: dict[str, Any] = {"np": np}
    exec(f"def sample({', '.join(names)}):\n    {sample.body}\n", namespace)
    return namespace["sample"], [INPUTS[name]() for name in names]


def survey(sample: Sample) -> Outcome:
    """Raises CheckError where the compiled call differs from the plain one, or was captured but is not reused."""
    call, arguments = function(sample)
    segue.reset()
    report = check(call, *arguments, breaks=True, hits=False)
    for capture in report.captures:
        if capture.graph_break is not None:
            return Outcome(capture.graph_break.id, capture.graph_break.detail)
    segue.reset()
    check(call, *arguments)
    return Outcome(kind(sample.name), "")


@functools.cache
def operators() -> frozenset[str]:
    """Names that are operators, without "numpy."."""
    return frozenset(name.removeprefix("numpy.") for row in _segue.ops.table() for name in row["numpy"])


def kind(name: str) -> str:
    """How a captured call of the callable runs."""
    if name in operators():
        return "operator"
    value = find(name)
    return "python" if isinstance(getattr(value, "__wrapped__", value), types.FunctionType) else "model"
