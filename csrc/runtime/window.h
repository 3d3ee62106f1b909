// Views that only kernels look at: an object with an array's fields and none of its life.
//
// Model. Kernels read an array's data pointer, dimensions, strides and dtype. A *window* has these where an ndarray has them (PyArrayObject_fields),
// so that kernels take it for one; its type is its own, so that it would be noticed anywhere else. It keeps the array alive that it looks into.
// Making and dropping one takes a sixth of what NumPy takes for a view.
#pragma once

#include "base/python.h"
#include "base/ref.h"
#include "program/view.h"
#include "runtime/view.h"

namespace segue {

/// As viewOf (runtime/view.h) for kernels. Null with an exception for an int that is out of bounds, or when there is no memory.
PyObject* windowOf(BorrowedRef array, const ViewIndex& index, const int64_t* ints);

/// Windows that are alive. For tests.
int64_t liveWindows();

}  // namespace segue
