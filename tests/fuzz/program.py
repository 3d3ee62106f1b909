"""A generated program: argument texts, helper functions, and a tree of statements; prints as source."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.fuzz.inputs import drive, namespace, run


@dataclass(frozen=True)
class Statement:
    """A line, and the statements indented below it; `tail` holds the clauses that follow at its own level."""

    text: str
    body: tuple[Statement, ...] = ()
    tail: tuple[Statement, ...] = ()

    def lines(self, margin: str) -> Iterator[str]:
        yield margin + self.text
        for inner in self.body:
            yield from inner.lines(margin + "    ")
        for clause in self.tail:
            yield from clause.lines(margin)


@dataclass(frozen=True)
class Program:
    names: tuple[str, ...]
    """Parameters of f."""
    arguments: tuple[tuple[str, ...], ...]
    """For each call in turn: the text of each argument. The first and second are equal."""
    statements: tuple[Statement, ...]
    shared: tuple[str, ...] = ()
    """For each call in turn: assignments run before the arguments' texts (memory that arguments share)."""
    helpers: tuple[Statement, ...] = field(default=())
    kind: str = "call"
    """What f is: "call" for a plain function, "generator" or "async"."""
    steps: tuple[tuple, ...] = ()
    """What the caller does with the generator that f makes."""
    arrays: bool = False
    """A program of NumPy's language: it leaves no suspended generators behind."""

    def source(self) -> str:
        lines: list[str] = []
        for helper in self.helpers:
            lines += [*helper.lines(""), ""]
        lines.append(f"{'async ' * (self.kind == 'async')}def f({', '.join(self.names)}):")
        for statement in self.statements:
            lines += statement.lines("    ")
        return "\n".join(lines) + "\n"

    def script(self) -> str:
        """A runnable file that checks the program."""
        calls = [f"calls = [{', '.join(repr(self.call_text(i)) for i in range(len(self.arguments)))}]"]
        return "\n".join(["import numpy as np", "from tests.fuzz.inputs import *", "", self.source(), *calls, ""])

    def call_text(self, call: int) -> str:
        shared = self.shared[call] + "; " if self.shared else ""
        return f"{shared}args = ({', '.join(self.arguments[call])},)"

    def make(self):
        """The function f, freshly compiled by CPython."""
        scope = namespace()
        exec(compile(self.source(), "<fuzz>", "exec"), scope)
        return scope["f"]

    def caller(self, f):
        """What is called in f's place: it sees the generator or coroutine that f makes through."""
        if self.kind == "call":
            return f
        return lambda *arguments: run(f(*arguments)) if self.kind == "async" else drive(f(*arguments), self.steps)

    def make_arguments(self, call: int) -> tuple:
        scope = namespace()
        exec(self.call_text(call), scope)
        return scope["args"]


def smaller(program: Program) -> Iterator[Program]:
    """Programs with one thing less, the largest cuts first."""
    for start, stop in _cuts(len(program.statements) - 1):
        yield replace(program, statements=program.statements[:start] + program.statements[stop:])
    for index, statement in enumerate(program.statements):
        for other in _smaller_statement(statement):
            yield replace(program, statements=program.statements[:index] + other + program.statements[index + 1 :])
    for index, helper in enumerate(program.helpers):
        for other in ((), *((replace(helper, body=body),) for body in _smaller_block(helper.body))):
            yield replace(program, helpers=program.helpers[:index] + other + program.helpers[index + 1 :])
    for index in range(len(program.steps)):
        yield replace(program, steps=program.steps[:index] + program.steps[index + 1 :])
    for count in range(1, len(program.arguments)):
        yield replace(program, arguments=program.arguments[:count], shared=program.shared[:count])
    last = program.statements[-1]
    if last.text.startswith("return ") and "," in last.text:
        names = last.text.removeprefix("return ").split(", ")
        for index in range(len(names)):
            rest = ", ".join(names[:index] + names[index + 1 :])
            yield replace(program, statements=(*program.statements[:-1], Statement(f"return {rest}")))


def _cuts(count: int) -> Iterator[tuple[int, int]]:
    size = count
    while size > 0:
        for start in range(0, count - size + 1, size):
            yield start, start + size
        size //= 2


def _smaller_statement(statement: Statement) -> Iterator[tuple[Statement, ...]]:
    if statement.body:
        yield statement.body
        for body in _smaller_block(statement.body):
            yield (replace(statement, body=body),)
    for clause in statement.tail:
        yield clause.body
    for tail in _smaller_block(statement.tail):
        yield (replace(statement, tail=tail),)


def _smaller_block(block: tuple[Statement, ...]) -> Iterator[tuple[Statement, ...]]:
    if len(block) > 1:
        for index in range(len(block)):
            yield block[:index] + block[index + 1 :]
    for index, inner in enumerate(block):
        for other in _smaller_statement(inner):
            yield block[:index] + other + block[index + 1 :]
