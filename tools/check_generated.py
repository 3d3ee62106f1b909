"""Checks that the generated files in the repository are what their generators write now.

    python tools/check_generated.py [--write]

Each row of GENERATED names a checked-in file and the command that prints its contents. With --write the files are
written instead. Exit status 1 and a diff's head for each stale file.
"""

from __future__ import annotations

import difflib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GENERATED: dict[str, list[str]] = {
    "docs/breaks.md": ["tools/break_docs.py"],
    "docs/coverage.md": ["tools/coverage_docs.py"],
    "docs/numpy.md": ["tools/numpy_docs.py"],
    "docs/operators.md": ["-m", "opgen", "--ops", "csrc/ops", "--print", "docs"],
    "python/segue/ops.pyi": ["-m", "opgen", "--ops", "csrc/ops", "--print", "stub"],
}


def generate(command: list[str]) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tools"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    return done.stdout.decode()


def stale(name: str, text: str) -> str | None:
    """What differs, or None when the file is fresh."""
    path = ROOT / name
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if old == text:
        return None
    lines = difflib.unified_diff(old.splitlines(), text.splitlines(), name, f"{name} (generated now)", lineterm="")
    return "\n".join(list(lines)[:20])


def main(argv: list[str]) -> int:
    status = 0
    for name, command in GENERATED.items():
        text = generate(command)
        difference = stale(name, text)
        if difference is None:
            continue
        if "--write" in argv:
            (ROOT / name).write_text(text, encoding="utf-8")
            print(f"wrote {name}")
        else:
            print(f"{name} is stale; run python tools/check_generated.py --write\n{difference}", file=sys.stderr)
            status = 1
    if status == 0:
        print(f"generated files: {len(GENERATED)} fresh")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
