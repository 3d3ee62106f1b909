"""segue.testing.trace_all: every Python frame of a block goes through the engine; and so do CPython's own tests."""

import json

import pytest

import segue
from segue.testing import trace_all
from tests.cpython_suite.__main__ import compare


def total(numbers):
    result = 0
    for number in numbers:
        if number % 2:
            result += number
    return result


def test_frames_without_arrays_run_segments():
    before = segue.stats()
    with trace_all():
        assert [total([1, 2, 3, 5]) for _ in range(3)] == [9, 9, 9]
    assert segue.stats()["segments"] - before["segments"] >= 3


def test_frames_of_libraries_run_segments():
    before = segue.stats()
    with trace_all():
        assert json.dumps({"a": [1, 2.5, None]}, indent=1) == '{\n "a": [\n  1,\n  2.5,\n  null\n ]\n}'
    assert segue.stats()["segments"] > before["segments"]


def test_blocks_nest_and_end():
    with trace_all():
        with trace_all():
            total([1])
        with pytest.raises(ZeroDivisionError), trace_all():
            total([1 / 0])
        inside = segue.stats()["calls"]
        total([1, 2])
        assert segue.stats()["calls"] > inside
    outside = segue.stats()["calls"]
    total([1, 2])
    assert segue.stats()["calls"] == outside


def test_compiled_functions_keep_entries_of_their_own():
    compiled = segue.compile(total)
    with trace_all():
        assert total([4, 5]) == compiled([4, 5]) == 5
    before = segue.stats()["compiles"]
    assert compiled([4, 5]) == 5
    assert segue.stats()["compiles"] == before


@pytest.mark.parametrize("module", ["test_with", "test_listcomps", "test_raise", "test_unpack"])
def test_a_module_of_cpythons_own_tests(module):
    verdict = compare(module, "")
    assert verdict.differing == {} and verdict.count >= 1
    assert verdict.stats["segments"] > 300
