"""Operations on the rows or columns of a table."""

from __future__ import annotations

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import rows, uniform


def row_shares(x):
    return x / x.sum(axis=1, keepdims=True)


def row_shares_loops(x):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        total = 0.0
        for j in range(x.shape[1]):
            total += x[i, j]
        for j in range(x.shape[1]):
            out[i, j] = x[i, j] / total
    return out


def column_squares(x):
    return (x * x).sum(axis=0)


def column_squares_loops(x):
    out = np.zeros(x.shape[1])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[j] += x[i, j] * x[i, j]
    return out


def min_max_scaling(x):
    low, high = x.min(axis=0), x.max(axis=0)
    return (x - low) / (high - low)


def min_max_scaling_loops(x):
    low, high, out = x[0].copy(), x[0].copy(), np.empty_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            low[j] = min(low[j], x[i, j])
            high[j] = max(high[j], x[i, j])
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = (x[i, j] - low[j]) / (high[j] - low[j])
    return out


def best_columns(x):
    """Which column of each row has the largest value, and by how much it is above the row's mean."""
    return x.argmax(axis=1), x.max(axis=1) - x.mean(axis=1)


def best_columns_loops(x):
    places, margins = np.empty(x.shape[0], np.int64), np.empty(x.shape[0])
    for i in range(x.shape[0]):
        place, total = 0, 0.0
        for j in range(x.shape[1]):
            total += x[i, j]
            if x[i, j] > x[i, place]:
                place = j
        places[i], margins[i] = place, x[i, place] - total / x.shape[1]
    return places, margins


def table(size):
    columns = 100
    return (uniform(rows(size, columns), columns, low=0.5, high=2.0),)


PROGRAMS = [
    Program("row_shares", "rows", row_shares, table, numba=row_shares_loops),
    Program("column_squares", "rows", column_squares, table, numba=column_squares_loops,
            numexpr=lambda ne, x: ne.evaluate("sum(x * x, axis=0)", {"x": x})),
    Program("min_max_scaling", "rows", min_max_scaling, table, numba=min_max_scaling_loops),
    Program("best_columns", "rows", best_columns, table, numba=best_columns_loops),
]
