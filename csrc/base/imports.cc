#include "base/imports.h"

namespace segue {

Ref importModule(const char* name) {
  Ref text = Ref::steal(PyUnicode_FromString(name));
  Ref package = text ? Ref::steal(PyImport_ImportModuleLevelObject(text.get(), nullptr, nullptr, nullptr, 0)) : nullptr;
  if (!package) return nullptr;
  Ref module = Ref::steal(PyImport_GetModule(text.get()));
  if (!module && PyErr_Occurred() == nullptr) PyErr_Format(PyExc_ImportError, "%s is gone", name);
  return module;
}

}  // namespace segue
