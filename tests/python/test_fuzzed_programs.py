"""Programs that the fuzzer found: each was told apart from the plain one once."""

import sys

import numpy as np

X = np.arange(4.0)


def test_breaks_in_a_finally_that_passes_an_exception_on(check):
    def f(x):
        try:
            [][1]
        finally:
            print(sys._getframe().f_lineno)
            x = x + 1
            print(x.shape)

    check(f, X, breaks=True, hits=False)


def test_except_star_that_does_not_match(check):
    def f(x, error):
        try:
            raise error
        except* ValueError as group:
            print(type(group).__name__)
            x = x + 1
        return x

    check(f, X, KeyError("k"), breaks=True, hits=False)
    check(f, X, ValueError("v"), breaks=True, hits=False)


def handles(x):
    try:
        x.missing
    except (LookupError, AttributeError):
        print(sys.exc_info()[0])
    return x + 1


def test_what_an_inlined_callee_handles_when_it_breaks(check):
    def f(x):
        return print(handles(x), handles(x * 2))

    check(f, X, breaks=True)
