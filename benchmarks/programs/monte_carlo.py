"""Monte Carlo, with the draws given."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import normal, rows, uniform


def pi(x, y):
    return 4.0 * np.mean(x * x + y * y < 1.0)


def pi_loops(x, y):
    count = 0
    for i in range(x.size):
        if x[i] * x[i] + y[i] * y[i] < 1.0:
            count += 1
    return 4.0 * count / x.size


def path_payoff(draws):
    """An Asian call option: each row is a path of 50 days."""
    path = 100.0 * np.exp(np.cumsum(0.0001 + 0.01 * draws, axis=1))
    return np.exp(-0.01) * np.maximum(path.mean(axis=1) - 101.0, 0.0).mean()


def path_payoff_loops(draws):
    total = 0.0
    for i in range(draws.shape[0]):
        rate = path = 0.0
        for j in range(draws.shape[1]):
            rate += 0.0001 + 0.01 * draws[i, j]
            path += 100.0 * math.exp(rate)
        total += max(path / draws.shape[1] - 101.0, 0.0)
    return math.exp(-0.01) * total / draws.shape[0]


def box_muller(u, v):
    radius = np.sqrt(-2.0 * np.log(u))
    return radius * np.cos(6.283185307179586 * v), radius * np.sin(6.283185307179586 * v)


def importance_weights(draws):
    """A rare event's probability, by draws around it, with the estimate's error."""
    shifted = draws + 3.0
    weights = np.where(shifted > 3.0, np.exp(-0.5 * shifted * shifted + 0.5 * draws * draws), 0.0)
    mean = weights.mean()
    return mean, np.sqrt(((weights - mean) ** 2).mean() / draws.size)


PROGRAMS = [
    Program("pi", "monte_carlo", pi, lambda size: (uniform(size), uniform(size, seed=1)), numba=pi_loops),
    Program("path_payoff", "monte_carlo", path_payoff, lambda size: (normal(rows(size, 50), 50),), numba=path_payoff_loops),
    Program("box_muller", "monte_carlo", box_muller, lambda size: (uniform(size, low=1e-6), uniform(size, seed=1))),
    Program("importance_weights", "monte_carlo", importance_weights, lambda size: (normal(size),)),
]
