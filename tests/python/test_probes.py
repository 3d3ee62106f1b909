"""Probes and the code around them: gates that open and close, f' that is rebuilt seldom, frames that move to a newer one."""

import sys

import numpy as np
import pytest

import segue
from segue.explain import record
from tests.python.engine_support import delta, fresh  # noqa: F401

X = np.arange(4.0)


@segue.disable
def opaque(*values):
    return values[0] if values else None


def breaking(body, count):
    """f(x) with `body` `count` times; its own code object."""
    scope = {"opaque": opaque, "inlined": inlined}
    exec("def f(x):\n" + f"    {body}\n" * count + "    return x", scope)
    return scope["f"]


def inlined(x):
    opaque()
    return x + 1


@pytest.mark.parametrize("body", ["x = x + 1; opaque()", "x = inlined(x)", "opaque()", "x = opaque(x) + x.size"])
def test_code_that_breaks_often_is_rewritten_a_few_times(body):
    counts = delta(lambda: segue.compile(breaking(body, 40))(X))
    assert counts["compiles"] >= 40 and counts["splices"] <= 8


def test_what_follows_each_of_many_breaks_is_captured(check):
    report = check(breaking("x = x + 1; opaque()", 12), X, breaks=True)
    assert (report.graph_count, report.op_count, len(report.breaks)) == (12, 12, 12)


def test_probes_that_find_nothing_to_run_are_closed():
    def f(n):
        total = 0
        for i in range(n):
            opaque(i)
            total += i
        return total

    compiled = segue.compile(f)
    assert compiled(1000) == sum(range(1000))
    for _ in range(2):
        counts = delta(lambda: compiled(1000))
        assert counts["hits"] + counts["misses"] <= 2 * 64


def test_a_closed_probe_opens_when_what_stands_before_it_breaks(check):
    def f(x, n):
        for i in range(n):
            opaque(i)
        if n < 4:
            x = opaque(x) + 1
        return x * 2

    compiled = segue.compile(f)
    compiled(X, 500)
    assert segue.explain(f)(X, 3).op_count >= 1
    assert np.array_equal(compiled(X, 3), f(X, 3))


def test_frames_move_to_a_newer_f():
    def f(x):
        for i in range(200):
            opaque(i)
            opaque(-i)
            x = x * 0.5 + i
        return x

    with record() as captures:
        result = segue.compile(f)(X)
    assert np.array_equal(result, f(X))
    assert sum(capture.op_count for capture in captures) >= 2


def test_segments_do_not_return_from_frames_that_somebody_holds():
    def f(x, held):
        y = x + 1
        held.append(sys._getframe())
        y = y * 2
        z = y + 1
        return z

    compiled = segue.compile(f)
    for _ in range(3):
        held = []
        z = compiled(X, held)
        seen = held[0].f_locals
        assert np.array_equal(seen["y"], (X + 1) * 2) and seen["z"] is z


def test_verdicts_behind_a_probe_hold_for_what_they_were_made_of():
    def f(x, n):
        y = opaque(n)
        return y * 2 + y

    compiled = segue.compile(f)
    for _ in range(3):
        assert compiled(X, 5) == 15
    with record() as captures:
        assert np.array_equal(compiled(X, X), X * 3)
    assert sum(capture.op_count for capture in captures) == 2


def test_variables_that_have_changed_places(check):
    def f(x, first, second):
        first, second = second, first
        y = x * 2
        opaque()
        return y, first, second

    check(f, X, [1], {2: 3}, breaks=True)


def test_exceptions_of_a_resumed_callee_are_caught_in_its_caller(check):
    def raising(x):
        y = x + 1
        opaque(y)
        return y[7]

    def f(x):
        try:
            return raising(x * 2)
        except IndexError as error:
            return str(error)

    check(f, X, breaks=True)


def test_what_follows_is_captured_behind_a_handler(check):
    @segue.disable
    def refuse(value):
        raise ValueError("refused")

    def f(x):
        y = x + 1
        try:
            refuse(y)
        except ValueError:
            pass
        return y * 2

    assert check(f, X, breaks=True).graph_count == 2


def test_staged_writes_are_stored_before_the_break(check):
    def f(x):
        x += 1
        y = x / 3
        x *= y
        x -= 0.5  # the third write to the whole of x: from here on they go to a copy
        opaque(x)
        return x, y

    check(f, X.copy(), breaks=True)


def test_the_slots_of_a_callee_are_its_own(check):
    def callee(x, by):
        y = x + by
        opaque(y)
        return x - by

    def f(x):
        return callee(x * 2, 3) + x

    check(f, X, breaks=True)
