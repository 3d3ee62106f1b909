"""Images: filters and colours."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import integers, side, uniform


def gray(image):
    return 0.299 * image[..., 0] + 0.587 * image[..., 1] + 0.114 * image[..., 2]


def gray_loops(image):
    out = np.empty(image.shape[:2])
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = 0.299 * image[i, j, 0] + 0.587 * image[i, j, 1] + 0.114 * image[i, j, 2]
    return out


def blur(image):
    across = 0.25 * image[:, :-2] + 0.5 * image[:, 1:-1] + 0.25 * image[:, 2:]
    return 0.25 * across[:-2] + 0.5 * across[1:-1] + 0.25 * across[2:]


def blur_loops(image):
    across = np.empty((image.shape[0], image.shape[1] - 2), image.dtype)
    for i in range(across.shape[0]):
        for j in range(across.shape[1]):
            across[i, j] = 0.25 * image[i, j] + 0.5 * image[i, j + 1] + 0.25 * image[i, j + 2]
    out = np.empty((image.shape[0] - 2, image.shape[1] - 2), image.dtype)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = 0.25 * across[i, j] + 0.5 * across[i + 1, j] + 0.25 * across[i + 2, j]
    return out


def sobel(image):
    left, right = image[:, :-2], image[:, 2:]
    gx = (right[:-2] - left[:-2]) + 2.0 * (right[1:-1] - left[1:-1]) + (right[2:] - left[2:])
    top, bottom = image[:-2], image[2:]
    gy = (bottom[:, :-2] - top[:, :-2]) + 2.0 * (bottom[:, 1:-1] - top[:, 1:-1]) + (bottom[:, 2:] - top[:, 2:])
    return np.sqrt(gx * gx + gy * gy)


def sobel_loops(image):
    out = np.empty((image.shape[0] - 2, image.shape[1] - 2))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            gx = image[i, j + 2] - image[i, j] + 2.0 * (image[i + 1, j + 2] - image[i + 1, j]) + image[i + 2, j + 2] - image[i + 2, j]
            gy = image[i + 2, j] - image[i, j] + 2.0 * (image[i + 2, j + 1] - image[i, j + 1]) + image[i + 2, j + 2] - image[i, j + 2]
            out[i, j] = math.sqrt(gx * gx + gy * gy)
    return out


def tone_curve(image):
    mapped = image * (2.51 * image + 0.03) / (image * (2.43 * image + 0.59) + 0.14)
    return np.clip(mapped, 0.0, 1.0)


def gamma(image):
    """The sRGB transfer function."""
    return np.where(image <= 0.0031308, 12.92 * image, 1.055 * image ** (1.0 / 2.4) - 0.055)


def threshold(image):
    """8-bit pixels."""
    return np.where(image > 127, np.uint8(255), np.uint8(0))


def blend(front, back, opacity):
    """8-bit pixels, rounded."""
    mixed = front.astype(np.float32) * opacity + back.astype(np.float32) * (np.float32(1.0) - opacity)
    return np.rint(mixed).astype(np.uint8)


def square(size):
    return (uniform(side(size), side(size)),)


PROGRAMS = [
    Program("gray", "images", gray, lambda size: (uniform(side(size // 3), side(size // 3), 3),), numba=gray_loops),
    Program("blur", "images", blur, square, numba=blur_loops),
    Program("sobel", "images", sobel, square, numba=sobel_loops),
    Program("tone_curve", "images", tone_curve, square),
    Program("gamma", "images", gamma, square, numexpr="where(image <= 0.0031308, 12.92 * image, 1.055 * image ** (1.0 / 2.4) - 0.055)"),
    Program("threshold", "images", threshold, lambda size: (integers(side(size), side(size)),)),
    Program("blend", "images", blend,
            lambda size: (integers(size), integers(size, seed=1), uniform(size, dtype="f4", seed=2))),
]
