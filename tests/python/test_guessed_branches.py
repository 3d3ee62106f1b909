"""Branches that data decides and that only raise or warn: the run checks that they are not taken."""

import warnings

import numpy as np
import pytest

import segue

X = np.array([0.5, 1.5, 2.0])


@pytest.fixture(autouse=True)
def forget():
    """That guesses were wrong is remembered of the code, which tests share."""
    segue.reset()


def raises(x):
    if np.any(x < 0):
        raise ValueError(f"negative numbers: {x[x < 0]}")
    return np.sqrt(x)


def raises_unless(x):
    if not np.isfinite(x).all():
        raise ValueError("array must be finite")
    return x * 2


# As text: pytest rewrites the assertions of test modules.
ASSERTS = """
def asserts(x):
    assert x.min() >= 0, "negative numbers"
    assert np.allclose(x, x)
    return np.sqrt(x)
"""
namespace = {"np": np}
exec(compile(ASSERTS, "asserts.py", "exec"), namespace)
asserts = namespace["asserts"]


def warns(x):
    if (x < 0).any():
        warnings.warn("negative numbers", stacklevel=2)
    return np.abs(x)


def either(x):
    if x.max() > 100 or x.min() < 0:
        raise ValueError("out of range")
    return x + 1


def caught(x):
    try:
        if (x < 0).any():
            raise ValueError("negative numbers")
    except ValueError:
        return -x
    return x * 2


def in_a_callee(x):
    return raises(x) + asserts(x)


FUNCTIONS = [raises, raises_unless, asserts, warns, either, caught, in_a_callee]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_usual_way_is_one_graph(check, function):
    report = check(function, X)
    assert (report.graph_count, report.breaks) == (1, [])


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_other_way_is_python_s(check, function):
    for data in (X, -X, X * np.inf, -X, -X, -X, X, X * 1000, X):
        check(function, data, breaks=True, hits=False)


def test_wrong_guesses_are_given_up_for_the_code():
    segue.reset()
    compiled = segue.compile(raises)
    compiled(X)
    before = segue.stats()["reruns"]
    for _ in range(6):
        with pytest.raises(ValueError, match="negative numbers"):
            compiled(-X)
    assert segue.stats()["reruns"] - before == 2
    segments = segue.stats()["segments"]
    assert (compiled(X) == np.sqrt(X)).all()
    assert segue.stats()["segments"] > segments


def test_branches_of_two_ways_break(check):
    def two_ways(x):
        if (x > 1).any():
            return x * 2
        return x + 1

    report = check(two_ways, X, breaks=True)
    assert report.breaks == ["data-dependent-branch"]


def test_a_complaint_behind_another_branch_is_no_guess(check):
    def nested(x, strict):
        if (x > 1).any():
            if strict:
                raise ValueError("too large")
            x = x / 2
        return x

    report = check(nested, X, False, breaks=True)
    assert report.breaks == ["data-dependent-branch"]


def test_numpy_s_own_checks(check):
    nan = np.array([1.0, np.nan, 2.0])
    check(lambda x: (np.nanmax(x), np.nanmin(x)), nan)
    check(lambda x: np.nanmax(x), nan * np.nan, breaks=True, hits=False)


@pytest.mark.parametrize("function", [raises, asserts])
def test_other_backends_check_the_guess(check, function):
    options = {"backend": lambda graph, example_inputs: graph}
    check(function, X, compile_options=options)
    check(function, -X, breaks=True, hits=False, compile_options=options)
