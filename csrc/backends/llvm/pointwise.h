// Which nodes kernels compute, and what for each element.
//
// Requirements
//  1. What is admitted gives the bits, dtype, shape and memory order that NumPy gives, and the floating-point status of NumPy's loops;
//     the bits of math functions are those of math/functions.h, unless `exact` leaves these to NumPy.
//  2. No relation between sizes is recorded: guards are made before backends run.
#pragma once

#include "absl/container/inlined_vector.h"
#include "backends/llvm/complex_ops.h"
#include "graph/graph.h"

namespace segue::llvm {

/// Which of two zeros NumPy's maximum and minimum give depends on the processor's instruction: the second one?
#if defined(__x86_64__)
inline constexpr bool kTakesSecondZero = true;
#else
inline constexpr bool kTakesSecondZero = false;
#endif

inline constexpr int kMaxRank = 31;   ///< KernelParam::spread has a bit for each dimension

/// An element-wise node as kernels see it.
struct Pointwise {
  std::string_view expression;                    ///< OpDef::kernel
  absl::InlinedVector<DType, 3> loop;             ///< by operand: the dtype it is computed in
  size_t operand_count = 0;                       ///< the node's first arguments
  bool f_order = false;                           ///< the result's memory is in Fortran order, else in C order
  bool views = false;                             ///< it is a view (z.real), which may be computed where only elements of it are used
};

/// Nullopt for nodes that NumPy has to run.
std::optional<Pointwise> pointwiseOf(const Node& node, const DimTable& dims, bool exact);

/// An array's elements in another dtype, or in their own; nullopt where kernels do not cast as NumPy does.
std::optional<Pointwise> castTo(DType to, const Type& from);

/// The node's value in `dag`. `operands`: by argument, already in the loop's dtype.
Parts lowerExpression(const Pointwise& pointwise, absl::Span<const Parts> operands, KernelDag& dag);

/// Of values in a kernel.
bool isKernelDType(DType dtype);
/// Of values, or of complex numbers, which are two.
bool isKernelElement(DType dtype);
/// Whether an argument's value is known at run time only.
bool isLoaded(const Arg& arg, const DimTable& dims);
/// A constant argument in a dtype; nullopt for one that the dtype does not hold as NumPy's conversion would give it.
std::optional<uint64_t> constantBits(const Arg& arg, DType dtype, const DimTable& dims);
/// The same for all dtypes of elements.
struct ConstantParts {
  uint64_t real = 0;                      ///< or the value itself
  std::optional<uint64_t> imaginary;      ///< in complex dtypes
};
std::optional<ConstantParts> constantParts(const Arg& arg, DType dtype, const DimTable& dims);

/// Bit i: along dimension i of `shape`, counted from the last one, an array of `own` repeats its elements. NumPy's broadcasting has
/// accepted the two.
uint32_t spreadOver(const Shape& own, const Shape& shape, const DimTable& dims);

/// Whether the elements of an array lie side by side in Fortran order, else in C order; nullopt where that is not known, and where it leaves
/// open how NumPy orders results.
std::optional<bool> runOrder(const Type& type, const DimTable& dims);
/// The same of an operand. Parts of complex numbers (z.real) stand in these' order, with a gap behind each.
std::optional<bool> operandOrder(const Arg& arg, const DimTable& dims);
/// The same of what a node makes, for arrays that kernels can make.
std::optional<bool> madeOrder(const Node& node, const DimTable& dims);

}  // namespace segue::llvm
