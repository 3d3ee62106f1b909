"""The modules that are run, and the tests that differ for a reason that docs/side_exits.md or docs/backends.md gives."""

from __future__ import annotations

MODULES = [
    "_core.test_ufunc", "_core.test_umath", "_core.test_multiarray", "_core.test_indexing", "_core.test_numeric",
    "_core.test_shape_base", "_core.test_einsum", "_core.test_nep50_promotions", "lib.test_function_base",
    "lib.test_stride_tricks", "linalg.test_linalg", "fft.test_helper", "fft.test_pocketfft",
    "random.test_generator_mt19937",
]  # fmt: skip

MEMORY = "counts of references to dtypes and modules: entries hold those that they compare with"
LOOPS = "what C code puts in the place of a ufunc's loop: kernels compute what NumPy's own does"
EXPECTED: dict[str, str] = {
    "_core/tests/test_indexing.py::TestIndexing::test_small_regressions": MEMORY,
    "_core/tests/test_multiarray.py::TestNewBufferProtocol::test_reference_leak": MEMORY,
    "_core/tests/test_ufunc.py::test_ufunc_no_reference_leak": MEMORY,
    "_core/tests/test_umath.py::TestReplaceLoopBySignature::test_replace_loop": LOOPS,
    "lib/tests/test_function_base.py::TestBincount::test_dtype_reference_leaks": MEMORY,
} | {
    f"_core/tests/test_multiarray.py::TestArrayInterface::test_scalar_interface[{case}]": MEMORY
    for case in ("val0-iface0-0.5", "val1-iface1-expected1", "val2-iface2-expected2", "val4-iface4-TypeError", "val5-iface5-expected5")
}
"""Test -> the reason."""
