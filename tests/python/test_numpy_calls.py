"""NumPy's public callables: each has samples in tests/numpy_calls, which give what plain NumPy gives, and are captured as the table
says (docs/numpy.md shows it)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.numpy_calls.samples import CAPTURED, SINCE, exceptions, samples
from tests.numpy_calls.survey import find, public_callables, survey

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = samples()
NEWEST = np.lib.NumpyVersion(np.__version__) >= "2.5.0"
"""The table says how the newest NumPy runs: its Python implementations differ from those of older ones."""


@pytest.mark.parametrize("sample", [s for s in SAMPLES if find(s.name) is not None], ids=lambda sample: sample.name)
def test_a_call_is_plain_numpys_and_captured_as_the_table_says(sample):
    outcome = survey(sample)
    if NEWEST and sample.captured:
        assert outcome.runs in CAPTURED, f"{sample.text} is no longer captured: {outcome.detail}"


@pytest.mark.skipif(not NEWEST, reason="older NumPy has names that are gone from the newest")
def test_every_public_callable_has_a_sample():
    known = {sample.name for sample in SAMPLES}
    assert [name for name in public_callables() if name not in known and name not in exceptions()] == []
    assert not known & set(exceptions())
    assert len(exceptions()) < 20


def test_most_callables_are_captured_in_all_their_samples():
    samples_of: dict[str, list[bool]] = {}
    for sample in SAMPLES:
        samples_of.setdefault(sample.name, []).append(sample.captured)
    assert sum(map(all, samples_of.values())) >= 0.85 * len(samples_of)


def test_samples_of_absent_callables_are_of_another_numpy():
    absent = {sample.name for sample in SAMPLES if find(sample.name) is None}
    assert absent <= (set() if NEWEST else set(SINCE))


def test_what_does_not_capture_is_a_reason_of_a_break():
    reasons = re.findall(r"^## (\S+)", (ROOT / "docs" / "breaks.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert {sample.runs for sample in SAMPLES} <= {*CAPTURED, *reasons}, "run python -m tests.numpy_calls --write"
