#include "runtime/mirror.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/fault.h"
#include "runtime/view.h"

namespace segue {
namespace {

constexpr uintptr_t kAlignment = 64;  ///< addresses are kept modulo this: more than any dtype asks for
constexpr npy_intp kDense = 8;        ///< arrays whose memory is at most so many times their elements are copied whole

PyArrayObject* array(BorrowedRef object) { return reinterpret_cast<PyArrayObject*>(object.get()); }

/// Byte offsets from the data pointer: [low, high) holds every element.
struct Extent {
  npy_intp low = 0, high = 0;
};

Extent extentOf(PyArrayObject* a) {
  Extent extent{0, PyArray_ITEMSIZE(a)};
  for (int i = 0; i < PyArray_NDIM(a); i++) {
    if (PyArray_DIM(a, i) == 0) return {0, 0};
    npy_intp reach = (PyArray_DIM(a, i) - 1) * PyArray_STRIDE(a, i);
    (reach < 0 ? extent.low : extent.high) += reach;
  }
  return extent;
}

/// An array like `model` whose first element is at `data`; `owner` keeps the memory alive.
Ref arrayAt(PyArrayObject* model, char* data, int flags, BorrowedRef owner) {
  return arrayOver(owner, PyArray_DESCR(model), {PyArray_NDIM(model), PyArray_DIMS(model), PyArray_STRIDES(model), data}, flags);
}

/// `count` elements; of the usual sizes by moves of a register.
template <class Word>
void assignWords(char* to, npy_intp to_stride, const char* from, npy_intp from_stride, npy_intp count) {
  for (npy_intp i = 0; i < count; i++) {
    Word word;
    std::memcpy(&word, from + i * from_stride, sizeof word);
    std::memcpy(to + i * to_stride, &word, sizeof word);
  }
}

void assignRun(char* to, npy_intp to_stride, const char* from, npy_intp from_stride, npy_intp count, npy_intp size) {
  if (to_stride == size && from_stride == size) {
    std::memcpy(to, from, static_cast<size_t>(count * size));
    return;
  }
  switch (size) {
    case 1: return assignWords<uint8_t>(to, to_stride, from, from_stride, count);
    case 2: return assignWords<uint16_t>(to, to_stride, from, from_stride, count);
    case 4: return assignWords<uint32_t>(to, to_stride, from, from_stride, count);
    case 8: return assignWords<uint64_t>(to, to_stride, from, from_stride, count);
    default:
      for (npy_intp i = 0; i < count; i++) std::memcpy(to + i * to_stride, from + i * from_stride, static_cast<size_t>(size));
  }
}

/// Element by element from an array with these strides, from `axis` on.
void assignElements(PyArrayObject* model, char* to, const char* from, const npy_intp* strides, int axis) {
  const npy_intp size = PyArray_ITEMSIZE(model);
  if (axis == PyArray_NDIM(model)) return assignRun(to, size, from, size, 1, size);
  const npy_intp count = PyArray_DIM(model, axis), stride = PyArray_STRIDE(model, axis);
  if (axis + 1 == PyArray_NDIM(model)) return assignRun(to, stride, from, strides[axis], count, size);
  for (npy_intp i = 0; i < count; i++) assignElements(model, to + i * stride, from + i * strides[axis], strides, axis + 1);
}

bool sameStrides(PyArrayObject* a, PyArrayObject* b) {
  return std::equal(PyArray_STRIDES(a), PyArray_STRIDES(a) + PyArray_NDIM(a), PyArray_STRIDES(b));
}

void copyArray(PyArrayObject* model, char* to, const char* from) {
  if (PyArray_SIZE(model) == 0) return;
  if (PyArray_NDIM(model) == 0 || PyArray_IS_C_CONTIGUOUS(model) || PyArray_IS_F_CONTIGUOUS(model)) {
    std::memcpy(to, from, static_cast<size_t>(PyArray_NBYTES(model)));
  } else {
    assignElements(model, to, from, PyArray_STRIDES(model), 0);
  }
}

}  // namespace

Ref mirrorArray(BorrowedRef original) {
  PyArrayObject* model = array(original);
  const Extent extent = extentOf(model);
  npy_intp bytes = extent.high - extent.low + static_cast<npy_intp>(kAlignment);
  Ref buffer = Ref::steal(PyArray_SimpleNew(1, &bytes, NPY_UINT8));
  if (!buffer) return nullptr;
  char* start = PyArray_BYTES(array(buffer));
  const uintptr_t wanted = reinterpret_cast<uintptr_t>(PyArray_BYTES(model) + extent.low);
  start += (wanted - reinterpret_cast<uintptr_t>(start)) % kAlignment;
  char* data = start - extent.low;
  Ref mirror = arrayAt(model, data, NPY_ARRAY_WRITEABLE, buffer);
  if (!mirror || SEGUE_FAULT(MirrorStartsBlank)) return mirror;
  if (extent.high - extent.low <= kDense * PyArray_NBYTES(model)) {
    // What lies between the elements too: it is faster than going from element to element, and NumPy has loops that read it
    // (np.negative in place on arrays with some strides), with results that depend on it.
    std::memcpy(start, PyArray_BYTES(model) + extent.low, static_cast<size_t>(extent.high - extent.low));
  } else {
    copyArray(model, data, PyArray_BYTES(model));  // the memory between is reserved, not touched
  }
  return mirror;
}

namespace {

/// The array's first element lies in the buffer.
bool liesIn(PyArrayObject* a, PyArrayObject* buffer) {
  const uintptr_t start = reinterpret_cast<uintptr_t>(PyArray_BYTES(buffer));
  return reinterpret_cast<uintptr_t>(PyArray_BYTES(a)) - start < static_cast<uintptr_t>(PyArray_NBYTES(buffer));
}

}  // namespace

void storeArray(BorrowedRef target, BorrowedRef value) {
  if (SEGUE_FAULT(StagedWriteLost)) return;
  PyArrayObject *to = array(target), *from = array(value);
  if (PyArray_SIZE(to) == 0) return;
  if (PyArray_SAMESHAPE(to, from) && sameStrides(to, from)) return copyArray(to, PyArray_BYTES(to), PyArray_BYTES(from));
  npy_intp strides[NPY_MAXDIMS];
  const int extra = PyArray_NDIM(from) - PyArray_NDIM(to);   // dimensions of one element that the value may have in front
  for (int axis = 0; axis < PyArray_NDIM(to); axis++) {
    const int own = axis + extra;
    strides[axis] = own < 0 || PyArray_DIM(from, own) == 1 ? 0 : PyArray_STRIDE(from, own);
  }
  assignElements(to, PyArray_BYTES(to), PyArray_BYTES(from), strides, 0);
}

Ref rebaseOnOriginal(BorrowedRef value, BorrowedRef mirror, BorrowedRef original) {
  if (value.get() == mirror.get()) return Ref::borrow(original);
  if (PyTuple_CheckExact(value.get()) || PyList_CheckExact(value.get())) {
    Py_ssize_t count = PySequence_Fast_GET_SIZE(value.get());
    Ref items = Ref::steal(PyList_New(count));
    if (!items) return nullptr;
    for (Py_ssize_t i = 0; i < count; i++) {
      Ref item = rebaseOnOriginal(PySequence_Fast_GET_ITEM(value.get(), i), mirror, original);
      if (!item) return nullptr;
      PyList_SET_ITEM(items.get(), i, item.release());
    }
    return PyList_CheckExact(value.get()) ? items : Ref::steal(PyList_AsTuple(items.get()));
  }
  if (!PyArray_CheckExact(value.get()) || SEGUE_FAULT(ViewOfMirrorEscapes)) return Ref::borrow(value);
  PyArrayObject* view = array(value);
  // NumPy keeps the owner of the memory as the base, which for the mirror is its buffer.
  PyObject* buffer = PyArray_BASE(array(mirror));
  if (PyArray_BASE(view) != buffer) {
    if (!liesIn(view, reinterpret_cast<PyArrayObject*>(buffer)) || SEGUE_FAULT(WindowsEscape)) return Ref::borrow(value);
    // sliding_window_view's holds the memory through an object of its own, which stands between it and the owner.
    PyErr_SetString(PyExc_RuntimeError, "a view of a staged array has a base of its own");
    return nullptr;
  }
  std::ptrdiff_t offset = PyArray_BYTES(view) - PyArray_BYTES(array(mirror));
  if (SEGUE_FAULT(RebasedAtStart)) offset = 0;
  const int flags = SEGUE_FAULT(RebasedWriteable) ? NPY_ARRAY_WRITEABLE : PyArray_FLAGS(view) & NPY_ARRAY_WRITEABLE;
  return arrayAt(view, PyArray_BYTES(array(original)) + offset, flags, original);
}

// ---- saved elements ----

namespace {

/// The element that an int, or a tuple of as many ints as there are axes, selects; null for anything else.
char* elementAt(PyArrayObject* a, PyObject* index) {
  const bool tuple = PyTuple_CheckExact(index);
  const Py_ssize_t count = tuple ? PyTuple_GET_SIZE(index) : 1;
  if (count != PyArray_NDIM(a)) return nullptr;
  char* at = PyArray_BYTES(a);
  for (int axis = 0; axis < count; axis++) {
    PyObject* item = tuple ? PyTuple_GET_ITEM(index, axis) : index;
    if (!PyLong_CheckExact(item)) return nullptr;
    Py_ssize_t number = PyLong_AsSsize_t(item);
    if (number == -1) PyErr_Clear();   // a number beyond any array is left to NumPy, too
    const npy_intp size = PyArray_DIM(a, axis);
    if (number < 0) number += size;
    if (number < 0 || number >= size) return nullptr;
    at += number * PyArray_STRIDE(a, axis);
  }
  return at;
}

/// array[index, ...], an array in any case.
Ref viewAt(BorrowedRef array, BorrowedRef index) {
  if (index.get() == Py_Ellipsis) return Ref::borrow(array);
  Ref whole = PyTuple_CheckExact(index.get()) ? Ref::borrow(index) : Ref::steal(PyTuple_Pack(1, index.get()));
  if (!whole) return nullptr;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(whole.get()); i++) {
    if (PyTuple_GET_ITEM(whole.get(), i) == Py_Ellipsis) return Ref::steal(PyObject_GetItem(array.get(), whole.get()));
  }
  Ref rest = Ref::steal(PyTuple_Pack(1, Py_Ellipsis));
  Ref all = rest ? Ref::steal(PySequence_Concat(whole.get(), rest.get())) : Ref();
  return all ? Ref::steal(PyObject_GetItem(array.get(), all.get())) : Ref();
}

Ref saveBytes(char* at, Py_ssize_t size) {
  Ref saved = Ref::steal(PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(sizeof at) + size));
  if (!saved) return nullptr;
  std::memcpy(PyBytes_AS_STRING(saved.get()), &at, sizeof at);
  std::memcpy(PyBytes_AS_STRING(saved.get()) + sizeof at, at, static_cast<size_t>(size));
  return saved;
}

}  // namespace

// What lies in one piece is bytes: its address, then what is there. Else a pair: the view and its mirror.
Ref saveItem(BorrowedRef object, BorrowedRef index) {
  PyArrayObject* from = array(object);
  if (char* at = elementAt(from, index.get())) return saveBytes(at, PyArray_ITEMSIZE(from));
  Ref view = viewAt(object, index);
  if (!view) return nullptr;
  PyArrayObject* selected = array(view);
  if (PyArray_IS_C_CONTIGUOUS(selected) || PyArray_IS_F_CONTIGUOUS(selected) || SEGUE_FAULT(SavedAsBlock)) {
    return saveBytes(PyArray_BYTES(selected), PyArray_NBYTES(selected));
  }
  Ref mirror = mirrorArray(view);
  return mirror ? Ref::steal(PyTuple_Pack(2, view.get(), mirror.get())) : Ref();
}

void restoreItem(BorrowedRef saved) {
  if (SEGUE_FAULT(SavedItemLost)) return;
  if (PyTuple_CheckExact(saved.get())) {
    return storeArray(PyTuple_GET_ITEM(saved.get(), 0), PyTuple_GET_ITEM(saved.get(), 1));
  }
  char* at = nullptr;
  const char* bytes = PyBytes_AS_STRING(saved.get());
  std::memcpy(&at, bytes, sizeof at);
  std::memcpy(at, bytes + sizeof at, static_cast<size_t>(PyBytes_GET_SIZE(saved.get())) - sizeof at);
}

}  // namespace segue
