#include "trace/values/class_value.h"

#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/exception.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

bool isClass(BorrowedRef live) { return PyType_Check(live.get()); }

ValueRef wrapClass(Tracer& t, BorrowedRef live, Source source) {
  t.guardIdentity(source, live);
  return t.make<ClassValue>(live, source);
}
SEGUE_WRAPS_IF(isClass, wrapClass);

/// The dtype a class means when NumPy takes it as one.
std::optional<DType> dtypeOfClass(PyTypeObject* cls) {
  if (cls == &PyBool_Type) return DType::kBool;
  if (cls == &PyLong_Type) return DType::kI64;
  if (cls == &PyFloat_Type) return DType::kF64;
  if (cls == &PyComplex_Type) return DType::kC128;
  return dtypeFromScalarType(cls);
}

}  // namespace

Traced<bool> ClassValue::truthSlot(Tracer& t) {
  if (object_.type() != &PyType_Type) return Value::truthSlot(t);  // a metaclass may define __bool__ or __len__
  return true;
}

Traced<ValueRef> ClassValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  std::string_view text = textOf(name);
  if (text == "__name__" && !(classObject()->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
    return t.constant(Ref::steal(PyObject_GetAttr(object_.get(), name)));
  }
  // type.__getattribute__: data descriptors of the metaclass, the class's own attributes, then the metaclass's others.
  BorrowedRef meta = lookupOnType(t, object_.type(), name);
  BorrowedRef get = lookupOnType(t, object_.type(), t.internedName("__getattribute__"));
  if (!get || Py_TYPE(get) != &PyWrapperDescr_Type || PyDescr_TYPE(get.get()) != &PyType_Type ||
      (meta && isDataDescriptor(meta))) {
    return Value::getAttrSlot(t, name);
  }
  if (BorrowedRef found = lookupOnType(t, classObject(), name)) return bindFound(t, found, nullptr, classObject(), name);
  if (meta) return bindFound(t, meta, this, object_.type(), name);
  SEGUE_TRY(ValueRef value, callSpecial(t, this, "__getattr__", {t.constant(name)}));
  if (value != nullptr) return value;
  return t.raise(PyExc_AttributeError, absl::StrFormat("type object '%s' has no attribute '%s'", classObject()->tp_name,
                                                       std::string(text)));
}

Traced<ValueRef> ClassValue::callSlot(Tracer& t, const CallArgs& args) {
  if (BuiltinModel model = findBuiltin(object_)) return model(t, BuiltinCall{object_, args});
  if (const LibraryName* name = findNumpyCallable(object_)) return t.apply(*name, args);
  if (PyType_IsSubtype(classObject(), reinterpret_cast<PyTypeObject*>(PyExc_BaseException))) {
    return instantiateException(t, classObject(), args);
  }
  return instantiate(t, this, args);
}

Traced<Ref> ClassValue::keySlot(Tracer& t) {
  if (object_.type() != &PyType_Type) return Value::keySlot(t);
  return object_;
}

Traced<Arg> ClassValue::argSlot(Tracer& t) {
  if (std::optional<DType> dtype = dtypeOfClass(classObject())) return Arg(*dtype);
  return Value::argSlot(t);
}

Traced<bool> isInstance(Tracer& t, ValueRef value, ValueRef cls) {
  cls = t.resolve(cls);
  if (auto* classes = as<TupleValue>(cls)) {
    for (ValueRef one : classes->items()) {
      SEGUE_TRY(bool matches, isInstance(t, value, one));
      if (matches) return true;
    }
    return false;
  }
  auto* wanted = as<ClassValue>(cls);
  // type.__instancecheck__ looks at the type and then at __class__, which only user code makes different.
  if (wanted == nullptr || Py_TYPE(wanted->constant()) != &PyType_Type) {
    return stop(BreakReason::kUnsupportedOperation, "isinstance with " + cls->describe());
  }
  return PyType_IsSubtype(t.resolve(value)->type(), wanted->classObject()) != 0;
}

}  // namespace segue
