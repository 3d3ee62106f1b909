"""What sys.exception() gives, and what becomes an exception's context: in traced handlers, at exits, and from callers."""

import sys

import numpy as np

import segue

X = np.arange(4.0)


@segue.disable
def state():
    """The exception being handled and its contexts, and the lines of its traceback."""
    kind, error, trace = sys.exc_info()
    chain, lines = [], []
    while error is not None:
        chain.append((type(error).__name__, error.args))
        error = error.__context__
    while trace is not None:
        lines.append(trace.tb_lineno - trace.tb_frame.f_code.co_firstlineno)
        trace = trace.tb_next
    return kind, chain, lines


def handling(call, *args):
    try:
        raise KeyError("outside")
    except KeyError:
        state()
        return call(*args)


def fails(x):
    raise ValueError(x.shape)


def test_an_exit_in_a_bare_handler(check):
    def f(x):
        y = x + 1
        try:
            raise ValueError("a")
        except:  # noqa: E722
            found = state()
        return y * 2, found

    check(f, X, breaks=True)


def test_an_exit_in_a_handler_of_an_inlined_callees_exception(check):
    def f(x):
        y = x + 1
        try:
            fails(y)
        except ValueError:
            found = state()
        return y * 2, found, state()

    assert check(f, X, breaks=True).op_count >= 2


def test_an_exit_in_nested_handlers(check):
    def f(x):
        found = []
        try:
            try:
                fails(x + 1)
            except ValueError:
                found.append(state())
                raise TypeError("second")
        except TypeError as error:
            found.append(state())
            found.append(type(error.__context__))
        return x * 2, found

    check(f, X, breaks=True)


def test_an_exit_behind_a_handler_that_is_over(check):
    def f(x):
        y = x + 1
        try:
            raise ValueError("a")
        except ValueError:
            y = y * 2
        found = state()
        return y - 1, found

    check(f, X, breaks=True)


def test_a_kept_exception_has_its_traceback_at_an_exit(check):
    def f(x):
        try:
            fails(x * 2)
        except ValueError as error:
            kept = error
        y = x + 1
        lines = []
        trace = kept.__traceback__
        while trace is not None:
            lines.append(trace.tb_lineno - trace.tb_frame.f_code.co_firstlineno)
            trace = trace.tb_next
        return y, lines, state()

    # In the first call f' changes while the traceback holds the frame, so the second has something left to compile.
    check(f, X, breaks=True, hits=False)


def test_an_exit_in_finally_while_an_exception_passes(check):
    def f(x):
        found = None
        try:
            try:
                fails(x + 1)
            finally:
                found = state()
        except ValueError:
            pass
        return x * 3, found

    check(f, X, breaks=True)


def test_what_a_caller_handles_is_the_context(check):
    def inner(x):
        y = x + 1
        try:
            raise ValueError("a")
        except ValueError as error:
            return y, type(error.__context__), error.__context__.args if error.__context__ else None

    def f(x):
        return handling(inner, x), inner(x), handling(inner, x)

    check(f, X, breaks=True)


def test_an_entry_made_in_quiet_is_not_used_while_a_caller_handles(check):
    @segue.compile
    def inner(x):
        try:
            raise ValueError("a")
        except ValueError as error:
            return x + 1, type(error.__context__)

    assert inner(X)[1] is type(None)
    assert handling(inner, X)[1] is KeyError
    assert inner(X)[1] is type(None)


def test_a_bare_raise_finds_what_a_caller_handles(check):
    def inner(x):
        y = x * 2
        if y.shape == (4,):
            raise
        return y

    def f(x):
        try:
            handling(inner, x)
        except KeyError as error:
            return x + 1, error.args

    check(f, X, breaks=True)


def test_generators_see_what_the_resumer_handles(check):
    def walk(x):
        for i in range(3):
            yield x + i, state()[1]

    def f(x):
        walker = walk(x)
        found = [next(walker)]
        try:
            raise ValueError("resumer")
        except ValueError:
            found.append(next(walker))
        found.append(next(walker))
        return found

    check(f, X, breaks=True)
