"""Distances between points."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import normal, rows, side, uniform


def arc_distance(theta1, phi1, theta2, phi2):
    """On the unit sphere, by the haversine formula."""
    part = np.sin((theta2 - theta1) / 2.0) ** 2 + np.cos(theta1) * np.cos(theta2) * np.sin((phi2 - phi1) / 2.0) ** 2
    return 2.0 * np.arctan2(np.sqrt(part), np.sqrt(1.0 - part))


def arc_distance_loops(theta1, phi1, theta2, phi2):
    out = np.empty_like(theta1)
    for i in range(out.size):
        part = math.sin((theta2[i] - theta1[i]) / 2.0) ** 2
        part += math.cos(theta1[i]) * math.cos(theta2[i]) * math.sin((phi2[i] - phi1[i]) / 2.0) ** 2
        out[i] = 2.0 * math.atan2(math.sqrt(part), math.sqrt(1.0 - part))
    return out


def pairwise(a, b):
    """Of all pairs of points in space."""
    difference = a[:, None, :] - b[None, :, :]
    return np.sqrt((difference * difference).sum(axis=2))


def pairwise_loops(a, b):
    out = np.empty((a.shape[0], b.shape[0]))
    for i in range(a.shape[0]):
        for j in range(b.shape[0]):
            total = 0.0
            for k in range(a.shape[1]):
                total += (a[i, k] - b[j, k]) ** 2
            out[i, j] = math.sqrt(total)
    return out


def cosine_similarity(a, b):
    dot = (a * b).sum(axis=1)
    return dot / np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))


def cosine_similarity_loops(a, b):
    out = np.empty(a.shape[0])
    for i in range(a.shape[0]):
        ab = aa = bb = 0.0
        for j in range(a.shape[1]):
            ab += a[i, j] * b[i, j]
            aa += a[i, j] * a[i, j]
            bb += b[i, j] * b[i, j]
        out[i] = ab / math.sqrt(aa * bb)
    return out


def angles(size):
    return tuple(uniform(size, low=-high, high=high, seed=seed) for seed, high in enumerate((1.5, 3.1, 1.5, 3.1)))


PROGRAMS = [
    Program("arc_distance", "distances", arc_distance, angles, numba=arc_distance_loops,
            numexpr="2.0 * arctan2(sqrt(sin((theta2 - theta1) / 2.0) ** 2 + cos(theta1) * cos(theta2) * sin((phi2 - phi1) / 2.0) ** 2), "
                    "sqrt(1.0 - (sin((theta2 - theta1) / 2.0) ** 2 + cos(theta1) * cos(theta2) * sin((phi2 - phi1) / 2.0) ** 2)))"),
    Program("pairwise", "distances", pairwise, lambda size: (normal(side(size // 3), 3), normal(side(size // 3), 3, seed=1)),
            numba=pairwise_loops),
    Program("cosine_similarity", "distances", cosine_similarity,
            lambda size: (normal(rows(size, 64), 64), normal(rows(size, 64), 64, seed=1)), numba=cosine_similarity_loops),
]
