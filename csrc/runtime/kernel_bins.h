// Arrays that kernels add up at indices (KernelBins): as many bins as the run turns out to need.
//
// Model. How many that is depends on the data. A run starts with as many as were needed before; where a greater index came up, which the run tells,
// it is run again with enough. Outputs are fresh, so nothing has been lost.
#pragma once

#include "absl/types/span.h"
#include "base/python.h"
#include "program/kernel.h"

namespace segue {

/// What was needed before, or is asked for. False, with or without an exception, where NumPy would raise or there is no memory. `objects`: by parameter;
/// new references that the caller owns.
bool takeBins(const Kernel& kernel, absl::Span<PyObject*> objects);
enum class Bins : uint8_t { kEnough, kTooFew, kFailed };
/// Behind a run over `count` elements: whether the bins were enough. Then they are as many as NumPy's result has, else there are enough from now on.
Bins fitBins(const Kernel& kernel, absl::Span<PyObject*> objects, int64_t count);

}  // namespace segue
