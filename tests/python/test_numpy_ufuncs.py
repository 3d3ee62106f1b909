"""Methods and attributes of ufuncs: what the trace makes of them gives NumPy's results, bit by bit."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from tests.python.trace_support import break_of, run_trace, trace

RNG = np.random.default_rng(7)
ARRAYS = {
    "f64": RNG.standard_normal((3, 4)),
    "f32 fortran": np.asfortranarray(RNG.standard_normal((3, 4)).astype(np.float32)),
    "i8": RNG.integers(-128, 127, (5, 3), dtype=np.int8),
    "u16 gaps": RNG.integers(0, 60000, (4, 6), dtype=np.uint16)[:, ::2],
    "bool": RNG.random((3, 3)) > 0.5,
    "c64": (RNG.standard_normal((2, 3)) + 1j).astype(np.complex64),
}


def compiled(expression, parameters="x"):
    namespace = {"np": np}
    exec(f"def f({parameters}):\n    return {expression}\n", namespace)
    return namespace["f"]


def same(a, b):
    assert type(a) is type(b)
    a_bits, b_bits = np.asarray(a), np.asarray(b)
    assert (a_bits.dtype, a_bits.shape, a_bits.tobytes()) == (b_bits.dtype, b_bits.shape, b_bits.tobytes())
    if isinstance(a, np.ndarray):
        assert (a.strides, a.flags.writeable) == (b.strides, b.flags.writeable)


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("ufunc", ["add", "multiply", "maximum", "minimum", "logical_or", "logical_and"])
@pytest.mark.parametrize("arguments", ["x", "x, 1", "x, axis=None", "array=x, axis=-1, keepdims=True", "x, (0, 1)"])
def test_reductions_are_the_named_functions(ufunc, arguments, name):
    f = compiled(f"np.{ufunc}.reduce({arguments})")
    same(run_trace(f, ARRAYS[name]), f(ARRAYS[name]))


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("expression", ["np.add.accumulate(x)", "np.multiply.accumulate(x, 1)"])
def test_accumulations_are_the_named_functions(expression, name):
    f = compiled(expression)
    with np.errstate(all="ignore"):
        same(run_trace(f, ARRAYS[name]), f(ARRAYS[name]))


def test_reductions_take_dtype_and_out():
    x, out = ARRAYS["i8"], np.zeros(3, np.int64)
    f = compiled("np.add.reduce(x, 0, np.float32)")
    same(run_trace(f, x), f(x))
    g = compiled("np.add.reduce(x, out=o)", "x, o")
    assert run_trace(g, x, out) is out
    np.testing.assert_array_equal(out, x.sum(axis=0))


@pytest.mark.parametrize("left", ARRAYS)
@pytest.mark.parametrize("right", ["f64", "u16 gaps", "f32 fortran"])
def test_outer_is_a_broadcast(left, right):
    f = compiled("np.add.outer(x, y)", "x, y")
    same(run_trace(f, ARRAYS[left], ARRAYS[right]), f(ARRAYS[left], ARRAYS[right]))


@pytest.mark.parametrize("attribute", ["nin", "nout", "nargs", "ntypes", "identity", "signature", "__name__"])
@pytest.mark.parametrize("ufunc", ["add", "sin", "divmod", "logical_and"])
def test_facts_of_ufuncs_are_constants(ufunc, attribute):
    f = compiled(f"np.{ufunc}.{attribute}")
    assert trace(f, ARRAYS["f64"]).splitlines()[-1] == f"return {f(ARRAYS['f64'])!r}"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("np.maximum.reduce(x, dtype='f8')", "numpy-not-modelled"),
        ("np.maximum.accumulate(x, out=x)", "numpy-not-modelled"),
        ("np.add.outer(2, x)", "numpy-not-modelled"),
        ("np.add.reduce([1, 2])", "numpy-not-modelled"),
        ("np.add.reduceat(x, [0], dtype='f4')", "numpy-not-modelled"),
    ],
)
def test_other_methods_are_left_to_numpy(expression, reason):
    assert break_of(compiled(expression), ARRAYS["f64"].copy()) == reason


@pytest.mark.parametrize(
    "expression",
    ["np.add.reduce(x, initial=3)", "np.subtract.reduce(x)", "np.fmax.reduce(x, axis=None)", "np.maximum.accumulate(x)",
     "np.add.reduceat(x, [0, 1])", "np.bitwise_or.reduce(x > 1, axis=0)"],
)  # fmt: skip
def test_folds_that_are_no_named_functions(expression, check):
    assert check(compiled(expression), ARRAYS["f64"].copy()).breaks == []


@pytest.mark.parametrize("call", ["np.ufunc.reduce(x)", "np.ufunc.accumulate(x)", "np.ufunc.outer(x, x)", "np.ufunc.reduce(u, x)"])
def test_methods_of_ufuncs_called_on_something_else_are_left_to_numpy(call, check):
    check(compiled(call, "u, x"), np.frompyfunc(max, 2, 1), np.arange(3.0), breaks=True)


def test_a_ufunc_of_python_functions_works_and_dies_as_plainly(check):
    def f(x):
        identity = object()
        before = sys.getrefcount(identity)
        ufunc = np.frompyfunc(lambda a, b: a * b, 2, 1, identity=identity)
        total = ufunc.reduce(x * 2)
        held = sys.getrefcount(identity) - before
        del ufunc
        return total, held, sys.getrefcount(identity) - before

    assert check(f, np.arange(1.0, 4.0), breaks=True).result[0] == 48.0  # how many references there are is NumPy's


@pytest.mark.parametrize("expression", ["np.shape(x)", "np.ndim(x)", "np.size(x)", "np.size(x, 1)", "np.iscomplexobj(x)"])
def test_shapes_are_known(expression):
    small = np.ones((1, 1), np.complex64)  # sizes of 1 are constants
    f = compiled(expression)
    want = f"return {f(small)!r}".replace("return (", "return #0 tuple(")
    assert trace(f, small).splitlines()[-1] == want
