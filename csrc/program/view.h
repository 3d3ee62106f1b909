// Basic indices as data: what a plan's `view` step selects of an array, without Python objects for its numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace segue {

/// A number of an index: known when the plan was made, or in an int register at run time.
struct ViewNumber {
  bool in_register = false;
  int64_t value = 0;        ///< the number, or the register
};

struct ViewItem {
  enum class Kind : uint8_t { kInt, kSlice, kNewAxis };
  Kind kind = Kind::kSlice;
  ViewNumber start;                                   ///< kInt: the number, which may count from the end
  ViewNumber stop{false, INT64_MAX}, step{false, 1};  ///< kSlice: as Python's, but that parts left out have numbers beyond any array
};

/// For the array's dimensions in order; those that it has more than the index are taken whole.
using ViewIndex = std::vector<ViewItem>;

/// As between Python's brackets: "1:-1, i3, None".
std::string printView(const ViewIndex& index);

}  // namespace segue
