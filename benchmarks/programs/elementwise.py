"""Element-wise programs: what fuses into one loop."""

from __future__ import annotations

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import normal, uniform


def polynomial(x):
    return ((((0.5 * x - 1.25) * x + 0.75) * x - 2.0) * x + 0.125) * x + 1.0


def rational(x, y):
    return (x * x + 3.0 * x * y + 1.0) / (1.0 + x * x + y * y)


def where_chain(x, y):
    small = np.where(x < -1.0, -1.0 - 0.1 * x, x)
    large = np.where(small > y, y + 0.5 * (small - y), small)
    return np.where(np.abs(large) < 0.01, 0.0, large)


def clip_chain(x, y):
    limited = np.clip(x, -1.0, 1.0)
    return np.clip(limited * y + 0.5 * limited, -0.75, 0.75) - np.minimum(x, y)


def damped_wave(t, phase):
    return np.exp(-0.25 * t) * np.sin(6.5 * t + phase) + 0.1 * np.cos(13.0 * t)


def mandelbrot_steps(re, im):
    zr, zi, count = re * 0.0, im * 0.0, re * 0.0
    for _ in range(8):
        inside = zr * zr + zi * zi < 4.0
        zr, zi = np.where(inside, zr * zr - zi * zi + re, zr), np.where(inside, 2.0 * zr * zi + im, zi)
        count = count + inside
    return count


def mandelbrot_steps_loops(re, im):
    counts = np.empty_like(re)
    for i in range(re.size):
        zr = zi = count = 0.0
        for _ in range(8):
            if zr * zr + zi * zi < 4.0:
                zr, zi = zr * zr - zi * zi + re[i], 2.0 * zr * zi + im[i]
                count += 1.0
        counts[i] = count
    return counts


def two(size):
    return normal(size), normal(size, seed=1)


PROGRAMS = [
    Program("polynomial", "elementwise", polynomial, lambda size: (normal(size),),
            numexpr="((((0.5 * x - 1.25) * x + 0.75) * x - 2.0) * x + 0.125) * x + 1.0"),
    Program("rational", "elementwise", rational, two, numexpr="(x * x + 3.0 * x * y + 1.0) / (1.0 + x * x + y * y)"),
    Program("where_chain", "elementwise", where_chain, two),
    Program("clip_chain", "elementwise", clip_chain, two),
    Program("damped_wave", "elementwise", damped_wave, lambda size: (uniform(size, high=20.0), uniform(size, high=6.0, seed=1)),
            numexpr="exp(-0.25 * t) * sin(6.5 * t + phase) + 0.1 * cos(13.0 * t)"),
    Program("mandelbrot_steps", "elementwise", mandelbrot_steps,
            lambda size: (uniform(size, low=-2.0), uniform(size, low=-1.0, seed=1)), numba=mandelbrot_steps_loops),
]
