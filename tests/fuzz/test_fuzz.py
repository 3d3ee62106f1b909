"""The fuzzer itself: programs are reproducible and mostly quiet, differences are found, and shrinking keeps them."""

import gc
import warnings

import pytest

from segue.testing import compare, observe
from tests.fuzz.program import Program, Statement
from tests.fuzz.run import generate, settle, shrink


@pytest.fixture(autouse=True)
def collector():
    yield
    gc.unfreeze()
    gc.enable()


def test_a_program_is_a_function_of_seed_and_index():
    assert generate(3, 5).script() == generate(3, 5).script()
    assert generate(3, 5).script() != generate(3, 6).script() != generate(4, 6).script()


def test_programs_run_alike_twice_and_mostly_without_errors():
    raised = 0
    for index in range(150):
        program = generate(11, index)
        seen = []
        for _ in range(2):
            settle()
            seen.append(observe(program.caller(program.make()), program.make_arguments(0), {}))
        assert compare(*seen) == [], program.script()
        raised += seen[0].exception is not None
    assert raised <= 20


def test_programs_use_the_whole_language_they_are_made_for():
    text = "\n".join(generate(12, index).source() for index in range(400))
    for construct in ("for ", "while ", "match ", "try:", "finally:", "lambda", "def helper", ".append(", "if ", ":=", "f'",
                      "[...]", "out=", "+=", "sum(", "*("):
        assert construct in text, construct


def lines(*texts):
    return tuple(Statement(text) for text in texts)


def test_shrinking_keeps_what_fails_and_drops_the_rest():
    program = Program(
        ("a", "b"),
        (("array('f8', (3,))", "2"), ("array('f8', (3,))", "2")),
        (*lines("v1 = a + 1", "v2 = a * b"), Statement("if b:", lines("v3 = a - b", "v4 = v1 + v3")), *lines("return v4, v2, a")),
    )

    def fails(candidate):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                candidate.make()(*candidate.make_arguments(0))
            except Exception:
                return False
        return "a - b" in candidate.source()

    small = shrink(program, fails)
    assert [statement.text for statement in small.statements] == ["v3 = a - b", "return a"]
    assert len(small.arguments) == 1


@pytest.mark.parametrize("index", range(5))
def test_a_forged_program_is_told_apart(index):
    program = generate(13, index)
    final = program.statements[-1]
    assert final.text.startswith("return ")
    forged = Program(program.names, program.arguments, (*program.statements[:-1], Statement(final.text + ", 0")),
                     program.shared, program.helpers)
    seen = [observe(one.caller(one.make()), one.make_arguments(0), {}) for one in (program, forged)]
    assert compare(*seen) != []
