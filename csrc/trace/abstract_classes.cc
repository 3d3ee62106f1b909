#include "trace/abstract_classes.h"

#include "absl/container/flat_hash_set.h"
#include "base/interrupt.h"
#include "program/registrations.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/tracer.h"

namespace segue {
namespace {

PyObject* abcMeta() {
  static PyObject* const kMeta = libraryObject("abc", "ABCMeta");
  return kMeta;
}

BorrowedRef lookup(PyTypeObject* cls, const char* name) {
  Ref interned = Ref::steal(PyUnicode_InternFromString(name));
  return _PyType_Lookup(cls, interned.get());
}

/// Whether classes of this metaclass are asked by ABCMeta's own code.
bool asksAbcMeta(PyTypeObject* meta, const char* check) {
  return PyType_IsSubtype(meta, reinterpret_cast<PyTypeObject*>(abcMeta())) &&
         lookup(meta, check).get() == lookup(reinterpret_cast<PyTypeObject*>(abcMeta()), check).get();
}

/// A __subclasshook__ of object, or of the standard library's own abstract classes, which look for methods in MROs.
bool isHarmlessHook(BorrowedRef hook) {
  if (!hook || Py_TYPE(hook) == &PyClassMethodDescr_Type) return hook.get() != nullptr;
  if (Py_TYPE(hook) != &PyClassMethod_Type) return false;
  Ref function = Ref::steal(PyObject_GetAttrString(hook, "__func__"));
  if (!function || !PyFunction_Check(function.get())) return false;
  BorrowedRef modules = PyImport_GetModuleDict();
  for (const char* name : {"_collections_abc", "contextlib", "os"}) {
    BorrowedRef module = PyDict_GetItemString(modules, name);
    if (module && PyModule_GetDict(module.get()) == PyFunction_GET_GLOBALS(function.get())) return true;
  }
  return false;
}

/// Walks the classes that ABCMeta.__subclasscheck__ may ask on the way.
class Walk {
 public:
  bool isHarmless(PyTypeObject* cls) {
    if (!seen_.insert(cls).second) return true;
    if (lookup(Py_TYPE(cls), "__subclasscheck__").get() == lookup(&PyType_Type, "__subclasscheck__").get()) return true;
    if (!asksAbcMeta(Py_TYPE(cls), "__subclasscheck__") || !isHarmlessHook(lookup(cls, "__subclasshook__")))
      return false;
    if (lookup(cls, "__subclasses__") ||
        lookup(Py_TYPE(cls), "__subclasses__").get() != lookup(&PyType_Type, "__subclasses__").get()) {
      return false;
    }
    return all(subclasses(cls)) && all(registered(cls));
  }

 private:
  bool all(const std::vector<Ref>& classes) {
    for (const Ref& cls : classes) {
      if (!isHarmless(reinterpret_cast<PyTypeObject*>(cls.get()))) return false;
    }
    return true;
  }

  static std::vector<Ref> subclasses(PyTypeObject* cls) {
    Ref list = Ref::steal(PyObject_CallMethod(reinterpret_cast<PyObject*>(cls), "__subclasses__", nullptr));
    SEGUE_CHECK(list && PyList_CheckExact(list.get()), "type.__subclasses__() failed");
    std::vector<Ref> found;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.get()); ++i)
      found.push_back(Ref::borrow(PyList_GET_ITEM(list.get(), i)));
    return found;
  }

  /// The registry is a set of weak references.
  static std::vector<Ref> registered(PyTypeObject* cls) {
    static PyObject* const kDump = libraryObject("_abc", "_get_dump");
    Ref dump = Ref::steal(PyObject_CallOneArg(kDump, reinterpret_cast<PyObject*>(cls)));
    SEGUE_CHECK(dump, "_abc._get_dump() failed");
    Ref references = Ref::steal(PySequence_List(PyTuple_GET_ITEM(dump.get(), 0)));
    std::vector<Ref> found;
    for (Py_ssize_t i = 0; references && i < PyList_GET_SIZE(references.get()); ++i) {
      Ref one = Ref::steal(PyObject_CallNoArgs(PyList_GET_ITEM(references.get(), i)));
      if (one && one.get() != Py_None) found.push_back(std::move(one));
    }
    return found;
  }

  absl::flat_hash_set<PyTypeObject*> seen_;
};

}  // namespace

Traced<bool> isAbstractSubclass(Tracer& t, PyTypeObject* sub, PyTypeObject* cls) {
  PyTypeObject* meta = Py_TYPE(cls);
  for (const char* check : {"__instancecheck__", "__subclasscheck__"}) {
    lookupOnType(t, meta, t.internedName(check));
    if (!asksAbcMeta(meta, check))
      return stop(BreakReason::kUnsupportedOperation, std::string("a class of ") + meta->tp_name);
  }
  bool plain = Py_TYPE(sub)->tp_getattro == PyType_Type.tp_getattro;
  if (!plain || !Walk().isHarmless(cls)) {
    return stop(BreakReason::kUnsupportedOperation, std::string("a __subclasshook__ near ") + cls->tp_name);
  }
  auto ask = [&] { return PyObject_IsSubclass(reinterpret_cast<PyObject*>(sub), reinterpret_cast<PyObject*>(cls)); };
  int answer = ask();
  if (answer < 0) {
    clearFailure([&] { return ask() < 0 ? nullptr : Py_NewRef(Py_None); });
    return stop(BreakReason::kExceptionEscapes, std::string("issubclass with ") + cls->tp_name);
  }
  // A yes is for good. A no holds until the next registration of a class with any abstract one, as ABCMeta keeps it.
  if (answer == 0) {
    Source source = t.sources().constant(reinterpret_cast<PyObject*>(cls));
    t.guards().add({.kind = GuardKind::kRegistrations, .source = source, .number = abstractRegistrations()});
  }
  return answer != 0;
}

}  // namespace segue
