// Making strings of values: str, repr, f-strings.
#pragma once

#include "trace/values/value.h"

namespace segue {

enum class TextConversion : uint8_t { kStr = 1, kRepr = 2, kAscii = 3 };   // CONVERT_VALUE's numbers

/// str(value), repr(value), ascii(value): constants, dtypes, lists, tuples and dicts of such, exceptions, and instances whose
/// methods are written in Python.
Traced<ValueRef> toText(Tracer& t, ValueRef value, TextConversion conversion);

/// The str that BUILD_STRING makes of str parts.
Traced<ValueRef> joinStrings(Tracer& t, absl::Span<const ValueRef> parts);

}  // namespace segue
