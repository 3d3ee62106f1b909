"""The modules that are run, and the tests that differ for a reason that the documentation gives."""

from __future__ import annotations

import sys

MODULES = [
    "test_grammar", "test_generators", "test_coroutines", "test_asyncgen", "test_contextlib", "test_with", "test_exceptions",
    "test_except_star", "test_scope", "test_call", "test_descr", "test_dataclasses", "test_enum", "test_functools",
    "test_itertools", "test_collections", "test_deque", "test_dict", "test_list", "test_set", "test_patma", "test_unpack",
    "test_listcomps", "test_fstring", "test_raise", "test_traceback", "test_sys_settrace", "test_frame", "test_gc",
    "test_weakref", "test_json", "test_statistics", "test_fractions", "test_random",
]  # fmt: skip
if sys.version_info >= (3, 12):
    MODULES += ["test_monitoring"]

# Test -> the announced difference.
EXPECTED: dict[str, str] = {}
