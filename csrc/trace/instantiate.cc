// Calling classes written in Python: type.__call__, __new__, __init__.
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/class_value.h"
#include "trace/values/function.h"
#include "trace/values/instance.h"
#include "trace/values/subclass.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

Traced<ValueRef> newInstance(Tracer& t, ClassValue* self, const CallArgs& args) {
  PyTypeObject* cls = self->classObject();
  BorrowedRef found = lookupOnType(t, cls, t.internedName("__new__"));
  if (cls->tp_new == PyBaseObject_Type.tp_new) return makeInstance(t, cls);
  if (isDictSubclass(cls) && cls->tp_new == PyDict_Type.tp_new) return makeSubclassInstance(t, cls);
  if (!found || Py_TYPE(found) != &PyStaticMethod_Type) return stop(BreakReason::kBuiltinNotModelled, self->describe() + ".__new__");
  CallArgs with_class = args;
  with_class.positional.insert(with_class.positional.begin(), self);
  return call(t, t.constant(Ref::steal(PyObject_GetAttrString(found, "__func__"))), with_class);
}

}  // namespace

Traced<ValueRef> instantiate(Tracer& t, ClassValue* self, const CallArgs& args) {
  PyTypeObject* cls = self->classObject();
  if (!isPlainClass(cls) && !isNamedTupleClass(cls) && !isDictSubclass(cls)) {
    return stop(BreakReason::kBuiltinNotModelled, "calling " + self->describe());
  }
  if (cls->tp_finalize != nullptr) return stop(BreakReason::kUnsupportedOperation, self->describe() + " has __del__");
  if (cls->tp_flags & Py_TPFLAGS_IS_ABSTRACT) return stop(BreakReason::kExceptionEscapes, self->describe() + " is abstract");
  t.setResumableCall(false);
  SEGUE_TRY(ValueRef object, newInstance(t, self, args));
  if (!PyType_IsSubtype(object->type(), cls)) return object;
  BorrowedRef found = lookupOnType(t, object->type(), t.internedName("__init__"));
  if (Py_TYPE(found) == &PyWrapperDescr_Type && PyDescr_TYPE(found.get()) == &PyBaseObject_Type) {  // object.__init__ takes no arguments unless __new__ is overridden
    bool excess = !args.positional.empty() || !args.keywords.empty();
    if (excess && cls->tp_new == PyBaseObject_Type.tp_new) {
      return stop(BreakReason::kExceptionEscapes, self->describe() + " takes no arguments");
    }
    return object;
  }
  if (!found) return stop(BreakReason::kBuiltinNotModelled, "calling " + self->describe());
  SEGUE_TRY(ValueRef init, bindFound(t, found, object, object->type(), t.internedName("__init__")));
  SEGUE_TRY(ValueRef result, call(t, init, args));
  if (result->constant().get() != Py_None) return stop(BreakReason::kExceptionEscapes, "__init__ should return None");
  return object;
}

namespace {

/// type.__call__(cls, …), which a metaclass's own __call__ ends in; type(x) is a call of type itself.
Traced<ValueRef> typeCall(Tracer& t, const BuiltinCall& call) {
  auto* cls = call.size() > 0 ? as<ClassValue>(t.resolve(call.args.positional[0])) : nullptr;
  if (cls == nullptr || findBuiltin(cls->constant()) != nullptr) {
    return stop(BreakReason::kBuiltinNotModelled, "type.__call__");
  }
  CallArgs rest = call.args;
  rest.positional.erase(rest.positional.begin());
  return instantiate(t, cls, rest);
}
SEGUE_BUILTIN("builtins.type.__call__", typeCall);

}  // namespace
}  // namespace segue
