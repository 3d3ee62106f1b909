"""The commonest operators on every layout that an array can have: unaligned, swapped, strided, read-only, empty, 0-d."""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.engine_support import fresh  # noqa: F401
from tests.python.op_samples import unaligned
from tests.python.sequence_support import Sequence, function

BASE = np.arange(1.0, 13.0).reshape(3, 4)


def read_only(array):
    array = array.copy()
    array.setflags(write=False)
    return array


MATRICES = {
    "C": BASE,
    "F": np.asfortranarray(BASE),
    "transposed": BASE.reshape(4, 3).T,
    "gaps": np.repeat(BASE, 2, axis=1)[:, ::2],
    "reversed": BASE[::-1, ::-1],
    "one axis reversed": BASE[:, ::-1],
    "broadcast": np.broadcast_to(BASE[0], (3, 4)),
    "zero strides": np.lib.stride_tricks.as_strided(np.arange(1.0, 4.0), (3, 4), (8, 0)),
    "read-only": read_only(BASE),
    "unaligned": unaligned(BASE),
    "big-endian": BASE.astype(">f8"),
    "big-endian with gaps": np.repeat(BASE, 2, axis=0)[::2].astype(">f4", order="F"),
    "one row": BASE[:1],
    "one column": BASE[:, 2:3],
    "empty": np.zeros((3, 0)),
    "empty in front": np.zeros((0, 4)),
    "empty view": BASE[:, 4:],
    "field": np.zeros((3, 4), [("a", "i4"), ("b", "f8")])["b"],
}
OTHERS = {
    "0-d": np.array(2.5),
    "0-d read-only": read_only(np.array(2.5)),
    "0-d big-endian": np.array(2.5, ">f8"),
    "0-d unaligned": unaligned(np.array(2.5)),
    "0-d view": BASE[1, 2, ...],
    "vector": BASE[0],
    "reversed vector": BASE[1, ::-1],
    "one element": np.ones(1),
    "empty vector": np.zeros(0),
    "cube": np.moveaxis(np.arange(24.0).reshape(2, 3, 4), 0, -1),
}

PROGRAMS = [
    "x + x[::-1], x * 2, np.sqrt(x), x > 2, -x",
    "np.maximum(x, 3), np.where(x > 3, x, 0), np.clip(x, 2, 5)",
    "np.add(x, 1, out=np.empty_like(x)), np.add(x, x, order='F')",
    "x.sum(), x.sum(axis=0), x.mean(axis=-1, keepdims=True), x.any()",
    "x.max(), x.argmax(axis=0), x.min(axis=-1)",
    "np.cumsum(x), np.cumsum(x, axis=0), np.diff(x, axis=-1)",
    "np.sort(x), np.argsort(x, axis=0), np.sort(x, axis=None)",
    "x.copy(), x.copy('K'), np.array(x, order='F'), x.astype('f4'), x.astype('i8', order='A')",
    "np.ascontiguousarray(x), np.asfortranarray(x), np.empty_like(x).strides, np.zeros_like(x)",
    "x.T, x[None], x.reshape(-1), x.ravel(), x.T.ravel('K')",
    "x[1:], x[::-1], x[..., :2], x[..., None], x[:0]",
    "x[..., 0], x[0]",
    "x[[0, 0]], x[x > 3], x[..., [1, 0]], np.take(x, [0, 1])",
    "np.concatenate([x, x[::-1]]), np.stack([x, x]), np.vstack([x, x])",
    "x @ x.T, np.dot(x, x.T), np.outer(x, x[:1])",
    "np.broadcast_to(x, (2, *x.shape)), np.tile(x, 2), np.repeat(x, 2), np.roll(x, 1)",
    "np.unique(x), np.median(x), np.linalg.norm(x)",
    "x.tobytes(), x.tolist(), x.flags.c_contiguous, x.flags.writeable, x.size, x.nbytes",
]
WRITES = [
    "x[...] = 7",
    "x += 1; x *= x",
    "x[1:] = x[:-1]; x[::-1] += 1",
    "x[0] = x[1]; x[..., 0] = 5",
    "x[x > 3] = 0",
    "x[[0, 1]] = x[[1, 0]]",
    "np.add(x, 1, out=x); np.multiply(x, x.T.T, out=x[...])",
    "x.fill(3); np.copyto(x, 4, where=x > 2)",
    "x.sort(axis=0)",
    "x.T[...] = x.T + 1; x.flat[0] = 9",
]
ALL = {**MATRICES, **OTHERS}


@pytest.mark.parametrize("expressions", PROGRAMS)
def test_operators_on_every_layout(expressions, check):
    """Expressions that NumPy refuses for a layout (an axis that is not there, the maximum of nothing) raise as its own do."""
    captured = 0
    for x in ALL.values():
        f = function(f"return {expressions},", "x", np=np)  # each its own entries
        captured += check(f, x, breaks=True, hits=False, references=False).op_count > 0
    assert captured > len(ALL) // 2


@pytest.mark.parametrize("statements", WRITES)
def test_writes_to_every_layout(statements, check):
    for name, x in ALL.items():
        f = function(f"{statements}; return x, x * 2", "x", np=np)
        report = check(f, x, breaks=True, hits=False, references=False)
        assert report.op_count > 0 or name not in ("C", "F", "gaps", "reversed", "big-endian")


@pytest.mark.parametrize("expression", ["x + y", "np.where(x > y, x, y)", "x @ y.T", "np.concatenate([x, y])", "x - y * x"])
def test_pairs_of_layouts(expression):
    """One compiled function, called with each pair: entries for one layout are not run for another."""
    sequence = Sequence(function(f"return {expression}", "x, y", np=np))
    names = [name for name in MATRICES if MATRICES[name].shape == (3, 4)]
    pairs = [(f"{a}, {b}", (MATRICES[a], MATRICES[b])) for a in names for b in names if a == "C" or b == "C" or a == b]
    sequence.calls(pairs)
    again = sequence.calls(pairs[:12])
    assert again["compiles"] == 0 and again["segments"] >= 8


@pytest.mark.parametrize("statements", WRITES[:4])
def test_entries_for_one_layout_are_left_for_another(statements):
    sequence = Sequence(function(f"{statements}; return x, x * 2", "x", np=np))
    rows = [(name, (x,)) for name, x in ALL.items()]
    sequence.calls(rows)
    assert sequence.calls(reversed(rows))["reruns"] == 0
