"""Every example runs, and so does every Python block of the README and of the documentation."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted(path.name for path in (ROOT / "examples").glob("*.py"))
PAGES = sorted(str(path.relative_to(ROOT)) for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(command, cwd):
    done = subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, timeout=300,
                          env={**os.environ, "SEGUE_STRICT": "1"})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_there_are_examples_and_documented_code():
    assert len(EXAMPLES) >= 4
    assert BLOCK.search((ROOT / "README.md").read_text())


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name, tmp_path):
    assert run([str(ROOT / "examples" / name)], tmp_path).strip()


@pytest.mark.parametrize("page", PAGES)
def test_documented_code(page, tmp_path):
    """The blocks of a page run in order, as one program."""
    blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    if not blocks:
        pytest.skip("no Python code")
    program = tmp_path / "page.py"
    program.write_text("\n".join(blocks), encoding="utf-8")
    run([str(program)], tmp_path)
