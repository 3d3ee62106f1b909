#include "runtime/view.h"

#include <algorithm>

#include "base/fault.h"
#include "base/python.h"

namespace segue {
namespace {

/// Of a dimension: a slice with its numbers. NumPy leaves the address of views without elements where it is.
void appendSlice(SelectedView* out, npy_intp size, npy_intp stride, Py_ssize_t start, Py_ssize_t stop, Py_ssize_t step) {
  const bool whole = start == 0 && stop >= size && step == 1;   // without a division
  const Py_ssize_t count = whole ? size : PySlice_AdjustIndices(size, &start, &stop, step);
  if (count == 0) return out->append(0, stride);
  out->data += start * stride;
  out->append(count, SEGUE_FAULT(ViewStepIgnored) ? stride : stride * step);
}

}  // namespace

bool selectView(PyArrayObject* array, const ViewIndex& index, const int64_t* ints, SelectedView* out) {
  out->data = PyArray_BYTES(array);
  out->ndim = 0;
  auto number = [ints](const ViewNumber& n) -> Py_ssize_t { return n.in_register ? ints[n.value] : n.value; };
  int axis = 0;
  for (const ViewItem& item : index) {
    if (item.kind == ViewItem::Kind::kNewAxis) {
      out->append(1, 0);
      continue;
    }
    const npy_intp size = PyArray_DIM(array, axis), stride = PyArray_STRIDE(array, axis);
    axis++;
    if (item.kind == ViewItem::Kind::kSlice) {
      appendSlice(out, size, stride, number(item.start), number(item.stop), number(item.step));
      continue;
    }
    const Py_ssize_t given = number(item.start), at = given < 0 ? given + size : given;
    if (at < 0 || at >= size) {
      PyErr_SetString(PyExc_IndexError, "out of bounds");   // CPython runs the call again, with NumPy's words
      return false;
    }
    out->data += at * stride;
  }
  for (; axis < PyArray_NDIM(array); axis++) out->append(PyArray_DIM(array, axis), PyArray_STRIDE(array, axis));
  return true;
}

PyObject* viewOf(BorrowedRef object, const ViewIndex& index, const int64_t* ints) {
  auto* array = reinterpret_cast<PyArrayObject*>(object.get());
  SelectedView view;
  if (!selectView(array, index, ints, &view)) return nullptr;
  const int writeable = PyArray_FLAGS(array) & NPY_ARRAY_WRITEABLE;
  return arrayOver(object, PyArray_DESCR(array), {view.ndim, view.dims, view.strides, view.data}, writeable).release();
}

Ref arrayOver(BorrowedRef owner, PyArray_Descr* descr, const ArrayMemory& memory, int flags) {
  Py_INCREF(descr);
  Ref made = Ref::steal(PyArray_NewFromDescr(&PyArray_Type, descr, memory.ndim, memory.dims, memory.strides, memory.data, flags, nullptr));
  if (!made || PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(made.get()), Py_NewRef(owner.get())) < 0) return nullptr;
  return made;
}

}  // namespace segue
