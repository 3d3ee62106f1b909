// Views by basic indices (program/view.h), as NumPy makes them: the same memory, strides, flags and base.
#pragma once

#include "base/ref.h"
#include "program/view.h"

namespace segue {

/// array[index] as an array, also where ints select an element (as `array[i, ...]` gives it). `ints`: the run's int registers. Null with
/// an exception for an int that is out of bounds, or when there is no memory.
PyObject* viewOf(BorrowedRef array, const ViewIndex& index, const int64_t* ints);

}  // namespace segue
