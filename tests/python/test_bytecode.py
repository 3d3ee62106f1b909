"""Decoding and assembling real code: every opcode is in the tables, and real code survives the round trip.

Code and listings of other versions, and each table by itself, are tested from text in tests/cpp/bytecode.
"""

import dis
import glob
import json
import opcode
import os
import subprocess
import sys
import sysconfig
import types
import warnings
from pathlib import Path

import numpy
import pytest

from segue import _segue

bytecode = _segue._bytecode
VERSION = sys.version_info[0] * 100 + sys.version_info[1]


def nested(code):
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from nested(const)


def compiled_files(folder):
    """The code of every source file below a folder (not of packages installed into it); unreadable ones are skipped."""
    for path in sorted(glob.glob(os.path.join(folder, "**", "*.py"), recursive=True)):
        if "site-packages" in os.path.relpath(path, folder):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield compile(Path(path).read_bytes(), path, "exec", dont_inherit=True)
        except (SyntaxError, ValueError):
            pass  # the library's tests hold files that are wrong on purpose


def test_every_opcode_is_classified():
    table = bytecode.opcodes(VERSION)
    assert len(dis.opmap) > 100
    for name, number in (dis.opmap | dis._all_opmap).items():
        expected = number if number < 256 else None
        assert table[name][0] == expected, name
    assert {name for name in table} == set(dis.opmap) | set(dis._all_opmap)


def test_cache_counts_are_cpythons():
    table, entries = bytecode.opcodes(VERSION), opcode._inline_cache_entries
    names = [name for name, number in dis.opmap.items() if number < 256 and not name.startswith("INSTRUMENTED_")]
    counts = {n: entries.get(n, 0) if isinstance(entries, dict) else entries[dis.opmap[n]] for n in names}
    assert sum(counts.values()) > 20
    assert {name: table[name][2] for name in names} == counts


@pytest.mark.parametrize("version", [311, 312, 313])
def test_tables_of_all_versions_are_present(version):
    table = bytecode.opcodes(version)
    assert len(table) > 160
    assert {base for _, base, _ in table.values()} <= set(table)
    assert ("PRECALL" in table, "TO_BOOL" in table) == (version == 311, version == 313)


def test_unknown_versions_have_no_table():
    with pytest.raises(ValueError, match="311, 312 and 313"):
        bytecode.opcodes(310)


def test_round_trip_of_the_standard_library_and_numpy():
    """Decode and assemble give the same co_code, co_exceptiontable and co_linetable, byte for byte.

    Exempt are code objects in which CPython's compiler kept EXTENDED_ARG prefixes that a jump does not need: there the
    reassembled code is shorter and decodes to the same instructions, handlers and positions (RoundTrip checks both).
    Depths are checked against co_stacksize.
    """
    trip = bytecode.RoundTrip()
    for folder in (sysconfig.get_path("stdlib"), os.path.dirname(numpy.__file__)):
        for code in compiled_files(folder):
            trip.add(code)
    assert trip.failures == []
    assert trip.codes > 20_000
    assert trip.insns > 1_000_000
    assert trip.handlers > 10_000
    assert len(trip.encoded_differently) < trip.codes / 1_000
    print(f"{trip.codes} code objects, {trip.raw_insns} instructions, {trip.handlers} handlers")


def test_listings_read_back_give_the_same_code():
    count = 0
    for name in ("asyncio/tasks.py", "contextlib.py", "dataclasses.py", "argparse.py", "typing.py", "_pydecimal.py"):
        path = Path(sysconfig.get_path("stdlib"), name)
        for code in nested(compile(path.read_bytes(), str(path), "exec", dont_inherit=True)):
            again = bytecode.from_raw_listing(bytecode.raw_listing(code), code)
            assert again == code and again is not code
            assert list(again.co_positions()) == list(code.co_positions())
            count += 1
    assert count > 700


def test_specialised_and_traced_code_decodes_as_it_was_compiled():
    def f(xs):
        total = 0
        for x in xs:
            total += x
        return total

    before = bytecode.listing(f.__code__)
    for _ in range(200):
        f([1, 2, 3])
    assert any("ADD_INT" in insn.opname for insn in dis.get_instructions(f, adaptive=True))
    assert bytecode.listing(f.__code__) == before
    listings = []

    def trace(frame, event, arg):
        listings.append(bytecode.listing(f.__code__))
        return trace

    sys.settrace(trace)
    try:
        f([1])
    finally:
        sys.settrace(None)
    assert len(listings) > 3 and set(listings) == {before}


def test_listings_are_in_words():
    def f(x):
        return x.shape[0] + 1

    text = bytecode.listing(f.__code__)
    for words in ("LoadLocal 0 (x)", "LoadAttr 0 (shape)", "BinarySubscr", "BinaryOp 0 (+)", "Return"):
        assert words in text
    assert f"@ {f.__code__.co_firstlineno + 1}\n" in text


def test_rewritten_code_runs():
    def f(x):
        return x + 1

    text = bytecode.raw_listing(f.__code__)
    assert "BINARY_OP 0 " in text
    f.__code__ = bytecode.from_raw_listing(text.replace("BINARY_OP 0 ", "BINARY_OP 10 "), f.__code__)
    assert f(5) == 4


@pytest.mark.parametrize(
    "text, message",
    [
        ("python 3.14, line 1\n  NOP", "no opcode table for python 3.14"),
        ("NOP", "line 1: a listing starts with: python 3.x, line N"),
        ("python 3.12, line 1\n\n  NOPE", "line 3: unknown opcode NOPE"),
        ("python 3.12\n  JUMP_FORWARD -> L1", "label L1 is nowhere"),
        ("python 3.12\nL1:\n  NOP\n  JUMP_FORWARD -> L1", "wrong direction"),
        ("python 3.12\n  LOAD_CONST x", "line 2: expected OPCODE, OPCODE argument or OPCODE -> label"),
        ("python 3.12\n  JUMP_FORWARD", "JUMP_FORWARD needs a target"),
        ("python 3.12\nL1:\n  NOP -> L1", "NOP does not take a target"),
        ("python 3.12\n  NOP @ 1:2", "line 2: expected line or line:column-line:column, not 1:2"),
        ("python 3.12\nL1:\n  NOP\nhandle L1 -> L1 depth 0", "line 4: expected handle L1..L2 -> L3 depth N"),
        ("python 3.12\nL1:\nL1:\n  NOP", "line 3: label L1 appears twice"),
        ("python 3.12\n  LOAD_FAST_CHECK -1", "LOAD_FAST_CHECK has the argument -1"),
    ],
)
def test_bad_listings_are_named(text, message):
    with pytest.raises(ValueError) as error:
        bytecode.from_raw_listing(text, (lambda: 0).__code__)
    assert message in str(error.value)


@pytest.mark.parametrize("data", [b"\xff\xff", b"\x00"])
def test_code_that_no_compiler_emits_is_refused(data):
    code = (lambda x: x).__code__
    with pytest.raises(ValueError):
        bytecode.listing(code.replace(co_code=data * (len(code.co_code) // len(data))))


def test_anything_but_code_is_refused():
    with pytest.raises(ValueError, match="not a code object"):
        bytecode.listing(len)


def test_depths_and_liveness_hold_in_running_programs():
    """Runs rewritten library modules under a trace function; see bytecode_execution_run.py."""
    script = Path(__file__).with_name("bytecode_execution_run.py")
    path = os.pathsep.join([str(script.parent), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [sys.executable, "-B", "-W", "ignore", str(script)],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    assert report["wrong"] == []
    assert report["same"] and report["results"] > 10
    assert report["events"] > 200_000
    assert report["units"] > 10_000
    assert report["cleared"] > 10_000


def test_slots_that_calls_read_by_themselves_are_live():
    class Derived(list):
        def plain(self, x):
            return len(self) + x

        def by_super(self):
            made = super()
            return made.__len__()

        def by_locals(self, x):
            y = 1
            return locals()

    def live_at_the_end(function):
        return bytecode.live(function.__code__)[-1][1]

    assert live_at_the_end(Derived.plain) == []
    assert live_at_the_end(Derived.by_super) == ["self", "__class__"]
    assert live_at_the_end(Derived.by_locals) == ["self", "x", "y"]
