// Kernels that follow each other become stages of one (program/kernel.h) where rows depend on rows only.
//
// Model. The *rows* of a run are its last dimension. A kernel can be a stage if it runs over the rows in C order and reduces nothing but rows, or over
// arrays that have one element in each row; of an earlier stage's results it must load the row it is at. Values that only
// stages use get no array.
#pragma once

#include "backends/lowering.h"

namespace segue::llvm {

/// Joins neighbours among the schedule's items that have kernels.
void fuseRows(const Graph& graph, Schedule* schedule);

}  // namespace segue::llvm
