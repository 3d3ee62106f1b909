// Exceptions made while tracing: raised, caught and inspected by the traced program, and never seen by CPython unless an
// exit rebuilds one.
#pragma once

#include "trace/values/value.h"

namespace segue {

class ExceptionValue final : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kException;
  ExceptionValue(ObjectId object, PyTypeObject* type, absl::InlinedVector<ValueRef, 6> args)
      : HeapValue(kKind, object, std::nullopt), type_(Ref::borrow(reinterpret_cast<PyObject*>(type))), args_(std::move(args)) {}
  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(type_.get()); }
  const absl::InlinedVector<ValueRef, 6>& args() const { return args_; }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

  ValueRef context(Tracer& t) const;   ///< __context__; null: None
  void setContext(Tracer& t, ValueRef context);
  ValueRef cause(Tracer& t) const;     ///< __cause__; null: None
  void setCause(Tracer& t, ValueRef cause);

 private:
  Ref type_;
  absl::InlinedVector<ValueRef, 6> args_;
};

/// A traceback: handed to __exit__, and opaque.
class TracebackValue final : public Value {
 public:
  TracebackValue() : Value(ValueKind::kOpaque) {}
  PyTypeObject* type() const override { return &PyTraceBack_Type; }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
};

/// cls(*args) where the class is built in or inherits its constructor from one; breaks otherwise.
Traced<ValueRef> instantiateException(Tracer& t, PyTypeObject* cls, const CallArgs& args);
ExceptionValue* makeException(Tracer& t, PyTypeObject* type, absl::InlinedVector<ValueRef, 6> args);

}  // namespace segue
