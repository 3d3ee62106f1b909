"""Exceptions that traced code makes, raises and catches, and context managers of contextlib."""

from __future__ import annotations

import contextlib

import numpy as np
from tests.python.language_support import cases, covers

X = np.arange(4.0)


class Failure(Exception):
    def __init__(self, message, code=3):
        super().__init__(message)
        self.code = code


class Worded(ValueError):
    def __str__(self):
        return "in its own words"


def catch(f, *args):
    try:
        return f(*args)
    except Exception as error:
        return type(error), str(error), repr(error), error.args


def throw(kind, *args):
    raise kind(*args)


@covers("exceptions", "custom exceptions")
@cases(
    nothing=lambda: throw(ValueError),
    one=lambda: throw(ValueError, "bad"),
    several=lambda: throw(ValueError, "bad", 3),
    key=lambda: {}["k"],
    index=lambda: [][3],
    pop=lambda: [].pop(),
    zero=lambda: 1 / 0,
    number=lambda: int("a"),
    unpack=lambda: [a for a, b in [(1,)]],
    not_in_list=lambda: [1].index("x"),
    attribute=lambda: X.foo,
    type=lambda: {} < 3,
    own_init=lambda: throw(Failure, "broken", 7),
    own_str=lambda: throw(Worded, "x"),
    own_class=lambda: throw(Worded),
)
def test_caught_exceptions_say_what_cpythons_do(f, check):
    check(lambda x: (x + 1, catch(f)), X)


@covers("custom exceptions", "exception notes")
def test_attributes_of_exceptions(check):
    def f(x):
        try:
            raise Failure("a", 7)
        except Failure as error:
            error.more = x * 2
            error.add_note("n")
            return error.code, error.more, error.__notes__, hasattr(error, "other"), error.__traceback__ is None

    check(f, X)


@covers("exception chains", "order of finally")
def test_causes_and_contexts(check):
    def f(x):
        try:
            try:
                throw(KeyError, "a")
            except KeyError as error:
                raise ValueError("b") from error
        except ValueError as error:
            first = error.__cause__.args, error.__context__ is error.__cause__, error.__suppress_context__
        try:
            try:
                throw(KeyError, "c")
            finally:
                throw(ValueError, "d")
        except ValueError as error:
            return x + 1, first, error.__context__.args, error.__cause__, error.__suppress_context__

    check(f, X)


@covers("exceptions")
def test_an_exception_that_was_never_raised_is_rebuilt(check):
    report = check(lambda x: (x + 1, ValueError("a", x), [KeyError()]), X)
    assert report.breaks == []


def test_one_that_was_raised_is_left_to_cpython(check):
    def f(x):
        try:
            throw(ValueError, "a")
        except ValueError as error:
            return x + 1, error

    check(f, X, breaks=True)


@contextlib.contextmanager
def logged(log, value):
    log.append("in")
    try:
        yield value
    finally:
        log.append("out")


@contextlib.contextmanager
def swallowing(*kinds):
    try:
        yield
    except kinds:
        pass


@covers("context managers", "contextlib")
def test_generators_as_context_managers(check):
    def f(x, log):
        with logged(log, 3) as factor, logged(log, 1) as offset:
            x = x * factor + offset
        try:
            with logged(log, 2):
                x = x + 1
                throw(KeyError, "q")
        except KeyError:
            log.append("caught")
        with swallowing(ValueError, KeyError):
            throw(KeyError)
        return x

    report = check(f, X, [])
    assert report.breaks == []


@covers("contextlib")
def test_suppress_and_nullcontext(check):
    def f(x):
        with contextlib.suppress(KeyError, ValueError):
            x = x * 2
            throw(KeyError, "a")
            x = x * 3
        with contextlib.nullcontext(5) as factor:
            return x * factor

    assert check(f, X).breaks == []


def test_exception_groups_are_left_to_cpython(check):
    def f(x):
        try:
            raise ExceptionGroup("g", [ValueError(1)])
        except* ValueError:
            x = x + 1
        return x

    check(f, X, breaks=True)
