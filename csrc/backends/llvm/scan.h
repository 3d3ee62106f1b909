// Which running reductions (np.cumsum, np.maximum.accumulate) kernels compute, and what for each element.
//
// Requirements
//  1. As of pointwise.h. NumPy combines the elements of a row one after the other, and so do kernels: results have its bits.
#pragma once

#include "backends/llvm/pointwise.h"

namespace segue::llvm {

/// Along the last dimension, in C order.
struct Scan {
  ScalarOp combine = ScalarOp::kAdd;  ///< of the result so far and the next element
  DType dtype = DType::kF64;          ///< of both
  size_t operand = 0;                 ///< which argument of the node
};

/// Nullopt for nodes that NumPy has to run.
std::optional<Scan> scanOf(const Node& node, const DimTable& dims);

}  // namespace segue::llvm
