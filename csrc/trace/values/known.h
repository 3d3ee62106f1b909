// Scalars that operators make of constants: known while tracing, where the program branches on them.
#pragma once

#include "trace/values/graph_values.h"

namespace segue {

/// The object that a NumPy or Python scalar is in every run: a constant, or what operators without effects made of
/// constants. Symbolic ints among those are guarded to be what they are in this call. Null where the program's data
/// decides, or where making it reports a floating-point condition.
Ref knownScalar(Tracer& t, GraphValue& scalar);

}  // namespace segue
