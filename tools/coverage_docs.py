"""Prints docs/coverage.md: what of Python's language is captured, as the tests that say `@covers` have it.

The declarations are read from the sources of tests/python; that they are true is what running the tests shows.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests" / "python"

HEADER = """\
# What of the language is captured

<!-- Generated from the tests in tests/python by tools/coverage_docs.py; do not edit. -->

One row per part of the language or the standard library. *Captured*: how many programs of the tests are captured whole, the second
call running the compiled segment. *Breaks*: what CPython executes instead, with the [reason](breaks.md) and why; capture goes on behind
it, in the same frame ([side_exits.md](side_exits.md)). The tests compare every program with plain CPython, and fail when one breaks
more, or less, than it says here.

| | captured | breaks | tests |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Declaration:
    """A test that is decorated with `covers`."""

    module: str
    test: str
    items: tuple[str, ...]
    breaks: dict[str, str]
    programs: int


@dataclass
class Row:
    captured: int = 0
    breaks: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)


def literal(node: ast.expr, where: str) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise ValueError(f"{where}: an argument of covers() is no literal") from None


def called(node: ast.expr) -> str | None:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else None


def declarations(module: str, source: str) -> Iterator[Declaration]:
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        where = f"{module}: {node.name}"
        programs = 1
        marks = []
        for decorator in node.decorator_list:
            if called(decorator) == "cases":
                programs = len(decorator.keywords)
            if called(decorator) == "covers":
                marks.append(decorator)
        for mark in marks:
            items = tuple(literal(argument, where) for argument in mark.args)
            keywords = {keyword.arg: literal(keyword.value, where) for keyword in mark.keywords}
            yield Declaration(module, node.name, items, keywords.get("breaks") or {}, programs)


def items(source: str) -> tuple[str, ...]:
    """ITEMS of language_support.py."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "ITEMS" for t in node.targets):
            return ast.literal_eval(node.value)
    raise ValueError("language_support.py has no ITEMS")


def rows(names: tuple[str, ...], declared: list[Declaration]) -> dict[str, Row]:
    table = {name: Row() for name in names}
    for one in declared:
        for item in one.items:
            if item not in table:
                raise ValueError(f"{one.module}: {one.test} covers {item!r}, which is not among ITEMS")
            row = table[item]
            row.captured += 0 if one.breaks else one.programs
            row.breaks += [f"`{reason}`: {why}" for reason, why in one.breaks.items()]
            if one.module not in row.modules:
                row.modules.append(one.module)
    missing = [name for name, row in table.items() if not row.modules]
    if missing:
        raise ValueError(f"no test covers {', '.join(missing)}")
    return table


def render(table: dict[str, Row]) -> str:
    lines = []
    for name, row in table.items():
        breaks = "<br>".join(dict.fromkeys(row.breaks))
        tests = ", ".join(f"[{module.removeprefix('test_')}](../tests/python/{module}.py)" for module in row.modules)
        lines.append(f"| {name.replace('__', chr(92) + '_' + chr(92) + '_')} | {row.captured or ''} | {breaks} | {tests} |\n")
    return HEADER + "".join(lines)


def main() -> None:
    declared = [one for path in sorted(TESTS.glob("test_*.py"))
                for one in declarations(path.stem, path.read_text(encoding="utf-8"))]
    names = items((TESTS / "language_support.py").read_text(encoding="utf-8"))
    sys.stdout.write(render(rows(names, declared)))


if __name__ == "__main__":
    main()
