"""What the tracer makes of plain functions: operators, calls, containers, branches and exits."""

from __future__ import annotations

import numpy as np
from tests.python.trace_support import break_of, check_trace, guards_of, trace

X = np.arange(5.0)


def scale(x, *, by=3):
    return x * by


def test_operators_become_nodes_in_program_order():
    def f(x, y):
        return np.sin(x) * 2 + y

    check_trace(
        f,
        """
        graph(x: f64[s0], y: f64[s1]) {
          v0 = sin x
          v1 = multiply v0 2
          v2 = add v1 y
          return v2
        }
        return v2
        """,
        X,
        np.ones(5),
    )
    assert "sizes: s0 == s1" in guards_of(trace(f, X, np.ones(5)))


def test_a_call_of_a_python_function_is_inlined():
    def f(x):
        return scale(x) + scale(x, by=4)

    check_trace(
        f,
        """
        graph(x: f64[s0]) {
          v0 = multiply x 3
          v1 = multiply x 4
          v2 = add v0 v1
          return v2
        }
        return v2
        """,
        X,
    )


def test_a_branch_on_a_size_is_a_relation():
    def f(x, n):
        return x + 1 if x.shape[0] > n else x

    assert "sizes: s1 < s0" in guards_of(trace(f, X, 3))
    assert break_of(f, X, 3) is None


def test_a_branch_on_data_leaves_with_a_snapshot():
    def f(x):
        y = x + 1
        if x.any():
            return y
        return x

    text = trace(f, X)
    assert "break data-dependent-branch" in text
    assert "    y = v0\n" in text and "    x = L['x']\n" in text


def test_an_exception_that_escapes_is_left_to_cpython():
    def f(x, items):
        y = x * 2
        return y, items[7]

    assert break_of(f, X, (1, 2)) == "exception-escapes"


def test_in_place_operators_write_to_the_array():
    def f(x):
        x += 1
        return x

    check_trace(
        f,
        """
        graph(x: f64[s0]) {
          v0 = add x 1 out=x
          return
        }
        return L['x']
        """,
        X.copy(),
    )


def test_containers_made_in_the_trace_are_rebuilt():
    def f(x, **more):
        result = {"a": x * 2, "n": x.ndim}
        return {**result, **more}, [x, x]

    check_trace(
        f,
        """
        graph(x: f64[s0]) {
          v0 = multiply x 2
          return v0
        }
        return #0 tuple(#1 dict('a', v0, 'n', 1, 'k', L['more']['k']), #2 list(L['x'], L['x']))
        """,
        X,
        k=None,
    )
