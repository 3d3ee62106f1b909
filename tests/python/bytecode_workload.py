"""A program that reaches most kinds of bytecode; bytecode_execution_run.py rewrites and traces it."""

import asyncio
import contextlib


class Manager:
    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return True


def count(n):
    try:
        for i in range(n):
            yield i
    finally:
        print(end="")
    return 5


def delegate(n):
    result = yield from count(n)
    return result


def keywords(a, b=1, *, c, d=3):
    return a, b, c, d


def exceptions(a):
    with Manager(), Manager():
        raise ValueError
    try:
        try:
            1 / 0
        except ZeroDivisionError as error:
            raise KeyError([k for k in (1, 2) if k]) from error
        finally:
            pairs = {k: v for k, v in [(1, 2)]}
    except (KeyError, IndexError):
        text = f"{a!r:>{10}} {a} {a!s}"
    try:
        raise ExceptionGroup("x", [ValueError(1), TypeError(2)])
    except* ValueError:
        pass
    except* TypeError:
        pass
    try:
        nowhere  # noqa: F821
    except NameError:
        pass
    assert a is not None, "message"
    return pairs, text


def patterns(a):
    match a:
        case {"x": 1, **rest}:
            return rest
        case [1, *_, 3]:
            return "sequence"
        case int(real=1) | str():
            return "class"
        case _:
            return None


def displays(a):
    keywords(1, c=2)
    keywords(*[1], **{"c": 2})
    keywords(1, b=(2 if a else 3), c=not a)
    first, *middle, last = [1, 2, 3, 4]
    x = [1, 2, 3]
    x[1:2] = [5]
    x[0] += 1
    del x[0]
    chain = 1 < len(x) < 3 and a is not None
    either = a or chain and x

    def inner(p: int = 3, *, q=5):
        return p + len(x) + q

    class Derived(list):
        size = len(x)

        def __init__(self):
            super().__init__()
            super(Derived, self).append(1)

        @property
        def own(self):
            return __class__

    return (
        {**{"a": 1}, "b": 2},
        {1, *x, first, last},
        (*x, *middle, either),
        [(i, j) for i in x for j in x if i != j],
        [inner(t) for t in x],
        Derived().own.__name__,
        list((lambda: (yield 3))()),
        sorted(locals()),
    )


async def numbers():
    for i in range(3):
        yield i
        await asyncio.sleep(0)


async def asynchronous():
    async with contextlib.AsyncExitStack():
        pass
    async for _ in numbers():
        pass
    squares = [y * y async for y in numbers()]
    try:
        await asyncio.wait_for(asyncio.sleep(10), 0.001)
    except asyncio.TimeoutError:
        pass
    generator = numbers()
    await generator.__anext__()
    try:
        await generator.athrow(ValueError)
    except ValueError:
        pass
    async with contextlib.aclosing(numbers()) as items:
        async for _ in items:
            break
    return squares


def run():
    results = []
    for value in (1, "a", [1, 2, 3], {"x": 1, "y": 2}):
        results += [exceptions(value), patterns(value), displays(value)]
    results += delegate(3)
    thrown = delegate(3)
    next(thrown)
    try:
        thrown.throw(ValueError("x"))
    except ValueError as error:
        results.append(str(error))
    closed = delegate(9)
    next(closed)
    closed.close()
    results.append(asyncio.run(asynchronous()))
    return results
