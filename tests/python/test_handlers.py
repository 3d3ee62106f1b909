"""What runs while an exception is being handled: except and finally, captured like the rest."""

import abc
import asyncio
import contextlib
import sys
import traceback

import numpy as np
import pytest
from tests.python.engine_support import delta, fresh, note  # noqa: F401

import segue
from segue.explain import record

X = np.arange(4.0)

HANDLERS = []


def handler(f):
    HANDLERS.append(f)
    return f


@handler
def in_except(x):
    for i in range(3):
        try:
            note({}[0])
        except KeyError as error:
            y = x + i
            y = y * 2
            note(error)
            y = y - 1
            x = y / 3
            note(error.__traceback__.tb_lineno, sys.exc_info()[1] is error)
            x = x * x
        x = x + 100
    return x, sys.exc_info()


@handler
def in_finally(x):
    try:
        try:
            x = x + 1
            note({}[0])
        finally:
            x = x * 2
            note(sys.exc_info()[0])
            x = x - 1
    except KeyError:
        x = x / 3
        note(sys.exc_info()[0])
        x = x + 5
    return x


@handler
def raising_in_a_handler(x):
    try:
        try:
            note({}[0])
        except KeyError:
            x = x + 1
            note([][0])
    except IndexError as error:
        x = x * 2
        note(type(error.__context__))
        x = x - 1
    return x + 1


@handler
def nested_handlers(x):
    try:
        note({}[0])
    except KeyError:
        x = x + 1
        try:
            note([][0])
        except IndexError:
            x = x * 2
            note(sys.exc_info()[0])
            x = x + 2
        note(sys.exc_info()[0])
        x = x * x
    return x - 1, sys.exc_info()


@handler
def raised_by_the_segment(x):
    try:
        raise ValueError("first")
    except ValueError:
        note()
        y = x + 1
        try:
            raise KeyError("second")
        except KeyError as error:
            context = type(error.__context__)
        y = y * 2
    return y, context, sys.exc_info()


@handler
def reraised(x):
    try:
        try:
            note({}[0])
        except KeyError:
            x = x + 1
            note()
            x = x * 2
            raise
    except LookupError as error:
        x = x + 3
        note(traceback.format_exception(error))
        x = x * 2
    return x


@handler
def left_by_returning(x):
    for i in range(5):
        try:
            note({}[0])
        except KeyError:
            x = x + 1
            note(i)
            if i == 2:
                return x * 2
            x = x + i
            continue


@handler
def escaping_with_its_traceback(x):
    try:
        note({}[0])
    except KeyError as error:
        y = x + 1
        note()
        y = y + y
        raise ValueError(str(y.sum())) from error


@handler
def without_the_traceback(x):
    for _ in range(3):
        try:
            note({}[0])
        except KeyError as error:
            error.__traceback__ = None
            x = x + 1
            note(sys.exc_info()[1] is error)
            x = x * 2
    return x


@handler
def in_a_context_manager(x):
    with contextlib.suppress(IndexError):
        try:
            note({}[0])
        except KeyError:
            x = x + 1
            note([][0])
            x = x * 7
    x = x * 2
    note(sys.exc_info()[0])
    return x + 1


@pytest.mark.parametrize("f", HANDLERS, ids=lambda f: f.__name__)
def test_handlers_are_captured(f, check):
    check(f, X, breaks=True)
    compiled = segue.compile(f)

    def run(compiled):
        with contextlib.suppress(ValueError):
            compiled(X)

    for _ in range(2):
        run(compiled)
    with record() as captures:
        gained = delta(lambda: run(compiled))
    assert not captures and gained["segments"] > 0


def test_the_locals_of_a_traceback_are_those_of_its_frame():
    def f(x, seen):
        try:
            note({}[0])
        except KeyError as error:
            y = x + 1
            y = y * 2
            seen(error.__traceback__.tb_frame.f_locals)
            y = y - 1

    def seen(variables):
        assert np.array_equal(variables["y"], (X + 1) * 2) and isinstance(variables["error"], KeyError)

    compiled = segue.compile(f)
    for _ in range(3):
        compiled(X, segue.disable(seen))


def test_generators_are_captured_in_their_handlers(check):
    def rows(x):
        try:
            yield x
            note({}[0])
        except KeyError:
            y = x + 1
            yield y * 2
            note(sys.exc_info()[0])
            y = y * 3
            yield y + 1

    check(lambda x: (list(rows(x)), sys.exc_info()), X, breaks=True)


def test_what_follows_an_async_loop_is_captured():
    async def numbers():
        yield 1
        yield 2

    async def f(x):
        async for number in numbers():
            x = x + number
        x = x * 2
        note()
        return x + 1

    compiled = segue.compile(f)
    for _ in range(2):
        assert np.array_equal(asyncio.run(compiled(X)), (X + 3) * 2 + 1)
    assert delta(lambda: asyncio.run(compiled(X)))["segments"] == 4


class Registering(abc.ABCMeta):
    def __instancecheck__(cls, instance):
        return True


class Claiming(Exception, metaclass=Registering):
    pass


@pytest.mark.parametrize("wanted", [42, (ValueError, 42), ((ValueError,), KeyError), (), Claiming, (Claiming, KeyError)], ids=str)
@pytest.mark.parametrize("raises", [lambda: {}[0], lambda: note({})[0]], ids=["captured", "by_cpython"])
def test_what_except_takes(wanted, raises, check):
    def f(x):
        try:
            try:
                x = x + 1
                raises()
            except wanted:
                x = x * 2
        except (KeyError, TypeError) as error:
            return x * 3, str(error), type(error.__context__)
        return x

    check(f, X, breaks=True)


def test_loops_in_handlers_run_trip_by_trip(check):
    def f(x):
        try:
            note({}[0])
        except KeyError as error:
            y = x
            for i in range(200):
                y = y + i
            note(error.__traceback__.tb_frame.f_locals["i"])
            return y * 2

    check(f, X, breaks=True)
    compiled = segue.compile(f)
    compiled(X)
    assert delta(lambda: compiled(X))["segments"] > 190
