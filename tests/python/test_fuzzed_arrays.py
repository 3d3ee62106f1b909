"""Programs of arrays that the fuzzer found (`tests.fuzz --numpy`): each was told apart from the plain one once."""

import numpy as np
import pytest

X = np.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("view", [lambda b: b.ravel().T, lambda b: b.reshape(-1).T, lambda b: b.reshape(b.shape)[()].T, lambda b: b.reshape(-1)[::-1]])
@pytest.mark.parametrize("size", [0, 1, 2])
def test_views_of_a_flat_array_of_no_length_have_the_usual_strides(view, size, check):
    check(view, np.ndarray((size,), "f4", np.zeros(40, "f4"), 0, (8,)))
    check(view, np.empty((size,), "f4"))


@pytest.mark.parametrize("shape", [(2, 0), (0, 2), (1, 2), (2, 3), (0, 0)])
def test_an_array_that_gets_its_own_shape_back_has_the_usual_strides(shape, check):
    array = np.ndarray(shape, "f4", np.zeros(40, "f4"), 0, (0, 4))
    check(lambda a: np.ravel(a).reshape((2, 0) if a.size == 0 else (1, -1)), array)
    check(lambda a: np.permute_dims(a).ravel().reshape((0, 2) if a.size == 0 else (-1, 1)), array)


@pytest.mark.parametrize("dtype", ["f8", "i8", "f4", "i2"])
def test_a_view_of_the_dtype_none_is_one_of_floats(dtype, check):
    check(lambda a: a.view(None) + 1, X.astype(dtype)[:, :2].copy(), breaks=True)
    check(lambda a: a.view() + 1, X.astype(dtype))


@pytest.mark.parametrize("quotient", [lambda a: np.divide(a, a, out=a, casting="unsafe"), lambda a: np.log(a, out=a, casting="unsafe")])
def test_a_float_loop_into_an_integer_array_warns(quotient, check):
    ones = np.ones((2, 2), np.int64)
    check(quotient, ones)
    check(quotient, np.array([[1, 0], [0, 2]]), hits=False, calls=3)


@pytest.mark.parametrize("axes", [lambda a: a.transpose(()), lambda a: np.transpose(a, ()), lambda a: np.transpose(a, axes=()), lambda a: a.transpose([])])
def test_no_axes_are_those_of_a_0d_array_alone(axes, check):
    check(axes, np.array(2.0))
    check(lambda a: a.transpose(*()), X)
    check(axes, X, breaks=True, hits=False)


def test_sizes_that_are_decided_behind_the_node_that_has_them(check):
    def factors(a):
        r = np.linalg.qr(a)[1]
        return r, a.diagonal(1), a[:2] + 1

    def halves(a):
        v = np.diff(a)
        return np.array_split(v, 2)[0] * (np.array_split(v, 2)[0] > 0), v[1:]

    check(factors, X)
    check(factors, X.T.copy())
    for size in (2, 3, 4):
        check(halves, X.ravel()[:size])


def test_sizes_that_depend_on_data_stay_those_of_their_axes(check):
    def f(a):
        v = a[a[:, 0] > 0]
        return v, np.compress([True, False], v, axis=1), np.compress(a[0] > 1, v, axis=-1)

    check(f, X)


def test_expanding_without_an_axis_raises(check):
    check(lambda x: (np.expand_dims(x, None), x + 1)[1], np.ones(3), breaks=True)
