"""The programs that the suite measures: plain data, one file per area. A case is a program at one size."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# In the order of the tables.
AREAS = (
    "elementwise", "stencils", "finance", "bodies", "images", "statistics", "linear_algebra", "networks", "signals", "monte_carlo", "rows",
    "histograms", "distances", "in_place", "integers", "single_precision",
)
SIZES = (1_000, 100_000, 10_000_000)


@dataclass(frozen=True)
class Program:
    """A NumPy function of arrays, with what makes its arguments, and the forms that peers need where they cannot take the same source."""

    name: str
    area: str
    function: Callable[..., Any]
    # Arguments with about so many elements in all that the function computes; the same ones for the same size.
    make: Callable[[int], tuple[Any, ...]]
    # Most of the time is in BLAS, which is the same library for all: judged apart.
    blas: bool = False
    # An expression of the function's parameters, or a function of numexpr's module and the arguments.
    numexpr: str | Callable[..., Any] | None = None
    # Loops, where Numba does better with them (or does not know a function); otherwise it gets the NumPy function.
    numba: Callable[..., Any] | None = None
    # With `np` standing for jax.numpy; otherwise JAX gets the NumPy function's source with `np` bound so.
    jax: Callable[..., Any] | None = None
    # How far results may be from NumPy's, relative to the largest element; by dtype if None.
    tolerance: float | None = None


@functools.cache
def all_programs() -> tuple[Program, ...]:
    found = [program for area in AREAS for program in importlib.import_module(f"benchmarks.programs.{area}").PROGRAMS]
    names = [program.name for program in found]
    if len(set(names)) != len(names):
        raise ValueError(f"two programs have one name: {sorted(name for name in set(names) if names.count(name) > 1)}")
    return tuple(found)


def find(name: str) -> Program:
    for program in all_programs():
        if program.name == name:
            return program
    raise ValueError(f"no program is called {name!r}; python -m benchmarks --list prints their names")
