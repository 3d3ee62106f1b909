// Instances of classes that collections.namedtuple and typing.NamedTuple make: tuples with named fields, no instance dict
// and tuple's own operations.
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/class_value.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

bool isNamedTupleInstance(BorrowedRef live) { return isNamedTupleClass(Py_TYPE(live)); }

ValueRef wrapNamedTuple(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] {
    t.guardType(source, live);
    TupleValue::Items items;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(live.get()); ++i) {
      BorrowedRef item = PyTuple_GET_ITEM(live.get(), i);
      items.push_back(t.isPinned(source) ? t.constant(item)
                                         : t.pending(item, t.sources().item(source, static_cast<int>(i))));
    }
    if (!t.isPinned(source)) t.guards().length(source, PyTuple_GET_SIZE(live.get()));
    return t.make<TupleValue>(std::move(items), source, BorrowedRef(), Py_TYPE(live));
  });
}
SEGUE_WRAPS_IF(isNamedTupleInstance, wrapNamedTuple);

/// tuple.__new__(cls, iterable), which the __new__ of a named tuple calls.
Traced<ValueRef> tupleNew(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "tuple.__new__", {"/cls", "/iterable"}, 2));
  auto* cls = as<ClassValue>(args[0]);
  if (cls == nullptr || !isNamedTupleClass(cls->classObject())) {
    return stop(BreakReason::kBuiltinNotModelled, "tuple.__new__ of " + args[0]->describe());
  }
  SEGUE_TRY(std::vector<ValueRef> all, items(t, args[1]));
  return t.make<TupleValue>(TupleValue::Items(all.begin(), all.end()), std::nullopt, BorrowedRef(), cls->classObject());
}
SEGUE_BUILTIN("builtins.tuple.__new__", tupleNew);

}  // namespace

bool isNamedTupleClass(PyTypeObject* cls) {
  if (!(cls->tp_flags & Py_TPFLAGS_TUPLE_SUBCLASS) || !(cls->tp_flags & Py_TPFLAGS_HEAPTYPE)) return false;
  bool tuple_operations = cls->tp_iter == PyTuple_Type.tp_iter && cls->tp_richcompare == PyTuple_Type.tp_richcompare &&
                          cls->tp_hash == PyTuple_Type.tp_hash && cls->tp_getattro == PyTuple_Type.tp_getattro &&
                          cls->tp_as_sequence->sq_length == PyTuple_Type.tp_as_sequence->sq_length &&
                          cls->tp_as_sequence->sq_concat == PyTuple_Type.tp_as_sequence->sq_concat &&
                          cls->tp_as_sequence->sq_contains == PyTuple_Type.tp_as_sequence->sq_contains &&
                          cls->tp_as_mapping->mp_subscript == PyTuple_Type.tp_as_mapping->mp_subscript;
  if (!tuple_operations || hasInstanceDict(cls)) return false;
  Ref name = Ref::steal(PyUnicode_InternFromString("_fields"));
  BorrowedRef fields = _PyType_Lookup(cls, name.get());
  return fields && PyTuple_CheckExact(fields.get());
}

Traced<ValueRef> namedTupleAttr(Tracer& t, TupleValue* self, BorrowedRef name) {
  BorrowedRef found = lookupOnType(t, self->type(), name);
  if (!found) {
    return t.raise(PyExc_AttributeError, absl::StrFormat("'%s' object has no attribute '%s'", self->type()->tp_name,
                                                         std::string(textOf(name))));
  }
  if (textOf(name) == "__class__") return t.constant(reinterpret_cast<PyObject*>(self->type()));
  // The type of the fields' descriptors; its printed name differs between versions.
  static PyObject* const kFieldType = libraryObject("_collections", "_tuplegetter");
  if (reinterpret_cast<PyObject*>(Py_TYPE(found)) != kFieldType) {
    return bindFound(t, found, self, self->type(), name);
  }
  BorrowedRef fields = lookupOnType(t, self->type(), t.internedName("_fields"));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(fields.get()); ++i) {
    if (PyUnicode_Compare(PyTuple_GET_ITEM(fields.get(), i), name) != 0) continue;
    if (i < static_cast<Py_ssize_t>(self->items().size())) return t.resolve(self->items()[i]);
  }
  return stop(BreakReason::kAttributeLookup, "a field that _fields does not name");
}

}  // namespace segue
