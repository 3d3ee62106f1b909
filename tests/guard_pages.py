"""Guard pages around the memory of arrays (tests/cpp/guard_pages.h), in test runs with SEGUE_GUARD_PAGES=1."""

from __future__ import annotations

import faulthandler
import os

VARIABLE = "SEGUE_GUARD_PAGES"


def wanted() -> bool:
    return os.environ.get(VARIABLE) == "1"


def start() -> None:
    """Guards the arrays that are made from now on, results of kernels among them. Does nothing at a second time."""
    import _segue_tests

    import segue

    # What is said of a bad access comes first; then Python's traceback.
    if not faulthandler.is_enabled():
        faulthandler.enable()
    _segue_tests.guard_memory()
    # Large results get their memory as all arrays do.
    segue.config.output_memory = 0


def start_if_wanted() -> None:
    if wanted():
        start()


def counts() -> tuple[int, int]:
    """Arrays that were guarded, and those that were not, as too many were alive."""
    import _segue_tests

    return _segue_tests.guarded_memory()
