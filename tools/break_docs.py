"""Prints docs/breaks.md: every break reason of csrc/trace/breaks.def with its id, explanation and hint."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass
from pathlib import Path

DEFINITIONS = Path(__file__).resolve().parent.parent / "csrc" / "trace" / "breaks.def"
ROW = re.compile(r"^SEGUE_BREAK\((\w+),\s*((?:\"(?:[^\"\\]|\\.)*\"\s*,?\s*)+)\)", re.MULTILINE)
STRINGS = re.compile(r"\"(?:[^\"\\]|\\.)*\"(?:\s*\"(?:[^\"\\]|\\.)*\")*")

HEADER = """\
# Why a capture ends: break reasons

<!-- Generated from csrc/trace/breaks.def by tools/break_docs.py; do not edit. -->

When the tracer meets something that it cannot capture exactly, the capture ends there with one of these reasons and
CPython executes the code. `segue.explain`, `fullgraph=True` and `SEGUE_LOGS=graph_breaks` show the id. Ids never change.
"""


@dataclass(frozen=True)
class Reason:
    name: str
    id: str
    explanation: str
    hint: str


def parse(text: str) -> list[Reason]:
    """Rows of a breaks.def; ValueError names a row that cannot be read."""
    reasons = []
    for match in ROW.finditer(text):
        strings = ["".join(ast.literal_eval(part) for part in re.findall(r"\"(?:[^\"\\]|\\.)*\"", run))
                   for run in STRINGS.findall(match[2])]
        if len(strings) != 3:
            raise ValueError(f"SEGUE_BREAK({match[1]}) has {len(strings)} strings; id, explanation and hint are needed")
        reasons.append(Reason(match[1], *strings))
    rows = len(re.findall(r"^SEGUE_BREAK\(", text, re.MULTILINE))
    if rows != len(reasons):
        raise ValueError(f"{rows - len(reasons)} rows of breaks.def could not be read")
    ids = [reason.id for reason in reasons]
    for duplicate in sorted({i for i in ids if ids.count(i) > 1}):
        raise ValueError(f"the id {duplicate!r} is used twice")
    return reasons


def render(reasons: list[Reason]) -> str:
    parts = [HEADER]
    parts += [f"## {reason.id}\n\n{reason.explanation}\n\n*What to do:* {reason.hint}\n" for reason in reasons]
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(render(parse(DEFINITIONS.read_text(encoding="utf-8"))))
