"""The table of samples: `calls/*.txt`, the names in them, and the functions they become. Needs no NumPy to be read."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "calls"
CAPTURED = ("operator", "python", "model")
"""How a captured call runs: an operator of ops.yaml, NumPy's own Python code inlined, or a model of the tracer."""
SINCE = {"__array_namespace_info__": "2.1", "cumulative_sum": "2.1", "cumulative_prod": "2.1", "unstack": "2.1",
         "matvec": "2.2", "vecmat": "2.2"}  # fmt: skip
"""Callables that NumPy 2.0 does not have -> the first NumPy that does."""
EXCEPTIONS = Path(__file__).parent / "exceptions.txt"
LINE = re.compile(r"(?P<runs>[\w-]+) +(?P<name>[\w.]+): (?P<text>.+)")


@dataclass(frozen=True)
class Sample:
    family: str
    name: str
    """Of the callable, without "numpy."."""
    text: str
    """An expression, or statements on one line; what it reads beside `np` are names of inputs (survey.py)."""
    runs: str
    """One of CAPTURED, or the id of the break at which CPython executes the call."""

    @property
    def captured(self) -> bool:
        return self.runs in CAPTURED

    @property
    def line(self) -> str:
        return f"{self.runs:<23} {self.name}: {self.text}"

    @property
    def body(self) -> str:
        """Of the function that makes the call."""
        return self.text if "return " in self.text else f"return {self.text}"

    @property
    def reads(self) -> list[str]:
        """Global names, in order of their first use: what the function takes, and `np` and builtins."""
        names = [node for node in ast.walk(ast.parse(f"def f():\n {self.body}")) if isinstance(node, ast.Name)]
        return list(dict.fromkeys(node.id for node in sorted(names, key=lambda node: node.col_offset)))


def parse(path: Path) -> list[Sample]:
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#") or not line:
            continue
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{path.name}:{number}: not of the form `how-it-runs name: call`")
        found.append(Sample(path.stem, match["name"], match["text"], match["runs"]))
    return found


def samples() -> list[Sample]:
    return [sample for path in sorted(FOLDER.glob("*.txt")) for sample in parse(path)]


def exceptions() -> dict[str, str]:
    """Callables that no sample calls -> why."""
    lines = EXCEPTIONS.read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


def write(surveyed: dict[Sample, str]) -> None:
    """Rewrites the files with how the samples run now."""
    for path in FOLDER.glob("*.txt"):
        lines = path.read_text(encoding="utf-8").splitlines()
        new = {sample.line: Sample(sample.family, sample.name, sample.text, runs).line for sample, runs in surveyed.items()}
        path.write_text("".join(f"{new.get(normal(line), line)}\n" for line in lines), encoding="utf-8")


def normal(line: str) -> str:
    match = LINE.fullmatch(line)
    return line if match is None else Sample("", match["name"], match["text"], match["runs"]).line
