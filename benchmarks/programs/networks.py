"""Layers of neural networks."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import normal, rows, uniform


def softmax(x):
    powers = np.exp(x - x.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def softmax_loops(x):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        largest = x[i, 0]
        for j in range(x.shape[1]):
            largest = max(largest, x[i, j])
        total = x.dtype.type(0.0)
        for j in range(x.shape[1]):
            out[i, j] = math.exp(x[i, j] - largest)
            total += out[i, j]
        for j in range(x.shape[1]):
            out[i, j] /= total
    return out


def layer_norm(x, scale, shift):
    centered = x - x.mean(axis=1, keepdims=True)
    return centered / np.sqrt((centered * centered).mean(axis=1, keepdims=True) + 1e-5) * scale + shift


def layer_norm_loops(x, scale, shift):
    out = np.empty_like(x)
    for i in range(x.shape[0]):
        total = 0.0
        for j in range(x.shape[1]):
            total += x[i, j]
        mean, total = total / x.shape[1], 0.0
        for j in range(x.shape[1]):
            total += (x[i, j] - mean) ** 2
        deviation = math.sqrt(total / x.shape[1] + 1e-5)
        for j in range(x.shape[1]):
            out[i, j] = (x[i, j] - mean) / deviation * scale[j] + shift[j]
    return out


def gelu(x):
    return 0.5 * x * (1.0 + np.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))


def sigmoid_cross_entropy(logits, labels):
    return np.mean(np.maximum(logits, 0.0) - logits * labels + np.log1p(np.exp(-np.abs(logits))))


def sigmoid_cross_entropy_loops(logits, labels):
    total = 0.0
    for i in range(logits.size):
        total += max(logits[i], 0.0) - logits[i] * labels[i] + math.log1p(math.exp(-abs(logits[i])))
    return total / logits.size


def attention(queries, keys, values):
    scores = queries @ keys.swapaxes(-1, -2) * 0.125
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (weights / weights.sum(axis=-1, keepdims=True)) @ values


def attention_arguments(size):
    """Heads of 64 positions, 64 numbers each; 1000 heads at most."""
    if size < 4096:
        return tuple(normal(1, 16, 64, seed=seed) for seed in range(3))
    return tuple(normal(min(size // 4096, 1000), 64, 64, seed=seed) for seed in range(3))


def batch_norm_inference(x, mean, variance, scale, shift):
    return np.maximum((x - mean) / np.sqrt(variance + 1e-5) * scale + shift, 0.0)


def adam_step(weight, gradient, first, second):
    first = 0.9 * first + 0.1 * gradient
    second = 0.999 * second + 0.001 * gradient * gradient
    return weight - 0.001 * first / (np.sqrt(second) + 1e-8), first, second


def adam_step_loops(weight, gradient, first, second):
    weights, firsts, seconds = np.empty_like(weight), np.empty_like(weight), np.empty_like(weight)
    for i in range(weight.size):
        firsts[i] = 0.9 * first[i] + 0.1 * gradient[i]
        seconds[i] = 0.999 * second[i] + 0.001 * gradient[i] * gradient[i]
        weights[i] = weight[i] - 0.001 * firsts[i] / (math.sqrt(seconds[i]) + 1e-8)
    return weights, firsts, seconds


def table(size, dtype="f8"):
    columns = 100 if size < 10_000 else 1000
    return normal(rows(size, columns), columns, dtype=dtype)


def with_columns(size, count):
    x = table(size)
    return x, *(uniform(x.shape[1], low=0.5, high=1.5, seed=seed) for seed in range(1, 1 + count))


PROGRAMS = [
    Program("softmax", "networks", softmax, lambda size: (table(size),), numba=softmax_loops),
    Program("layer_norm", "networks", layer_norm, lambda size: with_columns(size, 2), numba=layer_norm_loops),
    Program("gelu", "networks", gelu, lambda size: (table(size),), numexpr="0.5 * x * (1.0 + tanh(0.7978845608028654 * (x + 0.044715 * x**3)))"),
    Program("sigmoid_cross_entropy", "networks", sigmoid_cross_entropy, lambda size: (normal(size), uniform(size, seed=1)),
            numba=sigmoid_cross_entropy_loops),
    Program("attention", "networks", attention, attention_arguments, blas=True),
    Program("batch_norm_inference", "networks", batch_norm_inference, lambda size: with_columns(size, 4)),
    Program("adam_step", "networks", adam_step,
            lambda size: (*(normal(size, seed=seed) for seed in range(3)), uniform(size, seed=3)), numba=adam_step_loops),
]
