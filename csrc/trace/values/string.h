// Strings that are known when the segment runs only (f-strings of run-time ints and floats), and joining of parts.
#pragma once

#include "trace/values/value.h"

namespace segue {

/// The str that BUILD_STRING makes of str parts.
Traced<ValueRef> joinStrings(Tracer& t, absl::Span<const ValueRef> parts);

}  // namespace segue
