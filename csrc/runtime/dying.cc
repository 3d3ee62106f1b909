#include "runtime/dying.h"

#include <vector>

#include "absl/container/flat_hash_map.h"

namespace segue {
namespace {

/// More than this many dying objects are not looked at: they count as noisy.
constexpr size_t kMostObjects = 2000;

bool hasWeakReferences(PyObject* object) {
  return Py_TYPE(object)->tp_weaklistoffset != 0 && *PyObject_GET_WEAKREFS_LISTPTR(object) != nullptr;
}

/// Numbers, text, arrays of their own memory: most of what programs replace.
bool isPlain(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  if (type == &PyArray_Type) {
    auto* array = reinterpret_cast<PyArrayObject*>(object);
    return PyArray_BASE(array) == nullptr && !PyDataType_REFCHK(PyArray_DESCR(array)) && !hasWeakReferences(object);
  }
  return type == &PyFloat_Type || type == &PyLong_Type || type == &PyUnicode_Type || type == &PyBool_Type ||
         object == Py_None;
}

/// Follows references from those that go: an object dies when as many of them lead to it as it has.
class Dying {
 public:
  void drop(PyObject* object) {
    if (object != nullptr && !isPlain(object) && ++dropped_[object] == Py_REFCNT(object)) dying_.push_back(object);
  }

  bool silent() {
    for (size_t i = 0; i < dying_.size(); i++) {
      if (i == kMostObjects || !isSilent(dying_[i])) return false;
    }
    return true;
  }

 private:
  /// Looks at one dying object and drops what it holds.
  bool isSilent(PyObject* object) {
    PyTypeObject* type = Py_TYPE(object);
    if (type->tp_finalize != nullptr || type->tp_del != nullptr || hasWeakReferences(object)) return false;
    if (type == &PyArray_Type) {
      auto* array = reinterpret_cast<PyArrayObject*>(object);
      drop(PyArray_BASE(array));
      return !PyDataType_REFCHK(PyArray_DESCR(array));
    }
    // Objects that the collector does not know hold nothing, unless an extension's class says otherwise.
    if (!PyObject_IS_GC(object)) return (type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0;
    return type->tp_traverse(object, visit, this) == 0;
  }

  static int visit(PyObject* object, void* self) {
    static_cast<Dying*>(self)->drop(object);
    return 0;
  }

  absl::flat_hash_map<PyObject*, Py_ssize_t> dropped_;  ///< references that go, by object
  std::vector<PyObject*> dying_;
};

}  // namespace

bool dieSilently(const WriteJournal& journal, absl::Span<const Reg> held, PyObject* const* regs) {
  Dying dying;
  for (const WriteJournal::Undo& undo : journal.undos()) dying.drop(undo.old.get());
  for (Reg slot : held) dying.drop(regs[slot]);
  return dying.silent();
}

}  // namespace segue
