"""Runs generated programs plainly and compiled, and shrinks those that differ."""

from __future__ import annotations

import collections
import contextlib
import gc
import io
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests import guard_pages
from tests.fuzz.arrays import ArrayGenerator
from tests.fuzz.breaking import BreakingGenerator
from tests.fuzz.generate import Generator
from tests.fuzz.program import Program, smaller

BREAKING = 0.6
"""Share of the programs that are made to break."""

ROOT = Path(__file__).resolve().parents[2]

# In every process that runs programs, plainly or compiled.
guard_pages.start_if_wanted()


def backend() -> str:
    """What programs are compiled for: `--backend`, which worker processes inherit."""
    from segue.api import DEFAULT_BACKEND

    return os.environ.get("SEGUE_BACKEND", DEFAULT_BACKEND)


@dataclass
class Outcome:
    """What one program did."""

    differences: list[str] = field(default_factory=list)
    """Empty when no call could be told from the plain one."""
    undetermined: bool = False
    """A call differed, but plain calls differ from each other, too: NumPy has read memory that nobody wrote."""
    captured: bool = False
    """The first call captured at least one operator."""
    hit: bool = False
    """The second, equal call ran a segment."""
    breaks: list[str] = field(default_factory=list)
    """Ids of the first call's breaks."""
    segments: int = 0
    """Segments that its calls ran."""
    exits: int = 0
    """Segments of those that were left through a break."""
    missed: str = ""
    """Why nothing was captured, or the second call ran no segment: the first break in words. Empty when it did both."""


def generate(seed: int, index: int, arrays: bool = False) -> Program:
    """The program of an index: of the Python language, or with `arrays` of NumPy's."""
    rng = random.Random(f"{seed}:{index}")
    if arrays:
        return ArrayGenerator(rng).generate()
    return (BreakingGenerator if rng.random() < BREAKING else Generator)(rng).generate()


def settle() -> None:
    """Garbage may hold suspended generators, whose `finally` prints and draws: from now on it goes here, between calls."""
    if gc.isenabled():
        gc.collect()
        gc.freeze()  # makes collections cheap
        gc.disable()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        gc.collect()


def run(program: Program) -> Outcome:
    """Makes the program's calls, compiled and plain, each on fresh arguments. In the exact mode: how far apart results may be in the default one
    depends on the program (test_native_math.py fuzzes its kernels).
    """
    import segue
    from segue.explain import record
    from segue.testing import compare, observe
    from segue.testing.checking import segments_run

    outcome = Outcome()
    plain_f, compiled_f = program.caller(program.make()), program.caller(segue.compile(program.make(), backend=backend(), mode="exact"))
    start = segue.stats()
    for call in range(len(program.arguments)):
        plain = seen = None
        if not program.arrays or gc.isenabled():
            settle()
        plain = observe(plain_f, program.make_arguments(call), {})
        arguments = program.make_arguments(call)
        before = segments_run(segue.stats())
        if not program.arrays:
            settle()
        with record() as captures:
            seen = observe(compiled_f, arguments, {})
        if call == 0:
            outcome.captured = any(capture.op_count for capture in captures)
            found = [capture.graph_break for capture in captures if capture.graph_break is not None]
            outcome.breaks = [reason.id for reason in found]
        elif call == 1:
            outcome.hit = segments_run(segue.stats()) > before
        if isinstance(seen.exception, UnboundLocalError):
            # CPython 3.11's warmed-up code reports an unbound local at the instruction before: not a matter of compiling.
            plain.traceback = seen.traceback
        differences = compare(plain, seen, references=call > 0)
        if differences and program.arrays and not is_determined(program, plain, call):
            outcome.undetermined = True
            break
        if differences:
            outcome.differences = [f"call {call + 1} of {len(program.arguments)}: {line}" for line in differences]
            break
    end = segue.stats()
    outcome.segments, outcome.exits = segments_run(end) - segments_run(start), end["exits"] - start["exits"]
    if not (outcome.captured and outcome.hit):
        outcome.missed = f"{found[0].id}: {found[0].detail}" if found else "no break"
    return outcome


def is_determined(program: Program, plain: Any, call: int, tries: int = 8) -> bool:
    """Whether plain calls agree with `plain` whatever the memory holds that they get to read."""
    from segue.testing import compare, observe

    for attempt in range(tries):
        rubbish = [np.full(16 * size, 31 * attempt + 1, dtype=np.uint8) for size in range(1, 65)]
        del rubbish  # the next allocations find it
        again = observe(program.caller(program.make()), program.make_arguments(call), {})
        if compare(plain, again, references=False):
            return False
    return True


def shrink(program: Program, fails: Callable[[Program], bool], patience: float = 60) -> Program:
    """A smaller program that still fails: tries one cut at a time, from large to small, until none helps."""
    end = time.perf_counter() + patience
    progress = True
    while progress and time.perf_counter() < end:
        progress = False
        for candidate in smaller(program):
            if time.perf_counter() >= end:
                break
            if _compiles(candidate) and fails(candidate):
                program, progress = candidate, True
                break
    return program


def _compiles(program: Program) -> bool:
    try:
        compile(program.source(), "<fuzz>", "exec")
    except SyntaxError:
        return False
    return True


def differs(program: Program) -> bool:
    try:
        return bool(run(program).differences)
    except Exception:
        return False


def crashes(program: Program) -> bool:
    """Whether a process that runs the program dies of it."""
    with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
        file.write(f"from tests.fuzz.program import Program, Statement\nfrom tests.fuzz.run import run\nrun({program!r})\n")
        file.flush()
        try:
            done = subprocess.run([sys.executable, file.name], cwd=ROOT, capture_output=True, timeout=60)
        except subprocess.TimeoutExpired:
            return False
    return done.returncode < 0


def dies_plainly(seed: int, index: int, arrays: bool) -> bool:
    """Whether a process dies that only generates the program, which tries statements out, and makes its plain calls."""
    script = (f"from tests.fuzz.run import generate\nprogram = generate({seed}, {index}, {arrays})\n"
              "from segue.testing import observe\n"
              "for call in range(len(program.arguments)):\n"
              "    observe(program.caller(program.make()), program.make_arguments(call), {})\n")
    return subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, timeout=600).returncode < 0


@dataclass
class Summary:
    programs: int = 0
    captured: int = 0
    reused: int = 0
    """Captured, and hit by the second call."""
    undetermined: int = 0
    segments: int = 0
    exits: int = 0
    breaks: collections.Counter[str] = field(default_factory=collections.Counter)
    missed: collections.Counter[str] = field(default_factory=collections.Counter)
    """Reasons of the programs that captured nothing or whose second call ran no segment."""
    failures: list[tuple[int, str]] = field(default_factory=list)
    """(index, report) of the programs that differed or died."""

    def add(self, outcome: Outcome) -> None:
        self.programs += 1
        self.captured += outcome.captured
        self.reused += outcome.captured and outcome.hit
        self.undetermined += outcome.undetermined
        self.segments += outcome.segments
        self.exits += outcome.exits
        self.breaks.update(set(outcome.breaks))
        self.missed.update([outcome.missed] if outcome.missed else [])

    def merge(self, other: dict[str, Any]) -> None:
        for name in ("programs", "captured", "reused", "undetermined", "segments", "exits"):
            setattr(self, name, getattr(self, name) + other[name])
        self.breaks.update(other["breaks"])
        self.missed.update(other["missed"])
        self.failures += [tuple(failure) for failure in other["failures"]]

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "breaks": dict(self.breaks), "missed": dict(self.missed)}


def report(program: Program, differences: list[str]) -> str:
    return "\n".join([program.script(), *differences[:12]])
