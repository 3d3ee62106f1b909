"""The comparison under `check`: calls that are the same pass, and every kind of difference is found.

Each case is a function and a forgery of it, observed on copies of the same inputs as a compiled call would be.
"""

import collections
import contextlib
import functools
import random
import sys
import warnings
from dataclasses import dataclass

import numpy as np
import pytest

from segue.testing import State, compare, copy_inputs, observe


def differences(plain, forged, *args, state_of=None, references=True, ulp=0):
    state = State(state_of) if state_of is not None else None
    seen = []
    for call in (plain, forged):
        copied_args, copied_kwargs = copy_inputs((args, {}))
        seen.append(observe(call, copied_args, copied_kwargs, state))
        if state is not None:
            state.restore()
    return compare(*seen, references=references, ulp=ulp)


class Box:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return "Box"


class Slotted:
    __slots__ = ("left", "right")


@dataclass
class Settings:
    gain: float
    names: list


def raise_from(error, cause):
    try:
        raise cause
    except type(cause):
        raise error  # noqa: B904


def warn_here(category=UserWarning, text="w"):
    warnings.warn(text, category)  # noqa: B028


def two(a):
    return a, a


SHARED = np.arange(3.0)
X = np.arange(6.0).reshape(2, 3)


def setdefault_errstate(**kw):
    np.seterr(**kw)


def annotated(error, note):
    error.add_note(note)
    return error


# name -> (plain, forged, arguments, the word that the report must contain)
def leave_cycle(x):
    cycle = [x]
    cycle.append(cycle)


FORGERIES = {
    "value": (lambda x: x + 1, lambda x: x + 2, (X,), "elements"),
    "one bit": (lambda x: x, lambda x: np.nextafter(x, 9, out=x), (np.array([1.0]),), "elements"),
    "negative zero": (lambda x: x * 0.0, lambda x: x * -0.0, (X,), "elements"),
    "nan payload": (
        lambda: np.array([0x7FF8000000000000], "u8").view("f8"),
        lambda: np.array([0x7FF8000000000001], "u8").view("f8"),
        (),
        "elements",
    ),
    "float": (lambda: 0.0, lambda: -0.0, (), "result"),
    "int for bool": (lambda: True, lambda: 1, (), "type"),
    "python float for np.float64": (lambda x: x.sum(), lambda x: float(x.sum()), (X,), "type"),
    "0-d array for a scalar": (lambda x: x.sum(), lambda x: np.asarray(x.sum()), (X,), "type"),
    "scalar value": (lambda x: x.sum(), lambda x: x.sum() + 1, (X,), "result"),
    "dtype": (lambda x: x.astype("f4"), lambda x: x.astype("f2"), (X,), "dtype"),
    "same-sized dtype": (lambda: np.zeros(2, "i8"), lambda: np.zeros(2, "u8"), (), "dtype"),
    "byte order": (lambda: np.zeros(2, "<f8"), lambda: np.zeros(2, ">f8"), (), "dtype"),
    "fields": (lambda: np.zeros(2, "i4"), lambda: np.zeros(2, np.dtype(("i4", [("a", "i2"), ("b", "i2")]))), (), "fields"),
    "metadata": (lambda: np.zeros(2, "i4"), lambda: np.zeros(2, np.dtype("i4", metadata={"a": 1})), (), "metadata"),
    "shape": (lambda x: x.reshape(3, 2), lambda x: x.reshape(6), (X,), "shape"),
    "strides": (lambda x: x.copy(), lambda x: np.asfortranarray(x), (X,), "strides"),
    "view for a copy": (lambda x: x.copy(), lambda x: x[:], (X,), "OWNDATA"),
    "copy for a view": (lambda x: x[:], lambda x: x.copy(), (X,), "OWNDATA"),
    "writeable": (
        lambda x: x.copy(),
        lambda x: (c := x.copy(), c.setflags(write=False))[0],
        (X,),
        "WRITEABLE",
    ),
    "the wrong view": (lambda x: x[0], lambda x: x.copy()[0], (X,), "memory"),
    "the wrong offset": (lambda x: (x, x[0:1]), lambda x: (x, x[1:2]), (np.zeros((2, 2)),), "memory"),
    "outputs that share": (lambda: (np.zeros(3), np.zeros(3)), lambda: two(np.zeros(3)), (), "identity"),
    "outputs that overlap": (
        lambda: (np.zeros(3)[:], np.zeros(3)[:]),
        lambda: (lambda z: (z[:], z[:]))(np.zeros(3)),
        (),
        "memory",
    ),
    "array subclass": (lambda x: x, lambda x: x.view(np.matrix), (X,), "type"),
    "identity of outputs": (lambda x: two([x]), lambda x: ([x], [x]), (X,), "identity"),
    "identity of scalars": (lambda x: two(x.sum()), lambda x: (x.sum(), x.sum()), (X,), "identity"),
    "identity with an argument": (lambda a: a, lambda a: list(a), ([1],), "identity"),
    "a lost write": (lambda x: x.__setitem__(0, 9), lambda x: None, (X,), "elements"),
    "a write too many": (lambda x: None, lambda x: x.__setitem__(0, 9), (X,), "elements"),
    "a write into one of two views": (
        lambda x, y: y.__setitem__(0, 9.0),
        lambda x, y: None,
        (X, X[0]),
        "elements",
    ),
    "a lost append": (lambda a: a.append(1), lambda a: None, ([],), "length"),
    "order of dict keys": (lambda d: d.update(a=1, b=2), lambda d: d.update(b=2, a=1), ({},), "inputs"),
    "a replaced element": (lambda a: None, lambda a: a.__setitem__(0, a[0].copy()), ([X],), "identity"),
    "attribute": (lambda b: setattr(b, "value", 1), lambda b: setattr(b, "value", 2), (Box(0),), "value"),
    "a new attribute": (lambda b: None, lambda b: setattr(b, "other", 2), (Box(0),), "attributes"),
    "slot": (lambda b: setattr(b, "left", 1), lambda b: setattr(b, "left", 2), (Slotted(),), "left"),
    "dataclass": (lambda: Settings(1.0, [1]), lambda: Settings(1.0, [2]), (), "names"),
    "default factory": (
        lambda: collections.defaultdict(list),
        lambda: collections.defaultdict(set),
        (),
        "default_factory",
    ),
    "maxlen": (lambda: collections.deque([1], 3), lambda: collections.deque([1], 4), (), "maxlen"),
    "tuple for list": (lambda: [1], lambda: (1,), (), "type"),
    "set items": (lambda: {1, 2}, lambda: {1, 3}, (), "item"),
    "generator items": (lambda: (i for i in (1, 2)), lambda: (i for i in (1, 3)), (), "items"),
    "iterator position": (lambda: iter([1, 2]), lambda: (i := iter([1, 2]), next(i))[0], (), "items"),
    "list for an iterator": (lambda: iter([1]), lambda: [1], (), "type"),
    "closure contents": (lambda: (lambda n: lambda: n)(1), lambda: (lambda n: lambda: n)(2), (), "result"),
    "partial": (lambda: functools.partial(int, 1), lambda: functools.partial(int, 2), (), "args"),
    "exception instead of a value": (lambda: 1, lambda: 1 / 0, (), "outcome"),
    "value instead of an exception": (lambda: 1 / 0, lambda: 1, (), "outcome"),
    "exception type": (lambda: {}["a"], lambda: [][0], (), "type"),
    "exception message": (lambda: int("a"), lambda: int("b"), (), "message"),
    "exception note": (
        lambda: raise_from(annotated(ValueError(1), "a"), KeyError(1)),
        lambda: raise_from(annotated(ValueError(1), "b"), KeyError(1)),
        (),
        "__notes__",
    ),
    "context type": (
        lambda: raise_from(ValueError(1), KeyError(1)),
        lambda: raise_from(ValueError(1), IndexError(1)),
        (),
        "__context__",
    ),
    "warning lost": (lambda: warn_here(), lambda: None, (), "warnings"),
    "warning twice": (lambda: warn_here(), lambda: (warn_here(), warn_here())[0], (), "warnings"),
    "warning category": (lambda: warn_here(UserWarning), lambda: warn_here(RuntimeWarning), (), "warnings"),
    "warning text": (lambda: warn_here(text="a"), lambda: warn_here(text="b"), (), "warnings"),
    "output": (lambda: print("a"), lambda: print("b"), (), "stdout"),
    "error output": (lambda: print("a", file=sys.stderr), lambda: None, (), "stderr"),
    "numpy's random state": (lambda: None, lambda: np.random.rand() and None, (), "random_state"),
    "python's random state": (lambda: None, lambda: random.random() and None, (), "random_state"),
    "a generator's state": (lambda g: None, lambda g: g.random() and None, (np.random.default_rng(1),), "state"),
    "errstate": (lambda: None, lambda: setdefault_errstate(over="raise"), (), "float_errors"),
    "a leaked reference": (lambda x: None, lambda x: LEAKED.append(x), (X,), "references"),
    "a garbage cycle": (lambda x: None, leave_cycle, (X,), "references"),
    "a function's code": (lambda: max, lambda: min, (), "result"),
    "a type": (lambda: int, lambda: bool, (), "result"),
    "a dtype": (lambda: np.dtype("f8"), lambda: np.dtype("f4"), (), "type"),
    "object elements": (lambda x: x, lambda x: x.__setitem__(0, 3) or x, (np.array([1, "a"], object),), "elements"),
    "int subclass": (lambda: Level(1), lambda: Level(2), (), "result"),
}


class Level(int):
    pass


LEAKED = []


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_found(name):
    plain, forged, args, word = FORGERIES[name]
    found = differences(plain, forged, *args)
    LEAKED.clear()
    assert any(word in line for line in found), found


@pytest.mark.parametrize("name", FORGERIES)
def test_the_honest_function_passes(name):
    plain, _, args, _ = FORGERIES[name]
    assert differences(plain, plain, *args) == []


def test_traceback_lines_are_compared():
    def plain(x):
        y = x + 1
        return y / 0

    def forged(x):
        return (x + 1) / 0

    assert any(line.startswith("traceback") for line in differences(plain, forged, 1))
    assert differences(plain, plain, 1) == []


def test_the_line_of_a_warning_is_compared():
    def plain(x):
        with contextlib.suppress(ValueError):
            return 1 / np.zeros(1)

    def forged(x):
        z = np.zeros(1)
        return 1 / z

    assert any(line.startswith("warnings") for line in differences(plain, forged, 1))


@pytest.mark.parametrize("dtype", [np.longdouble, np.clongdouble])
def test_bytes_that_pad_a_number_are_no_difference(dtype):
    def padded(byte, value=1.5):
        def call():
            array = np.frombuffer(bytearray([byte]) * (2 * np.dtype(dtype).itemsize), dtype=dtype)
            np.add(value, np.zeros(2, dtype), out=array)  # writes no padding
            return array

        return call

    assert differences(padded(1), padded(2)) == []
    assert differences(padded(1), padded(1, 2.5)) != []


@pytest.mark.parametrize("dtype", ["c8", ">c16", np.clongdouble])
def test_parts_that_are_nans_may_be_any(dtype):
    def of(real, imaginary):
        array = np.empty((2, 2), dtype)
        array.real, array.imag = real, imaginary
        return lambda: (array, array[1, 1])

    assert differences(of(np.nan, -0.0), of(-np.nan, -0.0)) == []
    assert differences(of(-np.inf, np.nan), of(-np.inf, -np.nan)) == []
    assert differences(of(np.nan, 0.0), of(np.nan, -0.0)) != []
    assert differences(of(np.nan, 1.0), of(1.0, np.nan)) != []
    assert differences(lambda: np.full(2, np.nan), lambda: np.full(2, -np.nan)) != []


def test_ulp_allows_the_last_bits_and_no_more():
    def scaled(bits):
        return lambda x: x * (1 + bits * 2.0**-52)

    one = np.array([1.0, np.nan, np.inf])
    assert differences(scaled(0), scaled(2), one, ulp=2) == []
    assert differences(scaled(0), scaled(4), one, ulp=2) != []
    assert differences(scaled(0), scaled(1), one) != []


COUNTER = 0
HISTORY = []


def counts(x):
    global COUNTER
    COUNTER += 1
    HISTORY.append(x)
    return COUNTER


def forgets_the_counter(x):
    HISTORY.append(x)
    return COUNTER + 1


def forgets_the_history(x):
    global COUNTER
    COUNTER += 1
    return COUNTER


def test_globals_are_compared_and_put_back():
    history = HISTORY
    assert differences(counts, counts, 1, state_of=counts) == []
    assert any("state" in line for line in differences(counts, forgets_the_counter, 1, state_of=counts))
    assert any("state" in line for line in differences(counts, forgets_the_history, 1, state_of=counts))
    assert COUNTER == 0 and HISTORY is history and HISTORY == []


def test_cells_are_compared_and_put_back():
    total = np.zeros(2)
    trips = 0

    def plain(x):
        nonlocal trips
        trips += 1
        total[...] += x

    def forged(x):
        total[...] += x

    assert differences(plain, plain, 1, state_of=plain) == []
    assert any("state" in line for line in differences(plain, forged, 1, state_of=plain))
    assert trips == 0 and not total.any()


# --- copies ---------------------------------------------------------------------------------------------------------


def overlap(a, b):
    return np.shares_memory(a, b), a.ctypes.data - b.ctypes.data


def layouts():
    base = np.arange(24.0).reshape(2, 3, 4)
    raw = np.arange(64, dtype=np.uint8)
    imported = np.frombuffer(bytearray(range(64)), dtype=np.uint8)
    frozen = np.arange(5)
    frozen.setflags(write=False)
    return {
        "C": base,
        "F": np.asfortranarray(base),
        "permuted": base.transpose(1, 2, 0).copy(order="K"),
        "view": base[1, ::2, ::-1],
        "broadcast": np.broadcast_to(base[0, 0], (3, 4)),
        "unaligned": raw[1:41].view("f8"),
        "imported": imported,
        "imported and unaligned": imported[3:19].view("f8"),
        "read-only": frozen,
        "read-only bytes": np.frombuffer(b"12345678", dtype="u1"),
        "0-d": np.array(3.0),
        "empty": np.zeros((0, 3)),
        "empty view": base[:, 3:, :],
        "structured": np.zeros(3, [("a", "i4"), ("b", "f8")]),
        "field": np.zeros(3, [("a", "i4"), ("b", "f8")])["b"],
        "big-endian": np.arange(3, dtype=">i4"),
        "objects": np.array([[1], None, "a"], dtype=object),
        "object view": np.array([1, [2], 3, 4], dtype=object)[::-2],
        "object column": np.array([[1, 2], [3, 4]], dtype=object)[:, 1],
        "dates": np.array(["2020-01-01"], "M8[D]"),
        "text": np.array(["abc", "d"]),
    }


@pytest.mark.parametrize("name", layouts())
def test_a_copy_has_the_layout_of_the_original(name):
    array = layouts()[name]
    (copied,) = copy_inputs([array])
    assert copied is not array and not np.shares_memory(copied, array)
    assert copied.dtype == array.dtype and copied.shape == array.shape and copied.strides == array.strides
    for flag in ("C_CONTIGUOUS", "F_CONTIGUOUS", "WRITEABLE", "ALIGNED"):
        assert copied.flags[flag] == array.flags[flag], flag
    assert copied.tolist() == array.tolist()


def test_copies_overlap_as_the_originals_do():
    base = np.arange(12.0).reshape(3, 4).copy()
    originals = [base[0], base[:, ::-1], base, base.T[1:], base[0], base.copy()]
    copied = copy_inputs(originals)
    for i, a in enumerate(originals):
        for j, b in enumerate(originals):
            if overlap(a, b)[0]:
                assert overlap(a, b) == overlap(copied[i], copied[j])
            else:
                assert not overlap(copied[i], copied[j])[0]
    assert copied[2].flags.owndata and copied[0].base is copied[2]


def test_overlap_is_kept_through_containers_and_objects():
    base = np.arange(4)
    box = Box(base[1:])
    copied_box, (copied_base, again) = copy_inputs((box, [base, box]))
    assert again is copied_box and copied_box.value.base is copied_base
    copied_base[1] = 7
    assert copied_box.value[0] == 7 and base[1] == 1


def test_objects_in_arrays_are_copied_once():
    item = Box([])
    array, copied_item = copy_inputs((np.array([item, item], dtype=object), item))
    assert array[0] is array[1] is copied_item is not item
