"""What the tests of Python's own operations share."""

import pytest


def cases(**table):
    """Parametrizes `f` over functions, by their names."""
    return pytest.mark.parametrize("f", table.values(), ids=table.keys())
