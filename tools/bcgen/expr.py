"""The small languages inside the YAML: integer expressions, stack effects and expansions.

    expression   arg >> 1            + - * >> << & | == != < > and or not over integers and the names in scope
    stack        (a, items[arg] -- res)
    expansion    PushNull if arg & 1; LoadGlobal(arg >> 1)
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from .source import Item

_BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.RShift: ">>", ast.LShift: "<<", ast.BitAnd: "&", ast.BitOr: "|"}
_COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.Gt: ">"}


@dataclass(frozen=True)
class Expr:
    """An integer expression as C++ source."""

    cpp: str


def parse_expr(text: str, scope: frozenset[str], at: Item) -> Expr:
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise at.error(f"cannot read the expression {text.strip()!r}") from None

    def emit(node: ast.expr) -> str:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int(value)):
                return str(value)
            case ast.Name(id=name):
                if name not in scope:
                    raise at.error(f"unknown name {name!r} in {text.strip()!r}; known: {', '.join(sorted(scope))}")
                return name
            case ast.BinOp(left, op, right) if type(op) in _BINARY:
                return f"({emit(left)} {_BINARY[type(op)]} {emit(right)})"
            case ast.Compare(left, [op], [right]) if type(op) in _COMPARE:
                return f"({emit(left)} {_COMPARE[type(op)]} {emit(right)})"
            case ast.BoolOp(op, values):
                return "(" + (" && " if isinstance(op, ast.And) else " || ").join(f"({emit(v)} != 0)" for v in values) + ")"
            case ast.UnaryOp(ast.Not(), operand):
                return f"({emit(operand)} == 0)"
        raise at.error(f"{ast.unparse(node)!r} is not allowed in an expression")

    return Expr(emit(tree))


@dataclass(frozen=True)
class Slots:
    """One side of a stack effect: a fixed number of slots and the sizes of item[n] groups."""

    fixed: int
    sizes: tuple[Expr, ...]

    @property
    def cpp(self) -> str:
        return " + ".join([str(self.fixed)] * (self.fixed > 0 or not self.sizes) + [size.cpp for size in self.sizes])


_SLOT = re.compile(r"([a-z_]\w*)(?:\[([^\]]+)\])?")


def parse_effect(item: Item, scope: frozenset[str]) -> tuple[Slots, Slots]:
    text = item.text()
    match = re.fullmatch(r"\((.*)--(.*)\)", text)
    if not match:
        raise item.error(f"a stack effect is '(before -- after)', not {text!r}")

    def side(words: str) -> Slots:
        fixed, sizes = 0, []
        for word in filter(None, (w.strip() for w in words.split(","))):
            slot = _SLOT.fullmatch(word)
            if not slot:
                raise item.error(f"cannot read the stack slot {word!r}")
            if slot[2] is None:
                fixed += 1
            else:
                sizes.append(parse_expr(slot[2], scope, item))
        return Slots(fixed, tuple(sizes))

    return side(match[1]), side(match[2])


@dataclass(frozen=True)
class Step:
    """One canonical instruction of an expansion."""

    name: str
    operands: tuple[Expr, ...]
    to_target: bool
    condition: Expr | None


_STEP = re.compile(r"(\w+)(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\))?(?:\s+if\s+(.+))?")


def parse_expansion(item: Item, scope: frozenset[str]) -> tuple[Step, ...]:
    steps = []
    for text in item.text().split(";"):
        match = _STEP.fullmatch(text.strip())
        if not match:
            raise item.error(f"cannot read the step {text.strip()!r}: Name(operand, ...) if condition")
        operands = [w.strip() for w in match[2].split(",")] if match[2] else []
        to_target = "target" in operands
        exprs = tuple(parse_expr(w, scope, item) for w in operands if w != "target")
        condition = parse_expr(match[3], scope, item) if match[3] else None
        steps.append(Step(match[1], exprs, to_target, condition))
    return tuple(steps)
