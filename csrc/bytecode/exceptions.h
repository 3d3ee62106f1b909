// co_exceptiontable: which code units are covered by which handler. Each entry is four numbers (start, size, target,
// and depth * 2 + push_offset) in big-endian groups of six bits; bit 6 marks a group that goes on, bit 7 an entry's
// first byte (CPython, Objects/exception_handling_notes.txt).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "base/python.h"
#include "base/traced.h"

namespace segue {

/// Offsets in code units.
struct ExceptionEntry {
  int start = 0;
  int end = 0;  ///< behind the last unit covered
  int target = 0;
  int depth = 0;             ///< stack slots that stay
  bool push_offset = false;  ///< f_lasti is pushed before the exception
  friend bool operator==(const ExceptionEntry&, const ExceptionEntry&) = default;
};

/// In the table's order. The error names the byte at which the table breaks off.
Result<std::vector<ExceptionEntry>> parseExceptionTable(std::string_view table);

std::string encodeExceptionTable(absl::Span<const ExceptionEntry> entries);

}  // namespace segue
