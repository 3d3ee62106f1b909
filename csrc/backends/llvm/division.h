// LLVM IR of integers' floor division and remainders, on one element or a vector of them.
//
// Model. A divisor is one of three. Of a *positive constant* nothing can go wrong. One that is *the same for all elements of a row* is prepared
// once a row, so that the elements need no division. One that is *an element* itself is divided by: 8, 16 and 32 bits as floats, where
// the nearest float to a quotient is never on the other side of an integer; 64 bits by the processor's own instruction.
//
// Divisions by 0 give 0, and set the floating-point status as NumPy's loops do; so does the quotient of the least integer and -1, which wraps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backends/llvm/ir_builder.h"
#include "backends/llvm/kernel_dag.h"

namespace segue::llvm {

/// Whether the divisor is a positive constant.
bool dividesByPositive(const KernelDag& dag, const Scalar& division);
/// Whether the operator's elements take less where the divisor is prepared.
bool preparesDivisor(const KernelDag& dag, const Scalar& division);
/// Bytes of an element where it takes most while it is divided.
int divisionWidth(DType dtype);

/// A register or a constant that is made of a divisor.
struct DivisorPart {
  std::string type;
  std::string name;
};
constexpr size_t kDivisorParts = 8;
/// What the elements of a row need of the divisor `value`, in an order that emitPreparedDivision() knows; sets the status of divisions by 0.
std::vector<DivisorPart> prepareDivisor(DType dtype, const std::string& value, IrBuilder& out);
/// `parts` have as many lanes as the value that is divided, `scalars` are the same numbers with one.
std::string emitPreparedDivision(const Scalar& division, int lanes, const std::string& value, absl::Span<const std::string> parts,
                                 absl::Span<const std::string> scalars, IrBuilder& out);
/// For others. `args`: what is divided, and by what.
std::string emitDivision(const KernelDag& dag, const Scalar& division, int lanes, absl::Span<const std::string> args, IrBuilder& out);

/// What kernels multiply by in order to divide by `divisor`, which is not 0 (emitPreparedDivision): they call it.
uint64_t divisorMultiplier(uint64_t divisor);

}  // namespace segue::llvm
