// From LLVM IR to code in memory, through llvmlite (python/segue/native.py).
#pragma once

#include "base/traced.h"
#include "program/kernel.h"

namespace segue::llvm {

/// Bytes of the vectors that kernels work with on this machine.
int vectorBytes();

/// The code of a kernel whose body and declarations are `kernel` (emit.h). Equal ones are compiled once; code stays in memory for good.
/// Fails without llvmlite, and where LLVM does.
Result<KernelCode> compileKernel(const std::string& kernel);

}  // namespace segue::llvm
