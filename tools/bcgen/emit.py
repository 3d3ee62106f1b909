"""The model as C++ source."""

from __future__ import annotations

from pathlib import Path

import jinja2

from .model import Canonical, Version

_TEMPLATES = Path(__file__).parent / "templates"


def _camel(word: str | None) -> str:
    return "kNone" if word is None else "k" + "".join(part.capitalize() for part in word.split("_"))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(camel=_camel, quoted=_quoted)
    return environment


def emit_canonical(rows: dict[str, Canonical]) -> dict[str, str]:
    """File name -> text."""
    environment = _environment()
    names = ("canonical_ops.def", "stack_effects.cc")
    return {name: environment.get_template(name + ".j2").render(rows=list(rows.values())) for name in names}


def emit_version(version: Version) -> dict[str, str]:
    by_number: list[tuple[str, object]] = [("", None)] * 256
    for row in version.rows.values():
        if row.number < 256:
            by_number[row.number] = (row.name, row)
    for name, (number, base) in version.forms.items():
        by_number[number] = (name, version.rows[base])
    template = _environment().get_template("raw_table.cc.j2")
    pseudo = [row.name for row in version.rows.values() if row.role == "pseudo"]
    text = template.render(version=version, by_number=by_number, pseudo=pseudo, rows=list(version.rows.values()))
    return {f"raw_{version.number}.cc": text}
