// Which arrays have gaps between the elements of a row, as the graph tells: x[..., 0], x[:, ::2].
#pragma once

#include "graph/graph.h"

namespace segue::llvm {

/// How many elements of memory lead from an element to its neighbour along a dimension, counted from the last one, going by the sizes there were: of a
/// view of an array without gaps. 1 where nothing is known.
int64_t gapOf(const Node& node, uint32_t from_last, const DimTable& dims);
/// The same of what the index selects of an array.
int64_t gapOf(const Type& array, const Arg& index, uint32_t from_last, const DimTable& dims);

}  // namespace segue::llvm
