#include "runtime/dying.h"

#include "base/objects.h"
#include "runtime/lent.h"

namespace segue {
namespace {

/// More than this many dying objects are not looked at: they count as noisy.
constexpr size_t kMostObjects = 2000;

}  // namespace

bool Dying::isPlain(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (type == &PyArray_Type) {
    auto* array = reinterpret_cast<PyArrayObject*>(object);
    if (PyDataType_REFCHK(PyArray_DESCR(array)) || hasWeakReferences(object)) return false;
    PyObject* base = PyArray_BASE(array);
    return base == nullptr || (Py_TYPE(base) == &PyArray_Type && isPlain(base));
  }
  return type == &PyFloat_Type || type == &PyLong_Type || type == &PyUnicode_Type || type == &PyBool_Type ||
         object == Py_None;
}

bool Dying::silent() {
  for (size_t i = 0; i < dying_.size(); i++) {
    if (i == kMostObjects || !isSilent(dying_[i])) return false;
  }
  return true;
}

/// Looks at one dying object and drops what it holds.
bool Dying::isSilent(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (hasWeakReferences(object)) return false;
  if (segue_generator_has_ended(object)) return true;
  if (type->tp_finalize != nullptr || type->tp_del != nullptr) return false;
  if (type == &PyArray_Type) {
    auto* array = reinterpret_cast<PyArrayObject*>(object);
    drop(PyArray_BASE(array));
    return !PyDataType_REFCHK(PyArray_DESCR(array));
  }
  // Objects that the collector does not know hold nothing, unless an extension's class says otherwise.
  if (!PyObject_IS_GC(object)) return (type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0;
  return type->tp_traverse(object, visit, this) == 0;
}

}  // namespace segue
