"""backend="native": floating-point conditions of what the results of kernels do not depend on, as compilers see it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from tests.python.native_support import FLOATS, INTEGERS, check

# x * x overflows.
PROGRAMS = {
    "the arm that is not chosen": lambda x: np.where(True, x + 1, x * x),
    "the other arm": lambda x: np.where(False, x * x, x + 1),
    "an arm by an argument": lambda x, chosen=True: np.where(chosen, x + 1, x * x),
    "an arm far from what overflows": lambda x: np.where(True, x + 1, -abs((x * x + 1) * 0.5)),
    "an arm by a flag of NumPy's": lambda x: np.where(np.True_, x, np.sqrt(x * x)),
    "equal arms": lambda x: np.where(np.isfinite(x * x), x, x),
    "and with False": lambda x: np.isfinite(x * x) & np.False_,
    "or with True": lambda x: np.isfinite(x * x) | np.True_,
    "a difference of the same": lambda x: np.isfinite(x * x) ^ np.isfinite(x * x),
    "the same number": lambda x: np.isnan(x * x) == np.isnan(x * x),
    "what cancels out": lambda x: (np.isfinite(x * x) ^ (x > 0)) ^ (x > 0),
    "any": lambda x: (np.isfinite(x * x) | np.True_).any(),
    "a sign": lambda x: np.copysign(x, (x * x).astype("f4")),
}


def conditions(fn, *args):
    """What the plain call warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fn(*args)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("count", [1, 5, 37])
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_conditions_of_what_nothing_uses(program, dtype, count):
    x = np.full(count, 0.75 * np.finfo(dtype).max, dtype)
    assert any("overflow" in words for words in conditions(PROGRAMS[program], x))
    for values in (x, x * 0 + 1):
        check(PROGRAMS[program], values, hits=False)


@pytest.mark.parametrize("count", [1, 5, 37])
def test_conditions_of_casts_that_nothing_uses(count):
    x = np.full(count, 1e300)
    for fn in (lambda x: np.where(True, 0.5, x.astype("f4")), lambda x: np.copysign(np.float32(1), x.astype("f4")),
               lambda x: np.isfinite(x.astype("f4")) & np.False_):
        assert conditions(fn, x) == ["overflow encountered in cast"]
        check(fn, x, hits=False)
        check(fn, x * 0 + 1, hits=False)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_conditions_of_casts_to_integers_that_nothing_uses(dtype):
    zero = np.dtype(dtype).type(0)
    for fn in (lambda x: x.astype(dtype) & zero, lambda x: (x * 2).astype(dtype) * zero):
        for count in (1, 5, 37):
            x = np.arange(count) * 1.5
            check(fn, x, hits=False)
            x[count // 2] = np.nan
            check(fn, x, hits=False)


@pytest.mark.parametrize("chosen", [True, False])
def test_conditions_of_scalars_that_nothing_uses(chosen):
    x = np.ones(5, "f4")
    for fn in (lambda x: np.where(chosen, x, 1e150), lambda x, s=1e150: np.where(chosen, x, s), lambda x, s=1e150: np.where(chosen, s, x)):
        assert conditions(fn, x) == ["overflow encountered in cast"]
        check(fn, x, hits=False)
