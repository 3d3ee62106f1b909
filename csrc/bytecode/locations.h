// co_linetable: a source range for every code unit. An entry's first byte holds a kind and the number of units (1 to
// 8); numbers follow in little-endian groups of six bits, lines as differences from the entry before (CPython,
// Objects/locations.md).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "base/python.h"
#include "base/traced.h"
#include "bytecode/insn.h"

namespace segue {

/// Consecutive code units with one position.
struct LocationRun {
  int units = 0;
  Position position;
  friend bool operator==(const LocationRun&, const LocationRun&) = default;
};

/// One run per entry of the table. The error names the byte at which the table breaks off.
Result<std::vector<LocationRun>> parseLocations(std::string_view table, int first_line);

/// Writes every run in the shortest form, as CPython's compilers do; runs longer than 8 units are split, neighbours are
/// not merged.
std::string encodeLocations(absl::Span<const LocationRun> runs, int first_line);

}  // namespace segue
