// What runs of kernels take, while somebody watches (segue.explain).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "program/kernel.h"
#include "program/plan.h"

namespace segue {

struct KernelRun {
  std::string name;
  int64_t operators = 0;            ///< of the graph
  int64_t elements = 0;             ///< that the run goes over
  int64_t bytes = 0;                ///< of the arrays that it loads and stores, each argument once
  int64_t flops = 0;                ///< floating-point operations; a math function counts as one
  double seconds = 0;
  double estimated_seconds = 0;     ///< of one thread (Kernel::cost)
};

/// Watches the kernels that this thread runs, up to the matching end; nests.
void beginKernelRuns();
std::vector<KernelRun> endKernelRuns();

/// Threads that watch. Under the GIL.
inline int kernel_watchers = 0;
/// Whether this thread does.
bool watchesKernels();
void addKernelRun(const Kernel& kernel, absl::Span<const Operand> operands, PyObject* const* regs, int64_t elements, double seconds);

}  // namespace segue
