"""Linear algebra with something around it."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import normal, rows, side


def linear_relu(x, weights, bias):
    return np.maximum(x @ weights + bias, 0.0)


def linear_arguments(size):
    """Square matrices; 1000 x 1000 at most, whose product takes as long as 1e9 multiplications."""
    edge = min(side(size), 1000)
    return normal(edge, edge), normal(edge, edge, seed=1), normal(edge, seed=2)


def power_iteration(matrix, vector):
    for _ in range(4):
        vector = matrix @ vector
        vector = vector / np.sqrt((vector * vector).sum())
    return vector


def batched_transform(matrices, points):
    """Many products of 4 x 4."""
    return np.maximum(matrices @ points, 0.0)


def normalized_rows(x):
    return x / np.sqrt((x * x).sum(axis=1, keepdims=True))


def normalized_rows_loops(x):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        total = 0.0
        for j in range(x.shape[1]):
            total += x[i, j] * x[i, j]
        norm = math.sqrt(total)
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] / norm
    return out


def rank_one_update(matrix, u, v):
    return matrix - 0.5 * u[:, None] * v + 0.1 * np.abs(matrix)


def residual_norms(points, normals, offsets):
    """Of three columns, which many small dot products write out."""
    distance = points[:, 0] * normals[:, 0] + points[:, 1] * normals[:, 1] + points[:, 2] * normals[:, 2] - offsets
    return np.sqrt((distance * distance).sum()), np.abs(distance).max()


def residual_norms_loops(points, normals, offsets):
    total = largest = 0.0
    for i in range(offsets.size):
        distance = points[i, 0] * normals[i, 0] + points[i, 1] * normals[i, 1] + points[i, 2] * normals[i, 2] - offsets[i]
        total += distance * distance
        largest = max(largest, abs(distance))
    return math.sqrt(total), largest


PROGRAMS = [
    Program("linear_relu", "linear_algebra", linear_relu, linear_arguments, blas=True),
    Program("power_iteration", "linear_algebra", power_iteration,
            lambda size: (np.abs(normal(side(size), side(size))), np.ones(side(size))), blas=True),
    Program("batched_transform", "linear_algebra", batched_transform,
            lambda size: (normal(rows(size, 16), 4, 4), normal(rows(size, 16), 4, 4, seed=1)), blas=True),
    Program("normalized_rows", "linear_algebra", normalized_rows, lambda size: (normal(rows(size, 100), 100),), numba=normalized_rows_loops),
    Program("rank_one_update", "linear_algebra", rank_one_update,
            lambda size: (normal(side(size), side(size)), normal(side(size), seed=1), normal(side(size), seed=2))),
    Program("residual_norms", "linear_algebra", residual_norms,
            lambda size: (normal(rows(size, 3), 3), normal(rows(size, 3), 3, seed=1), normal(rows(size, 3), seed=2)), numba=residual_norms_loops),
]
