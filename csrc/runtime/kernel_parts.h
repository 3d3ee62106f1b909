// Long runs of kernels, cut into parts that several threads run (thread_pool.h).
//
// Model. A run is cut along one axis, along which every output's elements are its own. Scalars that the kernel makes are reduced part by part
// and then combined, in an order that the number of threads has no say in: results have the same bits for any number.
#pragma once

#include <algorithm>

#include "runtime/kernel_arrays.h"

namespace segue {

/// Runs of less work, in picoseconds as kernels estimate it (Kernel::cost), are not cut. For tests.
int64_t longRunWork();
void setLongRunWork(int64_t picoseconds);

/// More parts than this per thread serve nothing: by then all are done at about the same time.
inline constexpr int64_t kPartsPerThread = 8;

/// What a run's work is worth.
struct Effort {
  int64_t parts = 0;     ///< wanted; below two: it is not to be cut
  int64_t lanes = 1;     ///< of threads
  bool wakes = false;    ///< sleeping threads, too

  /// This thread does all of it.
  bool alone() const { return parts < 2 || lanes == 1; }
  int64_t usefulParts() const { return std::min(parts, kPartsPerThread * lanes); }
};
Effort effortFor(const Kernel& kernel, int64_t count);

/// How an axis is cut.
struct Cut {
  int64_t size;     ///< of the axis
  int64_t length;   ///< of a part; the last one may be shorter
  int64_t parts() const { return (size + length - 1) / length; }
  int64_t begin(int64_t part) const { return part * length; }
  int64_t sizeOf(int64_t part) const { return std::min(length, size - begin(part)); }
};
/// Into `parts` at most, of multiples of `unit` elements.
Cut cutAxis(int64_t size, int64_t parts, int64_t unit);

/// Combines the scalars that the kernel makes, by reduction, with others.
void combineScalars(const Kernel& kernel, uint64_t* so_far, const uint64_t* values);

/// Runs the kernel in parts if that is worth while and possible: false when it has done nothing. `axes`: empty for flat runs.
bool runInParts(const Kernel& kernel, const Args& args, const Axes& axes, Results& results, int64_t count);

}  // namespace segue
