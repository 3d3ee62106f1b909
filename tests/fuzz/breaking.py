"""Random programs that break: what `generate.py` grows, with blocks of `blocks.py` between, and callees up to three deep."""

from __future__ import annotations

import contextlib
import io
import random

import numpy as np

from tests.fuzz.blocks import KINDS, Blocks, Helper, Place
from tests.fuzz.generate import Generator
from tests.fuzz.program import Program, Statement

MOST_HELPERS = 4
RECKLESS = 0.1


class BreakingGenerator(Generator):
    """Grows one program that breaks. In some, f itself is a generator or a coroutine, which the program's caller drives."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self.reckless = rng.random() < RECKLESS
        self.blocks = Blocks(rng, self.fresh)
        self.breaking: list[Helper] = []

    def statement(self, depth: int = 0) -> Statement:
        if self.rng.random() < 0.5:
            return super().statement(depth)
        names = [name for name, value in self.locals.items() if type(value) is np.ndarray and value.dtype.kind in "iufc"]
        place = Place(tuple(names[-3:]) or ("a",), helpers=self.callees(), depth=depth)
        return self.blocks.statement(place)

    def callees(self) -> tuple[Helper, ...]:
        """One or two helpers to call. Each was made with those before it to call, so chains grow three deep."""
        if len(self.breaking) < MOST_HELPERS and self.rng.random() < 0.6:
            self.add_helper(self.rng.choice(KINDS))
        return tuple(self.rng.sample(self.breaking, min(2, len(self.breaking))))

    def add_helper(self, kind: str) -> Helper:
        helper = self.blocks.function(f"deep{len(self.breaking)}", tuple(self.breaking[-2:]), kind)
        self.breaking.append(helper)
        self.helpers.append(helper.statement)
        with contextlib.suppress(SyntaxError):
            exec("\n".join(helper.statement.lines("")), self.scope)
        return helper

    def accept(self, statement: Statement) -> bool:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return super().accept(statement)

    def generate(self) -> Program:
        kind = self.rng.choice(("call",) * 8 + ("generator", "async"))
        return super().generate() if kind == "call" else self.suspended(kind)

    def suspended(self, kind: str) -> Program:
        """f is a generator or a coroutine: grown blindly, until its first call does not raise."""
        names, arguments, shared = self.arguments()
        arrays = tuple(name for name in names if name in "abc")
        for _ in range(20):
            helpers = self.callees()
            place = Place((*arrays, "z"), kind, helpers, in_function=True)
            statements = (Statement(f"z = {arrays[0]} + 1"), *self.blocks.block(place, 2, 6), self.blocks.make_pause(place),
                          *self.blocks.block(place, 1, 3), Statement("return z"))
            program = Program(names, arguments, statements, shared, tuple(self.helpers), kind, self.steps() if kind == "generator" else ())
            with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception, GeneratorExit), np.errstate(all="ignore"):
                program.caller(program.make())(*program.make_arguments(0))
                break
        return program

    def steps(self) -> tuple[tuple, ...]:
        chosen = [self.rng.choice((("next",), ("next",), ("send", 3), ("send", None), ("throw", "ValueError"), ("throw", "Failure"), ("close",)))
                  for _ in range(self.rng.randint(1, 5))]
        return (("next",), *chosen, *(("next",),) * self.rng.choice((0, 0, 40)))
