"""The runner of planted faults: its table is read exactly, and every row has a site."""

import pytest

from tests.planted.__main__ import DEFINITIONS, Fault, parse, sites


def test_rows_are_read():
    text = '// words\nSEGUE_FAULT_ROW(LostWrite, "a write "\n                "is lost", "tests/a.py -k \'x or y\'")\n'
    assert parse(text) == [Fault("LostWrite", "a write is lost", ("tests/a.py", "-k", "x or y"))]


def test_bad_rows_are_named():
    with pytest.raises(ValueError, match="1 rows"):
        parse('SEGUE_FAULT_ROW(A, "a")\n')
    with pytest.raises(ValueError, match="used twice: A"):
        parse('SEGUE_FAULT_ROW(A, "a", "b")\nSEGUE_FAULT_ROW(A, "a", "b")\n')


def test_every_row_has_a_site_and_every_site_a_row():
    assert {fault.name for fault in parse(DEFINITIONS.read_text())} == sites()
