"""The model: canonical instructions, and per CPython version what each raw opcode expands into."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .expr import Slots, Step, parse_effect, parse_expansion
from .source import Item, SchemaError, load

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


ROLES = ("normal", "cache", "extended_arg", "names", "precall", "internal", "pseudo")
_SCOPE = frozenset(("arg", "named", "names"))


@dataclass(frozen=True)
class Raw:
    """An opcode of a version, as its compiler emits it."""

    name: str
    number: int
    caches: int
    role: str
    jump: str | None
    skip: int
    steps: tuple[Step, ...]

    @property
    def takes_arg(self) -> bool:
        """Whether the argument means something besides a jump's distance."""
        exprs = [e for step in self.steps for e in (*step.operands, step.condition) if e is not None]
        return self.role in ("names", "precall") or any(re.search(r"\barg\b", e.cpp) for e in exprs)


@dataclass(frozen=True)
class Version:
    """A file of versions/."""

    number: int
    rows: dict[str, Raw]
    forms: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Specialised or instrumented opcode -> its number and base opcode."""
    probe: tuple[str, ...] = ()
    """Opcodes of a probe (codegen/splice.h), in order."""
    exit_jump: str = ""
    """Opcode with which an exit's stub goes to the code."""


def parse_version(text: str, file: str, canonical: dict[str, Canonical]) -> Version:
    root = load(text, file)
    fields = root.fields("version", "opcodes", "forms", "probe", "exit_jump")
    for required in ("version", "opcodes"):
        if required not in fields:
            raise root.error(f"the file has no {required!r}")
    taken: dict[int, str] = {}

    def claim(name: str, number: int, at: Item) -> None:
        if number in taken:
            raise at.error(f"{name} has the number {number} of {taken[number]}")
        taken[number] = name

    rows = {}
    for name, (key, value) in fields["opcodes"].mapping().items():
        rows[name] = _raw_row(name, key, value, canonical)
        claim(name, rows[name].number, key)
    forms = {}
    for base, (key, value) in fields["forms"].mapping().items() if "forms" in fields else ():
        if base not in rows:
            raise key.error(f"forms of {base}, which is not in opcodes")
        for name, (form_key, number) in value.mapping().items():
            if name in rows or name in forms:
                raise form_key.error(f"{name} appears twice")
            forms[name] = (number.integer(), base)
            claim(name, forms[name][0], form_key)
    probe = tuple(item.choice(*rows) for item in fields["probe"].sequence()) if "probe" in fields else ()
    exit_jump = fields["exit_jump"].choice(*rows) if "exit_jump" in fields else ""
    return Version(fields["version"].integer(), rows, forms, probe, exit_jump)


def _raw_row(name: str, key: Item, value: Item, canonical: dict[str, Canonical]) -> Raw:
    fields = value.fields("number", "caches", "role", "jump", "skip", "expand")
    if "number" not in fields:
        raise key.error(f"{name} has no 'number'")
    number = fields["number"].integer()
    role = fields["role"].choice(*ROLES) if "role" in fields else "normal"
    if (number > 255) != (role == "pseudo"):
        raise fields["number"].error(f"{name}: opcodes above 255, and only they, are pseudo")
    jump = fields["jump"].choice("forward", "backward") if "jump" in fields else None
    if "skip" in fields and jump is None:
        raise fields["skip"].error(f"{name} has 'skip' but no 'jump'")
    if ("expand" in fields) != (role == "normal"):
        raise key.error(f"{name}: an opcode has either a role or an expansion")
    steps: tuple[Step, ...] = ()
    if "expand" in fields:
        steps = parse_expansion(fields["expand"], _SCOPE)
        _check_steps(name, steps, jump, canonical, fields["expand"])
    integer = {k: fields[k].integer() if k in fields else 0 for k in ("caches", "skip")}
    return Raw(name, number, integer["caches"], role, jump, integer["skip"], steps)


def _check_steps(name: str, steps: tuple[Step, ...], jump: str | None, canonical: dict[str, Canonical], at: Item) -> None:
    for step in steps:
        if step.name not in canonical:
            raise at.error(f"{name}: unknown canonical instruction {step.name!r}")
        row = canonical[step.name]
        if len(step.operands) != len(row.operands):
            raise at.error(f"{name}: {step.name} takes {len(row.operands)} operands, not {len(step.operands)}")
        if step.to_target != row.has_target:
            raise at.error(f"{name}: {step.name} {'needs' if row.has_target else 'does not take'} a target")
    if any(step.to_target for step in steps) != (jump is not None):
        raise at.error(f"{name}: 'target' in the expansion and 'jump' belong together")


def check_against(version: Version, opmap: dict[str, int], all_opmap: dict[str, int], file: str) -> None:
    """Compares a version with the interpreter of that version: `opcode.opmap`, and `dis._all_opmap` for the forms."""
    known = {row.name: row.number for row in version.rows.values()}
    known |= {name: number for name, (number, _) in version.forms.items()}
    for name, number in (opmap | all_opmap).items():
        if name not in known:
            raise SchemaError(f"{file}:1: {name} (opcode {number}) is missing")
        if known[name] != number:
            raise SchemaError(f"{file}:1: {name} is opcode {number}, not {known[name]}")
    for name in known.keys() - opmap.keys() - all_opmap.keys():
        raise SchemaError(f"{file}:1: this interpreter has no {name}")
