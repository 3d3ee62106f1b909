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


@covers(
    "exception groups and except*",
    breaks={
        "builtin-not-modelled": "making a group",
        "unsupported-operation": "raising one",
        "unsupported-instruction": "except*: CPython splits the group",
        "opaque-value": "attributes of the group",
        "outside-handler": "the handlers' ends, as for all exceptions that CPython has raised",
    },
)
def test_exception_groups(check):
    def f(x, log):
        y = x * 2
        try:
            raise ExceptionGroup("g", [ValueError(1), KeyError("k"), ExceptionGroup("h", [ValueError(2)])])
        except* ValueError as group:
            log.append((type(group), len(group.exceptions), group.message))
        except* KeyError as group:
            log.append(group.exceptions[0].args)
        return y + 1

    check(f, X, [])


TABLE = {"k": 1}
SWITCH = 5


@covers("del of globals", breaks={"unsupported-instruction": "the instruction: CPython deletes it"})
def test_a_global_is_deleted(check):
    def f(x):
        global SWITCH
        y = x * SWITCH
        del SWITCH
        try:
            SWITCH
        except NameError as error:
            words = str(error)
        return y + 1, words

    # Each call begins with the global put back, which the entry's assumption on it does not survive.
    check(f, X, hits=False)


@covers("contextlib")
def test_closing(check):
    class File:
        open = True

        def close(self):
            self.open = False

    def f(x, file):
        with contextlib.closing(file) as same:
            y = x * same.open
        return y + 1, file.open, same is file

    check(f, X, File())


class Entered(contextlib.ContextDecorator):
    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return False


@Entered()
def decorated(x):
    return x * 3


@covers("contextlib")
def test_a_context_manager_as_a_decorator(check):
    check(lambda x: decorated(x) + 1, X)


@covers("contextlib", breaks={"builtin-not-modelled": "ExitStack: its methods ask for the current exception (sys.exc_info)"})
def test_exit_stacks(check):
    def f(x, log):
        y = x * 2
        with contextlib.ExitStack() as stack:
            stack.callback(log.append, 1)
            factor = stack.enter_context(Manager(log, 3))
            y = y * factor
        return y + 1

    check(f, X, [])


class Manager:
    def __init__(self, log, name, swallows=False):
        self.log, self.name, self.swallows = log, name, swallows

    def __enter__(self):
        self.log.append(("in", self.name))
        return self.name

    def __exit__(self, kind, error, traceback):
        self.log.append(("out", self.name, kind, error is None or error.args))
        return self.swallows


@covers("context managers")
def test_context_managers(check):
    def f(x, log):
        with Manager(log, 2) as a, Manager(log, 3) as b:
            x = x * a + b
        with Manager(log, "swallows", True):
            throw(KeyError, 1)
        try:
            with Manager(log, "outer"):
                with Manager(log, "inner"):
                    throw(ValueError, 2)
        except ValueError as error:
            log.append(str(error))
        for i in range(3):
            with Manager(log, i):
                if i == 1:
                    break
        return x

    check(f, X, [])


@covers("order of finally")
def test_finally(check):
    def run(n, log):
        for i in range(3):
            try:
                if n == 0:
                    continue
                if n == 1:
                    break
                if n == 2:
                    return "returned"
                if n == 3:
                    raise ValueError(i)
            except ValueError as error:
                log.append(error.args)
                return "handled"
            finally:
                log.append((n, i))
        else:
            log.append("else")
        return "end"

    check(lambda x, log: (x + 1, [run(n, log) for n in range(4)]), X, [])


@covers("exception chains")
def test_from_none(check):
    def f(x):
        try:
            try:
                {}["a"]
            except KeyError:
                raise ValueError("b") from None
        except ValueError as error:
            return x + 1, error.__cause__, error.__suppress_context__, type(error.__context__)

    check(f, X)
