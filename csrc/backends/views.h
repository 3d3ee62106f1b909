// Views that plans make by themselves: indices of ints, slices and None whose numbers are sizes.
#pragma once

#include "backends/plan_builder.h"
#include "program/view.h"

namespace segue {

/// The items of a tuple, or the index itself.
absl::Span<const Arg> indexItems(const Arg& index);
/// Whether the index is of that kind.
bool isViewIndex(const Arg& index, const DimTable& dims);
/// What such an index selects of the array. Appends the steps that compute its numbers.
ViewIndex viewIndexOf(const Arg& index, const Type& array, PlanBuilder& builder);

}  // namespace segue
