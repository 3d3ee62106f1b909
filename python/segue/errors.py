"""GraphBreakError, and the picture of a source position that it and `explain` show."""

from __future__ import annotations

import linecache
import unicodedata
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Position:
    """A place in the user's source. Lines count from 1; columns are UTF-8 offsets, -1 when unknown."""

    file: str
    function: str
    line: int
    col: int = -1
    end_line: int = 0
    end_col: int = -1

    def render(self, indent: str = "  ") -> str:
        """The traceback entry of this place, with a caret under the expression when the source is there."""
        text = f'{indent}File "{self.file}", line {self.line}, in {self.function}'
        source = linecache.getline(self.file, self.line).rstrip("\n")
        if not source.strip():
            return text
        stripped = source.lstrip()
        text += f"\n{indent}  {stripped}"
        if self.col < 0:
            return text
        encoded = source.encode()
        margin = len(source) - len(stripped)
        start = len(encoded[: self.col].decode(errors="replace"))
        end = len(source)
        if self.end_line in (0, self.line) and self.end_col > self.col:
            end = len(encoded[: self.end_col].decode(errors="replace"))
        before, under = source[margin:start], source[max(start, margin) : end]
        return f"{text}\n{indent}  {_blank(before)}{'^' * max(1, _width(under))}"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def _blank(text: str) -> str:
    """Spaces as wide as the text; tabs stay tabs so that they line up."""
    return "".join("\t" if c == "\t" else " " * _width(c) for c in text)


@dataclass(frozen=True)
class Break:
    """Why a capture ended before its frame did."""

    id: str
    """Stable id, a row of docs/breaks.md."""
    explanation: str
    detail: str
    """Words about this very case; may be empty."""
    hint: str
    position: Position
    chain: tuple[Position, ...] = field(default=())
    """Call sites of the inlined frames, outermost first."""

    def __str__(self) -> str:
        lines = [f"{self.id}: {self.explanation}"]
        if self.detail:
            lines.append(f"  {self.detail}")
        lines += [position.render() for position in (*self.chain, self.position)]
        lines.append(f"  Hint: {self.hint}")
        return "\n".join(lines)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Break:
        """From the engine's dict: id, explanation, detail, hint, position and chain (dicts of Position's fields)."""
        return cls(
            id=record["id"],
            explanation=record["explanation"],
            detail=record["detail"],
            hint=record["hint"],
            position=Position(**record["position"]),
            chain=tuple(Position(**call) for call in record["chain"]),
        )


class GraphBreakError(RuntimeError):
    """Raised by a function compiled with `fullgraph=True` when it cannot be captured whole.

    The message names the reason's id, shows the expression with a caret under the chain of inlined calls that leads to it, and gives a
    hint. `.graph_break` holds the same as a `Break`.
    """

    def __init__(self, graph_break: Break) -> None:
        super().__init__(graph_break)
        self.graph_break = graph_break

    @property
    def reason(self) -> str:
        """The reason's stable id."""
        return self.graph_break.id

    def __str__(self) -> str:
        return f"the function cannot be captured whole: {self.graph_break}"
