// Kernels as LLVM IR.
//
// The loops are written with explicit vectors and no pass of LLVM's optimizer is meant to run over them: what does not change is computed in
// front of a loop, equal values are one already (kernel_dag.h). `vector_bytes` elements' worth is done at once, twice as much as a register
// holds, so that two chains of instructions overlap; what is left over goes element by element, and so does, without a reduction, all of
// an array with gaps.
//
#pragma once

#include <string>

#include "backends/llvm/fusion.h"

namespace segue::llvm {

/// The body of a function of KernelCode's type and the declarations behind it: all but its name.
std::string emitKernel(const Group& group, int vector_bytes);
/// A module with the kernel under a name.
std::string emitModule(std::string_view name, std::string_view kernel);

}  // namespace segue::llvm
