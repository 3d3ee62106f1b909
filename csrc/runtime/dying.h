// What dies with the objects that a run lets go of: a death that runs code must come where CPython has it.
#pragma once

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "runtime/program.h"

namespace segue {

/// Follows references from those that go: an object dies when as many of them lead to it as it has.
class Dying {
 public:
  /// One reference goes. Null is skipped.
  void drop(PyObject* object) {
    if (object != nullptr && !isPlain(object) && ++dropped_[object] == Py_REFCNT(object)) dying_.push_back(object);
  }
  void drop(const WriteJournal& journal) {
    for (const WriteJournal::Undo& undo : journal.undos()) drop(undo.old.get());
  }

  /// Whether everything that will die dies without running code: no finalizer, no weak reference.
  bool silent();

  /// Numbers, text, arrays of their own memory and views of these: most of what programs replace. Their death runs no code.
  static bool isPlain(PyObject* object);

 private:
  bool isSilent(PyObject* object);
  static int visit(PyObject* object, void* self) {
    static_cast<Dying*>(self)->drop(object);
    return 0;
  }

  absl::flat_hash_map<PyObject*, Py_ssize_t> dropped_;  ///< references that go, by object
  std::vector<PyObject*> dying_;
};

}  // namespace segue
