"""The generator of docs/coverage.md: declarations in, text out; bad ones are named."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import coverage_docs  # noqa: E402

SOURCE = """
@covers("list", "__new__")
@cases(one=1, two=2)
def test_a(): ...

@covers("list", breaks={"class-build": "CPython does it"})
def test_b(): ...

def test_c(): ...
"""


def test_declarations_become_rows():
    declared = list(coverage_docs.declarations("test_m", SOURCE))
    assert [(one.test, one.programs) for one in declared] == [("test_a", 2), ("test_b", 1)]
    text = coverage_docs.render(coverage_docs.rows(("list", "__new__"), declared))
    assert text.endswith(
        "| list | 2 | `class-build`: CPython does it | [m](../tests/python/test_m.py) |\n"
        "| \\_\\_new\\_\\_ | 2 |  | [m](../tests/python/test_m.py) |\n"
    )


@pytest.mark.parametrize(
    "items, source, message",
    [
        (("list", "set"), SOURCE, "covers '__new__', which is not among ITEMS"),
        (("list", "__new__", "set"), SOURCE, "no test covers set"),
        (("list",), "@covers(NAME)\ndef test_a(): ...", "test_m: test_a: an argument of covers.. is no literal"),
    ],
)
def test_bad_declarations_are_named(items, source, message):
    with pytest.raises(ValueError, match=message):
        coverage_docs.rows(items, list(coverage_docs.declarations("test_m", source)))
