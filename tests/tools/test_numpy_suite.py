"""tests.numpy_suite: runs NumPy's own tests, counts what they capture, and notices tests that differ or kill their process."""

from tests.numpy_suite.__main__ import compare

TESTS = """
import os
import numpy as np
import pytest
import segue


@pytest.mark.parametrize("n", [1, 2, 3])
def test_captures(n):
    assert np.arange(n).sum() + np.ones(n).sum() == n * (n + 1) / 2


class TestMethods:
    def test_fails_only_when_compiled(self):
        assert segue.stats()["calls"] == 0

    def test_dies_only_when_compiled(self):
        if segue.stats()["calls"]:
            os.abort()

    @pytest.mark.skipif(True, reason="never run")
    def test_skipped(self):
        raise AssertionError


def test_fails_always():
    assert np.zeros(2).any()


def test_can_be_called_once(tmp_path):
    (tmp_path / "new").mkdir()
"""


def test_a_module_of_numpys_own_tests():
    verdict = compare("fft.test_helper", "")
    assert verdict.differing == {} and verdict.failing == 0
    assert verdict.captured == verdict.functions >= 8
    assert verdict.hits >= 6


def test_differences_and_deaths_are_found(tmp_path):
    file = tmp_path / "test_some.py"
    file.write_text(TESTS)
    verdict = compare(str(file), "")
    methods = "test_some.py::TestMethods::"
    assert sorted(verdict.differing) == [f"{methods}test_dies_only_when_compiled", f"{methods}test_fails_only_when_compiled"]
    assert "AssertionError" in verdict.differing[f"{methods}test_fails_only_when_compiled"]
    assert verdict.differing[f"{methods}test_dies_only_when_compiled"].startswith("ended the process")
    assert (verdict.count, verdict.failing, verdict.functions, verdict.captured) == (8, 1, 5, 2)
    assert (verdict.again, verdict.hits) == (3, 3)
