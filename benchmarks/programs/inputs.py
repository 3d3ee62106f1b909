"""Arguments for programs: reproducible arrays."""

from __future__ import annotations

import numpy as np


def normal(*shape: int, seed: int = 0, dtype: str = "f8") -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype, copy=False)


def uniform(*shape: int, low: float = 0.0, high: float = 1.0, seed: int = 0, dtype: str = "f8") -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, shape).astype(dtype, copy=False)


def integers(*shape: int, low: int = 0, high: int = 256, seed: int = 0, dtype: str = "u1") -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, shape, dtype=dtype)


def side(size: int, dimensions: int = 2) -> int:
    """The edge of a square (or cube) of about `size` elements, of 6 at least, so that stencils have an inside."""
    return max(6, round(size ** (1 / dimensions)))


def rows(size: int, columns: int) -> int:
    """How many rows of `columns` elements make about `size`."""
    return max(2, size // columns)
