"""Arrays that share memory: overlapping inputs and outputs, views of views, buffers, and what is returned of them."""

from __future__ import annotations

import array
import itertools

import numpy as np
import pytest
from tests.python.engine_support import fresh  # noqa: F401
from tests.python.sequence_support import Sequence, function

import segue

VECTOR = np.arange(12.0)
MATRIX = np.arange(24.0).reshape(4, 6)
NAMES = {"np": np, "segue": segue, "as_strided": np.lib.stride_tricks.as_strided}

# --- one array as several operands: captured whole ----------------------------------------------------------------------

WITHIN_ONE = [
    ("x += x; return x", VECTOR),
    ("x += x[0]; x -= x[:, :1]; return x", MATRIX),
    ("x[:] = x[::-1]; return x", VECTOR),
    ("x += x[::-1]; return x", VECTOR),
    ("x[:4, :4] += x[:4, :4].T; return x", MATRIX),
    ("x[1:] = x[:-1]; x[:-1] -= x[1:]; return x, x[1:]", VECTOR),
    ("x[0], x[1] = x[1], x[0]; return x", MATRIX),
    ("x[:3], x[3:6] = x[3:6], x[:3]; return x", VECTOR),
    ("x[:3], x[3:6] = x[3:6].copy(), x[:3].copy(); return x", VECTOR),
    ("v = x[1:][::2]; w = v[::-1]; w[1:] *= 3; v += w; return x, v, w", VECTOR),
    ("v = x.reshape(3, 4); v.T[1] = 7; v[1:, ::-1][0] += v[0]; return x, v", VECTOR),
    ("v = x.view('i8'); v += 1; return x, v", VECTOR),
    ("v = x[None].squeeze(); v += 1; w = np.expand_dims(v, 0); w *= v; return x, v.shape", VECTOR),
    ("d = np.diagonal(x); x += 1; return d, d.sum(), x", MATRIX),
    ("v = np.broadcast_to(x, (2, 12)); x += 1; return v, v.sum()", VECTOR),
    ("p, q = np.split(x, 2); p += q; return x, p, q", VECTOR),
    ("v = np.lib.stride_tricks.sliding_window_view(x, 3); x[0] = 50; return v, v.sum(axis=1)", VECTOR),
    ("x[[0, 1, 2, 3]] = x[[3, 2, 1, 0]]; x[np.array([1, 2, 3])] = x[:3]; return x", VECTOR),
    ("x[x > 3] = x[3]; return x", VECTOR),
    ("np.add(x, x[::-1], out=x); np.multiply(x[1:], 2, out=x[:-1]); return x", VECTOR),
    ("np.add(x, x[::-1], out=x, where=x > 3); return x", VECTOR),
    ("np.multiply(x.real, 2, out=x.imag); return x", VECTOR + 1j),
    ("np.cumsum(x, out=x); np.cumsum(x[1:], out=x[:-1]); return x", VECTOR),
    ("np.add.reduce(x, axis=0, out=x[0]); return x", MATRIX),
    ("np.clip(x, x[::-1], None, out=x); return x", VECTOR),
    ("np.copyto(x, x[::-1]); return x", VECTOR),
    ("np.add.at(x, [0, 0, 1], x[:3]); np.put(x, [3, 2], x[:2]); return x", VECTOR),
    ("x[::-1].sort(); x[:6].partition(2); return x", VECTOR[::-1].copy()),
    ("x[:, 1].sort(); return x", MATRIX[::-1].copy()),
    ("for r in x:\n        r += x[0]; return x", MATRIX),
    ("y = np.stack([x, x]); y[0] += y[1]; x[:] = y[1]; return y, x", VECTOR),
]


@pytest.mark.parametrize(("statements", "x"), WITHIN_ONE, ids=[row[0] for row in WITHIN_ONE])
def test_views_of_one_array_overlap(statements, x, check):
    report = check(function(statements, "x", **NAMES), x)
    assert report.breaks == [] and report.op_count > 0


# --- entries for one aliasing, called with another ----------------------------------------------------------------------


def overlaps():
    """Pairs of 4 x 4 arrays."""
    square, wide, long = (np.arange(1.0, n + 1) for n in (16, 32, 25))
    square, tall = square.reshape(4, 4), np.arange(1.0, 25.0).reshape(6, 4)
    few = np.arange(1.0, 5.0)
    return {
        "distinct": (square.copy(), square[::-1].copy()),
        "same": (square, square),
        "two views of the same": (square[:], square[:]),
        "reversed": (square, square[::-1]),
        "transposed": (square, square.T),
        "broadcast": (square, np.broadcast_to(square[0], (4, 4))),
        "shifted by a row": (tall[1:5], tall[:4]),
        "shifted by an element": (long[:16].reshape(4, 4), long[1:17].reshape(4, 4)),
        "sharing one element": (wide[:16].reshape(4, 4), wide[15:31].reshape(4, 4)),
        "interleaved": (wide[::2].reshape(4, 4), wide[1::2].reshape(4, 4)),
        "adjacent": (wide[:16].reshape(4, 4), wide[16:].reshape(4, 4)),
        "side by side": (wide.reshape(4, 8)[:, :4], wide.reshape(4, 8)[:, 4:]),
        "zero strides": (np.lib.stride_tricks.as_strided(few, (4, 4), (0, 8)), few.reshape(2, 2).repeat(2, 0).repeat(2, 1)),
    }


BETWEEN_TWO = [
    "x += y; y -= x; return x, y",
    "x[:] = y; return x + y",
    "x += y; x *= 2; x -= 1; return x, y + x",
    "x[1:] = y[:-1]; y[0] = x[2]; return x, y, x + y",
    "return np.add(x, y, out=x), y.sum()",
    "np.multiply(y, 2, out=x[::-1]); return x.copy(), y + 1",
    "a = y.sum(); x *= 2; return a, y.sum(), x",
    "v = y[1:]; x[2] = 100; return v + 1, v",
    "same = x is y; x += 1; return same, y.sum()",
    "if x is y: return x * 3; x += y; return y * 2",
    "x[0], y[0] = y[0], x[0]; return x, y",
    "x[0, 1] = y[1, 0]; y[1, 0] = x[0, 1] + 1; return x, y",
    "for i in range(3): x[i] += y[i + 1]; return x, y",
    "x.sort(axis=0); return y.sum(axis=0), x",
    "np.put(x, [0, 5], y[0, :2]); return y + x",
    "np.copyto(x, y, where=x > 5); return y + x",
    "pair = [x, y]; pair[0] += pair[1]; return pair, pair[0] is pair[1]",
    "return x + y, x is y, x, y",
    "z = x + y; return x[1:], y.T, z, z[1:], z",
    "x += 1; segue.graph_break(); y += x; return x, y",
    "v = x[1:]; segue.graph_break(); v += y[1:]; w = x * 2; return w, y, v",
    "np.fill_diagonal(x, 0); return y + x",
]


@pytest.mark.parametrize("statements", BETWEEN_TWO)
def test_an_entry_for_one_overlap_is_right_for_every_other(statements):
    f = function(statements.replace(": x", ":\n        x").replace(": return x * 3", ":\n        return x * 3"), "x, y", **NAMES)
    rows = overlaps()
    for pair in itertools.permutations(["distinct", "same", "shifted by a row", "sharing one element"], 2):
        Sequence(f).calls([(name, rows[name]) for name in (*pair, *pair)])
    sequence = Sequence(f)
    sequence.calls([*rows.items(), *reversed(rows.items())])
    again = sequence.calls(rows.items())
    assert again["compiles"] == again["reruns"] == 0 and again["segments"] > 0


def test_an_entry_for_distinct_arrays_is_left_for_overlapping_ones_and_hit_again():
    rows = overlaps()
    sequence = Sequence(function("x += y; return x * 2", "x, y", **NAMES))
    assert sequence.call("first", *rows["distinct"])["compiles"] == 1
    assert sequence.call("overlap", *rows["shifted by a row"])["compiles"] > 0
    for name in ("distinct", "adjacent", "shifted by a row"):
        counts = sequence.call(name, *rows[name])
        assert (counts["compiles"], counts["hits"] > 0) == (0, True), name


@pytest.mark.parametrize("name", [name for name in overlaps() if name not in ("distinct", "zero strides")])
def test_overlap_is_seen_through_containers_and_attributes(name):
    def f(box, named):
        box[0] += named["y"]
        return named["y"] * 2, box

    rows = overlaps()
    sequence = Sequence(f)
    for pair in (rows["distinct"], rows[name], rows["distinct"], rows[name]):
        sequence.call(name, [pair[0]], {"y": pair[1]})


# --- what is returned ---------------------------------------------------------------------------------------------------


def test_returned_views_share_memory_as_numpys_do(check):
    def f(x):
        z = x * 2
        views = {"row": x[1:], "T": x.T, "flat": x.reshape(-1), "all": x[...], "step": x[::-1, ::2], "bits": x.view("i8")}
        return views, [z, z, z[1:], z.T, z.reshape(-1), z.ravel()], (x, x), np.asarray(x), np.atleast_3d(x)

    assert check(f, MATRIX).breaks == check(f, MATRIX.T).breaks == []
    check(f, MATRIX[:, ::2], breaks=True)  # whether ravel copies, the strides tell


STAGED = "x[1:] *= 2; x[:1] += 3; x[...] -= 1; x[-1:] = 7; "  # more than is saved write by write
VIEWS = [
    ("x[1:], x[::-1][1:], x[None], x[...]", VECTOR),
    ("np.broadcast_to(x, (2, 12)), np.broadcast_to(x[1:], (3, 11))", VECTOR),
    ("x.view('i8'), x[2:].view('u8')", VECTOR),
    ("np.split(x, 3), np.array_split(x, 5)", VECTOR),
    ("np.real(x), np.imag(x), x.real, x.imag[1:]", VECTOR + 1j),
    ("np.diagonal(x), x.diagonal(1), x.T[1:]", MATRIX),
    ("np.rot90(x), np.flip(x), np.fliplr(x), x.T, np.moveaxis(x, 0, 1), x.swapaxes(0, 1)", MATRIX),
    ("x.reshape(-1), x.ravel(), x.T.reshape(-1), x[:, ::2].reshape(-1), x.reshape(-1)[5:]", MATRIX),
    ("np.atleast_3d(x), np.asarray(x), x[...], np.array(x, copy=None), x.astype(float, copy=False)", VECTOR),
    ("np.expand_dims(x, 0), np.squeeze(x[None]), np.conj(x)", VECTOR),
    ("[r for r in x], x[0], x[2, 1:]", MATRIX),
]


@pytest.mark.parametrize(("views", "x"), VIEWS, ids=[row[0] for row in VIEWS])
def test_returned_views_follow_staged_writes(views, x, check):
    """The segment writes to a private copy of the array; views made before, in between and behind are of the array itself."""
    check(function(f"v = {views}; {STAGED}return v, x, x.sum(), {views}", "x", **NAMES), x)
    check(function(f"v = {views}; {STAGED}return v", "x", **NAMES), x)
    check(function(f"{STAGED}return {views}", "x", **NAMES), x)


def test_windows_on_staged_arrays(check):
    """Their base is an object of NumPy's own: such runs are dropped, and CPython executes the code."""
    window = "np.lib.stride_tricks.sliding_window_view(x, 3)"
    for statements in (f"v = {window}; {STAGED}return v, x", f"{STAGED}v = {window}; return v[1:], v", f"{STAGED}return {window}.sum()"):
        check(function(statements, "x", **NAMES), VECTOR, breaks=True, hits=False, calls=4)


@pytest.mark.parametrize("writes", ["x[1:] += 1; x[:3] *= 2", "x[:, 1] += 1; x[1, :] *= 2", "x[::2] *= 3; x[::-1][:2] += x[0]",
                                    "x.T[1:] -= 5; x[0] = 9", "x[0, 0] = 5; x[0, 0] = 6; x[0, 0] = x[1, 1]"])  # fmt: skip
def test_overlapping_writes_of_a_dropped_run_are_taken_back(writes, check):
    f = function(f"{writes}; return x / y, x", "x, y", **NAMES)
    check(f, MATRIX, 2.0)
    with np.errstate(divide="warn", invalid="warn"):
        check(f, MATRIX, np.zeros(6), hits=False)  # warns, so that CPython executes it, on what was there before


@pytest.mark.parametrize("x", [MATRIX, MATRIX.T, MATRIX[::-1, 1::2], np.broadcast_to(VECTOR[:6], (4, 6))],
                         ids=["C", "F", "gaps", "broadcast"])
def test_copies_are_made_where_numpy_makes_them(x, check):
    def f(x):
        flat, back = x.ravel(), x.reshape(-1)
        return flat, back, np.ascontiguousarray(x), np.asfortranarray(x), np.array(x), x.flatten(), np.asarray(x, dtype="f4")

    report = check(f, x, breaks=not x.flags.writeable)  # whether what is made of a read-only array is one, its strides tell
    assert (report.breaks == []) == x.flags.writeable


def test_bases_and_owners(check):
    def f(x):
        v = x[1:]
        z = x * 2
        bases = v.base is x, v[1:].base is x, x.base is None, z.base is None, z[1:].base is z, z[1:][1:].base is z
        return bases, v.flags.owndata, z.flags.owndata, v.T.base is v.base, z + 1

    report = check(f, VECTOR.copy(), breaks=True)
    assert report.captures[0].op_count > 0 and report.captures[-1].op_count > 0
    check(f, VECTOR[2:], breaks=True)


def test_questions_about_sharing(check):
    def f(x, y):
        v = x[1:]
        shared = np.shares_memory(v, x), np.may_share_memory(v, y), np.shares_memory(x[::2], x[1::2])
        return shared, v * 2

    assert check(f, VECTOR, VECTOR[:3].copy(), breaks=True).captures[-1].op_count > 0
    check(f, VECTOR, VECTOR[2:], breaks=True)


# --- changing the array itself: CPython does it, and capture goes on behind it -----------------------------------------

CHANGES = [
    "y.setflags(write=False); z = y + 1; return z, y.flags.writeable, y",
    "y.setflags(write=False); y.setflags(write=True); y[0] = 5; return y + 1, y",
    "v = y[1:]; v.setflags(write=False); y[2] = 7; z = v + 1; return z, v, y",
    "y.flags.writeable = False; z = y + 1; return z, y",
    "y.resize((3, 4), refcheck=False); z = y + 1; return z, y",
    "y.resize((5, 4), refcheck=False); z = y + 1; return z, y",
    "y.resize(4, refcheck=False); z = y[:2] + 1; return z, y",
    "y.shape = (3, 4); z = y[1] + 1; return z, y",
    "y.dtype = 'i8'; z = y + 1; return z, y",
    "y = y + 2j; y.real = x; y.imag = 5; z = y + 1; return z, y",
    "y.flat = x[:2]; z = y + 1; return z, y",
    "v = y.getfield('i4', 4); v[0] = 8; z = v + 1; return z, v, y",
    "y.setfield(3, 'i4', 4); z = y + 1; return z, y",
    "v = y.byteswap(inplace=True); z = v.view('i8') + 1; return z, v is y, y",
    "s = y.tobytes(); z = y + 1; return z, s",
    "v = y.data; y += 1; v[0] = 9.0; z = y * 2; return z, v[1]",
    "v = memoryview(y); y += 1; v[1] = 9.0; z = y * 2; return z, y",
]


@pytest.mark.parametrize("statements", CHANGES)
def test_changes_of_the_array_itself_are_made_in_place(statements, check):
    f = function("y = x * 2; " + statements, "x", **NAMES)
    report = check(f, VECTOR, breaks=True)
    assert report.captures[0].op_count > 0 and sum(c.op_count > 0 for c in report.captures) > 1


def test_arguments_that_change_their_shape_or_flags(check):
    def resized(x):
        y = x + 1
        x.resize((3, 4), refcheck=False)
        return x + 1, y

    def frozen(x, v):
        y = x + 1
        v[0] = 3.0
        x.setflags(write=False)
        v[1] = 4.0
        try:
            x[2] = 5.0
        except ValueError:
            y += 1
        return y, x + v

    for f, args in ((resized, (VECTOR.copy(),)), (frozen, (VECTOR, VECTOR[:]))):
        report = check(f, *args, breaks=True)
        assert report.captures[-1].op_count > 0


# --- buffers ------------------------------------------------------------------------------------------------------------


def buffers():
    return {
        "bytes": b"\1\2\3\4\5\6\7\10",
        "bytearray": bytearray(range(16)),
        "memoryview": memoryview(bytearray(range(16)))[8:],
        "array.array": array.array("d", [1.5, 2.5]),
        "ndarray": np.arange(2.0),
        "read-only memoryview": memoryview(b"12345678"),
    }


@pytest.mark.parametrize("name", buffers())
def test_arrays_made_of_buffers_inside(name):
    """Not through `check`, which cannot copy memoryviews."""

    def f(buffer, x):
        y = np.frombuffer(buffer, "u1")
        before = y * 2
        if y.flags.writeable:
            y[1:4] += x
        return before, y, y[1:4] + x

    def run(call):
        for _ in range(3):
            buffer = buffers()[name]
            before, y, after = call(buffer, np.arange(3, dtype="u1"))
            yield before.tolist(), y.tolist(), after.tolist(), after.dtype, bytes(buffer), y.flags.writeable, type(y.base)

    assert list(run(segue.compile(f))) == list(run(f))
    assert segue.stats()["segments"] > 0


@pytest.mark.parametrize("dtype", ["u1", "f8", ">i2"])
def test_arguments_that_lie_in_buffers(dtype, check):
    def f(x, y):
        y[:] = x[::-1]
        return x + 1, y, x[1:]

    writeable, frozen = np.frombuffer(bytearray(range(32)), dtype), np.frombuffer(bytes(range(32)), dtype)
    check(f, frozen, writeable)
    check(f, writeable, writeable, hits=False)
    check(lambda x: x * 2, np.frombuffer(bytearray(33), "u1")[1:].view("f8"), breaks=True)  # unaligned


def test_two_arrays_in_one_buffer_overlap():
    def f(x, y):
        x += 1
        return y * 2, x

    def pairs():
        room, other = bytearray(range(48)), bytearray(48)
        x = np.frombuffer(room, "f8", 3, 0)
        return {"overlap": (x, np.frombuffer(room, "f8", 3, 8)), "apart": (x, np.frombuffer(room, "f8", 3, 24)),
                "other": (x, np.frombuffer(other, "f8", 3, 0)), "same place": (x, np.frombuffer(room, "f8", 3, 0))}

    for order in itertools.permutations(pairs(), 2):
        segue.reset()
        compiled = segue.compile(f)
        for name in (*order, *order):
            plain, own = pairs()[name], pairs()[name]
            want, got = f(*plain), compiled(*own)
            assert [a.tobytes() for a in (*want, *plain)] == [a.tobytes() for a in (*got, *own)], order
            assert got[1] is own[0]


def test_windows_made_by_strides(check):
    def f(x):
        y = as_strided(x, (6,), (16,))
        z = y * 2
        y += 1
        return z, y, x

    f.__globals__["as_strided"] = NAMES["as_strided"]
    report = check(f, VECTOR, breaks=True)
    assert report.captures[-1].op_count > 0
    check(lambda x: np.ndarray((3,), "f8", x, 8) * 2, VECTOR, breaks=True)
