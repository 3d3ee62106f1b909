"""What may run the program's code in the middle of NumPy: CPython executes it in place, and array code around it is captured.

`LOG` is a global of every program here, so that `check` compares the order in which the program's code runs.
"""

from __future__ import annotations

import numpy as np
import pytest
from tests.python.engine_support import fresh  # noqa: F401
from tests.python.sequence_support import Sequence, function

import segue

LOG: list[object] = []
PLAIN = np.arange(4.0)


# --- subclasses of ndarray ----------------------------------------------------------------------------------------------


class Bare(np.ndarray):
    pass


class Named(np.ndarray):
    def __array_finalize__(self, source):
        LOG.append(("finalize", type(source).__name__))
        self.name = getattr(source, "name", "unnamed")


class Wrapping(np.ndarray):
    def __array_wrap__(self, array, context=None, return_scalar=False):
        LOG.append(("wrap", context and context[0].__name__, return_scalar))
        return super().__array_wrap__(array, context, return_scalar)


class Overriding(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **keywords):
        LOG.append((ufunc.__name__, method, out is not None))
        plain = [np.asarray(value) if isinstance(value, Overriding) else value for value in inputs]
        if out is not None:
            keywords["out"] = tuple(np.asarray(value) for value in out)
        result = getattr(ufunc, method)(*plain, **keywords)
        return np.asarray(result).view(Overriding) if type(result) is np.ndarray else result


class Dispatching(np.ndarray):
    def __array_function__(self, function, types, args, kwargs):
        LOG.append(function.__name__)
        return super().__array_function__(function, types, args, kwargs)


class Misleading(np.ndarray):
    """Its methods and attributes are not those of arrays."""

    shape = property(lambda self: LOG.append("shape") or (99,))

    def __getitem__(self, key):
        LOG.append(("get", repr(key)))
        return super().__getitem__(key)

    def __setitem__(self, key, value):
        LOG.append(("set", repr(key)))
        super().__setitem__(key, value)

    def __len__(self):
        return 77

    def __add__(self, other):
        LOG.append("add")
        return NotImplemented

    def __radd__(self, other):
        LOG.append("radd")
        return "radd"

    def __iadd__(self, other):
        LOG.append("iadd")
        return self

    def sum(self, *args, **kwargs):
        return "summed"


class Refusing(np.ndarray):
    __array_ufunc__ = None

    def __radd__(self, other):
        LOG.append("radd")
        return "refused"


# --- others that NumPy asks ---------------------------------------------------------------------------------------------


class Duck:
    def __repr__(self):  # without an address
        return type(self).__name__


class FunctionDuck(Duck):
    real = "what np.real would find"

    def __array_function__(self, function, types, args, kwargs):
        LOG.append(function.__name__)
        return function.__name__


class UfuncDuck(Duck):
    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        LOG.append(ufunc.__name__)
        return ufunc.__name__, method, sorted(keywords)


class UnwillingDuck(Duck):
    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        return NotImplemented

    def __radd__(self, other):
        return "never asked"


class ConvertingDuck(Duck):
    def __array__(self, dtype=None, copy=None):
        LOG.append(("array", dtype, copy))
        return np.array([1.0, 2.0, 3.0, 4.0], dtype)


class InterfaceDuck(Duck):
    @property
    def __array_interface__(self):
        LOG.append("interface")
        return PLAIN.__array_interface__


class Prior(Duck):
    __array_priority__ = 1000

    def __add__(self, other):
        LOG.append("add")
        return "prior", type(other).__name__

    __radd__ = __add__

    def __rmul__(self, other):
        return NotImplemented


class Later(Duck):
    def __radd__(self, other):
        LOG.append(("radd", type(other).__name__))
        return "later"


class PriorFloat(float):
    __array_priority__ = 1000

    def __radd__(self, other):
        LOG.append("radd")
        return "prior float"


class Double(np.float64):
    def __radd__(self, other):
        LOG.append("radd")
        return "double"


class Element(Duck):
    def __init__(self, value):
        self.value = value

    def __add__(self, other):
        LOG.append(("add", self.value))
        return Element(self.value + 1)

    __radd__ = __add__

    def __lt__(self, other):
        LOG.append("lt")
        return self.value < other.value

    def __float__(self):
        LOG.append("float")
        return float(self.value)


class FailingElement(Element):
    def __add__(self, other):
        LOG.append("failing")
        raise ValueError("an element that cannot be added")


RECORDS = np.rec.array([(1, 2.0), (3, 4.0)], dtype=[("a", "i4"), ("b", "f8")])
KINDS = {
    "bare subclass": PLAIN.copy().view(Bare),
    "__array_finalize__": PLAIN.copy().view(Named),
    "__array_wrap__": PLAIN.copy().view(Wrapping),
    "__array_ufunc__": PLAIN.copy().view(Overriding),
    "__array_function__": PLAIN.copy().view(Dispatching),
    "overridden methods": PLAIN.copy().view(Misleading),
    "__array_ufunc__ is None": PLAIN.copy().view(Refusing),
    "masked array": np.ma.array(PLAIN.copy(), mask=[0, 1, 0, 0]),
    "matrix": np.matrix(PLAIN.copy()),
    "records": RECORDS,
    "record": RECORDS[0],
    "objects": np.array([1, 2.5, None, "a"], object),
    "large ints": np.array([1, 2, 3, 10**30], object),
    "elements": np.array([Element(i) for i in range(4)], object),
    "failing element": np.array([Element(0), FailingElement(1), Element(2), Element(3)], object),
    "metadata": np.ones(4, np.dtype("f8", metadata={"unit": "m"})),
    "function duck": FunctionDuck(),
    "ufunc duck": UfuncDuck(),
    "unwilling duck": UnwillingDuck(),
    "converting duck": ConvertingDuck(),
    "interface duck": InterfaceDuck(),
    "priority": Prior(),
    "no priority": Later(),
    "float with priority": PriorFloat(2.5),
    "subclass of float64": Double(2.5),
}

USES = [
    "r = x + y",
    "r = y + x",
    "r = np.add(x, y), np.sqrt(x)",
    "r = np.add.reduce(x), np.add.outer(y, x)",
    "r = -x, abs(x), x ** 2",
    "r = x @ y",
    "r = y.dot(x), np.dot(x, y)",
    "r = x == y",
    "r = np.float64(2) + x, y.sum() + x",
    "x += y; r = x",
    "y += x; r = y",
    "y[:] = x; r = y",
    "x[:2] = y[:2]; r = x",
    "np.add(y, 1, out=x); r = x",
    "np.add(x, 1, out=y); r = y",
    "r = x[1:], x[0]",
    "r = [v for v in x]",
    "r = x.sum()",
    "r = np.sum(x), np.mean(x), np.median(x)",
    "r = np.real(x), np.median(x)",
    "r = np.sort(x), np.argsort(x)",
    "r = np.concatenate([x, y]), np.stack([y, x])",
    "r = np.where(y > 1, x, y)",
    "r = np.asarray(x), np.array(x)",
    "r = np.asanyarray(x)",
    "r = np.zeros_like(x), np.zeros_like(x, subok=False)",
    "r = x.copy(), x.astype('f4'), x.reshape(-1)",
    "r = x.view(np.ndarray)",
    "r = x.shape, x.dtype, x.T",
    "r = np.shape(x), np.ndim(x), np.size(x)",
    "r = isinstance(x, np.ndarray), isinstance(x, np.generic), type(x).__name__, x is y",
    "r = len(x), bool(len(y))",
    "r = str(x), repr(x)",
    "r = x.name if hasattr(x, 'name') else None",
    "x.extra = z; r = x.extra is z",
    "d = {'k': x, 'l': [x, y]}; r = d['l'][0] + d['k'], d",
]


def program(use):
    return function(f"LOG.append('starts'); z = y * 2; {use}; w = z + 1; return r, w", "x, y", np=np, LOG=LOG)


@pytest.mark.parametrize("use", USES)
def test_code_around_what_may_run_the_programs_code_is_captured(use, check):
    """Each use of each kind breaks (or is inlined) in place; the product before it and the sum behind it are captured."""
    for name, value in KINDS.items():
        LOG.clear()
        report = check(program(use), value, PLAIN.copy(), breaks=True, hits=False)
        products = [c for c in report.captures if "multiply" in str(c.graph)]
        sums = [c for c in report.captures if "add" in str(c.graph)]
        assert products and (sums or report.result is None), name


@pytest.mark.parametrize("use", USES)
def test_entries_for_plain_arrays_and_for_others_are_told_apart(use):
    """One compiled function is called with every kind, and plain arrays in between."""
    LOG.clear()
    sequence = Sequence(program(use))
    for name, value in KINDS.items():
        sequence.call(name, value, PLAIN.copy())
        sequence.call(f"{name} on the right", PLAIN.copy(), value)
        sequence.call(f"plain arrays behind {name}", PLAIN.copy(), PLAIN.copy())
    counts = sequence.calls([("plain again", (PLAIN.copy(), PLAIN.copy()))])
    assert counts["compiles"] == 0


def test_strings_of_any_length():
    """Not through `check`: NumPy 2.0 crashes when it copies such arrays deeply."""
    def f(x, y):
        z = y * 2
        r = x + "!", x == "b", np.concatenate([x, x])
        return r, z + 1

    compiled = segue.compile(f)
    for _ in range(3):
        x = np.array(["a", "b"], "T")
        assert repr(compiled(x, PLAIN)) == repr(f(x, PLAIN))
    assert segue.stats()["segments"] >= 4


# --- where they come from -----------------------------------------------------------------------------------------------


class Holder:
    def __init__(self, value):
        self.value = value


def test_in_containers_and_attributes(check):
    def f(held, items, y):
        z = y * 2
        r = held.value + items[0]
        items.append(z + items[1]["x"])
        return r, z - 1, isinstance(held.value, np.ndarray)

    for x in (PLAIN.copy().view(Named), np.ma.array(PLAIN, mask=[1, 0, 0, 0]), np.matrix([1.0, 2.0, 3.0, 4.0])):
        report = check(f, Holder(x), [x, {"x": x}], PLAIN.copy(), breaks=True, references=False)
        assert report.captures[0].op_count > 0 and report.captures[-1].op_count > 0


MADE = [
    "v = y.view(Named); v.name = 'given'; r = v[1:] * 2, v",
    "v = Named((4,)); v[:] = y; r = v + z",
    "v = np.ma.masked_array(y, mask=y > 2); r = v.sum(), v + z, v.filled(0)",
    "v = np.ma.masked_less(y, 2); v[0] = 7; r = v, v.mean()",
    "v = np.matrix([[1.0, 2.0], [3.0, 4.0]]); r = v * v, v.I, z[:2] @ v",
    "v = np.asmatrix(z); r = v.T * v, v.A",
    "v = np.rec.fromarrays([y, z], names='a,b'); r = v.a + v.b, v[0].a",
    "v = np.array([Element(1), Element(2)], dtype=object); r = v + 1",
    "v = y.astype(object); v[1] = 10 ** 30; r = v + v, v.sum()",
    "v = np.array([y, None], dtype=object); r = v[0] + z",
    "v = np.empty(2, object); v[:] = [y, z]; v[0][0] = 9; r = v[0] + v[1], y",
]


@pytest.mark.parametrize("statements", MADE)
def test_made_inside(statements, check):
    LOG.clear()
    f = function(f"z = y * 2; {statements}; w = z + 1; return r, w", "y", np=np, LOG=LOG, Named=Named, Element=Element)
    report = check(f, PLAIN.copy(), breaks=True, hits=False)
    assert "multiply" in str(report.captures[0].graph) and "add" in str(report.captures[-1].graph)


# --- what the program's code does to arrays that a segment knows -------------------------------------------------------


class Meddler(Duck):
    """Changes, in the middle of NumPy, an array that the trace has seen."""

    __array_ufunc__ = None

    def __init__(self, change):
        self.change = change

    def __radd__(self, other):
        LOG.append("meddles")
        self.change(other)
        return other.sum()


def write(array):
    array[0] = 100


def freeze(array):
    array.setflags(write=False)


def reshape(array):
    array.shape = (2, 2)


def retype(array):
    array.dtype = "i8"


@pytest.mark.parametrize("change", [write, freeze, reshape, retype])
def test_arrays_that_the_programs_code_changes(change, check):
    def f(x, y):
        z, v = y * 2, y[1:]
        r = y + x
        s = np.add(z, 1), y + y, v * 3
        r2 = z + x
        return r, s, r2, z + z, y, z

    LOG.clear()
    report = check(f, Meddler(change), PLAIN.copy(), breaks=change is not write)  # which the trace follows
    assert report.captures[0].op_count > 0 and report.captures[-1].op_count > 0


def test_elements_that_change_the_array_they_are_in(check):
    class Changing(Element):
        def __add__(self, other):
            LOG.append(self.value)
            HELD[0][:] = 7.0
            return self.value

    def f(x, y):
        HELD[0] = y
        z = y * 2
        r = x + 1
        return r, y + z

    LOG.clear()
    elements = np.empty(2, object)
    elements[:] = [Changing(1), Changing(2)]
    report = check(f, elements, PLAIN.copy(), breaks=True)
    assert report.captures[-1].op_count > 0


HELD: list[object] = [None]


def test_a_class_without_an_operator_of_its_own_is_not_asked_the_reflected_one(check):
    def f(x, y):
        z = y * 2
        try:
            r = x + x
        except TypeError:
            r = "refused"
        return r, z + 1

    for value in (Later(), UnwillingDuck()):
        check(f, value, PLAIN.copy(), breaks=True, hits=False)
