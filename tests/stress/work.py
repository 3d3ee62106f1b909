"""What the stress program's threads do: calls whose results are known, on functions that all threads share."""

from __future__ import annotations

import gc
import random
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import segue

OFFSET = np.arange(3.0)
"""Bound anew all the time, always to the same values."""


class Scaled:
    """A class whose attribute is set anew all the time, to the same value."""

    factor = 2.0

    def __init__(self, x):
        self.x = x

    def value(self):
        return self.x * self.factor


def note(value):
    """A call that CPython makes."""
    return value


note = segue.disable(note)


# --- shared functions ---------------------------------------------------------------------------------------------------


def straight(x, n):
    return (x * 2 + 1) @ (x - n) if x.ndim == 1 else (x * 2 + 1).sum() - n


def with_globals(x, n):
    return x.sum() * n + OFFSET + np.sum(OFFSET)


def with_objects(x, n):
    scaled = Scaled(x + n)
    note(scaled)
    return scaled.value() - 1


def breaking_loop(x, n):
    total = x * 0.5
    for i in range(n % 20):
        total = total + x * i
        note(i)
        total = total * 0.5 + 1
    return total


def inner(x, n):
    y = x + n
    note(n)
    return y * 2


def callers(x, n):
    return middle(x, n) - inner(x + 1, n)


def middle(x, n):
    y = inner(x, n) + 1
    try:
        note(n)
        if n % 3 == 0:
            raise ValueError(n)
    except ValueError as error:
        y = y + error.args[0]
    finally:
        y = y * 0.5
    return y


def writer(x, n, out, items):
    out[...] = x * n
    note(out)
    out += 1
    items.append(x.sum())
    note(items)
    items.append(out.sum())
    return items


def branches(x, n):
    y = x - x.mean()
    if y.max() > n:
        return y * 2
    return y + n


def steps(x, n):
    for i in range(n % 12 + 2):
        x = x * 0.5 + i
        note(i)
        yield x.sum()
        x = x - 1
    return x


async def awaits(x, n):
    y = x + n
    for i in range(3):
        await Turn()
        y = y * 0.5 + i
    return y


class Turn:
    def __await__(self):
        yield


def finish(coroutine):
    while True:
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return stop.value


def recursive(x, n):
    if n <= 0:
        return x
    y = recursive(x + 1, n // 2)
    note(n)
    return y * 0.5


SHARED = (straight, with_globals, with_objects, breaking_loop, callers, branches, recursive)
COMPILED = {function: segue.compile(function) for function in (*SHARED, writer, steps, awaits)}

SOURCE = """
def fresh(x, n):
    y = x * {k} + n
    for i in range(3):
        note(i)
        y = y - {k}
    def inside(z):
        return z + y
    return inside(x)
"""


class Cyclic:
    """Garbage whose finalizer makes a compiled call, wherever the collector comes along."""

    def __init__(self, x):
        self.me, self.x = self, x

    def __del__(self):
        same(COMPILED[breaking_loop](self.x, 3), breaking_loop(self.x, 3))


def same(seen: Any, expected: Any) -> None:
    if isinstance(expected, list):
        assert len(seen) == len(expected)
        for one, other in zip(seen, expected, strict=True):
            same(one, other)
        return
    assert type(seen) is type(expected), (type(seen), type(expected))
    assert np.array_equal(seen, expected), (seen, expected)


# --- what a thread does -------------------------------------------------------------------------------------------------


class Shared:
    """What the threads have in common beside the functions."""

    def __init__(self) -> None:
        self.generators: list[tuple[Iterator[Any], Iterator[Any]]] = []
        self.fresh: tuple[Callable[..., Any], Callable[..., Any]] | None = None
        self.done = 0


class Worker:
    def __init__(self, shared: Shared, seed: int, resets: bool) -> None:
        self.shared = shared
        self.rng = random.Random(seed)
        self.actions = [self.call] * 12 + [self.write] * 2 + [self.generator] * 6 + [self.coroutine] * 2 + [self.call_fresh] * 4
        self.actions += [self.make_fresh, self.bind_globals, self.make_garbage, self.backend]
        if resets:
            self.actions += [self.reset, self.collect]
        self.errors: list[BaseException] = []

    def run(self, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                self.rng.choice(self.actions)()
                self.shared.done += 1
        except BaseException as error:
            self.errors.append(error)
            stop.set()

    def array(self) -> np.ndarray:
        # Large arrays make NumPy give up the GIL inside a segment.
        size = self.rng.choice((3, 3, 7, 100, 5000))
        return (np.arange(size) % 13).astype(self.rng.choice(("f8", "f8", "f4", "i8")))

    def number(self) -> int:
        return self.rng.choice((0, 1, 2, 3, 5, 11, 17))

    def call(self) -> None:
        function, x, n = self.rng.choice(SHARED), self.array(), self.number()
        if function is with_globals:
            x = x[:3]
        same(COMPILED[function](x, n), function(x, n))

    def write(self) -> None:
        x, n = self.array(), self.number()
        outs, lists = [np.zeros(x.shape), np.zeros(x.shape)], [[], []]
        for function, out, items in zip((COMPILED[writer], writer), outs, lists, strict=True):
            function(x, n, out, items)
        same(outs[0], outs[1])
        same(lists[0], lists[1])

    def generator(self) -> None:
        """Takes one that some thread has left, or makes one; goes some steps and leaves it to the others."""
        generators = self.shared.generators
        try:
            pair = generators.pop(self.rng.randrange(len(generators))) if len(generators) > 8 else None
        except (IndexError, ValueError):
            pair = None
        if pair is None:
            x, n = self.array(), self.number()
            pair = COMPILED[steps](x, n), steps(x, n)
        for _ in range(self.rng.randint(0, 4)):
            values = [next(one, None) for one in pair]
            same(*values)
            if values[0] is None:
                return
        if self.rng.random() < 0.9:
            generators.append(pair)

    def coroutine(self) -> None:
        x, n = self.array(), self.number()
        same(finish(COMPILED[awaits](x, n)), finish(awaits(x, n)))

    def make_fresh(self) -> None:
        """New code, which all threads start to call; what they called until now goes."""
        scope: dict[str, Any] = {"note": note}
        exec(SOURCE.format(k=self.rng.randint(1, 1000)), scope)
        plain = scope["fresh"]
        copy = types.FunctionType(plain.__code__.replace(), scope)
        self.shared.fresh = segue.compile(copy, fullgraph=False), plain

    def call_fresh(self) -> None:
        pair = self.shared.fresh
        if pair is not None:
            x, n = self.array(), self.number()
            same(pair[0](x, n), pair[1](x, n))

    def bind_globals(self) -> None:
        global OFFSET
        OFFSET = OFFSET.copy()
        Scaled.factor = 1.0 + 1.0
        Scaled.value.__defaults__ = () if self.rng.random() < 0.5 else None

    def make_garbage(self) -> None:
        Cyclic(self.array())

    def backend(self) -> None:
        """A backend in Python: other threads run while it compiles, and its options go with the function."""
        compiled = segue.compile(branches, backend=lambda graph, inputs: gc.collect(0) and graph or graph)
        x, n = self.array(), self.number()
        for _ in range(2):
            same(compiled(x, n), branches(x, n))

    def reset(self) -> None:
        if self.rng.random() < 0.2:
            self.add_counts()
            segue.reset()

    def add_counts(self) -> None:
        counts = segue.stats()
        TOTALS.update({name: TOTALS[name] + counts[name] for name in TOTALS})

    def collect(self) -> None:
        if self.rng.random() < 0.3:
            gc.collect()


TOTALS = {"segments": 0, "exits": 0, "compiles": 0}
