#include "trace/builtins/registry.h"

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_split.h"
#include "base/imports.h"
#include "trace/attributes.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/builtin.h"
#include "trace/values/constant.h"
#include "trace/values/graph_values.h"

namespace segue {
namespace {

struct Row {
  const char* name;
  BuiltinModel model;
  bool resolved = false;
  bool isNumpy() const { return std::string_view(name).starts_with("numpy."); }
};

std::vector<Row>& rows() {
  static std::vector<Row> rows;
  return rows;
}

/// The function of a staticmethod object, which holds it.
BorrowedRef functionOf(BorrowedRef static_method) {
  Ref function = Ref::steal(PyObject_GetAttrString(static_method, "__func__"));
  return BorrowedRef(function);
}

/// Walks dicts only ("module", "class", "function"): no attribute access that could run code. Modules in packages are
/// found under their longest dotted name.
BorrowedRef resolve(std::string_view name) {
  std::vector<std::string> parts = absl::StrSplit(std::string(name), '.');
  BorrowedRef modules = PyImport_GetModuleDict();
  BorrowedRef object = PyDict_GetItemString(modules, parts[0].c_str());
  if (!object) return nullptr;
  std::string path = parts[0];
  for (size_t i = 1; i < parts.size() && object; ++i) {
    path += "." + parts[i];
    if (BorrowedRef module = PyDict_GetItemString(modules, path.c_str()); module && i + 1 < parts.size()) {
      object = module;
    } else if (PyModule_Check(object.get())) {
      object = PyDict_GetItemString(PyModule_GetDict(object.get()), parts[i].c_str());
    } else if (PyType_Check(object.get())) {
      Ref attribute = Ref::steal(PyUnicode_InternFromString(parts[i].c_str()));
      object = _PyType_Lookup(reinterpret_cast<PyTypeObject*>(object.get()), attribute.get());
      // What str.maketrans gives; the type keeps it.
      if (object && Py_TYPE(object) == &PyStaticMethod_Type) object = functionOf(object);
    } else {
      object = nullptr;
    }
  }
  return object;
}

/// Names of callables. Others name attributes of values: "ndarray.sum", "py.add".
std::vector<const LibraryName*> callableNames() {
  std::vector<const LibraryName*> names;
  for (const LibraryName& name : allNumpyNames()) {
    if (name.name.starts_with("numpy.") || name.name.starts_with("math.")) names.push_back(&name);
  }
  return names;
}

/// Callables by object. Objects are kept alive: a model must not be found for another object at the same address.
struct Resolved {
  absl::flat_hash_map<PyObject*, const Row*> models;
  absl::flat_hash_map<PyObject*, const LibraryName*> operators;
  std::vector<const LibraryName*> missing = callableNames();   ///< not found so far: NumPy loads numpy.fft and others late
  std::vector<Ref> kept;
  Py_ssize_t module_count = -1;      ///< len(sys.modules) when rows were last resolved
};

Resolved& resolved() {
  static Resolved* table = new Resolved;  // never destroyed: outlives the interpreter's last trace
  Py_ssize_t modules = PyDict_Size(PyImport_GetModuleDict());
  if (table->module_count == modules) return *table;
  for (Row& row : rows()) {
    if (row.resolved) continue;
    BorrowedRef object = resolve(row.name);
    if (!object) continue;
    row.resolved = true;
    table->models.emplace(object.get(), &row);
    table->kept.push_back(Ref::borrow(object));
  }
  std::erase_if(table->missing, [&](const LibraryName* name) {
    BorrowedRef object = resolve(name->name);
    if (!object) return false;
    table->operators.emplace(object.get(), name);
    table->kept.push_back(Ref::borrow(object));
    return true;
  });
  table->module_count = modules;   // last: resolving may let other threads run, which are not to see half a table
  return *table;
}

const Row* findRow(BorrowedRef callable) {
  const auto& models = resolved().models;
  auto it = models.find(callable.get());
  return it == models.end() ? nullptr : it->second;
}

/// A type's method on what is no instance of it (`dict.update(array)`), which the method's descriptor refuses.
bool isMethodOfAnother(Tracer& t, const BuiltinCall& call) {
  PyTypeObject* kind = Py_TYPE(call.function);
  if (kind != &PyMethodDescr_Type && kind != &PyWrapperDescr_Type) return false;
  ValueRef self = call.self(t);
  return self == nullptr || !PyType_IsSubtype(self->type(), PyDescr_TYPE(call.function.get()));
}

}  // namespace

BuiltinRow::BuiltinRow(const char* name, BuiltinModel model) { rows().push_back({name, model}); }

BuiltinModel findBuiltin(BorrowedRef callable) {
  const Row* row = findRow(callable);
  return row == nullptr ? nullptr : row->model;
}

std::optional<Traced<ValueRef>> callModel(Tracer& t, BorrowedRef callable, const CallArgs& args) {
  const Row* row = findRow(callable);
  if (row == nullptr) return std::nullopt;
  const BuiltinCall call{callable, args};
  if (isMethodOfAnother(t, call)) {
    return Traced<ValueRef>(stop(BreakReason::kExceptionEscapes, describeCallable(callable) + " of something else"));
  }
  Traced<ValueRef> result = row->model(t, call);
  if (result.ok() && row->isNumpy()) t.noteNumpyCall();
  return result;
}

const LibraryName* findNumpyCallable(BorrowedRef callable) {
  const auto& operators = resolved().operators;
  auto it = operators.find(callable.get());
  return it == operators.end() ? nullptr : it->second;
}

PyObject* libraryObject(const char* module, const char* name) {
  Ref owner = importModule(module);
  SEGUE_CHECK(owner, "a module of the standard library cannot be imported");
  Ref found = Ref::steal(PyObject_GetAttrString(owner.get(), name));
  SEGUE_CHECK(found, "a module of the standard library lacks a name");
  return found.release();
}

bool isNoValue(ValueRef value) {
  static PyObject* const kNoValue = libraryObject("numpy", "_NoValue");
  return value->type() == Py_TYPE(kNoValue);
}

std::string_view textOf(BorrowedRef str) {
  Py_ssize_t size = 0;
  const char* text = PyUnicode_AsUTF8AndSize(str, &size);
  if (text == nullptr) {  // lone surrogates: no name of ours
    PyErr_Clear();
    return {};
  }
  return {text, static_cast<size_t>(size)};
}

ValueRef BuiltinCall::self(Tracer& t) const { return size() > 0 ? t.resolve(args.positional[0]) : nullptr; }

Traced<absl::InlinedVector<ValueRef, 6>> BuiltinCall::bind(Tracer& t, const char* function_name,
                                                           std::initializer_list<const char*> names,
                                                           size_t required) const {
  absl::InlinedVector<ValueRef, 6> bound(names.size(), nullptr);
  auto wrong = [&](const char* what) {
    return stop(BreakReason::kExceptionEscapes, absl::StrFormat("%s() is called with %s", function_name, what));
  };
  if (args.positional.size() > names.size()) return wrong("too many arguments");
  for (size_t i = 0; i < args.positional.size(); ++i) bound[i] = t.resolve(args.positional[i]);
  for (const Keyword& keyword : args.keywords) {
    size_t i = 0;
    while (i < names.size() && textOf(keyword.name) != names.begin()[i]) ++i;
    if (i == names.size()) return wrong("an unknown keyword");
    if (bound[i] != nullptr) return wrong("an argument given twice");
    bound[i] = t.resolve(keyword.value);
  }
  for (size_t i = 0; i < required; ++i) {
    if (bound[i] == nullptr) return wrong("too few arguments");
  }
  return bound;
}

Traced<ValueRef> builtinTypeAttr(Tracer& t, ValueRef self, BorrowedRef name) {
  BorrowedRef found = _PyType_Lookup(self->type(), name);
  if (!found) {
    return t.raise(PyExc_AttributeError, absl::StrFormat("'%s' object has no attribute '%s'", self->type()->tp_name,
                                                         std::string(textOf(name))));
  }
  PyTypeObject* kind = Py_TYPE(found);
  if (kind == &PyMethodDescr_Type || kind == &PyWrapperDescr_Type) {
    return t.make<MethodValue>(t.constant(found), self);
  }
  if (kind == &PyStaticMethod_Type || kind == &PyClassMethodDescr_Type) return bindFound(t, found, self, self->type(), name);
  if (textOf(name) == "__class__") return t.constant(reinterpret_cast<PyObject*>(self->type()));
  if ((kind == &PyGetSetDescr_Type || kind == &PyMemberDescr_Type) && self->constant() && isFoldable(self->constant())) {
    return folded(t, PyObject_GetAttr(self->constant(), name));
  }
  return stop(BreakReason::kAttributeLookup,
              absl::StrFormat("%s.%s", self->type()->tp_name, std::string(textOf(name))));
}

}  // namespace segue
