"""Statistics of series and tables."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import normal, rows


def mean_variance(x):
    mean = x.mean(axis=1)
    return mean, ((x - mean[:, None]) ** 2).mean(axis=1)


def mean_variance_loops(x):
    means, variances = np.empty(x.shape[0]), np.empty(x.shape[0])
    for i in range(x.shape[0]):
        total = 0.0
        for j in range(x.shape[1]):
            total += x[i, j]
        mean, total = total / x.shape[1], 0.0
        for j in range(x.shape[1]):
            total += (x[i, j] - mean) ** 2
        means[i], variances[i] = mean, total / x.shape[1]
    return means, variances


def zscore(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


def zscore_loops(x):
    mean, square, out = np.zeros(x.shape[1]), np.zeros(x.shape[1]), np.empty_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            mean[j] += x[i, j]
    mean /= x.shape[0]
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            square[j] += (x[i, j] - mean[j]) ** 2
    deviation = np.sqrt(square / x.shape[0])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = (x[i, j] - mean[j]) / deviation[j]
    return out


def covariance(x):
    centered = x - x.mean(axis=0)
    return centered.T @ centered / (x.shape[0] - 1)


def correlation(x, y):
    dx, dy = x - x.mean(), y - y.mean()
    return (dx * dy).sum() / np.sqrt((dx * dx).sum() * (dy * dy).sum())


def correlation_loops(x, y):
    mx = my = xy = xx = yy = 0.0
    for i in range(x.size):
        mx += x[i]
        my += y[i]
    mx /= x.size
    my /= y.size
    for i in range(x.size):
        dx, dy = x[i] - mx, y[i] - my
        xy += dx * dy
        xx += dx * dx
        yy += dy * dy
    return xy / math.sqrt(xx * yy)


def root_mean_square(x, y):
    return np.sqrt(np.mean((x - y) ** 2))


def root_mean_square_loops(x, y):
    total = 0.0
    for i in range(x.size):
        total += (x[i] - y[i]) ** 2
    return math.sqrt(total / x.size)


def absolute_deviation(x):
    return np.abs(x - x.mean(axis=0)).mean(axis=0)


def absolute_deviation_loops(x):
    mean, out = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            mean[j] += x[i, j]
    mean /= x.shape[0]
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[j] += abs(x[i, j] - mean[j])
    return out / x.shape[0]


def winsorized_mean(x):
    """The mean between two quantiles, which sorting finds."""
    ordered = np.sort(x)
    low, high = ordered[x.size // 20], ordered[x.size - 1 - x.size // 20]
    return np.mean(np.clip(x, low, high))


def table(size):
    columns = 50 if size < 10_000 else 1000
    return (normal(rows(size, columns), columns) * 3.0 + 1.0,)


def pair(size):
    x = normal(size)
    return x, 0.5 * x + normal(size, seed=1)


PROGRAMS = [
    Program("mean_variance", "statistics", mean_variance, table, numba=mean_variance_loops),
    Program("zscore", "statistics", zscore, table, numba=zscore_loops),
    Program("covariance", "statistics", covariance, lambda size: (normal(rows(size, 32), 32),), blas=True),
    Program("correlation", "statistics", correlation, pair, numba=correlation_loops),
    Program("root_mean_square", "statistics", root_mean_square, pair, numba=root_mean_square_loops,
            numexpr=lambda ne, x, y: math.sqrt(ne.evaluate("sum((x - y) ** 2)", {"x": x, "y": y}) / x.size)),
    Program("absolute_deviation", "statistics", absolute_deviation, table, numba=absolute_deviation_loops),
    Program("winsorized_mean", "statistics", winsorized_mean, lambda size: (normal(size),)),
]
