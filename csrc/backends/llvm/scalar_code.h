// LLVM IR of single scalar operations (kernel_dag.h), on one element or a vector of them.
#pragma once

#include "backends/llvm/ir_builder.h"
#include "backends/llvm/kernel_dag.h"

namespace segue::llvm {

/// Writes what `scalar` computes of `args`, its arguments' values; not for loads, constants and math functions.
std::string emitScalarOp(const KernelDag& dag, const Scalar& scalar, int lanes, absl::Span<const std::string> args, IrBuilder& out);

/// A reduction's step: `op` of two values of the dtype.
std::string emitCombine(ScalarOp op, DType dtype, int lanes, absl::Span<const std::string> args, IrBuilder& out);

}  // namespace segue::llvm
