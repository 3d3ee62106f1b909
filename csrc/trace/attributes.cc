#include "trace/attributes.h"

#include <structmember.h>

#include "base/fault.h"
#include "trace/attribute_errors.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/builtin.h"
#include "trace/values/class_value.h"
#include "trace/values/exception.h"
#include "trace/values/instance.h"

namespace segue {
namespace {

/// A C member of property, staticmethod or classmethod objects, read without running code.
Ref memberOf(BorrowedRef object, const char* name) { return Ref::steal(PyObject_GetAttrString(object, name)); }

Traced<ValueRef> getProperty(Tracer& t, BorrowedRef property, ValueRef self, BorrowedRef name) {
  Ref getter = memberOf(property, "fget");
  if (getter.get() == Py_None) {
    return stop(BreakReason::kExceptionEscapes, absl::StrFormat("property '%s' has no getter", std::string(textOf(name))));
  }
  return call(t, t.constant(std::move(getter)), {{self}, {}});
}

bool isMethodLike(PyTypeObject* kind) {
  return kind == &PyFunction_Type || kind == &PyMethodDescr_Type || kind == &PyWrapperDescr_Type;
}

}  // namespace

BorrowedRef lookupOnType(Tracer& t, PyTypeObject* cls, BorrowedRef name) {
  BorrowedRef found = _PyType_Lookup(cls, name);
  if (!SEGUE_FAULT(ClassReadUnguarded)) t.guards().assumeTypeAttribute(cls, name, found);
  return found;
}

BorrowedRef internedText(Tracer& t, BorrowedRef text) {
  PyObject* interned = Py_NewRef(text.get());
  PyUnicode_InternInPlace(&interned);
  Ref owned = Ref::steal(interned);
  t.keepAlive(owned);
  return owned;
}

bool isDataDescriptor(BorrowedRef found) { return Py_TYPE(found)->tp_descr_set != nullptr; }

bool hasPlainGetattribute(Tracer& t, PyTypeObject* cls) {
  if (cls->tp_getattro == PyObject_GenericGetAttr) return true;
  BorrowedRef get = lookupOnType(t, cls, t.internedName("__getattribute__"));
  return get && Py_TYPE(get) == &PyWrapperDescr_Type;
}

bool isSlot(BorrowedRef found) {
  if (!found || Py_TYPE(found) != &PyMemberDescr_Type) return false;
  return (reinterpret_cast<PyMemberDescrObject*>(found.get())->d_member->flags & READONLY) == 0;   // as a namespace's __dict__
}

bool hasInstanceDict(const PyTypeObject* cls) {
  return (cls->tp_flags & Py_TPFLAGS_MANAGED_DICT) != 0 || cls->tp_dictoffset != 0;
}

Traced<ValueRef> bindFound(Tracer& t, BorrowedRef found, ValueRef self, PyTypeObject* cls, BorrowedRef name) {
  PyTypeObject* kind = Py_TYPE(found);
  if (isMethodLike(kind)) {
    if (self == nullptr) return t.constant(found);
    return t.make<MethodValue>(t.constant(found), self);
  }
  if (kind == &PyStaticMethod_Type) return t.constant(memberOf(found, "__func__"));
  if (kind == &PyClassMethod_Type) {
    return t.make<MethodValue>(t.constant(memberOf(found, "__func__")), t.constant(reinterpret_cast<PyObject*>(cls)));
  }
  if (kind == &PyClassMethodDescr_Type) {
    return t.make<MethodValue>(t.constant(found), t.constant(reinterpret_cast<PyObject*>(cls)));
  }
  if (kind == &PyProperty_Type && self != nullptr) return getProperty(t, found, self, name);
  if (kind->tp_descr_get == nullptr || (kind == &PyProperty_Type && self == nullptr)) return t.constant(found);
  if (isPlainClass(kind)) {  // a descriptor written in Python
    ValueRef descriptor = t.constant(found);
    ValueRef owner = t.constant(reinterpret_cast<PyObject*>(cls));
    SEGUE_TRY(ValueRef value, callSpecial(t, descriptor, "__get__", {self != nullptr ? self : t.none(), owner}));
    if (value != nullptr) return value;
  }
  return stop(BreakReason::kAttributeLookup, absl::StrFormat("%s.%s is a %s", cls->tp_name, std::string(textOf(name)), kind->tp_name));
}

Traced<ValueRef> specialMethod(Tracer& t, ValueRef self, const char* name) {
  BorrowedRef interned = t.internedName(name);
  BorrowedRef found = lookupOnType(t, self->type(), interned);
  if (!found || found.get() == Py_None) return ValueRef{nullptr};
  return bindFound(t, found, self, self->type(), interned);
}

bool swallowAttributeError(Tracer& t) {
  if (!PyType_IsSubtype(t.raised()->type(), reinterpret_cast<PyTypeObject*>(PyExc_AttributeError))) return false;
  t.takeRaised();
  return true;
}

Traced<ValueRef> orGetAttr(Tracer& t, ValueRef self, BorrowedRef name, Traced<ValueRef> found) {
  if (!found.raised() || !lookupOnType(t, self->type(), t.internedName("__getattr__")) || !swallowAttributeError(t)) {
    return found;
  }
  SEGUE_TRY(ValueRef value, callSpecial(t, self, "__getattr__", {t.constant(name)}));
  return value != nullptr ? Traced<ValueRef>(value) : stop(BreakReason::kAttributeLookup, "__getattr__ is None");
}

Traced<ValueRef> callSpecial(Tracer& t, ValueRef self, const char* name, std::initializer_list<ValueRef> args) {
  SEGUE_TRY(ValueRef method, specialMethod(t, self, name));
  if (method == nullptr) return method;
  CallArgs call_args;
  call_args.positional.assign(args.begin(), args.end());
  t.setResumableCall(false);
  return call(t, method, call_args);
}

}  // namespace segue
