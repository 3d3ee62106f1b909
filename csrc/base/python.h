// The one door to CPython's and NumPy's headers: every C++ file includes this instead of <Python.h>, so that the
// NumPy API table is shared by all folders and version differences have one home.
//
// Requirements
//  1. Included before any standard header (CPython's rule).
//  2. `importNumpy()` has succeeded before any PyArray_* function is called.
//  3. This is the compat header: PY_VERSION_HEX appears here and in hook/ only.
#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL segue_array_api
#define PY_UFUNC_UNIQUE_SYMBOL segue_ufunc_api
#ifndef SEGUE_DEFINES_NUMPY_API
#define NO_IMPORT_ARRAY
#define NO_IMPORT_UFUNC
#endif
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>
#include <numpy/ufuncobject.h>

namespace segue {

/// Loads NumPy's C API tables. Returns false with a Python exception set when NumPy is missing or too old.
bool importNumpy();

/// 311, 312 or 313: which of the per-version tables this build uses.
inline constexpr int kPythonVersion = PY_MAJOR_VERSION * 100 + PY_MINOR_VERSION;

}  // namespace segue
