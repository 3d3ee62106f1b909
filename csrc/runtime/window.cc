#include "runtime/window.h"

#include "base/fault.h"

namespace segue {
namespace {

struct Window {
  PyArrayObject_fields array;
  SelectedView view;   ///< what the array's dimensions and strides point to
};

/// Those that were dropped, for the next ones; under the GIL.
constexpr size_t kMostKept = 64;
Window* kept[kMostKept];
size_t kept_count = 0;
int64_t live = 0;

void dropWindow(PyObject* self) {
  auto* window = reinterpret_cast<Window*>(self);
  live--;
  if (!SEGUE_FAULT(WindowKeepsArray)) Py_DECREF(window->array.base);
  Py_DECREF(window->array.descr);
  if (kept_count < kMostKept) {
    kept[kept_count++] = window;
  } else {
    PyObject_Free(window);
  }
}

/// Null with an exception.
PyTypeObject* windowType() {
  static PyTypeObject type = [] {
    PyTypeObject out = {PyVarObject_HEAD_INIT(nullptr, 0)};
    out.tp_name = "segue._segue.Window";
    out.tp_basicsize = sizeof(Window);
    out.tp_dealloc = dropWindow;
    out.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;
    out.tp_doc = "What kernels see of a view of an array.";
    return out;
  }();
  static const bool ready = PyType_Ready(&type) == 0;
  return ready ? &type : nullptr;
}

Window* newWindow() {
  PyTypeObject* type = windowType();
  if (type == nullptr) return nullptr;
  auto* window = kept_count > 0 ? kept[--kept_count] : static_cast<Window*>(PyObject_Malloc(sizeof(Window)));
  if (window == nullptr) return reinterpret_cast<Window*>(PyErr_NoMemory());
  PyObject_Init(reinterpret_cast<PyObject*>(window), type);
  live++;
  return window;
}

}  // namespace

PyObject* windowOf(BorrowedRef object, const ViewIndex& index, const int64_t* ints) {
  auto* array = reinterpret_cast<PyArrayObject*>(object.get());
  Window* window = newWindow();
  if (window == nullptr) return nullptr;
  PyArrayObject_fields& fields = window->array;
  fields.base = Py_NewRef(object.get());
  fields.descr = PyArray_DESCR(array);
  Py_INCREF(fields.descr);
  fields.flags = PyArray_FLAGS(array) & (NPY_ARRAY_WRITEABLE | NPY_ARRAY_ALIGNED);
  fields.weakreflist = nullptr;
  fields.dimensions = window->view.dims;
  fields.strides = window->view.strides;
  const bool good = selectView(array, index, ints, &window->view);
  fields.data = window->view.data;
  fields.nd = window->view.ndim;
  if (good) return reinterpret_cast<PyObject*>(window);
  Py_DECREF(window);
  return nullptr;
}

int64_t liveWindows() { return live; }

}  // namespace segue
