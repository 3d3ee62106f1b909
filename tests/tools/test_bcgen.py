"""The generator of the opcode tables: YAML in, text out; mistakes are named by file and line."""

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from bcgen.emit import emit_canonical, emit_version  # noqa: E402
from bcgen.model import check_against, parse_canonical, parse_version  # noqa: E402
from bcgen.source import SchemaError  # noqa: E402

CANONICAL = """
Nop: {stack: "( -- )", doc: "Nothing."}
PushNull: {stack: "( -- null)", doc: "Pushes NULL."}
LoadGlobal: {operands: [name], stack: "( -- value)", doc: "A global."}
Call: {operands: [count], stack: "(a, b, args[arg] -- res)", doc: "Calls."}
UnpackEx: {operands: [count, count], stack: "(value -- items[arg + 1 + arg2])", doc: "Unpacks."}
ForIter: {stack: "(iterator -- iterator, item)", jump: "(iterator -- )", flow: branch, doc: 'The "next" item.'}
"""

VERSION = """
version: 399
opcodes:
  CACHE: {number: 0, role: cache}
  NOP: {number: 9, expand: Nop}
  LOAD_GLOBAL: {number: 116, caches: 4, expand: "PushNull if arg & 1; LoadGlobal(arg >> 1)"}
  UNPACK_EX: {number: 94, expand: "UnpackEx(arg & 255, arg >> 8)"}
  FOR_ITER: {number: 93, caches: 1, jump: forward, skip: 2, expand: "ForIter(target)"}
  JUMP: {number: 260, role: pseudo}
forms:
  LOAD_GLOBAL: {LOAD_GLOBAL_MODULE: 5}
"""


def canonical():
    return parse_canonical(CANONICAL, "canonical.yaml")


def test_rows_become_the_list_of_operations():
    text = emit_canonical(canonical())["canonical_ops.def"]
    assert 'SEGUE_CANONICAL_OP(LoadGlobal, kName, kNone, kNext,\n                   "A global.")' in text
    assert "SEGUE_CANONICAL_OP(UnpackEx, kCount, kCount, kNext," in text
    assert 'SEGUE_CANONICAL_OP(ForIter, kNone, kNone, kBranch,\n                   "The \\"next\\" item.")' in text


def test_stack_effects_become_expressions():
    text = emit_canonical(canonical())["stack_effects.cc"]
    cases = [line.strip() for line in text.splitlines() if "return" in line]
    assert cases == [
        "case Opcode::kNop: return {0, 0};",
        "case Opcode::kPushNull: return {0, 1};",
        "case Opcode::kLoadGlobal: return {0, 1};",
        "case Opcode::kCall: return {2 + arg, 1};",
        "case Opcode::kUnpackEx: return {1, ((arg + 1) + arg2)};",
        "return taken ? StackEffect{1, 0} : StackEffect{1, 2};",
    ]


def test_versions_become_tables():
    text = emit_version(parse_version(VERSION, "py399.yaml", canonical()))["raw_399.cc"]
    rows = re.search(r"kOpcodes\[256\] = \{\n(.*?)\n\};", text, re.DOTALL)[1].splitlines()
    assert len(rows) == 256
    assert {number: row.strip() for number, row in enumerate(rows) if row.strip() != "{},"} == {
        0: '{"CACHE", 0, 0, RawRole::kCache, RawJump::kNone, 0, false},',
        5: '{"LOAD_GLOBAL_MODULE", 116, 4, RawRole::kNormal, RawJump::kNone, 0, true},',
        9: '{"NOP", 9, 0, RawRole::kNormal, RawJump::kNone, 0, false},',
        93: '{"FOR_ITER", 93, 1, RawRole::kNormal, RawJump::kForward, 2, false},',
        94: '{"UNPACK_EX", 94, 0, RawRole::kNormal, RawJump::kNone, 0, true},',
        116: '{"LOAD_GLOBAL", 116, 4, RawRole::kNormal, RawJump::kNone, 0, true},',
    }
    assert '{"JUMP", ""}' in text
    steps = [line.strip() for line in text.splitlines() if "out." in line]
    assert steps == [
        "out.add(Opcode::kNop);",
        "if ((arg & 1)) out.add(Opcode::kPushNull);",
        "out.add(Opcode::kLoadGlobal, (arg >> 1));",
        "out.add(Opcode::kUnpackEx, (arg & 255), (arg >> 8));",
        "out.jump(Opcode::kForIter, target);",
    ]


@pytest.mark.parametrize(
    "row, message",
    [
        ('nop: {stack: "( -- )", doc: x}', "c.yaml:2: 'nop' is not CamelCase"),
        ('A: {stack: "( -- )"}', "c.yaml:2: A has no 'doc'"),
        ("A: {doc: x}", "c.yaml:2: A has no 'stack'"),
        ('A: {stack: "( -- )", doc: x, flwo: jump}', "c.yaml:2: unknown key 'flwo'"),
        ('A: {stack: "( -- )", doc: x, flow: fall}', "c.yaml:2: 'fall' is none of next, jump"),
        ('A: {stack: "( -- )", doc: x, operands: [nam]}', "c.yaml:2: 'nam' is none of const, name"),
        ('A: {stack: "( -- )", doc: x, operands: [name, name, name]}', "c.yaml:2: A has more than two operands"),
        ('A: {stack: "a -- b", doc: x}', "c.yaml:2: a stack effect is '(before -- after)'"),
        ('A: {stack: "(A -- b)", doc: x}', "c.yaml:2: cannot read the stack slot 'A'"),
        ('A: {stack: "(a[arg] -- b)", doc: x}', "c.yaml:2: unknown name 'arg'"),
        ('A: {stack: "(a[f(1)] -- b)", doc: x}', "c.yaml:2: 'f(1)' is not allowed"),
        ('A: {stack: "(a[1 +] -- b)", doc: x}', "c.yaml:2: cannot read the expression '1 +'"),
        ('A: {stack: "( -- )", jump: "( -- )", doc: x}', "c.yaml:2: A has a 'jump' effect but its flow is next"),
        ('A: {stack: "( -- )", doc: x}\nA: {stack: "( -- )", doc: x}', "c.yaml:3: A appears twice (first in line 2)"),
        ("A: [1]", "c.yaml:2: expected a mapping"),
        ("A: {", "c.yaml:2:"),
    ],
)
def test_bad_canonical_rows_are_named(row, message):
    with pytest.raises(SchemaError) as error:
        parse_canonical("# comment\n" + row, "c.yaml")
    assert message in str(error.value)


@pytest.mark.parametrize(
    "row, message",
    [
        ("A: {expand: Nop}", "v.yaml:3: A has no 'number'"),
        ("A: {number: x, expand: Nop}", "v.yaml:3: expected a number, not 'x'"),
        ("A: {number: 1}", "v.yaml:3: A: an opcode has either a role or an expansion"),
        ("A: {number: 1, role: cache, expand: Nop}", "v.yaml:3: A: an opcode has either a role or an expansion"),
        ("A: {number: 1, role: prefix}", "v.yaml:3: 'prefix' is none of normal"),
        ("A: {number: 300, expand: Nop}", "v.yaml:3: A: opcodes above 255, and only they, are pseudo"),
        ("A: {number: 1, expand: Nope}", "v.yaml:3: A: unknown canonical instruction 'Nope'"),
        ("A: {number: 1, expand: Call}", "v.yaml:3: A: Call takes 1 operands, not 0"),
        ("A: {number: 1, expand: Call(oparg)}", "v.yaml:3: unknown name 'oparg'"),
        ("A: {number: 1, expand: Nop when arg}", "v.yaml:3: cannot read the step 'Nop when arg'"),
        ("A: {number: 1, expand: ForIter(target)}", "v.yaml:3: A: 'target' in the expansion and 'jump' belong together"),
        ("A: {number: 1, jump: forward, expand: Nop}", "v.yaml:3: A: 'target' in the expansion and 'jump'"),
        ("A: {number: 1, jump: forward, expand: ForIter}", "v.yaml:3: A: ForIter needs a target"),
        ("A: {number: 1, jump: forward, expand: Nop(target)}", "v.yaml:3: A: Nop does not take a target"),
        ("A: {number: 1, skip: 1, expand: Nop}", "v.yaml:3: A has 'skip' but no 'jump'"),
        ("A: {number: 1, expand: Nop}\n  B: {number: 1, expand: Nop}", "v.yaml:4: B has the number 1 of A"),
        ("A: {number: 1, expand: Nop}\nforms:\n  B: {B_X: 2}", "v.yaml:5: forms of B, which is not in opcodes"),
        ("A: {number: 1, expand: Nop}\nforms:\n  A: {A: 2}", "v.yaml:5: A appears twice"),
        ("A: {number: 1, expand: Nop}\nforms:\n  A: {A_X: 1}", "v.yaml:5: A_X has the number 1 of A"),
    ],
)
def test_bad_version_rows_are_named(row, message):
    with pytest.raises(SchemaError) as error:
        parse_version(f"version: 399\nopcodes:\n  {row}\n", "v.yaml", canonical())
    assert message in str(error.value)


def test_incomplete_files_are_named():
    for text, message in [("", "v.yaml:1: the file is empty"), ("version: 399", "v.yaml:1: the file has no 'opcodes'")]:
        with pytest.raises(SchemaError, match=re.escape(message)):
            parse_version(text, "v.yaml", canonical())


@pytest.mark.parametrize(
    "opmap, message",
    [
        ({"NEW": 7}, "NEW (opcode 7) is missing"),
        ({"NOP": 8}, "NOP is opcode 8, not 9"),
        ({}, "this interpreter has no "),
    ],
)
def test_tables_are_compared_with_the_interpreter(opmap, message):
    version = parse_version(VERSION, "v.yaml", canonical())
    complete = {"CACHE": 0, "NOP": 9, "LOAD_GLOBAL": 116, "UNPACK_EX": 94, "FOR_ITER": 93, "JUMP": 260}
    check_against(version, complete, {"LOAD_GLOBAL_MODULE": 5}, "v.yaml")
    with pytest.raises(SchemaError) as error:
        check_against(version, complete | opmap if opmap else {}, {"LOAD_GLOBAL_MODULE": 5}, "v.yaml")
    assert message in str(error.value)
