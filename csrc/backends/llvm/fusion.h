// Groups of nodes that run as one kernel.
//
// Model. One pass in program order. An element-wise node joins the groups that make its operands, if they run over its shape, else one that
// runs over its shape and loads one of its operands, else it starts one. A reduction does the same with its operand's shape; what it gives is
// known behind the run only. A group is *pending* until somebody outside needs one of its values, or memory is about to be written; then it
// runs, so that its nodes move behind nodes that they do not depend on, and never across a write of NumPy's. Assignments are parts of groups like
// others; a group runs before anything else looks at the memory that it assigns to, or assigns to what it loads. Scalars that NumPy makes of a pending group's
// values are put off until somebody needs them. Values that only the group uses are never stored.
#pragma once

#include <memory>

#include "backends/llvm/reduction.h"
#include "backends/llvm/scan.h"
#include "backends/lowering.h"

namespace segue::llvm {

struct Group {
  std::vector<Node*> nodes;             ///< program order
  std::vector<Arg> inputs;              ///< graph values that the kernel loads, without repeats
  std::vector<const Node*> outputs;     ///< program order; at least one; an assignment for what it stores
  Shape shape;                          ///< of the run
  KernelDag dag;
  Kernel kernel;                        ///< all but its code
  std::vector<int64_t> gaps;            ///< by input, then output: how many elements of memory lead from one of a row to the next, as far as is
                                        ///< known, else 1
  int64_t row_hint = 0;                 ///< how many elements a row had when the kernel was made
  size_t item = 0;                      ///< of the schedule
  std::string_view end;                 ///< why it holds no more, said of `ended_by`
  const Node* ended_by = nullptr;       ///< null: the graph's end
};

struct Fusion {
  Schedule schedule;                    ///< items of groups have no kernel yet
  std::vector<std::unique_ptr<Group>> groups;
};

/// `exact`: what NumPy computes with bits of its own stays NumPy's.
Fusion fuse(const Graph& graph, bool exact);
/// Tells the channel `fusion`, if somebody listens.
void logFusion(const Fusion& fusion);

}  // namespace segue::llvm
