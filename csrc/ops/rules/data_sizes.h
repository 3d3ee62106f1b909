// What rules of other families share with those of results whose size is in the data.
#pragma once

#include "ops/op.h"

namespace segue::rules {

/// How many of an array's elements something is true of.
Result<Dim> countIn(OpCall& call, const Shape& shape);
/// (a): a tuple of index vectors, one for each axis.
Result<Type> nonzero(OpCall& call);
/// (a, repeats, axis), with a number of repeats for each element.
Result<Type> repeatEach(OpCall& call);
/// (arr, obj, axis), where obj is a vector of integers or a mask.
Result<Type> deleteSeveral(OpCall& call);

}  // namespace segue::rules
