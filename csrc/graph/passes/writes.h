// writes: one spelling for writes, and none that change nothing.
//
//  - The result of a call with `out=` is the written array itself: its uses become uses of that array.
//  - `x[:, :] = v` becomes `x[...] = v`; `y = x[1:]; y[...] = v` becomes `x[1:] = v` where y has no other use.
//  - `x[i] = x[i]` goes: it is what Python's `x[i] += 1` ends with, and NumPy itself skips the copy when source and
//    destination are the same memory with the same strides.
//
// Runs behind `views`, which spells equal indices equally.
#pragma once

#include "graph/passes.h"

namespace segue {

void canonicalizeWrites(Graph& graph, const PassContext& context);

}  // namespace segue
