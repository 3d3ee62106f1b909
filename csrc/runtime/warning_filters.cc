#include "base/python.h"

#include "runtime/warning_filters.h"

#include "base/fault.h"
#include "base/imports.h"

namespace segue {
namespace {

/// Python's `warnings`; kept for good.
class Warnings {
 public:
  Warnings() {
    const Ref module = importModule("warnings");
    if (module) dict_ = Py_NewRef(PyModule_GetDict(module.get()));
    if (!module) PyErr_Clear();
  }
  /// Borrowed; null where the program has deleted it.
  PyObject* get(PyObject* name) const { return dict_ != nullptr && name != nullptr ? PyDict_GetItemWithError(dict_, name) : nullptr; }

  PyObject* const filters = PyUnicode_InternFromString("filters");
  PyObject* const default_action = PyUnicode_InternFromString("defaultaction");
  PyObject* const shows = PyUnicode_InternFromString("showwarning");
  PyObject* const shows_first = PyUnicode_InternFromString("_showwarning_orig");
  PyObject* const formats = PyUnicode_InternFromString("formatwarning");
  PyObject* const formats_first = PyUnicode_InternFromString("_formatwarning_orig");

 private:
  PyObject* dict_ = nullptr;
};

/// The text is known to be another than "error".
bool shows(PyObject* action) { return action != nullptr && PyUnicode_Check(action) && PyUnicode_CompareWithASCIIString(action, "error") != 0; }

}  // namespace

bool warningsOnlyShow() {
  if (SEGUE_FAULT(StoresBeforeErrors)) return true;
  static const auto* const warnings = new Warnings;
  PyObject* const filters = warnings->get(warnings->filters);
  if (filters == nullptr || !PyList_CheckExact(filters) || !shows(warnings->get(warnings->default_action))) return false;
  if (warnings->get(warnings->shows) != warnings->get(warnings->shows_first)) return false;
  if (warnings->get(warnings->formats) != warnings->get(warnings->formats_first)) return false;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(filters); i++) {
    PyObject* filter = PyList_GET_ITEM(filters, i);
    if (!PyTuple_CheckExact(filter) || PyTuple_GET_SIZE(filter) == 0 || !shows(PyTuple_GET_ITEM(filter, 0))) return false;
  }
  return true;
}

}  // namespace segue
