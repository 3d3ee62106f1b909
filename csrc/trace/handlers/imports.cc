// Visitors: imports of modules that are loaded already. __import__ itself must be CPython's.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// sys.modules[name] where it is a plain module that has finished loading.
BorrowedRef loadedModule(const std::string& name) {
  BorrowedRef module = PyDict_GetItemString(PyImport_GetModuleDict(), name.c_str());
  return module && PyModule_CheckExact(module.get()) ? module : BorrowedRef();
}

/// The absolute name of `from <dots>name import …` in a package.
std::string absoluteName(BorrowedRef globals, std::string name, int64_t level) {
  if (level == 0) return name;
  BorrowedRef package = PyDict_GetItemString(globals, "__package__");
  if (!package || !PyUnicode_CheckExact(package.get())) return "";
  std::string base(textOf(package));
  for (int64_t i = 1; i < level; ++i) {
    size_t dot = base.rfind('.');
    if (dot == std::string::npos) return "";
    base.resize(dot);
  }
  return name.empty() ? base : base + "." + name;
}

/// `from package import name` looks for a module where the package has no such attribute (importlib's _handle_fromlist).
bool wantsSubmodule(BorrowedRef module, BorrowedRef names) {
  BorrowedRef dict = PyModule_GetDict(module.get());
  if (PyDict_GetItemString(dict, "__path__") == nullptr || !names || !PyTuple_CheckExact(names.get())) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names.get()); i++) {
    if (PyDict_GetItem(dict, PyTuple_GET_ITEM(names.get(), i)) == nullptr) return true;
  }
  return false;
}

}  // namespace

Traced<void> Tracer::visitImportName(const Insn& insn) {
  ValueRef names = stack().pop();
  SEGUE_TRY(int64_t level, constantInt(*this, stack().pop()));
  std::string name(textOf(frame().code->name(insn.arg)));
  SEGUE_TRY(ValueRef import, namespaceItem(frame().builtins, internedName("__import__")));
  if (import == nullptr || import->describe() != "builtins.__import__") {
    return stop(BreakReason::kImportRuns, "builtins.__import__ is replaced");
  }
  std::string full = absoluteName(frame().globals, name, level);
  BorrowedRef module = loadedModule(full);
  if (!module) return stop(BreakReason::kImportRuns, name);
  // `import a.b` gives a; `from a.b import c` and `import a.b as m` give a.b.
  bool wants_top = names->constant().get() == Py_None && level == 0;
  if (wants_top) module = loadedModule(full.substr(0, full.find('.')));
  if (!module) return stop(BreakReason::kImportRuns, name);
  if (!wants_top && wantsSubmodule(module, names->constant())) return stop(BreakReason::kImportRuns, "from " + name);
  Ref key = Ref::steal(PyUnicode_FromString(PyModule_GetName(module.get())));
  guards().assumeDictValue(PyImport_GetModuleDict(), key, module);
  stack().push(constant(module));
  return {};
}

Traced<void> Tracer::visitImportFrom(const Insn& insn) {
  SEGUE_TRY(ValueRef value, getAttr(*this, stack().peek(), frame().code->name(insn.arg)));
  stack().push(value);
  return {};
}

}  // namespace segue
