"""What the calls of a program of arrays are given: the same twice, then the same in memory that is shared otherwise, then anything.

The first two calls are equal, so that the second finds what the first compiled. The third has arrays of the same types, in
memory that they share otherwise: an entry compiled for distinct arrays is called with overlapping ones, and the reverse.
The fourth has other values, and in half of the programs other dtypes, shapes or layouts.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from tests.fuzz import memory

ALIASING = ("own", "apart", "same", "overlap", "overlap", "reversed", "twins")
SCALARS = (("3", "-2"), ("2", "0"), ("1", "5"), ("0.5", "-1.5"), ("2.0", "0.25"), ("True", "False"), ("2j", "1j"),
           ("np.float32(1.5)", "np.float32(-0.25)"),
           ("np.float64(2.5)", "np.float64(-1)"), ("np.int8(3)", "np.int8(-7)"), ("np.int64(2)", "np.int64(-1)"), ("np.uint8(200)", "np.uint8(3)"),
           ("np.float16(0.5)", "np.float16(3)"), ("np.complex64(1j)", "np.complex64(2)"), ("np.bool_(True)", "np.bool_(False)"),
           ("np.uint64(5)", "np.uint64(0)"), ("np.longdouble(1.5)", "np.longdouble(0)"), ("np.timedelta64(3, 's')", "np.timedelta64(1, 's')"))


@dataclass(frozen=True)
class Spec:
    """The type of an array argument."""

    dtype: str
    shape: tuple[int, ...]
    layout: str

    def text(self, function: str, *rest: str) -> str:
        # Objects cannot be placed in memory that is there already. The bytes that pad a longdouble are whatever was there
        # before: no element may begin in those of another.
        unplaceable = self.dtype == "O" or (self.dtype in memory.PADDED and self.layout == "odd")
        layout = "C" if unplaceable else self.layout
        return f"{function}({self.dtype!r}, {self.shape}, {layout!r}, {', '.join(rest)})"


def random_shape(rng: random.Random) -> tuple[int, ...]:
    rank = rng.choice((0, 1, 1, 1, 1, 2, 2, 2, 2, 3))
    return tuple(rng.choice((3, 3, 2, 4, 2, 3, 5, 1, 0) if rng.random() < 0.4 else (3, 2)) for _ in range(rank))


def random_dtype(rng: random.Random) -> str:
    return rng.choice(memory.RARE if rng.random() < 0.07 else memory.PLAIN if rng.random() < 0.5 else ("f8", "f8", "f4", "f2", "i8", "i4"))


def random_layout(rng: random.Random) -> str:
    layout = rng.choice(memory.LAYOUTS) if rng.random() < 0.45 else "C"
    # What is not aligned is left to CPython: a few are enough.
    return "C" if layout == "odd" and rng.random() < 0.8 else layout


def arguments(rng: random.Random) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Names of parameters, texts of arguments for four calls, and what is run before them."""
    specs = _specs(rng)
    scalars = rng.sample(SCALARS, rng.choice((0, 0, 1, 1, 2)))
    if rng.random() < 0.15:
        scalars.append(("np.random.default_rng(5)", "np.random.Generator(np.random.MT19937(6))"))
    names = tuple("abcd"[: len(specs)]) + tuple("stu"[: len(scalars)])
    first = rng.choice(ALIASING if rng.random() < 0.4 else ("own", "own", "apart"))
    second = rng.choice([kind for kind in ALIASING if kind != first])
    other = tuple(_other(rng, spec) for spec in specs) if rng.random() < 0.5 else specs
    wild = memory.WILD * (rng.random() < 0.3)
    seeds = [rng.randrange(1, 7), rng.randrange(1, 7), wild + rng.randrange(1, 7)]
    shared, calls = [], []
    plan = [(first, specs, seeds[0], 0), (first, specs, seeds[0], 0), (second, specs, seeds[rng.randrange(2)], 0),
            (rng.choice((first, first, second)), other, seeds[2], 1)]
    chance = rng.getrandbits(32)
    for kind, chosen, seed, which in plan:
        # The places of one kind of aliasing are the same in all calls.
        before, texts = _texts(random.Random(f"{chance}{kind}"), kind, chosen, seed)
        shared.append(before)
        calls.append((*texts, *(pair[which] for pair in scalars)))
    return names, tuple(calls), tuple(shared)


def _specs(rng: random.Random) -> tuple[Spec, ...]:
    first = Spec(random_dtype(rng), random_shape(rng), random_layout(rng))
    while not first.shape and rng.random() < 0.7:
        first = replace(first, shape=random_shape(rng))
    specs = [first]
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))):
        kind = rng.random()
        specs.append(first if kind < 0.45 else replace(first, layout=random_layout(rng)) if kind < 0.6
                     else replace(first, dtype=random_dtype(rng)) if kind < 0.75 else Spec(random_dtype(rng), random_shape(rng), random_layout(rng)))
    return tuple(specs)


def _other(rng: random.Random, spec: Spec) -> Spec:
    what = rng.choice(("dtype", "shape", "layout", "nothing"))
    # A view of other bytes was made for elements without padding.
    if what == "nothing" or (what == "dtype" and (dtype := random_dtype(rng)) in memory.PADDED):
        return spec
    return replace(spec, dtype=dtype) if what == "dtype" else replace(spec, **{what: {"shape": random_shape, "layout": random_layout}[what](rng)})


def _texts(rng: random.Random, kind: str, specs: tuple[Spec, ...], seed: int) -> tuple[str, list[str]]:
    """What is run before, and the text of each argument."""
    dtype = specs[0].dtype
    texts, known = [], {}
    for index, spec in enumerate(specs):
        name, at = f"x{index}", rng.choice((0, 0, 1, 1, 2, 3))
        # The bytes of other elements mean nothing where elements are objects, and warn when they are no number.
        fits = spec.dtype == dtype or (dtype in ("u1", "i1", "i4", "i8", "u2") and spec.dtype in ("u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8"))
        if kind == "same" and spec in known:
            texts.append(known[spec])
        elif kind in ("overlap", "reversed", "twins") and fits and dtype != "O":
            placed = replace(spec, layout="reversed") if kind == "reversed" and index % 2 else spec
            texts.append(f"{name} := {placed.text('place', str(0 if kind == 'twins' else at)).replace('(', '(w, ', 1)}")
        elif kind == "apart" and spec.dtype != "O":
            texts.append(f"{name} := {spec.text('place', str(at)).replace('(', f'(pool({spec.dtype!r}, {seed + index}), ', 1)}")
        else:
            texts.append(f"{name} := {spec.text('own', str(seed + index))}")
        known.setdefault(spec, name)
    return f"w = pool({dtype!r}, {seed})", [f"({text})" for text in texts]
