"""The signature grammar.

    signature := name "(" params ")" "->" type
    name      := identifier [ "." overload ]
    params    := param { "," param }, with "/" (all before it positional-only) and "*" (all after it keyword-only)
    param     := type name [ "=" default ]
    type      := base [ "(" alias [ "!" ] ")" ] [ "[]" ] [ "?" ]  |  "(" type { "," type } ")"

`Array(a)` is a view of, and `Array(a!)` is written to, what carries the same alias letter. A default is the text of a
Python literal. ``$name`` stands for a macro's text.
"""

import ast
import re
from dataclasses import dataclass
from enum import Enum

from .errors import OpgenError

BASE_TYPES = frozenset(
    "Array Scalar Number Int Float Bool Str Shape Axis DType Index Sections Any None".split()
)


class Passing(Enum):
    """How an argument may be passed."""

    POSITIONAL_ONLY = "positional_only"
    EITHER = "either"
    KEYWORD_ONLY = "keyword_only"


@dataclass(frozen=True)
class TypeRef:
    """A type as written: ``Array(a!)[]?`` has base Array, alias a, written, sequence and optional."""

    base: str
    alias: str | None = None
    written: bool = False
    sequence: bool = False
    optional: bool = False
    items: tuple["TypeRef", ...] = ()

    def __str__(self) -> str:
        if self.items:
            return "(" + ", ".join(map(str, self.items)) + ")"
        alias = f"({self.alias}{'!' if self.written else ''})" if self.alias else ""
        return self.base + alias + ("[]" if self.sequence else "") + ("?" if self.optional else "")


@dataclass(frozen=True)
class Param:
    """One parameter; ``default`` is literal text, None when the argument is required."""

    name: str
    type: TypeRef
    default: str | None
    passing: Passing


@dataclass(frozen=True)
class Signature:
    """A parsed ``op:`` line."""

    name: str
    params: tuple[Param, ...]
    returns: TypeRef

    def param(self, name: str) -> Param | None:
        return next((p for p in self.params if p.name == name), None)

    def __str__(self) -> str:
        words: list[str] = []
        for i, p in enumerate(self.params):
            if p.passing is Passing.KEYWORD_ONLY and (i == 0 or self.params[i - 1].passing is not p.passing):
                words.append("*")
            words.append(f"{p.type} {p.name}" + (f"={p.default}" if p.default is not None else ""))
            last = i + 1 == len(self.params)
            if p.passing is Passing.POSITIONAL_ONLY and (last or self.params[i + 1].passing is not p.passing):
                words.append("/")
        return f"{self.name}({', '.join(words)}) -> {self.returns}"


_SIGNATURE = re.compile(r"^\s*(?P<name>[a-z_]\w*(?:\.[a-z_]\w*)?)\s*\((?P<params>.*)\)\s*->\s*(?P<returns>.+?)\s*$", re.S)
_TYPE = re.compile(r"^(?P<base>[A-Z]\w*)(?:\((?P<alias>\w+)(?P<written>!)?\))?(?P<sequence>\[\])?(?P<optional>\?)?$")


def split_commas(text: str) -> list[str]:
    """Splits at commas outside brackets and quotes."""
    out, depth, start, quote = [], 0, 0, ""
    for i, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            out.append(text[start:i].strip())
            start = i + 1
    tail = text[start:].strip()
    return out + [tail] if tail or out else []


def expand_macros(text: str, macros: dict[str, str]) -> str:
    """Replaces ``$name`` by the macro's text."""

    def replace(match: re.Match[str]) -> str:
        if match[1] not in macros:
            raise OpgenError(f"unknown macro ${match[1]}; known: {', '.join(sorted(macros)) or 'none'}")
        return macros[match[1]]

    return re.sub(r"\$(\w+)", replace, text)


def parse_type(text: str) -> TypeRef:
    """Parses one type; a parenthesised list is a tuple of results."""
    text = text.strip()
    if text.startswith("("):
        return TypeRef("Tuple", items=tuple(parse_type(t) for t in split_commas(text[1:-1])))
    match = _TYPE.match(text)
    if not match or match["base"] not in BASE_TYPES:
        raise OpgenError(f"unknown type {text!r}; known: {', '.join(sorted(BASE_TYPES))}")
    return TypeRef(match["base"], match["alias"], bool(match["written"]), bool(match["sequence"]), bool(match["optional"]))


def parse_signature(text: str, macros: dict[str, str] | None = None) -> Signature:
    """Parses an ``op:`` line; raises `OpgenError` (without a place) when it is malformed."""
    match = _SIGNATURE.match(expand_macros(text, macros or {}))
    if not match:
        raise OpgenError(f"cannot read signature {text!r}: expected name(params) -> type")
    params: list[Param] = []
    passing = Passing.EITHER
    for word in split_commas(match["params"]):
        if word == "/":
            params = [Param(p.name, p.type, p.default, Passing.POSITIONAL_ONLY) for p in params]
        elif word == "*":
            passing = Passing.KEYWORD_ONLY
        else:
            params.append(_parse_param(word, passing))
    seen: set[str] = set()
    for p in params:
        if p.name in seen:
            raise OpgenError(f"parameter {p.name!r} is declared twice")
        seen.add(p.name)
    return Signature(match["name"], tuple(params), parse_type(match["returns"]))


def _parse_param(word: str, passing: Passing) -> Param:
    declaration, eq, default = word.partition("=")
    pieces = declaration.split()
    if len(pieces) != 2 or not pieces[1].isidentifier():
        raise OpgenError(f"cannot read parameter {word!r}: expected 'Type name' or 'Type name=default'")
    if eq:
        try:
            ast.literal_eval(default.strip())
        except (ValueError, SyntaxError):
            raise OpgenError(f"default of {pieces[1]!r} is not a literal: {default.strip()!r}") from None
    return Param(pieces[1], parse_type(pieces[0]), default.strip() if eq else None, passing)
