"""NumPy's functions that are no operators: those written in Python are inlined; flat, item, tolist, put and ufunc.at."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

X = np.arange(1.0, 7.0).reshape(2, 3)


@pytest.mark.parametrize(
    "expression",
    [
        "np.angle(x * 1j)", "np.iscomplex(x * 1j)", "np.append(x, x[0])", "np.average(x, axis=0)", "np.kron(x, x)", "np.isreal(x)",
        "np.gradient(x[0])", "np.trapezoid(x)", "np.median(x)", "np.meshgrid(x[0], x[1])", "np.vander(x[0])", "np.unwrap(x)",
        "np.polyval([1, 2, 3], x)", "np.sinc(x)", "np.nansum(x)", "np.require(x)", "np.broadcast_arrays(x, x)", "np.rollaxis(x, 1)",
        "np.real_if_close(x)", "np.array(x, copy=None, subok=True)",
    ],
)
def test_functions_written_in_python_are_inlined(expression, check):
    f = eval(f"lambda x: ({expression}, x + 1)", {"np": np})
    assert check(f, X).op_count > 1


SETS_SHAPES = pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.5.0", reason="this NumPy sets shapes in place there")


@pytest.mark.parametrize("expression", [
    "np.diag(x, 1)", "np.nan_to_num(x, nan=1.0)", "np.linalg.norm(x, ord=1)", "np.linalg.outer(x[0], x[1])",
    pytest.param("np.meshgrid(x[0], x[1], sparse=True)", marks=SETS_SHAPES),
])  # fmt: skip
def test_what_an_operator_does_not_know_its_implementation_in_python_may_do(expression, check):
    f = eval(f"lambda x: ({expression}, x + 1)", {"np": np})
    assert check(f, X).op_count > 1


def test_functions_of_a_module_that_is_loaded_late_are_operators():
    # In this order in a process of its own: NumPy imports numpy.fft when it is first asked for.
    program = """
import numpy as np, segue
double = segue.compile(lambda x: x * 2)
double(np.arange(3.0)), np.fft
print(segue.explain(lambda x: np.fft.fft(x))(np.arange(4.0)).graphs)
"""
    assert "1 operation" in subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


class Overriding:
    def __array_function__(self, func, types, args, kwargs):
        return func.__name__


def test_an_argument_that_overrides_functions_is_asked(check):
    def f(x, other):
        return np.append(x, [other]), np.median(other), x

    assert check(f, X, Overriding(), breaks=True).op_count == 0


def test_flat_reads_elements(check):
    def f(x):
        return x.flat[1], x.T.flat[-1], list(x.flat), len(x.flat), x[:, ::2].flat.copy()

    assert check(f, X).breaks == []


def test_flat_stores_elements(check):
    def f(x):
        x.T.flat[1] = 9
        x.flat[-1] = x[0, 0]
        return x

    assert check(f, X).breaks == []


def test_item_takes_an_index(check):
    def f(x):
        return x.item(4), x.item(1, -1), x.item((0, 1)), x[0, :1].item(), x.sum().item()

    assert check(f, X).breaks == []


@pytest.mark.parametrize("dtype", ["?", "i2", "f4", "c16"])
def test_tolist(dtype, check):
    def f(x):
        return x.tolist(), x[0].tolist(), x[1:1].tolist(), x.sum().tolist(), x.sum(axis=0, keepdims=True).tolist()

    assert check(f, X.astype(dtype)).breaks == []


def test_tolist_of_a_large_array_breaks(check):
    assert check(lambda x: x.tolist(), np.zeros(100), breaks=True).breaks == ["numpy-type-rule"]


def test_put_and_ufunc_at(check):
    def f(x, i):
        np.add.at(x, 0, 1)
        np.multiply.at(x, ([0, 1, 1], [1, 1, 1]), x[0, 0])
        np.negative.at(x, ([0, 0], i))
        np.put(x, [0, -1], [5.0, 6.0])
        x.put(2, 7)
        return x

    assert check(f, X, np.array([1, 2])).breaks == []


def test_ufunc_at_of_another_dtype_breaks(check):
    def f(x):
        np.add.at(x, 0, 1.5)
        return x

    assert check(f, np.arange(3), breaks=True).breaks == ["numpy-type-rule"]


@pytest.mark.parametrize("dtype", ["?", "i1", "i8", "f2", "f4", "f8", "c8", "c16"])
def test_powers_have_the_fast_paths_of_the_operator(dtype, check):
    x = np.array([1, 0, 1], bool) if dtype == "?" else np.array([1, 2, 3, -5, 7], dtype)
    if dtype[0] in "fc":
        x = np.array([-0.0, 0.5, np.inf, -np.inf, 2.25, 1e-3], dtype)

    def f(x):
        with np.errstate(all="ignore"):
            y = x * x.dtype.type(1)
            y **= 2
            return x**2, x**3, x**True, np.power(x, 2), y, x**x[::-1] if x.dtype.kind == "f" else x

    check(f, x, breaks=True)


def test_powers_are_captured(check):
    def f(x):
        x **= 2
        return x**0.5, x**2, x**-1, 2**x, x

    assert check(f, X).op_count == 5


def test_counts_of_nonzero_elements(check):
    assert check(lambda x: (np.count_nonzero(x), np.count_nonzero(x, axis=0)), X).op_count == 2


def test_arrays_with_gaps_are_written_as_numpy_does(check):
    def f(x):
        np.negative(x[::2], out=x[::2])
        return x

    # NumPy's loop reads between the elements for some strides.
    assert check(f, np.arange(24.0, dtype="f4")[::2]).op_count == 2


def test_an_index_list_out_of_bounds_raises_though_nothing_uses_the_selection(check):
    def f(x):
        unused = x[[0, -1]]
        return x

    assert check(f, X).op_count == 1
    check(f, np.zeros((0, 3)), hits=False)


def test_a_positional_out_that_numpy_deprecates_is_left_to_numpy(check):
    def f(x):
        return np.maximum(x, 2, x), np.minimum(x, 5, out=x)

    assert check(f, X, breaks=True).op_count == 1  # the second


def test_numbers_are_weak_where_arrays_are_flattened_to_be_joined(check):
    def f(x, n):
        flat = np.concatenate([x, 1.5, n], axis=None)
        return flat, flat.dtype, np.concatenate([n, 2.5], axis=None).dtype, np.stack([x[0], 1.5]).dtype

    assert check(f, np.arange(3, dtype="f4"), 2).breaks == []


@pytest.mark.parametrize("bounds", [{"a_min": 2}, {"a_max": 2}])
def test_clip_takes_both_bounds(bounds, check):
    def f(x):
        y = x + 1
        np.clip(x, **bounds)
        return y

    assert check(f, X, breaks=True).op_count == 1


@pytest.mark.parametrize("expression", ["np.zeros((n, n), 'i1')", "np.eye(n)", "np.tile(x, n)", "np.broadcast_to(x[0, 0], (n, n))"])
@pytest.mark.parametrize("known", [True, False])
def test_arrays_that_are_too_large_raise_though_nothing_uses_them(expression, known, check):
    function = eval(f"lambda x, n: ({expression}, x + 1)[1]", {"np": np})

    def f(x, n):
        try:
            return function(x, 3037000500 if known else n)
        except (ValueError, MemoryError) as error:
            return type(error)

    check(f, X, 3037000500, hits=False)


@pytest.mark.parametrize("expression", ["x[(None,) * 70]", "x.reshape((1,) * 65 + (-1,))"])
def test_arrays_of_too_many_dimensions_raise_though_nothing_uses_them(expression, check):
    assert check(eval(f"lambda x: ({expression}, x + 1)[1]", {}), X, breaks=True).op_count == 0


def test_small_arrays_that_nothing_uses_are_not_made(check):
    assert check(lambda x: (np.zeros((10, 10)), np.arange(100), x + 1)[2], X).op_count == 1


@pytest.mark.parametrize("n", [1, 2, 7])
def test_a_size_that_is_found_out_behind_its_use(n, check):
    def f(x, n):
        y = np.fft.rfft(x, n=n)
        return (y, np.fft.irfft(y, n=n)) if n == 1 else y

    check(f, np.arange(30.0), n, breaks=True)


@pytest.mark.parametrize("value", ["1", "1.5", "2j", "True", "'a'", "b'a'", "None", "n", "float(n)", "x", "x[0, 0]", "x * 1j", "(x[0] * 1j)[0]",
                                   "[1, 2j]", "[[1], [2.0]]", "(1, 2)", "np.dtype(complex)", "2 ** 80", "f'{x[0, 0]}'"])  # fmt: skip
def test_what_is_complex_is_told_of_all_values(value, check):
    f = eval(f"lambda x, n: (np.iscomplexobj({value}), x + 1)", {"np": np})
    assert check(f, X, 3).breaks == []


@pytest.mark.parametrize("value", ["1", "n", "1.5", "float(n)", "'2000-01-01'", "None", "x", "x[0, 0]", "x.astype(int)"])
def test_numbers_are_no_dates(value, check):
    def f(x, n):
        try:
            return np.isnat(eval_value(x, n))
        except TypeError as error:
            return str(error), x + 1

    eval_value = eval(f"lambda x, n: {value}")
    assert check(f, X, 3).op_count >= 1


def test_dates_are_asked(check):
    check(lambda d: np.isnat(d), np.array(["2000-01-01", "NaT"], "M8[D]"), breaks=True)


@pytest.mark.parametrize("condition", ["np.isnan(n)", "np.isnan(5)", "np.signbit(-1.0) == np.signbit(-2)", "np.float64(3) > 2",
                                       "np.add(1, 2) == 3", "np.int8(n).item() == 3", "not np.isinf(n) and n"])  # fmt: skip
def test_branches_on_operators_of_constants_are_known(condition, check):
    f = eval(f"lambda x, n: x * 2 if {condition} else x - 1", {"np": np})
    for n in (3, 4):
        assert check(f, X, n).breaks == []


def test_branches_on_arrays_that_are_written_depend_on_data(check):
    def f(x):
        made = np.zeros(3)
        made[x.shape[0]] = 2
        other = np.add(made[2], 1)
        return x * 2 if other > 2 and made[2] == 2 else x - 1

    check(f, X, breaks=True)


def test_a_branch_that_reports_is_left_to_numpy(check):
    def f(x):
        return x * 2 if np.log(0) < 0 and np.divide(1, 0) > 1 else x

    with np.errstate(all="ignore"):
        check(f, X, breaks=True)


def test_shared_memory(check):
    def shares(x):
        made = np.arange(24).reshape(2, 3, 4)
        a, b = np.zeros(3), np.zeros(3)
        c, d = x + 1, x + 1
        return (np.shares_memory(np.reshape(made, (12, 2)), made), np.may_share_memory(x, x[1:]), np.shares_memory(x[::2], x[1::2]),
                np.shares_memory(a, b), np.shares_memory(c, d), np.may_share_memory(c, c.copy()))

    check(shares, X)


def test_the_dtype_of_several_arrays_is_promoted_by_the_highest(check):
    """Not one by one: int8 and uint16 make int32, which with float32 makes float64."""
    a, b, c = np.ones(3, "i1"), np.ones(3, "u2"), np.ones(3, "f4")

    def several(a, b, c):
        return (np.concatenate([a, b, c]), np.stack([a, b, c]) * 1.5, np.clip(a, b, c), np.einsum("i,i,i->i", a, b, c),
                np.select([a > 0, a < 0], [b, c], a), np.choose([0, 1, 2], [a, b, c]))

    assert check(several, a, b, c, breaks=True).op_count >= 4
