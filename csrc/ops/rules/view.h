// Views: how the layout of a view follows from the layout of the array it looks at.
#pragma once

#include "ops/rules/shapes.h"

namespace segue {

/// What basic indexing does to one axis of the input.
struct AxisView {
  Dim size;              ///< elements left along the axis; 1 for an axis that an integer index removed
  bool unit_step = true; ///< consecutive elements in rising order
};

/// Flags and order of the view that `axes` describe, one entry per axis of the input, in order.
Layout viewLayout(const Type& input, absl::Span<const AxisView> axes, DimTable& dims);
/// Layout of the input with its axes permuted: result axis i is input axis order[i].
Layout permutedLayout(const Type& input, absl::Span<const int> order, DimTable& dims);

/// The argument's type when it is an ndarray.
Result<const Type*> ndarrayArg(const OpCall& call, size_t i);

/// The bounds of x[start:stop:step] along an axis of that size, clipped as Python clips them.
struct SliceBounds {
  Dim start, size;
  int64_t step = 1;
};
Result<SliceBounds> sliceBounds(const ArgSlice& slice, Dim axis_size, DimTable& dims);
/// start:stop with unit step; both may be negative or past the end.
Result<SliceBounds> rangeBounds(Dim start, Dim stop, Dim axis_size, DimTable& dims);

/// The input with its axes permuted, as a view.
Type permutedView(const Type& input, absl::Span<const int> order, DimTable& dims);
/// The input with some axes turned round, as a view.
Type flippedView(const Type& input, uint64_t axes, DimTable& dims);

}  // namespace segue
