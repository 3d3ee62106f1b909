"""YAML files -> `Model`. A file holds ``macros:`` (name -> text, for this and later files) and ``ops:``."""

from pathlib import Path

import yaml

from .errors import OpgenError
from .model import Model, Operator, Upgrade, check_model, check_operator, parse_library_name
from .schema import parse_signature

_KEYS = frozenset("op rule dtype tags numpy torch call kernel warns_if version upgrades doc".split())


class _LineLoader(yaml.SafeLoader):
    """A SafeLoader whose mappings remember their line, and that refuses repeated keys."""


def _mapping(loader: _LineLoader, node: yaml.MappingNode) -> dict:
    out: dict = {"__line__": node.start_mark.line + 1}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if key in out:
            raise OpgenError(f"key {key!r} is repeated", line=key_node.start_mark.line + 1)
        out[key] = loader.construct_object(value_node, deep=True)
    return out


_LineLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def ops_files(folder: Path) -> list[Path]:
    """ops.yaml first (it holds the macros), then the families of ops/ by name."""
    return [folder / "ops.yaml", *sorted((folder / "ops").glob("*.yaml"))]


def load(files: list[Path]) -> Model:
    """Reads and checks all files; raises `OpgenError` naming file and line."""
    macros: dict[str, str] = {}
    operators: list[Operator] = []
    for path in files:
        operators += load_text(path.read_text(encoding="utf-8"), path.name, macros)
    model = Model(tuple(operators))
    check_model(model)
    return model


def load_text(text: str, file: str, macros: dict[str, str]) -> list[Operator]:
    """The operators of one file's text; its macros are added to ``macros``."""
    try:
        data = yaml.load(text, _LineLoader) or {}
    except OpgenError as error:
        raise OpgenError(error.message, file, error.line) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise OpgenError(f"not YAML: {error.problem}", file, line) from None
    if not isinstance(data, dict):
        raise OpgenError("expected a mapping with 'macros' and 'ops'", file, 1)
    if unknown := sorted(set(data) - {"macros", "ops", "__line__"}):
        raise OpgenError(f"unknown section {unknown[0]!r}; known: macros, ops", file, data["__line__"])
    macros.update({k: v for k, v in (data.get("macros") or {}).items() if k != "__line__"})
    out = []
    for entry in data.get("ops") or []:
        if not isinstance(entry, dict):
            raise OpgenError(f"expected an entry with 'op:', got {entry!r}", file, data["__line__"])
        try:
            out.append(_operator(entry, file, macros))
        except OpgenError as error:
            raise OpgenError(error.message, file, entry["__line__"]) from None
    return out


def _texts(entry: dict, key: str) -> list[str]:
    value = entry.get(key) or []
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise OpgenError(f"{key!r} must be a text or a list of texts")
    return value


def _operator(entry: dict, file: str, macros: dict[str, str]) -> Operator:
    line = entry["__line__"]
    if unknown := sorted(set(entry) - _KEYS - {"__line__"}):
        raise OpgenError(f"unknown key {unknown[0]!r}; known: {', '.join(sorted(_KEYS))}")
    for key in ("op", "rule"):
        if not isinstance(entry.get(key), str):
            raise OpgenError(f"an entry needs {key!r}")
    signature = parse_signature(entry["op"], macros)
    version = entry.get("version", 1)
    if not isinstance(version, int):
        raise OpgenError("'version' must be an integer")
    op = Operator(
        signature=signature,
        rule=entry["rule"],
        dtype=str(entry.get("dtype", "")),
        tags=tuple(_texts(entry, "tags")),
        numpy=tuple(parse_library_name(n, signature) for n in _texts(entry, "numpy")),
        torch=tuple(parse_library_name(n, signature) for n in _texts(entry, "torch")),
        call=str(entry.get("call", "")),
        kernel=str(entry.get("kernel", "")),
        warns_if=str(entry.get("warns_if", "")),
        version=version,
        upgrades={k: _upgrade(v) for k, v in (entry.get("upgrades") or {}).items() if k != "__line__"},
        doc=str(entry.get("doc", "")).strip(),
        file=file,
        line=line,
    )
    check_operator(op)
    return op


def _upgrade(value: dict) -> Upgrade:
    value = {k: v for k, v in value.items() if k != "__line__"}
    if unknown := sorted(set(value) - {"rename", "drop", "add"}):
        raise OpgenError(f"unknown upgrade {unknown[0]!r}; known: add, drop, rename")

    def texts(key: str) -> dict[str, str]:
        return {k: str(v) for k, v in (value.get(key) or {}).items() if k != "__line__"}

    return Upgrade(texts("rename"), tuple(value.get("drop") or ()), texts("add"))
