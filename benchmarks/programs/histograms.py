"""Counting."""

from __future__ import annotations

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import integers, uniform


def histogram(x):
    return np.bincount((x * 64.0).astype(np.int64), minlength=64)


def histogram_loops(x):
    counts = np.zeros(64, np.int64)
    for i in range(x.size):
        counts[int(x[i] * 64.0)] += 1
    return counts


def histogram_jax(x):
    import jax.numpy as jnp

    return jnp.bincount((x * 64.0).astype(jnp.int64), length=64)


def band_counts(x):
    """How many values are in each of four bands."""
    return (x < 0.25).sum(), ((x >= 0.25) & (x < 0.5)).sum(), ((x >= 0.5) & (x < 0.75)).sum(), (x >= 0.75).sum()


def band_counts_loops(x):
    first = second = third = fourth = 0
    for i in range(x.size):
        first += x[i] < 0.25
        second += 0.25 <= x[i] < 0.5
        third += 0.5 <= x[i] < 0.75
        fourth += x[i] >= 0.75
    return first, second, third, fourth


def lookup(levels, curve):
    """An 8-bit image through a table, scaled."""
    return curve[levels] * 0.5 + 0.25


PROGRAMS = [
    Program("histogram", "histograms", histogram, lambda size: (uniform(size, high=0.999),), numba=histogram_loops, jax=histogram_jax),
    Program("band_counts", "histograms", band_counts, lambda size: (uniform(size),), numba=band_counts_loops),
    Program("lookup", "histograms", lookup, lambda size: (integers(size), uniform(256, seed=1))),
]
