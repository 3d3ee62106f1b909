// Constants as the arguments of functions that are called while tracing.
#pragma once

#include "trace/values/value.h"

namespace segue {

class SetValue;

/// The object that a value made of constants alone stands for, or for lists, tuples, sets and dicts an equal one; null for
/// other values.
Ref constantObject(Tracer& t, ValueRef value, int depth = 0);
/// A set of the constants that the elements are, with the table that the set has; null where it has others, or an order that
/// is not known.
Ref constantSet(Tracer& t, SetValue* set);

}  // namespace segue
