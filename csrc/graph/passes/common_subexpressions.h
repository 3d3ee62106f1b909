// common-subexpressions: a node that computes what an earlier one computed becomes that earlier one.
//
// Two nodes are the same if they apply the same operator to the same arguments and no memory that they read is written
// between them. Making a view reads nothing. Whether the results may then be one object:
//  - never, if both objects themselves become outputs (`a is b` would turn true);
//  - views of the same memory: yes, they are equal in all else;
//  - fresh arrays: only if neither is written, and not both are reachable from outputs (they would share memory);
//  - a result that may be a view or a copy counts as both.
// Random draws and nodes with regions are left alone; nodes inside a region may become a node before it.
#pragma once

#include "graph/passes.h"

namespace segue {

void eliminateCommonSubexpressions(Graph& graph, const PassContext& context);

}  // namespace segue
