// Running kernels that have stages (program/kernel.h).
#pragma once

#include "absl/types/span.h"
#include "program/kernel.h"
#include "program/plan.h"
#include "runtime/kernel_arrays.h"

namespace segue {

/// As runKernel (runtime/kernel.h), for a kernel with stages, and without looking at the status. `count`: the elements of the whole run.
bool runStages(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, Tables& tables, int64_t count);

}  // namespace segue
