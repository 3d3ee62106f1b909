"""The modules that are run, and the tests that differ for a reason that docs/side_exits.md gives."""

from __future__ import annotations

MODULES = [
    "_core.test_ufunc", "_core.test_umath", "_core.test_multiarray", "_core.test_indexing", "_core.test_numeric",
    "_core.test_shape_base", "_core.test_einsum", "_core.test_nep50_promotions", "lib.test_function_base",
    "lib.test_stride_tricks", "linalg.test_linalg", "fft.test_helper", "fft.test_pocketfft",
    "random.test_generator_mt19937",
]  # fmt: skip

EXPECTED: dict[str, str] = {}
"""Test -> the reason."""
