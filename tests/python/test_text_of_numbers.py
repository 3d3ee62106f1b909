"""Texts of numbers that only running the graph tells: made where the segment leaves, if something holds them there."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_equal

X = np.arange(6.0).reshape(2, 3)
TEXTS = (
    "str(s), repr(s)", "f'{s}|{s!r}|{s!s}'", "format(s), format(s, '>30')", "'{}, {!r} {x.shape}'.format(s, s, x=x)",
    "'a ' + repr(s) + str(s) + ' b'", "', '.join([repr(s), 'c', str(s)])", "bool(repr(s)), isinstance(str(s), str), repr(s).count('\\n')",
    "[str(s), {'k': (repr(s),)}], x * 2", "str(str(s))",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("dtype", ["?", "i1", "u8", "f2", "f4", "f8", "c8", "c16"])
@pytest.mark.parametrize("scalar", ["x[1, 2]", "x.max()", "x[1, 2].item()"])
def test_texts_of_numbers(scalar, dtype, text, check):
    f = eval(f"lambda x: [({text}) for s in [{scalar}]]")
    assert check(f, X.astype(dtype)).breaks == []


@pytest.mark.parametrize("spec", [".3f", "e", "+10.2g", "%", ",", "n", "010.1f", "", "8"])
def test_formats_of_floats(spec, check):
    def f(x):
        return f"{x.sum():{spec}} {float(x.sum()):{spec}} {x.dtype.type(3):{spec}}"

    for values in (X, X * np.inf, X.astype(np.float32), -X):
        with np.errstate(invalid="ignore"):
            assert check(f, values).breaks == []


@pytest.mark.parametrize("use", ["s == 'a'", "{s: 1}", "s + 1", "s % 2", "s * 2", "len(s)", "s[0]", "'n' in s", "s is str(x[0, 0])",
                                 "s.upper()", "s.count('1')", "s.count('\\n', 0)", "repr([x[0, 0]])", "ascii(x[0, 0])", "'%5s' % s",
                                 "format(x[0, 0], 'd')", "format(x.astype(int)[0, 0], 'c')", "str.join(s, ['a', 'b'])",
                                 "f'{s:>30}'", "getattr(x, s, 3)", "int(s)", "list(s)", "repr(s)"])  # fmt: skip
def test_what_needs_the_characters_breaks(use, check):
    inner = eval(f"lambda x, s: ({use})")
    check(lambda x: inner(x, str(x[0, 0])), X + 1, breaks=True)


def test_a_text_that_nothing_holds_is_not_made(check):
    def f(x):
        if x.shape[0] > 5:
            raise ValueError(f"{x[0, 0]} is too much")
        message = f"the first is {x[0, 0]}"
        return x * 2, type(message)

    report = check(f, X)
    assert (report.breaks, report.op_count) == ([], 1)


def test_a_text_is_alive_at_a_break(check):
    def f(x, log):
        message = f"{x.sum():.1f}"
        log.append(message)
        print(message)
        return message, x + 1

    check(f, X, [], breaks=True)


def test_asserting_that_numbers_are_equal_is_captured(check):
    def f(x):
        assert_equal(3, 3)
        assert_equal((x.shape[0], 1.5, True), (2, 1.5, True))
        return x + 1

    report = check(f, X)
    assert report.breaks == [] and report.captures[0].numpy_calls > 10


def test_asserting_that_a_computed_number_is_equal_goes_on_behind_its_branch(check):
    def f(x):
        assert_equal(x.sum(), 15.0)
        assert_equal(x[0, 0], x.min())
        assert_equal(x[1].max(), 4)

    # That no assertion fails is guessed, and wrong.
    check(f, X, breaks=True, hits=False)
    check(f, X - 1, breaks=True, hits=False)
