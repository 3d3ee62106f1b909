"""Differential testing of compiled functions: the same call, plain and compiled, compared in everything visible.

    from segue.testing import check

    report = check(f, np.arange(3.0), [])
    assert (report.graph_count, report.breaks) == (1, [])
"""

from segue.testing.checking import CheckError, Report, check, tally
from segue.testing.compare import compare
from segue.testing.copies import copy_inputs
from segue.testing.observe import Observation, State, observe
from segue.testing.tracing import trace_all

__all__ = ["CheckError", "Observation", "Report", "State", "check", "compare", "copy_inputs", "observe", "tally", "trace_all"]
