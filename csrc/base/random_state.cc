#include "base/random_state.h"

#include <algorithm>
#include <vector>

#include "base/bit_generator.h"
#include "base/fault.h"
#include "base/imports.h"

namespace segue {
namespace {

/// The classes, once numpy.random is loaded. They are never freed: NumPy keeps them.
struct Classes {
  PyObject* generator = nullptr;
  PyObject* legacy = nullptr;   ///< RandomState
  std::vector<PyObject*> bit_generators;
};

const Classes* classes() {
  static Classes* known = nullptr;
  if (known != nullptr) return known;
  if (PyDict_GetItemString(PyImport_GetModuleDict(), "numpy.random") == nullptr) return nullptr;
  Ref module = importModule("numpy.random");
  auto find = [&](const char* name) {
    Ref found = Ref::steal(module ? PyObject_GetAttrString(module.get(), name) : nullptr);
    PyErr_Clear();
    return found.release();
  };
  auto* made = new Classes{find("Generator"), find("RandomState"), {}};
  for (const char* name : {"PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"}) made->bit_generators.push_back(find(name));
  return known = made;
}

bool is(BorrowedRef object, PyObject* cls) { return reinterpret_cast<PyObject*>(Py_TYPE(object)) == cls; }

/// The generator's bit generator where both are known; null without an exception where they are not.
Ref bitGeneratorOf(BorrowedRef generator) {
  const Classes* known = classes();
  if (known == nullptr) return nullptr;
  const bool modern = is(generator, known->generator);
  if (!modern && !is(generator, known->legacy)) return nullptr;
  static PyObject* const kNames[] = {PyUnicode_InternFromString("_bit_generator"), PyUnicode_InternFromString("bit_generator")};
  Ref found = Ref::steal(PyObject_GetAttr(generator, kNames[modern ? 1 : 0]));
  PyErr_Clear();
  auto knows = [&](PyObject* cls) { return is(found, cls); };
  bool good = found && std::any_of(known->bit_generators.begin(), known->bit_generators.end(), knows);
  return good ? std::move(found) : Ref();
}

}  // namespace

bool hasKnownRandomState(BorrowedRef generator) { return static_cast<bool>(bitGeneratorOf(generator)); }

Ref saveRandomState(BorrowedRef generator) {
  Ref bits = bitGeneratorOf(generator);
  if (!bits) return nullptr;
  if (is(generator, classes()->generator) || SEGUE_FAULT(GaussForgotten)) {
    Ref state = copyRawState(bits);
    if (!state && !PyErr_Occurred()) state = Ref::steal(PyObject_GetAttrString(bits.get(), "state"));
    return state ? Ref::steal(PyTuple_Pack(2, bits.get(), state.get())) : Ref();
  }
  Ref state = Ref::steal(PyObject_CallMethod(generator, "get_state", "O", Py_False));
  return state ? Ref::steal(PyTuple_Pack(2, generator.get(), state.get())) : Ref();
}

void restoreRandomState(BorrowedRef saved) {
  PyObject* owner = PyTuple_GET_ITEM(saved.get(), 0);
  PyObject* state = PyTuple_GET_ITEM(saved.get(), 1);
  if (is(owner, classes()->legacy)) {
    if (!Ref::steal(PyObject_CallMethod(owner, "set_state", "O", state))) PyErr_WriteUnraisable(owner);
  } else if (PyBytes_Check(state)) {
    restoreRawState(owner, state);
  } else if (PyObject_SetAttrString(owner, "state", state) < 0) {
    PyErr_WriteUnraisable(owner);
  }
}

}  // namespace segue
