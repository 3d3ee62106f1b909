"""The model as C++ source."""

from __future__ import annotations

from pathlib import Path

import jinja2

from .model import Canonical

_TEMPLATES = Path(__file__).parent / "templates"


def _camel(word: str | None) -> str:
    return "kNone" if word is None else "k" + word.capitalize()


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
