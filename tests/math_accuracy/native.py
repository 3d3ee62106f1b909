"""Results of the native backend's kernels."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

import segue
from segue import _segue
from tests.math_accuracy.functions import FUNCTIONS


@functools.cache
def compiled(name: str) -> Callable[..., np.ndarray]:
    ufunc = FUNCTIONS[name].numpy
    function = (lambda x: ufunc(x)) if ufunc.nin == 1 else (lambda x, y: ufunc(x, y))
    return segue.compile(function, backend="native", mode="default")


def compute(name: str, args: list[np.ndarray]) -> np.ndarray:
    """What the kernel of one function gives. Fails where the plan calls NumPy instead."""
    function = compiled(name)
    with np.errstate(all="ignore"):
        plans = plans_of(function, *args)
        assert all(" = call " not in plan for plan in plans), f"NumPy computes {name}: {plans}"
        return function(*args)


def plans_of(function: Callable[..., Any], *args: Any) -> list[str]:
    """The plans that a call compiles."""
    _segue._records_begin()
    try:
        function(*args)
    finally:
        records = _segue._records_end()
    return [record["plan"] for record in records if record.get("plan")]
