// Which reductions kernels compute, and what for each element.
//
// Requirements
//  1. As of pointwise.h. Sums of floats have NumPy's own bits: they are added up in its order, which follows from the memory order of the
//     array that is summed, so this has to be known (emit_folds.cc has the order within a run; the runs follow each other as NumPy's iterator
//     goes). Its buffers have the size that they have if np.setbufsize was never called.
#pragma once

#include "backends/llvm/pointwise.h"

namespace segue::llvm {

struct Reduction {
  ScalarOp combine = ScalarOp::kAdd;  ///< of the result so far and the next element
  DType dtype = DType::kF64;          ///< of both
  FoldOrder order = FoldOrder::kAny;
  bool truth = false;                 ///< of whether elements differ from zero
  bool locates = false;               ///< the result is where the least or greatest element stands along the axis; `dtype` is that of elements
  bool narrows = false;               ///< what was combined so far is a float16 wherever it is stored
  bool averages = false;              ///< a mean: the sum is divided by the number of elements
  uint32_t axes = 0;                  ///< bit i: dimension i of the operand, counted from the last one, is reduced
  bool keeps_axes = false;            ///< the result has them with one element
  bool f_order = false;               ///< of the operand and the result, else C order
};

/// Nullopt for nodes that NumPy has to run. The operand is the node's first argument. `exact`: as of fuse (fusion.h).
std::optional<Reduction> reductionOf(const Node& node, const DimTable& dims, bool exact);

}  // namespace segue::llvm
