"""What the tests of Python's own language share: tables of programs, and the list of what is covered.

`covers` says what a test is about and where its programs break; the `check` fixture holds every call of the test to that
(tests/conftest.py), and docs/coverage.md is made of these declarations (tools/coverage_docs.py reads them, so they are literals).
"""

import pytest

# In the order of docs/coverage.md.
ITEMS = (
    "closures",
    "nonlocal",
    "call shapes",
    "decorators",
    "comprehensions",
    "match statements",
    "generators (send, throw, close, yield from)",
    "context managers",
    "contextlib",
    "exceptions",
    "exception chains",
    "exception notes",
    "custom exceptions",
    "order of finally",
    "dataclasses",
    "named tuples",
    "enums and flags",
    "properties",
    "descriptors",
    "metaclasses",
    "super",
    "__slots__",
    "__getattr__",
    "__new__",
    "operators' dunders",
    "isinstance and issubclass",
    "abstract classes",
    "list",
    "dict",
    "set",
    "deque",
    "defaultdict",
    "iterators at exits",
    "zip",
    "map",
    "filter",
    "enumerate",
    "reversed",
    "sorted",
    "min and max",
    "sum",
    "any and all",
    "iter with a sentinel",
    "itertools",
    "functools.partial",
    "functools.reduce",
    "functools.total_ordering",
)


def cases(**table):
    """Parametrizes `f` over functions, by their names."""
    return pytest.mark.parametrize("f", table.values(), ids=table.keys())


def covers(*items, breaks=None):
    """Marks a test of some of ITEMS. `breaks`: reason -> what breaks and why; every call that the test checks breaks for
    exactly these reasons, and captures behind them. None: no call breaks.
    """
    unknown = [item for item in items if item not in ITEMS]
    assert not unknown, f"not among ITEMS: {unknown}"
    return pytest.mark.language(items=items, breaks=breaks or {})
