"""What tests of backend="native" share."""

from __future__ import annotations

import numpy as np
import pytest
from tests.plans import recorded

import segue
from segue.testing import check as check_call

pytest.importorskip("llvmlite", reason="the native backend needs llvmlite", exc_type=ImportError)

NATIVE = {"backend": "native"}
INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]
FLOATS = ["f4", "f8"]
ALL = ["?", *INTEGERS, *FLOATS]


def kernel_count(plans):
    """How many kernels the plans run."""
    steps = [line for plan in plans for line in plan.splitlines()]
    return sum(line.startswith(("kernel ", "store.kernel ")) and not line.endswith(":") for line in steps)


def check(fn, *args, kernels=None, calls=0, mode=None, **options):
    """The differential test of a native call; `kernels`: how many its plans run, with but so many calls left to NumPy."""
    segue.reset()
    with recorded() as plans:
        report = check_call(fn, *args, compile_options={**NATIVE, "mode": mode}, **options)
    if kernels is not None:
        assert kernel_count(plans) == kernels, plans
        assert sum(" = call " in line for plan in plans for line in plan.splitlines()) == calls, plans
    return report


def values(dtype, count, seed=0):
    """Elements of every kind that an operator might treat apart."""
    dtype = np.dtype(dtype)
    rng = np.random.default_rng(seed)
    if dtype.kind == "b":
        return rng.integers(0, 2, count).astype(bool)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        out = rng.integers(limits.min, limits.max, count, dtype=dtype, endpoint=True)
        special = [limits.min, limits.max, 0, 1, limits.max - 1]
    else:
        out = (rng.normal(size=count) * 10.0 ** rng.integers(-20, 20, count)).astype(dtype)
        limits = np.finfo(dtype)
        special = [np.nan, np.inf, -np.inf, -0.0, 0.0, limits.tiny, limits.smallest_subnormal, limits.max, -1.0, 0.5, -0.5, 1.5, 2.5]
    place = rng.permutation(count)[: len(special)]
    out[place] = special[: len(place)]
    return out
