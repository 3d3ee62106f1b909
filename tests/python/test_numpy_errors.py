"""Errors and warnings of NumPy: type, message and line are NumPy's, whether they leave the function or are caught in it.

Code before the statement, and behind it, is captured.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from tests.python.engine_support import fresh  # noqa: F401
from tests.python.sequence_support import function

import segue

LOG: list[object] = []
X = np.array([1.0, 2.0, 3.0])
ZERO = np.array([0.0, 1.0, -1.0])
M = np.arange(6.0).reshape(2, 3)
INTS = np.array([1, 0, -3])
SINGULAR = np.ones((2, 2))
NAN = np.array([np.nan, np.nan])
EMPTY = np.zeros(0)
COMPLEX = np.array([1 + 2j, 3.0, 0.0])

ERRORS = [
    # axes
    ("r = m.sum(axis=5)", "AxisError"),
    ("r = np.sum(m, axis=(0, -3))", "AxisError"),
    ("r = m.max(axis=(0, 0))", "ValueError"),
    ("r = np.concatenate([m, m], axis=2)", "AxisError"),
    ("r = np.stack([x, x], axis=3)", "AxisError"),
    ("r = np.expand_dims(x, 7)", "AxisError"),
    ("r = np.sort(x, axis=1)", "AxisError"),
    ("r = np.moveaxis(m, 0, 4)", "AxisError"),
    ("r = m.swapaxes(0, 2)", "AxisError"),
    ("r = m.transpose(0, 0)", "ValueError"),
    ("r = m.transpose(0)", "ValueError"),
    ("r = np.squeeze(m, axis=0)", "ValueError"),
    ("r = np.cumsum(m, axis=2)", "AxisError"),
    ("r = np.linalg.norm(m, axis=9)", "AxisError"),
    # casting
    ("x.astype(int)[:] += 1.5", "UFuncTypeError"),
    ("r = np.add(x, 1, out=np.zeros(3, int))", "UFuncTypeError"),
    ("r = np.add(x, 1, dtype='i4')", "UFuncTypeError"),
    ("r = np.add(m, 1j, casting='no')", "UFuncTypeError"),
    ("r = x.astype('i4', casting='safe')", "TypeError"),
    ("np.copyto(np.zeros(3, int), x)", "TypeError"),
    ("r = np.concatenate([x, x], dtype='i4', casting='safe')", "TypeError"),
    ("r = np.left_shift(x, 1)", "TypeError"),
    ("r = np.bitwise_and(x, 1)", "TypeError"),
    ("r = np.subtract(x > 1, x > 2)", "TypeError"),
    ("r = -(x > 1)", "TypeError"),
    ("r = np.uint8(3) + 300", "OverflowError"),
    ("r = np.zeros(2, 'i1') + 1000", "OverflowError"),
    ("r = np.array([1000], 'i1')", "OverflowError"),
    ("r = np.array(['a', 'b']).astype(float)", "ValueError"),
    # broadcasting and shapes
    ("r = x + x[:2]", "ValueError"),
    ("x[:] = x[:2]", "ValueError"),
    ("x += m", "ValueError"),
    ("r = np.broadcast_to(x, (3, 2))", "ValueError"),
    ("r = np.where(x > 1, m, x[:2])", "ValueError"),
    ("r = np.add(x, 1, out=np.zeros(2))", "ValueError"),
    ("r = m @ m", "ValueError"),
    ("r = np.dot(m, m)", "ValueError"),
    ("r = x @ 3.0", "ValueError"),
    ("r = np.concatenate([m, x])", "ValueError"),
    ("r = np.concatenate([])", "ValueError"),
    ("r = np.stack([x, x[:2]])", "ValueError"),
    ("r = np.vstack([x, x[:2]])", "ValueError"),
    ("r = m.reshape(4, -1)", "ValueError"),
    ("r = m.reshape(-1, -1)", "ValueError"),
    ("r = np.split(x, 2)", "ValueError"),
    ("r = np.einsum('ij,ij->k', m, m)", "ValueError"),
    ("r = np.array([[1, 2], [3]])", "ValueError"),
    ("x[0] = x", "ValueError"),
    ("r = np.zeros(-1)", "ValueError"),
    ("r = np.linspace(0, 1, -1)", "ValueError"),
    # indices
    ("r = x[3]", "IndexError"),
    ("r = x[-4:][5]", "IndexError"),
    ("x[9] = 1", "IndexError"),
    ("r = x[0, 0]", "IndexError"),
    ("r = m[..., ...]", "IndexError"),
    ("r = x[[0, 5]]", "IndexError"),
    ("r = x[np.array([True, False])]", "IndexError"),
    ("r = x[1.5]", "IndexError"),
    ("r = x[x]", "IndexError"),
    ("r = x['a']", "IndexError"),
    ("r = np.take(x, [4])", "IndexError"),
    ("np.put(x, [7], 1)", "IndexError"),
    ("r = m[[0, 1], [0, 1, 2]]", "IndexError"),
    # values
    ("r = bool(x)", "ValueError"),
    ("r = x if x else m", "ValueError"),
    ("r = x == x and m", "ValueError"),
    ("r = int(x)", "TypeError"),
    ("r = x.item()", "ValueError"),
    ("r = len(x.sum())", "TypeError"),
    ("r = iter(np.float64(2))", "TypeError"),
    ("r = hash(x)", "TypeError"),
    ("r = EMPTY.max()", "ValueError"),
    ("r = np.argmin(EMPTY)", "ValueError"),
    ("r = np.random.default_rng(1).integers(5, 1)", "ValueError"),
    ("r = np.random.default_rng(1).normal(0, -1, 3)", "ValueError"),
    ("frozen = np.broadcast_to(x, (2, 3)); frozen[0] = 1", "ValueError"),
    ("r = INTS ** -1", "ValueError"),
    ("r = x.nothing", "AttributeError"),
    ("r = np.sum(x, axs=0)", "TypeError"),
    ("r = x.reshape(3, ordr='C')", "TypeError"),
    ("r = np.add(x)", "TypeError"),
    # linear algebra
    ("r = np.linalg.inv(SINGULAR)", "LinAlgError"),
    ("r = np.linalg.solve(SINGULAR, x[:2])", "LinAlgError"),
    ("r = np.linalg.cholesky(-SINGULAR)", "LinAlgError"),
    ("r = np.linalg.inv(m)", "LinAlgError"),
    ("r = np.linalg.det(x)", "LinAlgError"),
    ("r = np.linalg.eigvals(SINGULAR * np.inf)", "LinAlgError"),
    ("r = np.linalg.matrix_power(m, 2)", "LinAlgError"),
]
NAMES = {name: globals()[name] for name in ("np", "LOG", "EMPTY", "INTS", "SINGULAR", "NAN", "COMPLEX")}


@pytest.mark.parametrize(("statement", "kind"), ERRORS, ids=[row[0] for row in ERRORS])
def test_errors_are_numpys(statement, kind, check):
    raises = function(f"z = x * 2; {statement}; return z", "x, m", **NAMES)
    report = check(raises, X.copy(), M.copy(), breaks=True, hits=False)
    assert "multiply" in str(report.captures[0].graph)

    lines = ["z = x * 2", "try:", *(f"    {part}" for part in statement.split("; ")), "    r = None", "except Exception as error:",
             "    r = type(error).__name__, str(error)", "w = z + 1", "return r, w"]  # fmt: skip
    caught = function("; ".join(lines).replace("; ", "\n    "), "x, m", **NAMES)
    report = check(caught, X.copy(), M.copy(), breaks=True, hits=False)
    name, text = report.result[0]
    assert kind in name and text
    assert "multiply" in str(report.captures[0].graph)
    assert any("add" in str(capture.graph) for capture in report.captures)


WARNINGS = [
    ("r = 1.0 / y", "divide by zero"),
    ("r = y / y", "invalid value"),
    ("r = np.log(y)", "divide by zero"),
    ("r = np.sqrt(y)", "invalid value"),
    ("r = np.exp(y + 800)", "overflow"),
    ("r = np.float32(1e-30) * np.float32(1e-30) + y", None),
    ("r = y.sum() / (y.sum() - y.sum())", "scalar divide"),
    ("r = np.float64(1e300) * 1e300", "overflow encountered in scalar multiply"),
    ("r = np.int8(100) + np.int8(100)", "overflow encountered in scalar add"),
    ("r = INTS // INTS[1]", "divide by zero encountered in floor_divide"),
    ("r = INTS % (INTS - INTS)", "divide by zero encountered in remainder"),
    ("r = np.array([np.inf]).astype('i4')", "invalid value encountered in cast"),
    ("r = np.array([1e300]).astype('f4')", "overflow encountered in cast"),
    ("r = np.add.reduce(np.full(3, 1e308))", "overflow encountered in reduce"),
    ("r = (np.full((2, 2), 1e200) @ np.full((2, 2), 1e200))", "overflow encountered in matmul"),
    ("r = np.power(y, -1)", "divide by zero encountered in power"),
    ("r = np.arccosh(y)", "invalid value encountered in arccosh"),
    ("y /= y - y", "invalid value"),
    ("np.divide(1, y, out=y)", "divide by zero"),
    ("r = EMPTY.mean()", "Mean of empty slice"),
    ("r = np.median(EMPTY)", "Mean of empty slice"),
    ("r = EMPTY.var()", "Degrees of freedom"),
    ("r = np.std(y[:1], ddof=1)", "Degrees of freedom"),
    ("r = np.nanmean(NAN)", "Mean of empty slice"),
    ("r = np.nanmax(NAN)", "All-NaN"),
    ("r = COMPLEX.astype(float)", "discards the imaginary part"),
    ("y[:] = COMPLEX", "discards the imaginary part"),
    ("r = y[:1].item(), complex(y[0])", None),
    ("r = np.maximum(y, y, y)", None),
    ("r = np.cov(y[:1])", "Degrees of freedom"),
    ("r = np.corrcoef(y[:1], y[:1])", "Degrees of freedom"),
    ("r = np.polyfit([1.0, 1.0], [1.0, 2.0], 1)", "poorly conditioned"),
]


@pytest.mark.parametrize(("statement", "text"), WARNINGS, ids=[row[0] for row in WARNINGS])
def test_warnings_are_numpys(statement, text, check):
    f = function(f"z = y * 2; {statement}; w = z + 1; return z, w, y", "y", **NAMES)
    report = check(f, ZERO.copy(), breaks=True, hits=False, calls=4)
    assert report.captures and report.captures[0].op_count > 0
    if text is not None:
        with pytest.warns(Warning) as caught:  # noqa: PT030
            f(ZERO.copy())
        assert text in "".join(str(warning.message) for warning in caught)


SETTINGS = ["ignore", "warn", "raise", "call", "log", "print"]
CONDITIONS = ["1.0 / y", "np.log(y)", "y.sum() / np.float64(0)", "np.int8(100) + np.int8(y[1] + 99)", "INTS // (INTS - INTS)",
              "np.exp(y + 800) * y", "np.array([1e300]).astype('f4')"]  # fmt: skip


class Log:
    def write(self, text):
        LOG.append(text)


def handler(text, flag):
    LOG.append((text, flag))


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_conditions_under_an_errstate_of_the_function(condition, setting, check, capfd):
    call = {"call": ", call=handler", "log": ", call=Log()"}.get(setting, "")
    f = function(f"z = y * 2; LOG.append('before'); with np.errstate(all='{setting}'{call}): r = {condition}; "
                 "LOG.append('behind'); w = z + 1; return r, w, np.geterr()".replace("): r", "):\n        r"),
                 "y", handler=handler, Log=Log, **NAMES)  # fmt: skip
    LOG.clear()
    report = check(f, ZERO.copy(), breaks=True, hits=False, calls=4)
    assert report.captures[0].op_count > 0
    if setting == "print":  # NumPy prints to the process's own output
        capfd.readouterr()
        f(ZERO.copy())
        plain = capfd.readouterr()
        segue.compile(f)(ZERO.copy())
        assert capfd.readouterr() == plain and "Warning" in plain.out + plain.err


@pytest.mark.parametrize("setting", SETTINGS)
def test_conditions_under_an_errstate_that_the_function_sets_for_good(setting, check):
    def f(y, setting):
        old = np.seterr(divide=setting)
        try:
            return 1 / y, np.geterr(), old
        finally:
            np.seterr(**old)

    check(f, ZERO.copy(), setting, breaks=True, hits=False, calls=3)


def test_a_handler_that_changes_what_the_segment_knows(check):
    def meddle(text, flag):
        LOG.append(text)
        HELD[0][:] = 5.0

    def f(y):
        HELD[0] = y
        z = y * 2
        with np.errstate(divide="call", call=meddle):
            r = 1 / y
        return r, z + y

    LOG.clear()
    check(f, ZERO.copy(), breaks=True, hits=False, calls=4)


def test_a_handler_that_raises(check):
    def refuse(text, flag):
        raise KeyError(text)

    def f(y):
        z = y * 2
        try:
            with np.errstate(divide="call", call=refuse):
                r = 1 / y
        except KeyError as error:
            r = str(error)
        return r, z + y

    check(f, ZERO.copy(), breaks=True, hits=False, calls=4)


HELD: list[object] = [None]


@pytest.mark.parametrize("filter", ["error", "once", "default", "ignore"])
def test_warning_filters_of_the_function(filter, check):
    def f(y):
        with warnings.catch_warnings():
            warnings.simplefilter(filter)
            z = y * 2
            try:
                r = 1 / y
            except RuntimeWarning as error:
                r = str(error)
            return r, z + 1

    check(f, ZERO.copy(), breaks=True, hits=False, calls=4)
