// Making strings of values: str, repr, f-strings, str.format and `%`. A text is a constant, or, where only running the graph
// tells it, a TextValue (text.h).
#pragma once

#include "trace/values/value.h"

namespace segue {

enum class TextConversion : uint8_t { kStr = 1, kRepr = 2, kAscii = 3 };  // CONVERT_VALUE's numbers

/// str(value), repr(value), ascii(value).
Traced<ValueRef> toText(Tracer& t, ValueRef value, TextConversion conversion);

/// The str that BUILD_STRING makes of str parts.
Traced<ValueRef> joinStrings(Tracer& t, absl::Span<const ValueRef> parts);
/// separator.join(parts).
Traced<ValueRef> joinStrings(Tracer& t, BorrowedRef separator, absl::Span<const ValueRef> parts);

/// template % args of a str.
Traced<ValueRef> percentFormat(Tracer& t, BorrowedRef text, ValueRef args);

/// Breaks where a format spec asks for a width or precision that could fill the memory.
Traced<void> checkFormatSpec(BorrowedRef spec);

}  // namespace segue
