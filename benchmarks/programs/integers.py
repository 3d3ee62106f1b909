"""Integers and bits."""

from __future__ import annotations

import numpy as np

from benchmarks.programs import Program
from benchmarks.programs.inputs import integers, side


def population_count(x):
    x = x - ((x >> np.uint32(1)) & np.uint32(0x55555555))
    x = (x & np.uint32(0x33333333)) + ((x >> np.uint32(2)) & np.uint32(0x33333333))
    x = (x + (x >> np.uint32(4))) & np.uint32(0x0F0F0F0F)
    return (x * np.uint32(0x01010101)) >> np.uint32(24)


def hash_mix(x):
    """64-bit integers, mixed by shifts and products that wrap."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def game_of_life(board):
    """8-bit cells."""
    across = board[:, :-2] + board[:, 1:-1] + board[:, 2:]
    total = across[:-2] + across[1:-1] + across[2:]
    alive = board[1:-1, 1:-1]
    return ((total == 3) | ((total == 4) & (alive == 1))).astype(np.uint8)


def game_of_life_loops(board):
    out = np.empty((board.shape[0] - 2, board.shape[1] - 2), np.uint8)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            total = 0
            for k in range(3):
                total += board[i + k, j] + board[i + k, j + 1] + board[i + k, j + 2]
            out[i, j] = total == 3 or (total == 4 and board[i + 1, j + 1] == 1)
    return out


def pack_colors(red, green, blue):
    return (red.astype(np.uint32) << np.uint32(16)) | (green.astype(np.uint32) << np.uint32(8)) | blue.astype(np.uint32)


def divisible(x):
    """Floor division and remainders of 64-bit integers."""
    return np.where(x % 3 == 0, x // 3, x + x % 7)


PROGRAMS = [
    Program("population_count", "integers", population_count, lambda size: (integers(size, high=2**32, dtype="u4"),)),
    Program("hash_mix", "integers", hash_mix, lambda size: (integers(size, high=2**63, dtype="u8"),)),
    Program("game_of_life", "integers", game_of_life, lambda size: (integers(side(size), side(size), high=2),), numba=game_of_life_loops),
    Program("pack_colors", "integers", pack_colors, lambda size: tuple(integers(size, seed=seed) for seed in range(3))),
    Program("divisible", "integers", divisible, lambda size: (integers(size, low=-10_000, high=10_000, dtype="i8"),)),
]
