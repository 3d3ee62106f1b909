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
    "type parameters",
    "del of globals",
    "generators (send, throw, close, yield from)",
    "context managers",
    "contextlib",
    "exceptions",
    "exception chains",
    "exception groups and except*",
    "exception notes",
    "custom exceptions",
    "order of finally",
    "class definitions",
    "dataclasses",
    "named tuples",
    "enums and flags",
    "properties",
    "descriptors",
    "metaclasses",
    "super",
    "__slots__",
    "__getattr__",
    "__getattribute__",
    "__setattr__",
    "__new__",
    "__del__",
    "operators' dunders",
    "cached_property",
    "isinstance and issubclass",
    "abstract classes",
    "protocols",
    "subclasses of dict",
    "subclasses of list",
    "subclasses of tuple",
    "subclasses of int",
    "subclasses of str",
    "UserDict",
    "ChainMap",
    "SimpleNamespace",
    "list",
    "dict",
    "set",
    "frozenset",
    "deque",
    "defaultdict",
    "OrderedDict",
    "Counter",
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
    "functools.lru_cache and cache",
    "functools.wraps",
    "functools.singledispatch",
    "functools.cmp_to_key",
    "functools.total_ordering",
    "operator",
    "math",
    "cmath",
    "heapq",
    "bisect",
    "copy and deepcopy",
    "string methods",
    "string formatting",
    "numbers and their methods",
    "contextvars",
    "threading.local",
    "weak references",
    "pure functions of other modules",
)


def cases(**table):
    """Parametrizes `f` over functions, by their names."""
    return pytest.mark.parametrize("f", table.values(), ids=table.keys())


def message(f, *args):
    """What f returns, or the type and words of what it raises."""
    try:
        return f(*args)
    except Exception as error:
        return type(error), str(error)


def covers(*items, breaks=None):
    """Marks a test of some of ITEMS. `breaks`: reason -> what breaks and why; every call that the test checks breaks for
    exactly these reasons, and captures behind them. None: no call breaks.
    """
    unknown = [item for item in items if item not in ITEMS]
    assert not unknown, f"not among ITEMS: {unknown}"
    return pytest.mark.language(items=items, breaks=breaks or {})
