// The math functions as modules of their own, compiled once for all kernels, and what they call of the C library.
#pragma once

#include <string>

#include "backends/llvm/kernel_dag.h"

namespace segue::llvm {

/// Of vectors: an argument of `lanes` elements for each of the function's, and a result.
struct MathFunction {
  ScalarOp op;
  DType dtype;
  int lanes;
  friend bool operator<(const MathFunction& a, const MathFunction& b) {
    return std::tie(a.op, a.dtype, a.lanes) < std::tie(b.op, b.dtype, b.lanes);
  }
};

/// segue_math_exp_f64_v32
std::string mathFunctionName(const MathFunction& function);
int mathFunctionArity(ScalarOp op);
/// A module with the function. `fused`: for processors that multiply and add in one rounding.
std::string mathFunctionModule(const MathFunction& function, bool fused);

/// A function that math functions call: segue_log_f64(const double* x, double* result, uint64_t lanes).
struct LibraryFunction {
  std::string_view name;
  const void* address;
};
absl::Span<const LibraryFunction> libraryFunctions();

}  // namespace segue::llvm
