"""The generator of docs/breaks.md: rows in, text out; bad rows are named."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import break_docs  # noqa: E402


def test_rows_become_sections():
    reasons = break_docs.parse('SEGUE_BREAK(OneThing, "one-thing", "It is "\n            "one.", "Make it two.")\n')
    assert reasons == [break_docs.Reason("OneThing", "one-thing", "It is one.", "Make it two.")]
    assert break_docs.render(reasons).endswith("## one-thing\n\nIt is one.\n\n*What to do:* Make it two.\n")


@pytest.mark.parametrize(
    "text, message",
    [
        ('SEGUE_BREAK(A, "a", "b")', r"SEGUE_BREAK\(A\) has 2 strings"),
        ('SEGUE_BREAK(A, "a", b, "c")', "1 rows of breaks.def could not be read"),
        ('SEGUE_BREAK(A, "a", "b", "c")\nSEGUE_BREAK(B, "a", "b", "c")', "the id 'a' is used twice"),
    ],
)
def test_bad_rows_are_named(text, message):
    with pytest.raises(ValueError, match=message):
        break_docs.parse(text)


def test_every_row_of_the_engine_is_read():
    text = break_docs.DEFINITIONS.read_text()
    assert len(break_docs.parse(text)) == text.count("\nSEGUE_BREAK(")
