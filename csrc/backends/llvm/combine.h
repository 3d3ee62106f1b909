// How the runtime combines what parts of a run are reduced to: as the kernels do it.
#pragma once

#include "backends/llvm/kernel_dag.h"
#include "program/kernel.h"

namespace segue::llvm {

/// Fills in how the kernel's reductions are combined.
void describeCombining(const KernelDag& dag, Kernel* kernel);

}  // namespace segue::llvm
