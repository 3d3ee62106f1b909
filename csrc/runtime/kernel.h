// Running kernels over arrays (program/kernel.h).
#pragma once

#include "absl/types/span.h"
#include "program/kernel.h"
#include "program/plan.h"

namespace segue {

/// A fresh array for a kernel's output; null with an exception when there is no memory.
PyObject* emptyArray(PyObject* descr, bool f_order, absl::Span<const int64_t> shape);

/// Runs the kernel over its arguments, inputs before outputs, and makes the scalars among these. False when it has set a condition of
/// `reported` (one bit per condition, as NumPy numbers them: NPY_FPE_DIVIDEBYZERO …), when an index of a table is out of bounds, or, with an
/// exception, when there is no memory.
/// `lets_others_run`: other Python threads get a turn during a long run.
bool runKernel(const Kernel& kernel, absl::Span<const Operand> operands, PyObject** regs, int reported, bool lets_others_run);

/// Whether runKernel would succeed, for flat kernels without reductions and tables: it will then, in the commit, too. Nothing is stored into the
/// outputs, the last `outputs` of the operands. As above where it would fail.
bool checkKernel(const Kernel& kernel, size_t outputs, absl::Span<const Operand> operands, PyObject* const* regs, int reported);

/// The same of a kernel whose outputs may be stored again, and runs it. `beyond_warnings`: the conditions that the user's error state does more about
/// than warn. Where it fails it has stored nothing, or CPython running the segment again stores the same.
bool storeKernel(const Kernel& kernel, size_t outputs, absl::Span<const Operand> operands, PyObject** regs, int reported, int beyond_warnings);

}  // namespace segue
