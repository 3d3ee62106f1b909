"""Bodies that attract each other."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import normal, side, uniform


def n_body(x, y, z, mass):
    """Accelerations by all pairs; the arrays between have n * n elements."""
    dx, dy, dz = x - x[:, None], y - y[:, None], z - z[:, None]
    square = dx * dx + dy * dy + dz * dz + 0.01
    pull = mass / (square * np.sqrt(square))
    return (dx * pull).sum(axis=1), (dy * pull).sum(axis=1), (dz * pull).sum(axis=1)


def n_body_loops(x, y, z, mass):
    ax, ay, az = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    for i in range(x.size):
        for j in range(x.size):
            dx, dy, dz = x[j] - x[i], y[j] - y[i], z[j] - z[i]
            square = dx * dx + dy * dy + dz * dz + 0.01
            pull = mass[j] / (square * math.sqrt(square))
            ax[i] += dx * pull
            ay[i] += dy * pull
            az[i] += dz * pull
    return ax, ay, az


def leapfrog(x, v, a):
    half = v + 0.005 * a
    moved = x + 0.01 * half
    return moved, half - 0.005 * moved / (1.0 + moved * moved)


def lennard_jones(r):
    """Energy and force of pairs at given distances, cut off at 2.5."""
    inverse = 1.0 / r**6
    inside = r < 2.5
    energy = np.where(inside, 4.0 * inverse * (inverse - 1.0), 0.0)
    return energy.sum(), np.where(inside, 24.0 * inverse * (2.0 * inverse - 1.0) / r, 0.0)


def lennard_jones_loops(r):
    energy, force = 0.0, np.zeros_like(r)
    for i in range(r.size):
        if r[i] < 2.5:
            inverse = 1.0 / (r[i] * r[i] * r[i]) ** 2
            energy += 4.0 * inverse * (inverse - 1.0)
            force[i] = 24.0 * inverse * (2.0 * inverse - 1.0) / r[i]
    return energy, force


PROGRAMS = [
    Program("n_body", "bodies", n_body,
            lambda size: (*(normal(side(size), seed=seed) for seed in range(3)), uniform(side(size), low=0.5, seed=3)), numba=n_body_loops),
    Program("leapfrog", "bodies", leapfrog, lambda size: tuple(normal(size, seed=seed) for seed in range(3))),
    Program("lennard_jones", "bodies", lennard_jones, lambda size: (uniform(size, low=0.9, high=4.0),), numba=lennard_jones_loops),
]
