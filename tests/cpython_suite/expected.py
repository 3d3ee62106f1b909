"""The modules that are run, and the tests that differ for a reason that docs/side_exits.md gives."""

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

MEMORY = "counts of bytes, of references to constants and of objects: Segue makes its own, and leaves out some that are dropped again"
COLLECTED = "the collector runs, by its count of objects, while the test looks"
EXPECTED: dict[str, str] = {
    "test.test_coroutines.CoroutineTest.test_for_2": MEMORY,
    "test.test_descr.ClassPropertiesAndMethods.test_slots": MEMORY,
    "test.test_dict.DictTest.test_splittable_popitem": MEMORY,
    "test.test_gc.GCCallbackTests.test_collect_garbage": MEMORY,
    "test.test_gc.GCTests.test_get_count": MEMORY,
    "test.test_gc.GCTests.test_get_objects_arguments": MEMORY,
    "test.test_gc.GCTests.test_resurrection_does_not_block_cleanup_of_other_objects": MEMORY,
    "test.test_monitoring.ExceptionMonitoringTest.test_no_unwind_for_shim_frame": "it looks for what CPython specialises in bytecode that a captured call does not execute",
} | ({"test.test_generators.__test__.syntax": "gi_code of a generator that is captured"} if sys.version_info >= (3, 12) else {}) | {
    f"test.test_gc.GCTogglingTests.{test}": COLLECTED for test in ("test_bug1055820c", "test_bug1055820d") if sys.version_info < (3, 12)
}  # fmt: skip
