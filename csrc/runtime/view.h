// Views by basic indices (program/view.h), as NumPy makes them: the same memory, strides, flags and base.
#pragma once

#include "base/python.h"
#include "base/ref.h"
#include "program/view.h"

namespace segue {

/// array[index] as an array, also where ints select an element (as `array[i, ...]` gives it). `ints`: the run's int registers. Null with
/// an exception for an int that is out of bounds, or when there is no memory.
PyObject* viewOf(BorrowedRef array, const ViewIndex& index, const int64_t* ints);

/// What an index selects.
struct SelectedView {
  char* data;
  int ndim;
  npy_intp dims[NPY_MAXDIMS], strides[NPY_MAXDIMS];

  void append(npy_intp size, npy_intp stride) {
    dims[ndim] = size;
    strides[ndim++] = stride;
  }
};
/// False with an exception for an int that is out of bounds.
bool selectView(PyArrayObject* array, const ViewIndex& index, const int64_t* ints, SelectedView* out);

struct ArrayMemory {
  int ndim;
  const npy_intp *dims, *strides;   ///< of `ndim` numbers; strides in bytes
  char* data;                       ///< the first element
};

/// An array over memory that `owner` keeps alive and is (or has as its own base) the base of. `flags`: NPY_ARRAY_WRITEABLE or 0. Null with an
/// exception when there is no memory.
Ref arrayOver(BorrowedRef owner, PyArray_Descr* descr, const ArrayMemory& memory, int flags);

}  // namespace segue
