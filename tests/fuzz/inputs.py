"""Arguments of generated programs, made from short texts so that a failing program prints as a runnable script."""

from __future__ import annotations

import contextlib
import copy
import gc
import random
import sys
import traceback
import warnings
import zlib

import numpy as np

import segue
from tests.fuzz.memory import own, place, pool

DTYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
LAYOUTS = ("C", "C", "C", "F", "strided", "reversed", "transposed", "inner", "frozen")


class Box:
    """An object with plain attributes."""

    def __init__(self, **fields):
        self.__dict__.update(fields)


def array(dtype: str, shape: tuple[int, ...], layout: str = "C", seed: int = 0) -> np.ndarray:
    """Small exact values (multiples of 1/4 for floats), so that overflow and rounding are the program's doing."""
    rng = np.random.default_rng([seed, *dtype.encode()])
    kind = np.dtype(dtype).kind

    def values(shape):
        if kind == "b":
            return rng.integers(0, 2, shape).astype(bool)
        if kind == "u":
            return rng.integers(0, 7, shape).astype(dtype)
        if kind == "i":
            return rng.integers(-6, 7, shape).astype(dtype)
        if kind == "f":
            return (rng.integers(-16, 17, shape) / 4).astype(dtype)
        return (rng.integers(-8, 9, shape) / 4 + 1j * rng.integers(-8, 9, shape) / 4).astype(dtype)

    if layout == "F":
        return np.asfortranarray(values(shape))
    if layout == "transposed":
        return values(shape[::-1]).T
    if not shape or layout == "C":
        return np.asarray(values(shape))
    if layout == "strided":
        return values((*shape[:-1], shape[-1] * 2))[..., ::2]
    if layout == "reversed":
        return values(shape)[::-1]
    if layout == "inner":
        return values(tuple(n + 2 for n in shape))[(slice(1, -1),) * len(shape)]
    frozen = values(shape)
    frozen.setflags(write=False)
    return frozen


def random_shape(rng: random.Random) -> tuple[int, ...]:
    rank = rng.choice((0, 1, 1, 1, 2, 2, 2, 3))
    return tuple(rng.choice((2, 3, 3, 3, 4, 5, 1, 0) if rng.random() < 0.3 else (3, 3, 2)) for _ in range(rank))


# --- what makes programs break ------------------------------------------------------------------------------------------


def opaque(*values, **named):
    """Gives its first value. Nothing that the tracer follows: kept out of capture."""
    return next(iter((*values, *named.values())), None)


class Failure(Exception):
    """Raised and caught by programs."""


class Foreign:
    """An object whose attributes and items are stored by code that CPython runs."""

    def __init__(self):
        object.__setattr__(self, "count", 0)

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)
        object.__setattr__(self, "count", self.count + 1)

    def __setitem__(self, key, value):
        print("set", key)

    def __delitem__(self, key):
        self.count += key

    def double(self, value):
        print("double", type(value).__name__)
        return value * 2


class Scope:
    """A context manager, with and without `async`, that tells what happens to it and may swallow an exception."""

    def __init__(self, name, swallows=()):
        self.name, self.swallows = name, swallows

    def __enter__(self):
        print("enter", self.name)
        return self

    def __exit__(self, kind, error, trace):
        print("exit", self.name, kind and kind.__name__)
        return kind is not None and issubclass(kind, self.swallows)

    async def __aenter__(self):
        await Pause(self.name)
        return self.__enter__()

    async def __aexit__(self, *what):
        await Pause(self.name)
        return self.__exit__(*what)


@contextlib.contextmanager
def scoped(value):
    print("in", value.ndim)
    try:
        yield value + 1
    finally:
        print("out", value.ndim)


class Pause:
    """Suspends a coroutine once; awaiting it gives 2."""

    def __init__(self, value):
        self.value = value

    def __await__(self):
        print("pause", type(self.value).__name__)
        return (yield self.value)


def run(coroutine):
    """Runs a coroutine to its end."""
    value = None
    try:
        while True:
            coroutine.send(value)
            value = 2
    except StopIteration as stop:
        return stop.value


async def collect(items):
    return [item async for item in items]


def drive(generator, steps):
    """Takes a generator through steps; gives what it yields, returns and raises."""
    said = []
    for step, *what in steps:
        try:
            if step == "close":
                said.append(generator.close())
            elif step == "throw":
                said.append(generator.throw({"ValueError": ValueError, "Failure": Failure}[what[0]](1)))
            else:
                said.append(generator.send(*what) if step == "send" else next(generator))
        except StopIteration as stop:
            said.append(("returned", stop.value))
        except (Exception, GeneratorExit) as error:
            lines = [(entry.name, entry.lineno) for entry in traceback.extract_tb(error.__traceback__)]
            said.append((type(error).__name__, str(error), lines[1:]))
    return said


def namespace() -> dict[str, object]:
    """What the source of a program sees."""
    return {
        "np": np, "array": array, "Box": Box, "opaque": segue.disable(opaque), "foreign": Foreign(), "Failure": Failure, "Scope": Scope,
        "scoped": scoped, "Pause": Pause, "run": run, "collect": collect, "contextlib": contextlib, "copy": copy, "gc": gc, "random": random, "sys": sys,
        "warnings": warnings, "zlib": zlib, "own": own, "place": place, "pool": pool,
    }
