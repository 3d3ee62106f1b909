// Lowers a graph to a plan in the order that a backend has chosen: each node as a call of NumPy, or several at once as a kernel.
//
// Writes. An input array that the graph writes is replaced by a *mirror* (runtime/mirror.h) from its first use on, unless
// the writes may go to the array itself: they may when no node up to the last of them reads the array's memory, since
// running the segment again then writes the same again. Outputs that look at a mirror are moved onto the original, and
// the commit copies the mirror back. Arrays made in the segment are written in place. Temporaries die behind their last use.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "backends/backend.h"
#include "program/kernel.h"

namespace segue {

/// A kernel and what it stands for: `outputs` are the values that it makes, and assignments whose values it stores.
struct KernelCall {
  std::shared_ptr<const Kernel> kernel;
  std::vector<Arg> inputs;            ///< graph values, in the order of the kernel's parameters
  std::vector<const Node*> outputs;
  Shape shape;                        ///< of the run
};

/// A node of the order, or several behind each other that one kernel computes.
struct ScheduleItem {
  size_t begin = 0, end = 0;          ///< positions in Schedule::order
  std::optional<KernelCall> kernel;   ///< none: a single node, which NumPy runs
};

struct Schedule {
  std::vector<Node*> order;           ///< the body's nodes, each behind those that it uses
  std::vector<ScheduleItem> items;    ///< in order, all of it
  bool computes_floats = false;       ///< operators on single floats are steps of the plan, else NumPy's too
};

/// Every node by itself, in program order.
Schedule programOrder(const Graph& graph);

Result<Plan> lowerToPlan(const BackendInput& input, const Schedule& schedule);

}  // namespace segue
