// Which nodes add values up at indices, and their code: `np.bincount`.
//
// Model. Index and weights are run over as any operands, and may be made in the kernel; the bins are an array that is as large as the runtime
// expects. What stands at a greater index is added to the last bin: the greatest index, which the kernel finds as well, tells the runtime that the
// bins were too few (runtime/kernel_bins.h). Negative indices count as very large ones. A stretch of elements is computed first, in vectors, and then
// added in a loop of its own: an instruction that adds to memory is fast if it is always the same one, which the processor then knows to load what
// it has just stored. (Of one for each lane it does not, and starts over each time: five times as long, where measured.)
//
// Requirements
//  1. As of pointwise.h. Nothing but the bins is stored to, whatever the indices.
//  2. Weights are added to a bin one after the other in the order of elements, as NumPy does it: sums have its bits.
#pragma once

#include <optional>
#include <string>

#include "backends/llvm/ir_builder.h"
#include "backends/llvm/kernel_dag.h"
#include "graph/graph.h"

namespace segue::llvm {

/// A node whose first argument is the index.
struct Scatter {
  bool weighted = false;   ///< the second argument is what is added, else 1
};

/// Nullopt for nodes that NumPy has to run.
std::optional<Scatter> scatterOf(const Node& node, const DimTable& dims);

/// How many elements may be scattered before a flush.
inline constexpr int kMostScattered = 512;

/// Registers with what the code needs of bins.
struct BinNames {
  DType dtype = DType::kI64;     ///< of counts, or (f64) of sums of weights
  std::string data;
  std::string last;              ///< the greatest index
  std::string places, values;    ///< what the next flush adds up
};

/// Loads the fields of bins. `place`: where their KernelTable is. In a function's first block.
BinNames emitBins(DType dtype, const std::string& place, IrBuilder& out);
/// Notes what is to be added to which bins, as the `at`-th element and those behind it. Indices are unsigned, of 64 bits.
void emitScatter(const BinNames& bins, int lanes, const std::string& at, const std::string& index, const std::string& value, IrBuilder& out);
/// Adds the first `count` noted elements, of which there is one at least, to their bins, in blocks whose names start with `name`.
void emitFlush(const BinNames& bins, std::string_view name, std::string_view count, IrBuilder& out);

}  // namespace segue::llvm
