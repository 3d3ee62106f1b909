"""The model: canonical instructions, and per CPython version what each raw opcode expands into."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .expr import Slots, Step, parse_effect, parse_expansion
from .source import Item, load

OPERANDS = ("const", "name", "local", "cell", "count", "depth", "flag", "convert", "compare", "binary", "attribute", "where")
FLOWS = ("next", "jump", "branch", "return", "raise", "yield")


@dataclass(frozen=True)
class Canonical:
    """A row of canonical.yaml."""

    name: str
    operands: tuple[str, ...]
    pops: Slots
    pushes: Slots
    taken_pops: Slots
    taken_pushes: Slots
    flow: str
    doc: str

    @property
    def has_target(self) -> bool:
        return self.flow in ("jump", "branch")


def parse_canonical(text: str, file: str) -> dict[str, Canonical]:
    rows = {}
    for name, (key, value) in load(text, file).mapping().items():
        if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name):
            raise key.error(f"{name!r} is not CamelCase")
        rows[name] = _canonical_row(name, key, value)
    return rows


def _canonical_row(name: str, key: Item, value: Item) -> Canonical:
    fields = value.fields("operands", "stack", "jump", "flow", "doc")
    for required in ("stack", "doc"):
        if required not in fields:
            raise key.error(f"{name} has no {required!r}")
    operands = tuple(item.choice(*OPERANDS) for item in fields["operands"].sequence()) if "operands" in fields else ()
    if len(operands) > 2:
        raise fields["operands"].error(f"{name} has more than two operands")
    scope = frozenset(("arg", "arg2")[: len(operands)])
    flow = fields["flow"].choice(*FLOWS) if "flow" in fields else "next"
    effect = parse_effect(fields["stack"], scope)
    taken = effect
    if "jump" in fields:
        if flow != "branch":
            raise fields["jump"].error(f"{name} has a 'jump' effect but its flow is {flow}")
        taken = parse_effect(fields["jump"], scope)
    return Canonical(name, operands, *effect, *taken, flow, fields["doc"].text())
