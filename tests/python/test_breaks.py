"""Each reason for a break, by a program that breaks for it and does what it does without Segue."""

import numpy as np
import pytest
from tests.python.trace_support import break_of

import segue
from segue import _segue
from segue.explain import record

X = np.arange(5.0)
TABLE = {"k": 1}


@segue.disable
def kept_out(x):
    return x * 3


async def coroutine(x):
    return x


def deletes_a_global(x):
    global TABLE
    y = x + 1
    del TABLE
    return y


def defines_a_class(x):
    class Local:
        factor = 2

    return x * Local.factor


def imports(x):
    import this_module_does_not_exist

    return this_module_does_not_exist.f(x)


def starts_a_coroutine(x):
    y = x + 1
    coroutine(y).close()
    return y


def asks_for_a_break(x):
    segue.graph_break("here")
    return x + 1


def sets_defaults(x):
    def double(y):
        return y * 2

    double.__defaults__ = (3,)
    return double(x), double.__defaults__


def while_handling(call, *args):
    try:
        raise KeyError("outside")
    except KeyError:
        kept_out(1)
        return call(*args)


def raises_and_catches(x):
    y = x + 1
    try:
        raise ValueError("inside")
    except ValueError as error:
        return y, type(error.__context__)


def keeps_an_exception(x):
    y = x + 1
    try:
        raise ValueError("kept")
    except ValueError as error:
        kept = error
    return y, kept.args, [kept]


def calls_deep(x, n=300):
    return x + 1 if n == 0 else calls_deep(x, n - 1)


def counts_long(x):
    for i in range(6):
        for k in range(6):
            x = x + i * k
    return x


def yields(x):
    yield x + 1


def many_rows(x):
    return [x + i for i in range(100)]


def overlapping():
    x = X.copy()
    return x[:4], x[1:]


class Twin:
    def __init__(self):
        self.factor = 2


ONE, OTHER = Twin(), Twin()
OTHER.__dict__ = ONE.__dict__


def patched(x):
    return x * 2


# A line table that ends late: CPython runs the code, and reads the table only for tracebacks.
patched.__code__ = patched.__code__.replace(co_linetable=patched.__code__.co_linetable + b"\xf8")


def adds_in_place(x, y):
    x += 1
    return x + y


# Reason -> function, its arguments, and settings of segue.config under which it breaks.
BREAKS = {
    "unsupported-instruction": (deletes_a_global, [X]),
    "unsupported-operation": (lambda x: x + [1, 2, 3, 4, 5], [X]),
    "opaque-value": (lambda x, b: (b.hex(), x + 1), [X, bytearray(b"a")]),
    "unmodelled-array": (lambda x, y: x + y, [X, X.astype(object)]),
    "numpy-not-modelled": (lambda x: (np.datetime_as_string(x.astype("M8[s]")), x + 1), [X]),
    "numpy-type-rule": (lambda x, y: x + y, [X, X[:3]]),
    "builtin-not-modelled": (lambda x: (print(x.shape), x + 1)[1], [X]),
    "data-dependent-branch": (lambda x: x + 1 if x.sum() > 0 else x, [X]),
    "loop-not-unrolled": (many_rows, [X]),
    "trace-budget": (counts_long, [X], {"trace_budget": 100}),
    "inline-depth": (calls_deep, [X]),
    "inline-refused": (lambda x: kept_out(x + 1), [X]),
    "exception-escapes": (lambda x, items: x + items[7], [X, [1]]),
    "outside-handler": (lambda x: while_handling(raises_and_catches, x), [X]),
    "unreadable-code": (lambda x: patched(x + 1), [X]),
    "attribute-lookup": (lambda x: (x + 1, kept_out.__annotations__), [X]),
    "attribute-write": (sets_defaults, [X]),
    "unhashable-key": (lambda x: {x: 1}, [X]),
    "constant-needed": (lambda x: "%5s" % x[0], [X]),
    "fold-too-large": (lambda x: (x + 1, len("ab" * 10**8)), [X]),
    "not-reconstructible": (keeps_an_exception, [X]),
    "class-build": (defines_a_class, [X]),
    "import-runs": (imports, [X]),
    "async-code": (starts_a_coroutine, [X]),
    "requested-break": (asks_for_a_break, [X]),
    "overlapping-arrays": (adds_in_place, overlapping()),
    "shared-attributes": (lambda x: x * ONE.factor * OTHER.factor, [X]),
}


@pytest.mark.parametrize("reason", BREAKS)
def test_a_break_has_its_reason_and_changes_nothing(reason, check):
    fn, args, *settings = BREAKS[reason]
    with segue.config.patch(**(settings[0] if settings else {})):
        # What a class statement makes is another class in every call.
        report = check(fn, *args, breaks=True, hits=reason != "class-build")
    assert reason in report.breaks


def test_a_frame_that_yields_breaks_there():
    with record() as captures:
        next(segue.compile(yields)(X))
    assert [capture.graph_break.id for capture in captures] == ["yields"]
    assert break_of(yields, X) == "generator-state"  # a trace from its very start would make the generator


def test_every_reason_has_a_program():
    # (Values vary in loops: test_loops.py.)
    assert sorted([*BREAKS, "generator-state", "value-varies", "yields"]) == sorted(_segue._trace.breaks())
