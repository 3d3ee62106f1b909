"""Arrays of chosen dtype, shape, layout and place in memory, made from short texts.

`own` makes an array with memory of its own. `pool` makes one that others are placed in with `place`, at any distance of each
other: arrays of one layout can thus be apart in one call and overlap in the next.
"""

from __future__ import annotations

import numpy as np

PLAIN = ("?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")
RARE = ("M8[D]", "m8[s]", "M8[ns]", "m8[D]", "S3", "U2", "g", "G", ">f8", ">i4", ">u2", ">c8", "i4,f8", "O", "q")
PADDED = "gG"
"""Those with bytes of no meaning."""
LAYOUTS = ("C", "F", "strided", "reversed", "flipped", "padded", "swapped", "zero", "frozen", "odd")
"""`odd` is not aligned, `zero` has a stride of 0, `frozen` may not be written."""

WILD = 20
"""Seeds from here on are wild."""
POOL = 320
"""Elements of a pool, or if they are small, of 8 bytes: more than any layout of a generated shape spans."""


def values(dtype: str, count: int, seed: int) -> np.ndarray:
    """Small exact values; those of a wild seed have the extremes of the dtype among them, and what is no number."""
    numbers = (np.arange(count) * (2 * seed + 3) + seed * 7) % 13 - 6
    kind = np.dtype(dtype).kind
    if kind == "b":
        return numbers % 3 > 0
    if kind == "u":
        made = (numbers % 7).astype(dtype)
    elif kind in "fc":
        made = (numbers / 4 + (1j * (numbers % 5) / 2 if kind == "c" else 0)).astype(dtype)
    elif kind in "SU":
        made = np.array(["", "a", "b", "ab", "ba", "c", "zz"])[numbers % 7].astype(dtype)
    elif kind == "V":
        made = np.zeros(count, dtype)
        for index, name in enumerate(made.dtype.names):
            made[name] = numbers + index
    else:
        made = numbers.astype(dtype)
    if seed >= WILD and count:
        extremes = _extremes(made.dtype)
        made[: len(extremes)] = extremes[:count]
    return made


def _extremes(dtype: np.dtype) -> list:
    if dtype.kind in "iu":
        return [np.iinfo(dtype).max, np.iinfo(dtype).min]
    if dtype.kind in "fc":
        return [np.nan, -0.0, np.inf, np.finfo(dtype).max]
    return ["NaT"] if dtype.kind in "mM" else []


def own(dtype: str, shape: tuple[int, ...], layout: str = "C", seed: int = 1) -> np.ndarray:
    """An array that no other shares memory with. In layout C and F it owns its memory."""
    if layout not in "CF":
        return place(pool(dtype, seed), dtype, shape, layout)
    made = np.empty(shape, dtype, layout)
    made[...] = values(dtype, made.size, seed).reshape(shape)
    return made


def pool(dtype: str, seed: int = 1) -> np.ndarray:
    return values(dtype, POOL * max(1, 8 // np.dtype(dtype).itemsize), seed).copy()


def place(memory: np.ndarray, dtype: str, shape: tuple[int, ...], layout: str = "C", at: int = 0) -> np.ndarray:
    """A view of `memory` whose lowest element is the `at`-th of its dtype there."""
    size = np.dtype(dtype).itemsize
    strides = _strides(shape, size, layout)
    below = sum((n - 1) * step for n, step in zip(shape, strides, strict=True) if step < 0 and n)
    made = np.ndarray(shape, dtype, memory, at * size - below + (layout == "odd"), strides)
    made.flags.writeable = layout != "frozen"
    return made


def _strides(shape: tuple[int, ...], size: int, layout: str) -> list[int]:
    strides, step = [], size * (2 if layout == "strided" else 1)
    order = list(range(len(shape)))
    if layout != "F":
        order.reverse()
    if layout == "swapped" and len(order) > 1:
        order[0], order[1] = order[1], order[0]
    strides = [0] * len(shape)
    for axis in order:
        strides[axis] = step
        step *= max(shape[axis], 1)
        if layout == "padded":
            step += size
    if layout == "flipped":
        return [-one for one in strides]
    if strides and layout in ("reversed", "zero"):
        strides[0] = -strides[0] if layout == "reversed" else 0
    return strides
