"""YAML with positions: every error names file and line."""

from __future__ import annotations

from dataclasses import dataclass

import yaml


class SchemaError(Exception):
    """A mistake in a YAML file: `file:line: what`."""


@dataclass(frozen=True)
class Item:
    """A YAML node and where it stands."""

    node: yaml.Node
    file: str

    @property
    def line(self) -> int:
        return self.node.start_mark.line + 1

    def error(self, message: str) -> SchemaError:
        return SchemaError(f"{self.file}:{self.line}: {message}")

    def mapping(self) -> dict[str, tuple[Item, Item]]:
        """Key -> (key's item, value's item), in order; a repeated key is an error."""
        if not isinstance(self.node, yaml.MappingNode):
            raise self.error("expected a mapping")
        out: dict[str, tuple[Item, Item]] = {}
        for key_node, value_node in self.node.value:
            key = Item(key_node, self.file)
            name = key.text()
            if name in out:
                raise key.error(f"{name} appears twice (first in line {out[name][0].line})")
            out[name] = (key, Item(value_node, self.file))
        return out

    def fields(self, *known: str) -> dict[str, Item]:
        """A mapping that may hold only the keys in `known`."""
        out = {}
        for name, (key, value) in self.mapping().items():
            if name not in known:
                raise key.error(f"unknown key {name!r}; known: {', '.join(known)}")
            out[name] = value
        return out

    def text(self) -> str:
        if not isinstance(self.node, yaml.ScalarNode):
            raise self.error("expected a word or a string")
        return self.node.value

    def integer(self) -> int:
        value = self.text()
        if not value.isdigit():
            raise self.error(f"expected a number, not {value!r}")
        return int(value)

    def choice(self, *choices: str) -> str:
        value = self.text()
        if value not in choices:
            raise self.error(f"{value!r} is none of {', '.join(choices)}")
        return value

    def sequence(self) -> list[Item]:
        if not isinstance(self.node, yaml.SequenceNode):
            raise self.error("expected a list")
        return [Item(node, self.file) for node in self.node.value]


def load(text: str, file: str) -> Item:
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SchemaError(f"{file}:{line}: {error.problem}") from None
    if node is None:
        raise SchemaError(f"{file}:1: the file is empty")
    return Item(node, file)
