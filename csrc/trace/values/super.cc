#include "trace/values/super.h"

#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/class_value.h"
#include "trace/values/function.h"

namespace segue {
namespace {

/// What the dict of one class of an MRO holds. Built-in classes keep their dicts elsewhere on 3.12+; looking up from one of
/// them on is the same there, since nothing written in Python comes behind it.
BorrowedRef ownAttr(PyTypeObject* cls, BorrowedRef name) {
  if (cls->tp_flags & Py_TPFLAGS_HEAPTYPE) return PyDict_GetItemWithError(cls->tp_dict, name);
  return _PyType_Lookup(cls, name);
}

/// super() without arguments: the class that __class__ names, and the first argument.
Traced<ValueRef> superOfFrame(Tracer& t) {
  const FrameState& frame = t.frame();
  const Code& code = *frame.code;
  for (int i = code.slotCount() - code.freeCount(); i < code.slotCount(); ++i) {
    if (code.slots()[i].name != "__class__") continue;
    auto* cell = as<CellValue>(frame.slots[i]);
    ValueRef self = code.argCount() > 0 ? frame.slots[0] : nullptr;
    if (auto* self_cell = as<CellValue>(self)) self = self_cell->contents(t);
    if (cell == nullptr || cell->contents(t) == nullptr || self == nullptr) break;
    return t.make<SuperValue>(t.resolve(cell->contents(t)), t.resolve(self));
  }
  return stop(BreakReason::kExceptionEscapes, "super() outside of a method");
}

Traced<ValueRef> builtinSuper(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "super", {"/type", "/object"}, 0));
  if (args[0] == nullptr) return superOfFrame(t);
  if (args[1] == nullptr) return stop(BreakReason::kUnsupportedOperation, "unbound super");
  auto* cls = as<ClassValue>(args[0]);
  auto* self_class = as<ClassValue>(args[1]);
  const bool of_class = cls != nullptr && self_class != nullptr && PyType_IsSubtype(self_class->classObject(), cls->classObject());
  if (!of_class && (cls == nullptr || !PyType_IsSubtype(args[1]->type(), cls->classObject()))) {
    return stop(BreakReason::kExceptionEscapes, "super(type, obj) of an obj that is no instance of type");
  }
  return t.make<SuperValue>(args[0], args[1]);
}
SEGUE_BUILTIN("builtins.super", builtinSuper);

}  // namespace

Traced<ValueRef> superAttr(Tracer& t, ValueRef cls, ValueRef self, BorrowedRef name) {
  auto* start = as<ClassValue>(cls);
  auto* self_class = as<ClassValue>(self);
  if (start == nullptr) return stop(BreakReason::kUnsupportedOperation, "super of " + cls->describe());
  // super(cls, obj) walks type(obj); super(cls, subclass), as class methods use it, walks the subclass.
  bool on_class = self_class != nullptr && PyType_IsSubtype(self_class->classObject(), start->classObject());
  PyTypeObject* walked = on_class ? self_class->classObject() : self->type();
  if (walked->tp_mro == nullptr) return stop(BreakReason::kUnsupportedOperation, "super of a class that is being made");
  t.guards().assumeType(walked);
  bool behind = false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(walked->tp_mro); ++i) {
    auto* base = reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(walked->tp_mro, i));
    BorrowedRef found = behind ? ownAttr(base, name) : BorrowedRef();
    if (found) return bindFound(t, found, on_class ? nullptr : self, walked, name);
    behind = behind || base == start->classObject();
  }
  if (!behind) return stop(BreakReason::kExceptionEscapes, "super: obj is no instance of type");
  return t.raise(PyExc_AttributeError, absl::StrFormat("'super' object has no attribute '%s'", std::string(textOf(name))));
}

}  // namespace segue
