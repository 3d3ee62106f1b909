"""The fuzzer of NumPy's language: programs are reproducible, nothing differs in some of them, and aliasing is compared."""

import gc

import numpy as np
import pytest

from segue.testing import compare, observe
from tests.fuzz import memory
from tests.fuzz.program import Program, Statement
from tests.fuzz.run import Summary, dies_plainly, generate, is_determined, report, run, settle


GENERATES = pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.1.0",
                               reason="plain NumPy 2.0 crashes on statements that are tried out: integer arrays against ints they cannot hold")


@pytest.fixture(autouse=True)
def collector():
    yield
    gc.unfreeze()
    gc.enable()


@GENERATES
def test_a_program_is_a_function_of_seed_and_index():
    assert generate(3, 5, arrays=True).script() == generate(3, 5, arrays=True).script()
    assert generate(3, 5, arrays=True).script() != generate(3, 6, arrays=True).script() != generate(4, 6, arrays=True).script()


@GENERATES
def test_plain_programs_run_alike_twice_and_mostly_without_errors():
    raised = 0
    for index in range(300):
        program = generate(21, index, arrays=True)
        seen = []
        settle()
        for _ in range(2):
            seen.append(observe(program.make(), program.make_arguments(0), {}))
        assert compare(*seen) == [], program.script()
        raised += seen[0].exception is not None
    assert raised <= 30


@GENERATES
def test_compiled_programs_are_the_plain_ones_and_capture():
    summary = Summary()
    for index in range(300):
        program = generate(22, index, arrays=True)
        outcome = run(program)
        assert outcome.differences == [], report(program, outcome.differences)
        summary.add(outcome)
    assert summary.reused >= 0.95 * summary.programs, summary.missed


@GENERATES
def test_programs_are_of_the_whole_language():
    programs = [generate(23, index, arrays=True) for index in range(600)]
    text = "\n".join(program.source() for program in programs)
    for construct in (".T", ".reshape(", ".view(", ".real", "out=", "where=", "dtype=", "np.copyto(", ".at(", "[::-1]", ".sort(", "try:", "for ", "if ", ".item(",
                      "+= ", "reduceat", "outer(", "np.einsum", "np.take", ".flat", "np.errstate", "np.where", "np.concatenate", "keepdims=", ".fill(", ".diagonal("):
        assert construct in text, construct
    calls = "\n".join(program.call_text(call) for program in programs for call in range(4))
    for argument in (*memory.PLAIN, *memory.RARE, *memory.LAYOUTS, "()", "(0,", "(x0)"):
        assert argument in calls, argument


def call(body: str, arguments: tuple[str, ...] = ("place(w, 'f8', (3,), 'C', 0)", "place(w, 'f8', (3,), 'C', 1)")):
    program = of(body, arguments)
    return observe(program.make(), program.make_arguments(0), {})


def of(body: str, arguments: tuple[str, ...]) -> Program:
    return Program(("a", "b"), (arguments,), tuple(Statement(line) for line in body.split("; ")), ("w = np.zeros(24)",))


@pytest.mark.parametrize(("plain", "forged"), [
    ("return a[1:]", "return a[1:].copy()"),
    ("return a[1:]", "return a[:-1]"),
    ("return a[1:], b[:2]", "c = a[1:]; return c, c"),
    ("return a[1:], b[1:]", "return a[1:], b[:-1]"),
    ("return a, a", "return a, a[:]"),
    ("return a.base", "return a.base[:]"),
    ("a.base[9] = 8", "a.base[10] = 8"),
    ("b[1] = 1; a[:-1] = a[1:]", "b[1] = 1; a[1] = a[2]; a[0] = a[1]"),
    ("return a[::-1]", "return a[::-1].copy()[::1]"),
    ("return np.broadcast_to(a, (2, 3))", "return np.stack([a, a])"),
    ("c = a + b; return c, c[1:]", "c = a + b; return c, c[1:].copy()"),
    ("c = a + b; return c[1:], c[:-1]", "c = a + b; return c[1:], (a + b)[:-1]"),
    ("c = a + b; return c.reshape(3, 1)", "c = a + b; return c[:, None]"),
    ("a[0] = np.nan", "a[0] = -np.float64(np.nan)"),
    ("return a.view()", "c = a.view(); c.flags.writeable = False; return c"),
])
def test_a_forged_alias_is_told_apart(plain, forged):
    assert compare(call(plain), call(plain)) == []
    assert compare(call(plain), call(forged)) != []


@pytest.mark.parametrize("layout", memory.LAYOUTS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (3, 0), (2, 1, 3)])
def test_arrays_stand_where_they_are_placed(layout, shape):
    buffer = memory.pool("i4")
    made = memory.place(buffer, "i4", shape, layout, 2)
    assert made.shape == shape and made.base is buffer
    low, _ = np.lib.array_utils.byte_bounds(made)
    assert made.size == 0 or low - buffer.ctypes.data == 8 + (layout == "odd")


@pytest.mark.parametrize(("made", "determined"), [("np.empty(16)", False), ("np.zeros(16)", True)])
def test_what_numpy_does_not_give_twice_is_undetermined(made, determined):
    program = of(f"return {made}", ("1", "2"))
    plain = observe(program.caller(program.make()), program.make_arguments(0), {})
    assert is_determined(program, plain, 0) is determined


def test_a_program_that_is_well_behaved_does_not_die_plainly():
    assert not dies_plainly(3, 5, arrays=True)
