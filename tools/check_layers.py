"""Checks that csrc/ keeps to the layer table: which folder may see which, over transitive includes.

    python tools/check_layers.py [SOURCE_ROOT]

Exit status 1 and one line per violation, with the chain of includes that leads to it. Also rejected: <Python.h> outside
base/python.h, base/objects.h (for C) and hook/, pybind11 outside bindings/, and PY_VERSION_HEX outside hook/ and
base/python.h.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

# Folder -> folders that it may see, besides itself. `base` and `log` are open to all but those with `CLOSED`.
COMMON = {"base", "log"}
TABLE: dict[str, set[str]] = {
    "base": set(),
    "log": set(),
    "bytecode": set(),
    "ops": set(),
    "program": set(),
    "hook": set(),
    "graph": {"ops"},
    "guards": {"ops", "program"},
    "backends": {"graph", "ops", "program"},
    "trace": {"bytecode", "ops", "graph", "guards", "program"},
    "codegen": {"bytecode", "guards", "ops", "program"},
    "runtime": {"hook", "ops", "program"},
    "artifact": {"bytecode", "ops", "graph", "guards", "program"},
}
EVERYTHING = set(TABLE) | {"driver"}
TABLE["driver"] = EVERYTHING
TABLE["bindings"] = EVERYTHING | {"bindings"}
# Folders that may not even see base and log.
CLOSED = {"base": set(), "log": {"base"}, "hook": set()}
# Single files that a folder may include although their folder is closed to it; what they include comes with them.
DOORS = {"codegen": {"trace/result.h"}}

SUFFIXES = {".h", ".c", ".cc", ".def", ".inc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
VERSION_MACRO = re.compile(r"^\s*#.*\bPY_VERSION_HEX\b|^(?!\s*//).*\bPY_VERSION_HEX\b", re.MULTILINE)
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def folder_of(path: str) -> str:
    return path.split("/", 1)[0] if "/" in path else ""


def allowed_folders(folder: str) -> set[str]:
    common = CLOSED.get(folder, COMMON)
    return {folder} | TABLE[folder] | common


class Tree:
    """The include graph below one csrc/ folder, by paths relative to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.suffix in SUFFIXES)
        self.quoted: dict[str, list[str]] = {}
        self.angled: dict[str, list[str]] = {}
        self.code: dict[str, str] = {}
        for name in self.files:
            text = (root / name).read_text(encoding="utf-8")
            found = INCLUDE.findall(text)
            self.quoted[name] = [quoted for quoted, _ in found if quoted]
            self.angled[name] = [angled for _, angled in found if angled]
            self.code[name] = COMMENT.sub("", text)

    def known(self, include: str) -> bool:
        """True for project includes, generated ones too; others (absl/…, internal/pycore_…) are libraries'."""
        return folder_of(include) in TABLE

    def reached(self, name: str) -> dict[str, list[str]]:
        """Every project file that `name` sees -> the chain of includes from it, doors' contents left out."""
        doors = DOORS.get(folder_of(name), set())
        chains: dict[str, list[str]] = {}
        pending = [[name]]
        while pending:
            chain = pending.pop()
            for include in self.quoted.get(chain[-1], []):
                if not self.known(include) or include in chains:
                    continue
                chains[include] = [*chain, include]
                if include not in doors:
                    pending.append(chains[include])
        return chains


def check(root: Path) -> list[str]:
    """Violations in the tree at `root` (a csrc/ folder), as readable lines."""
    tree = Tree(root)
    if not tree.files:
        return [f"{root}: no sources found"]
    problems = []
    for name in tree.files:
        folder = folder_of(name)
        if folder not in TABLE:
            problems.append(f"{name}: the folder '{folder}' is not in the layer table")
            continue
        allowed, doors = allowed_folders(folder), DOORS.get(folder, set())
        for include, chain in sorted(tree.reached(name).items()):
            if folder_of(include) not in allowed and include not in doors:
                problems.append(f"{name}: {folder} may not see {folder_of(include)}: {' -> '.join(chain)}")
        problems += check_words(tree, name)
    return problems


def check_words(tree: Tree, name: str) -> list[str]:
    folder, problems = folder_of(name), []
    for angled in tree.angled[name] + tree.quoted[name]:
        if angled == "Python.h" and folder != "hook" and name not in ("base/python.h", "base/objects.h"):
            problems.append(f'{name}: includes <Python.h>; include "base/python.h"')
        if angled.startswith("pybind11/") and folder != "bindings":
            problems.append(f"{name}: includes <{angled}>; pybind11 stays in bindings/")
    if VERSION_MACRO.search(tree.code[name]) and folder != "hook" and name != "base/python.h":
        problems.append(f"{name}: uses PY_VERSION_HEX; version differences stay in hook/ and base/python.h")
    return problems


def main(argv: list[str]) -> int:
    root = Path(argv[0]) if argv else Path(__file__).resolve().parent.parent / "csrc"
    problems = check(root)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"layers: {len(Tree(root).files)} files keep to the table")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
