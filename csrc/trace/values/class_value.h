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
  Traced<Ref> keySlot(Tracer& t) override;
  Traced<Arg> argSlot(Tracer& t) override;

 private:
  Ref object_;
};

/// cls(*args) for a class written in Python (instantiate.cc).
Traced<ValueRef> instantiate(Tracer& t, ClassValue* self, const CallArgs& args);
/// isinstance(value, cls) for a class or a tuple of classes, without user code.
Traced<bool> isInstance(Tracer& t, ValueRef value, ValueRef cls);

}  // namespace segue
