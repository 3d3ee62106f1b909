// Which arrays have gaps between the elements of a row, whatever their strides are: x[..., 0], x[:, ::2].
#pragma once

#include "graph/graph.h"

namespace segue::llvm {

/// Whether the node is a view of an array without gaps whose neighbours along a dimension, counted from the last one, are no neighbours in memory, going
/// by the sizes there were. Of what is not known to have gaps the strides tell.
bool hasGaps(const Node& node, uint32_t from_last, const DimTable& dims);

}  // namespace segue::llvm
