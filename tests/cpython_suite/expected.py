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

ALIVE = "an entry keeps the classes, functions and constants alive that it compares with"
MEMORY = "counts of objects or of bytes, which Segue's own change"
EXPECTED: dict[str, str] = {
    "test.test_generators.__test__.syntax": "gi_code of a generator that is captured",
    "test.test_coroutines.CoroutineTest.test_for_2": ALIVE,
    "test.test_call.TestPEP590.test_setvectorcall": "PyFunction_SetVectorcall on a function whose calls are inlined already",
    "test.test_descr.ClassPropertiesAndMethods.test_remove_subclass": ALIVE,
    "test.test_descr.ClassPropertiesAndMethods.test_slots": MEMORY,
    "test.test_dict.DictTest.test_splittable_popitem": MEMORY,
    "test.test_functools.TestLRUC.test_lru_cache_weakrefable": ALIVE,
    "test.test_functools.TestLRUPy.test_lru_cache_weakrefable": ALIVE,
    "test.test_gc.GCCallbackTests.test_collect_garbage": ALIVE,
    "test.test_gc.GCTests.test_class": ALIVE,
    "test.test_gc.GCTests.test_function_tp_clear_leaves_consistent_state": ALIVE,
    "test.test_gc.GCTests.test_get_count": MEMORY,
    "test.test_gc.GCTests.test_newinstance": ALIVE,
    "test.test_gc.GCTests.test_newstyleclass": ALIVE,
    "test.test_gc.GCTests.test_resurrection_does_not_block_cleanup_of_other_objects": ALIVE,
    "test.test_gc.GCTogglingTests.test_bug1055820c": ALIVE,
    "test.test_gc.GCTogglingTests.test_bug1055820d": ALIVE,
    "test.test_list.ListTest.test_free_after_iterating": ALIVE,
    "test.test_monitoring.ExceptionMonitoringTest.test_no_unwind_for_shim_frame": "it looks for what CPython specialises in bytecode that a captured call does not execute",
    "test.test_weakref.MappingTestCase.test_weak_keyed_len_cycles": ALIVE,
    "test.test_weakref.MappingTestCase.test_weak_keyed_union_operators": ALIVE,
    "test.test_weakref.ReferencesTestCase.test_callback_in_cycle_resurrection": ALIVE,
    "test.test_weakref.ReferencesTestCase.test_cfunction": ALIVE,
    "test.test_weakref.ReferencesTestCase.test_classes": ALIVE,
    "test.test_weakref.WeakMethodTestCase.test_callback_when_method_dead": ALIVE,
    "test.test_weakref.WeakMethodTestCase.test_method_dead": ALIVE,
} | {
    f"test.test_sys_settrace.{case}.test_08_settrace_and_return": "3.11: tracing that an inlined callee starts repeats its call's line"
    for case in ("SkipLineEventsTraceTestCase", "TraceOpcodesTestCase", "TraceTestCase")
}  # fmt: skip
