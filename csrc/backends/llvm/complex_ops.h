// Operators on complex numbers, as operators on their parts.
//
// Model. A value of a complex dtype is two of the part's dtype in a kernel's DAG. Operators become what NumPy's own loops compute of the parts:
// no C99 Annex G repairs of what becomes NaN. A real operand has been cast before, as NumPy casts it: its imaginary part is a zero that is
// multiplied and added like any other.
//
// Requirements
//  1. As of pointwise.h, except for which NaN a result is where several meet: NumPy's own loops give one or the other for an element's place in
//     the array.
#pragma once

#include <optional>
#include <string_view>

#include "backends/llvm/kernel_dag.h"

namespace segue::llvm {

/// A value of the graph as the DAG has it.
struct Parts {
  ScalarId real = 0;                      ///< or the value itself
  std::optional<ScalarId> imaginary;      ///< of complex ones
};

/// The dtype of a complex number's parts.
inline DType partDType(DType dtype) { return dtype == DType::kC64 ? DType::kF32 : dtype == DType::kC128 ? DType::kF64 : dtype; }

/// The dtype of what a kernel expression's function gives, of which an argument at least is complex; nullopt where NumPy has to compute it.
/// `exact`: as of fuse (fusion.h).
std::optional<DType> complexResult(std::string_view function, absl::Span<const DType> args, bool exact);
/// What it gives.
Parts applyComplex(std::string_view function, absl::Span<const Parts> args, KernelDag& dag);

}  // namespace segue::llvm
