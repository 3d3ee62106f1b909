"""Results of the native backend's kernels."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

import segue
from tests.math_accuracy.functions import FUNCTIONS
from tests.plans import recorded


@functools.cache
def compiled(name: str) -> Callable[..., np.ndarray]:
    ufunc = FUNCTIONS[name].numpy
    function = (lambda x: ufunc(x)) if ufunc.nin == 1 else (lambda x, y: ufunc(x, y))
    return segue.compile(function, backend="native", mode="default")


def compute(name: str, args: list[np.ndarray]) -> np.ndarray:
    """What the kernel of one function gives. Fails where the plan calls NumPy instead."""
    function = compiled(name)
    with np.errstate(all="ignore"):
        with recorded() as plans:
            function(*args)
        assert all(" = call " not in plan for plan in plans), f"NumPy computes {name}: {plans}"
        return function(*args)
