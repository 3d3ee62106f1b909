// local-writes: writes to arrays that only the graph reads meanwhile become values of their own.
//
//  - `add x 1 out=x` becomes `add x 1`, and what reads x behind it reads the sum.
//  - `x[mask] = number` becomes `where mask number x`.
//  - `x[...] = y` of an array of x's type becomes a copy of y.
//
// What made an array only to be overwritten goes. Of an array that owns its memory, that nothing views, and all of whose writes have such a
// form, with a result of the array's very type: nobody can tell the array from the last of these values. An argument that nothing looks at
// through views from its first write on is assigned the last value, `x[...] = value`, at the graph's end. For backends that fuse operators:
// a write would end a group, and its array be stored.
#pragma once

#include "graph/passes.h"

namespace segue {

void separateLocalWrites(Graph& graph, const PassContext& context);

}  // namespace segue
