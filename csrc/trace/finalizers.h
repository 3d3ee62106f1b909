// Objects whose classes have finalizers, when a frame lets go of them.
#pragma once

#include "trace/values/value.h"

namespace segue {

/// The traced frame lets go of a value of its own. Breaks where that is a live object which may be finalized: CPython
/// lets go of it, and its finalizer runs in time. (References that writes replace are looked at when the segment runs:
/// runtime/dying.)
Traced<void> letGo(Tracer& t, ValueRef value);

}  // namespace segue
