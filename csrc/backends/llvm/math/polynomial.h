// A polynomial's coefficients (tables.h).
#pragma once

#include "absl/types/span.h"

namespace segue::llvm {

/// Lowest coefficient first. The long one is for results in float64, the short one for results in float32.
struct Polynomial {
  absl::Span<const double> of_double, of_float;
};

}  // namespace segue::llvm
