"""Stencils: each element from its neighbours."""

from __future__ import annotations

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import normal, side, uniform


def jacobi(u):
    return 0.2 * (u[1:-1, 1:-1] + u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])


def jacobi_numexpr(ne, u):
    names = {"c": u[1:-1, 1:-1], "n": u[:-2, 1:-1], "s": u[2:, 1:-1], "w": u[1:-1, :-2], "e": u[1:-1, 2:]}
    return ne.evaluate("0.2 * (c + n + s + w + e)", names)


def jacobi_loops(u):
    out = np.empty((u.shape[0] - 2, u.shape[1] - 2), u.dtype)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = 0.2 * (u[i + 1, j + 1] + u[i, j + 1] + u[i + 2, j + 1] + u[i + 1, j] + u[i + 1, j + 2])
    return out


def horizontal_diffusion(f, coefficient):
    laplace = 4.0 * f[1:-1, 1:-1] - (f[2:, 1:-1] + f[:-2, 1:-1] + f[1:-1, 2:] + f[1:-1, :-2])
    fx = laplace[1:, 1:-1] - laplace[:-1, 1:-1]
    fx = np.where(fx * (f[2:-1, 2:-2] - f[1:-2, 2:-2]) > 0.0, 0.0, fx)
    fy = laplace[1:-1, 1:] - laplace[1:-1, :-1]
    fy = np.where(fy * (f[2:-2, 2:-1] - f[2:-2, 1:-2]) > 0.0, 0.0, fy)
    return f[2:-2, 2:-2] - coefficient * (fx[1:] - fx[:-1] + fy[:, 1:] - fy[:, :-1])


def horizontal_diffusion_loops(f, coefficient):
    n, m, levels = f.shape
    laplace = np.empty((n - 2, m - 2, levels))
    for i in range(n - 2):
        for j in range(m - 2):
            for k in range(levels):
                around = f[i + 2, j + 1, k] + f[i, j + 1, k] + f[i + 1, j + 2, k] + f[i + 1, j, k]
                laplace[i, j, k] = 4.0 * f[i + 1, j + 1, k] - around
    fx = np.empty((n - 3, m - 4, levels))
    for i in range(n - 3):
        for j in range(m - 4):
            for k in range(levels):
                flux = laplace[i + 1, j + 1, k] - laplace[i, j + 1, k]
                fx[i, j, k] = 0.0 if flux * (f[i + 2, j + 2, k] - f[i + 1, j + 2, k]) > 0.0 else flux
    fy = np.empty((n - 4, m - 3, levels))
    for i in range(n - 4):
        for j in range(m - 3):
            for k in range(levels):
                flux = laplace[i + 1, j + 1, k] - laplace[i + 1, j, k]
                fy[i, j, k] = 0.0 if flux * (f[i + 2, j + 2, k] - f[i + 2, j + 1, k]) > 0.0 else flux
    out = np.empty((n - 4, m - 4, levels))
    for i in range(n - 4):
        for j in range(m - 4):
            for k in range(levels):
                change = fx[i + 1, j, k] - fx[i, j, k] + fy[i, j + 1, k] - fy[i, j, k]
                out[i, j, k] = f[i + 2, j + 2, k] - coefficient * change
    return out


def horizontal_diffusion_arguments(size):
    edge = side(size // 8 if size < 10_000 else size // 64)
    return uniform(edge, edge, 8 if size < 10_000 else 64), 0.025


def heat_3d(u):
    middle = u[1:-1, 1:-1, 1:-1]
    around = u[2:, 1:-1, 1:-1] + u[:-2, 1:-1, 1:-1] + u[1:-1, 2:, 1:-1] + u[1:-1, :-2, 1:-1] + u[1:-1, 1:-1, 2:] + u[1:-1, 1:-1, :-2]
    return middle + 0.125 * (around - 6.0 * middle)


def heat_3d_loops(u):
    n, m, p = u.shape
    out = np.empty((n - 2, m - 2, p - 2))
    for i in range(1, n - 1):
        for j in range(1, m - 1):
            for k in range(1, p - 1):
                around = u[i + 1, j, k] + u[i - 1, j, k] + u[i, j + 1, k] + u[i, j - 1, k] + u[i, j, k + 1] + u[i, j, k - 1]
                out[i - 1, j - 1, k - 1] = u[i, j, k] + 0.125 * (around - 6.0 * u[i, j, k])
    return out


def upwind(q, velocity):
    flux = np.where(velocity > 0.0, velocity * q[:-1], velocity * q[1:])
    return q[1:-1] - 0.4 * (flux[1:] - flux[:-1])


def upwind_loops(q, velocity):
    out = np.empty(q.size - 2)
    for i in range(out.size):
        left = velocity[i] * (q[i] if velocity[i] > 0.0 else q[i + 1])
        right = velocity[i + 1] * (q[i + 1] if velocity[i + 1] > 0.0 else q[i + 2])
        out[i] = q[i + 1] - 0.4 * (right - left)
    return out


PROGRAMS = [
    Program("jacobi", "stencils", jacobi, lambda size: (normal(side(size), side(size)),), numexpr=jacobi_numexpr, numba=jacobi_loops),
    Program("horizontal_diffusion", "stencils", horizontal_diffusion, horizontal_diffusion_arguments, numba=horizontal_diffusion_loops),
    Program("heat_3d", "stencils", heat_3d, lambda size: (normal(*[side(size, 3)] * 3),), numba=heat_3d_loops),
    Program("upwind", "stencils", upwind, lambda size: (normal(size), normal(size - 1, seed=1)), numba=upwind_loops),
]
