// How kernels find the first of the least or greatest elements (argmin, argmax).
//
// Model. A reduction has two values: an extreme, and the position where it stands. Both start as if a neutral element stood at position 0:
// should that be what is found, then all elements are neutral, and the first of them stands there.
//
// Requirements
//  1. As NumPy: the first NaN is the extreme, else the first of equal ones; 0.0 and -0.0 are equal.
//  2. No floating-point status is set.
//  3. Combined by emitLocated, values may come in any order.
#pragma once

#include "backends/llvm/ir_builder.h"
#include "backends/llvm/kernel_dag.h"

namespace segue::llvm {

/// An element, or a vector of them, and the positions of these.
struct Located {
  std::string extreme, position;
};

struct LocatedType {
  ScalarOp op = ScalarOp::kMin;     ///< or kMax
  DType dtype = DType::kF64;        ///< of extremes
  int lanes = 1;
  std::string_view position;        ///< the integer type of positions
};

/// Takes what is found where it is better than what there is so far; all of it stands behind that.
Located emitLater(const LocatedType& type, const Located& so_far, const Located& found, IrBuilder& out);
/// The same wherever the two stand.
Located emitLocated(const LocatedType& type, const Located& so_far, const Located& found, IrBuilder& out);

/// In the vectors of a loop positions count the loop's turns, in integers as wide as elements.
inline std::string turnType(DType extreme) { return bitsType(extreme); }
/// How many turns can be counted.
int64_t mostTurns(DType extreme);

/// Of a loop's vectors the extreme that the first turn has, in the first lane that has it then. Turn and lane are i64.
struct First {
  std::string extreme, turn, lane;
};
First emitFirst(const LocatedType& type, const Located& vectors, IrBuilder& out);

}  // namespace segue::llvm
