// Classes. A class is the same object in every run (its identity is guarded or assumed); its attributes are assumptions.
#pragma once

#include "trace/values/value.h"

namespace segue {

class ClassValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kClass;
  ClassValue(BorrowedRef object, Source source) : Value(kKind, source), object_(Ref::borrow(object)) {}
  PyTypeObject* classObject() const { return reinterpret_cast<PyTypeObject*>(object_.get()); }

  PyTypeObject* type() const override { return object_.type(); }
  BorrowedRef constant() const override { return object_; }
  std::string describe() const override { return std::string("class ") + classObject()->tp_name; }
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args) override;
  Traced<ValueRef> lengthSlot(Tracer& t) override;
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override;
  Traced<bool> containsSlot(Tracer& t, ValueRef item) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;
  Traced<Ref> keySlot(Tracer& t) override;
  Traced<Arg> argSlot(Tracer& t) override;

 private:
  /// A special method of its metaclass; null where there is none that is written in Python.
  Traced<ValueRef> metaMethod(Tracer& t, const char* name);
  Traced<ValueRef> ownAttr(Tracer& t, BorrowedRef name);
  /// What type itself says about the class: __name__, __mro__ …; null where the name is none of these.
  Traced<ValueRef> factOf(Tracer& t, BorrowedRef name);
  Ref object_;
};

/// cls(*args) for a class written in Python (instantiate.cc).
Traced<ValueRef> instantiate(Tracer& t, ClassValue* self, const CallArgs& args);
/// type.__name__, guarded to stay so.
Traced<ValueRef> className(Tracer& t, PyTypeObject* cls);
/// isinstance(value, cls) and issubclass(sub, cls) for a class, a union or a tuple of classes, without user code.
Traced<bool> isInstance(Tracer& t, ValueRef value, ValueRef cls);
Traced<bool> isSubclass(Tracer& t, ValueRef sub, ValueRef cls);

}  // namespace segue
