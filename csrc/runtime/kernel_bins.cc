#include "runtime/kernel_bins.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/fault.h"
#include "runtime/kernel.h"
#include "runtime/kernel_arrays.h"

namespace segue {
namespace {

/// How many bins NumPy is asked for at least; negative: it raises.
int64_t leastBins(const KernelBins& bins, absl::Span<PyObject* const> objects) {
  return bins.least ? PyLong_AsLongLong(objects[*bins.least]) : 0;
}

/// How many bins NumPy's result has behind a run over `count` elements; nullopt where it raises.
std::optional<int64_t> neededBins(const KernelBins& bins, absl::Span<PyObject* const> objects, int64_t count) {
  const uint64_t greatest = *reinterpret_cast<const uint64_t*>(PyArray_BYTES(arrayOf(objects[bins.greatest])));
  if (greatest >= static_cast<uint64_t>(INT64_MAX)) return std::nullopt;   // a negative index, or too great a one
  return std::max<int64_t>(leastBins(bins, objects), count > 0 ? static_cast<int64_t>(greatest) + 1 : 0);
}

int64_t sizeOf(const KernelBins& bins, absl::Span<PyObject* const> objects) { return PyArray_SIZE(arrayOf(objects[bins.param])); }

/// Great indices that came once do not make all later runs start with as many bins.
void remember(const KernelBins& bins, int64_t needed) {
  const int64_t seen = bins.seen->load(std::memory_order_relaxed);
  if (needed > seen || needed < seen / 2) bins.seen->store(needed, std::memory_order_relaxed);
}

/// Makes room for `needed` bins; what they hold is lost.
bool grow(const KernelBins& bins, absl::Span<PyObject*> objects, int64_t needed) {
  Py_CLEAR(objects[bins.param]);
  objects[bins.param] = emptyArray(bins.descr.get(), false, {needed});
  return objects[bins.param] != nullptr;
}

/// Leaves the first `needed` bins.
bool shrink(const KernelBins& bins, absl::Span<PyObject*> objects, int64_t needed) {
  PyObject* fewer = emptyArray(bins.descr.get(), false, {needed});
  if (fewer == nullptr) return false;
  std::memcpy(PyArray_BYTES(arrayOf(fewer)), PyArray_BYTES(arrayOf(objects[bins.param])), static_cast<size_t>(PyArray_NBYTES(arrayOf(fewer))));
  Py_SETREF(objects[bins.param], fewer);
  return true;
}

}  // namespace

bool takeBins(const Kernel& kernel, absl::Span<PyObject*> objects) {
  for (const KernelBins& bins : kernel.bins) {
    const int64_t least = leastBins(bins, objects);
    if (least < 0) return false;
    // A run without any would have none to store to.
    const int64_t expected = std::max<int64_t>({least, bins.seen->load(std::memory_order_relaxed), 1});
    objects[bins.param] = emptyArray(bins.descr.get(), false, {expected});
    if (objects[bins.param] == nullptr) return false;
    objects[bins.greatest] = emptyArray(bins.greatest_descr.get(), false, {});
    if (objects[bins.greatest] == nullptr) return false;
  }
  return true;
}

Bins fitBins(const Kernel& kernel, absl::Span<PyObject*> objects, int64_t count) {
  Bins out = Bins::kEnough;
  for (const KernelBins& bins : kernel.bins) {
    const std::optional<int64_t> needed = neededBins(bins, objects, count);
    if (!needed) return Bins::kFailed;
    remember(bins, *needed);
    if (*needed <= sizeOf(bins, objects) || SEGUE_FAULT(KernelBinsTooFew)) continue;
    if (!grow(bins, objects, *needed)) return Bins::kFailed;
    out = Bins::kTooFew;
  }
  for (const KernelBins& bins : kernel.bins) {
    if (out == Bins::kTooFew) break;
    const int64_t needed = *neededBins(bins, objects, count);
    if (needed < sizeOf(bins, objects) && !SEGUE_FAULT(KernelBinsTooMany) && !shrink(bins, objects, needed)) return Bins::kFailed;
  }
  return out;
}

}  // namespace segue
