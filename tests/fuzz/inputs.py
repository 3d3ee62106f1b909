"""Arguments of generated programs, made from short texts so that a failing program prints as a runnable script."""

from __future__ import annotations

import random

import numpy as np

DTYPES = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8", "c8", "c16")
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


def namespace() -> dict[str, object]:
    """What the source of a program sees."""
    return {"np": np, "array": array, "Box": Box}
