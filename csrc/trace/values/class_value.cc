#include "trace/values/class_value.h"

#include "trace/abstract_classes.h"
#include "trace/attribute_errors.h"
#include "trace/attributes.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/builtin.h"
#include "trace/values/constant.h"
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
  if (std::optional<DType> core = dtypeFromScalarType(cls)) return core;
  const bool own = PyType_IsSubtype(cls, &PyGenericArrType_Type) && (cls->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0;
  Ref descr = own ? Ref::steal(reinterpret_cast<PyObject*>(PyArray_DescrFromTypeObject(reinterpret_cast<PyObject*>(cls)))) : Ref();
  PyErr_Clear();   // abstract classes mean no dtype
  return descr ? dtypeFromDescr(reinterpret_cast<PyArray_Descr*>(descr.get())) : std::nullopt;
}

}  // namespace

Traced<ValueRef> ClassValue::metaMethod(Tracer& t, const char* name) {
  if (object_.type() == &PyType_Type) return ValueRef{nullptr};
  BorrowedRef found = lookupOnType(t, object_.type(), t.internedName(name));
  if (!found || !PyFunction_Check(found.get())) return ValueRef{nullptr};
  return t.make<MethodValue>(t.constant(found), this);
}

// A metaclass may define these, as that of enums does; type itself has none of them.
Traced<bool> ClassValue::truthSlot(Tracer& t) {
  for (const char* name : {"__bool__", "__len__"}) {
    SEGUE_TRY(ValueRef method, metaMethod(t, name));
    if (method == nullptr) continue;
    SEGUE_TRY(ValueRef result, call(t, method, {}));
    return truth(t, result);
  }
  return true;
}

Traced<ValueRef> ClassValue::lengthSlot(Tracer& t) {
  SEGUE_TRY(ValueRef method, metaMethod(t, "__len__"));
  return method != nullptr ? call(t, method, {}) : Value::lengthSlot(t);
}

Traced<ValueRef> ClassValue::iterSlot(Tracer& t) {
  SEGUE_TRY(ValueRef method, metaMethod(t, "__iter__"));
  return method != nullptr ? call(t, method, {}) : Value::iterSlot(t);
}

Traced<bool> ClassValue::containsSlot(Tracer& t, ValueRef item) {
  SEGUE_TRY(ValueRef method, metaMethod(t, "__contains__"));
  if (method == nullptr) return Value::containsSlot(t, item);
  SEGUE_TRY(ValueRef result, call(t, method, {{item}, {}}));
  return truth(t, result);
}

Traced<ValueRef> ClassValue::getItemSlot(Tracer& t, ValueRef key) {
  SEGUE_TRY(ValueRef method, metaMethod(t, "__getitem__"));
  if (method != nullptr) return call(t, method, {{key}, {}});
  BorrowedRef found = lookupOnType(t, classObject(), t.internedName("__class_getitem__"));
  if (!found || Py_TYPE(found) != &PyClassMethod_Type) return Value::getItemSlot(t, key);
  SEGUE_TRY(method, bindFound(t, found, nullptr, classObject(), t.internedName("__class_getitem__")));
  return call(t, method, {{key}, {}});
}

Traced<ValueRef> ClassValue::factOf(Tracer& t, BorrowedRef name) {
  std::string_view text = textOf(name);
  PyTypeObject* cls = classObject();
  bool written_in_python = (cls->tp_flags & Py_TPFLAGS_HEAPTYPE) != 0;
  if (text == "__class__") return t.constant(reinterpret_cast<PyObject*>(object_.type()));
  if (text == "__mro__" || text == "__bases__") {
    if (cls->tp_mro == nullptr || cls->tp_bases == nullptr) return stop(BreakReason::kAttributeLookup, "a class that is being made");
    t.guards().assumeType(cls);
    // Bases that are being assigned show before the type counts as changed: mro() may look.
    const bool is_mro = text == "__mro__";
    BorrowedRef bases = is_mro ? cls->tp_mro : cls->tp_bases;
    if (written_in_python) {
      t.guardIdentity(t.sources().member(*source(), is_mro ? SourceMember::kClassMro : SourceMember::kClassBases), bases);
    }
    return t.constant(bases);
  }
  bool is_name = text == "__name__" || text == "__qualname__";
  if (is_name && written_in_python) {
    auto* heap_type = reinterpret_cast<PyHeapTypeObject*>(cls);
    bool is_short = text == "__name__";
    return t.wrap(is_short ? heap_type->ht_name : heap_type->ht_qualname,
                  t.sources().member(*source(), is_short ? SourceMember::kClassName : SourceMember::kClassQualname));
  }
  if (!is_name && text != "__doc__" && text != "__module__") return ValueRef{nullptr};
  if (!written_in_python) return t.constant(Ref::steal(PyObject_GetAttr(object_.get(), name)));
  if (PyDict_GetItemWithError(cls->tp_dict, name) == nullptr) return ValueRef{nullptr};
  BorrowedRef found = lookupOnType(t, cls, name);   // its own: the class is first in its MRO
  return isFoldable(found) ? t.constant(found) : nullptr;
}

Traced<ValueRef> ClassValue::getAttrSlot(Tracer& t, BorrowedRef name) {
  BorrowedRef get = lookupOnType(t, object_.type(), t.internedName("__getattribute__"));
  if (!get || Py_TYPE(get) != &PyWrapperDescr_Type || PyDescr_TYPE(get.get()) != &PyType_Type) {
    return Value::getAttrSlot(t, name);
  }
  return orGetAttr(t, this, name, ownAttr(t, name));
}

// type.__getattribute__: data descriptors of the metaclass, the class's own attributes, then the metaclass's others.
Traced<ValueRef> ClassValue::ownAttr(Tracer& t, BorrowedRef name) {
  BorrowedRef meta = lookupOnType(t, object_.type(), name);
  if (meta && isDataDescriptor(meta)) {
    if (Py_TYPE(meta) == &PyProperty_Type) return bindFound(t, meta, this, object_.type(), name);
    SEGUE_TRY(ValueRef fact, factOf(t, name));
    return fact != nullptr ? Traced<ValueRef>(fact) : Value::getAttrSlot(t, name);
  }
  if (BorrowedRef found = lookupOnType(t, classObject(), name)) return bindFound(t, found, nullptr, classObject(), name);
  if (meta) return bindFound(t, meta, this, object_.type(), name);
  return t.raise(PyExc_AttributeError, absl::StrFormat("type object '%s' has no attribute '%s'", classObject()->tp_name,
                                                       std::string(textOf(name))));
}

Traced<ValueRef> className(Tracer& t, PyTypeObject* cls) {
  return getAttr(t, t.constant(reinterpret_cast<PyObject*>(cls)), "__name__");
}

Traced<ValueRef> ClassValue::callSlot(Tracer& t, const CallArgs& args) {
  if (std::optional<Traced<ValueRef>> result = callModel(t, object_, args)) return std::move(*result);
  if (const LibraryName* name = findNumpyCallable(object_)) return t.apply(*name, args);
  if (PyType_IsSubtype(classObject(), reinterpret_cast<PyTypeObject*>(PyExc_BaseException))) {
    return instantiateException(t, this, args);
  }
  SEGUE_TRY(ValueRef method, metaMethod(t, "__call__"));
  if (method == nullptr) return instantiate(t, this, args);
  t.setResumableCall(false);
  return call(t, method, args);
}

Traced<Ref> ClassValue::keySlot(Tracer& t) {
  PyTypeObject* meta = object_.type();
  bool identity = meta->tp_hash == PyType_Type.tp_hash && meta->tp_richcompare == PyType_Type.tp_richcompare;
  if (!identity) return Value::keySlot(t);
  return object_;
}

Traced<Arg> ClassValue::argSlot(Tracer& t) {
  if (std::optional<DType> dtype = dtypeOfClass(classObject())) return Arg(*dtype);
  return Value::argSlot(t);
}

namespace {

/// Whether the class answers isinstance and issubclass as type does, which looks at MROs and then at __class__, which only
/// user code makes different.
bool hasPlainChecks(Tracer& t, PyTypeObject* cls) {
  for (const char* name : {"__instancecheck__", "__subclasscheck__"}) {
    BorrowedRef found = lookupOnType(t, Py_TYPE(cls), t.internedName(name));
    if (!found || Py_TYPE(found) != &PyMethodDescr_Type || PyDescr_TYPE(found.get()) != &PyType_Type) return false;
  }
  return true;
}

Traced<bool> isSubtype(Tracer& t, PyTypeObject* sub, ValueRef cls, const char* function) {
  cls = t.resolve(cls);
  if (auto* classes = as<TupleValue>(cls)) {
    for (ValueRef one : classes->items()) {
      SEGUE_TRY(bool matches, isSubtype(t, sub, one, function));
      if (matches) return true;
    }
    return false;
  }
  auto* wanted = as<ClassValue>(cls);
  if (wanted == nullptr || !hasPlainChecks(t, wanted->classObject())) {
    // An abstract class is asked by code of its own, but for an instance of exactly that class.
    if (wanted != nullptr && sub == wanted->classObject() && std::string_view(function) == "isinstance") return true;
    if (wanted != nullptr) return isAbstractSubclass(t, sub, wanted->classObject());
    return stop(BreakReason::kUnsupportedOperation, absl::StrFormat("%s with %s", function, cls->describe()));
  }
  return PyType_IsSubtype(sub, wanted->classObject()) != 0;
}

}  // namespace

Traced<bool> isInstance(Tracer& t, ValueRef value, ValueRef cls) {
  PyTypeObject* type = t.resolve(value)->type();
  SEGUE_TRY(bool matches, isSubtype(t, type, cls, "isinstance"));
  if (matches || (type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0) return matches;
  // Where the type does not match, the object's __class__ may, which a proxy makes up.
  BorrowedRef found = lookupOnType(t, type, t.internedName("__class__"));
  if (found && Py_TYPE(found) == &PyGetSetDescr_Type && hasPlainGetattribute(t, type)) return false;
  return stop(BreakReason::kAttributeLookup, "__class__ of " + t.resolve(value)->describe());
}

Traced<bool> isSubclass(Tracer& t, ValueRef sub, ValueRef cls) {
  auto* tested = as<ClassValue>(t.resolve(sub));
  if (tested == nullptr) return stop(BreakReason::kExceptionEscapes, "issubclass of something that is no class");
  return isSubtype(t, tested->classObject(), cls, "issubclass");
}

}  // namespace segue
