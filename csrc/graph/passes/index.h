// Basic indices (ints, slices, None, Ellipsis) spelled out axis by axis, and their composition: x[I][J] as x[K].
//
// Composition is exact where it answers: K selects the same elements in the same order, with the same strides, for every
// length the axes can have. Where that needs a length that is not known the answer is nothing. One thing may differ: when
// x[I] has elements but x[I][J] has none, NumPy points the empty view into x[I], and x[K] into x.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace segue {

/// One element of a spelled-out index.
struct IndexItem {
  enum class Kind : uint8_t { kInt, kSlice, kNewAxis };
  Kind kind = Kind::kSlice;
  Arg number;                               ///< kInt: a size, or a value of an integer type
  Arg start = ArgNone{}, stop = ArgNone{}, step = ArgNone{};  ///< kSlice: None, sizes or values

  bool isFullSlice() const { return kind == Kind::kSlice && start.isNone() && stop.isNone() && step.isNone(); }
};

/// An index with one kInt or kSlice for each axis of the array it is for, in order, and kNewAxis between them.
using BasicIndex = std::vector<IndexItem>;

/// Nothing for an index that is not basic, or that has too many items. Slices come out canonical: no start of 0, no step
/// of 1, no stop at the axis's very length.
std::optional<BasicIndex> readIndex(const Arg& index, const Type& array, DimTable& dims);

/// The index as an argument, as short as it goes: `...` for all of the array, a lone item bare, no full slices at the
/// end. `view`: the result is an array even if every axis is given by an int (x[0, ...]).
Arg writeIndex(const BasicIndex& index, bool view);

/// `inner` is for an array of type `array`, `outer` for what it selects.
std::optional<BasicIndex> composeIndex(const BasicIndex& inner, const BasicIndex& outer, const Type& array,
                                       DimTable& dims);

}  // namespace segue
