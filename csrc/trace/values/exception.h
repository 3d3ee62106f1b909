// Exceptions made while tracing: raised, caught and inspected by the traced program, and never seen by CPython unless
// an exit rebuilds one. One that has been raised has a traceback, which cannot be rebuilt.
#pragma once

#include "trace/values/instance.h"

namespace segue {

class ExceptionValue final : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kException;
  using Args = absl::InlinedVector<ValueRef, 6>;
  ExceptionValue(ObjectId object, PyTypeObject* type)
      : HeapValue(kKind, object, std::nullopt), type_(Ref::borrow(reinterpret_cast<PyObject*>(type))) {}
  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(type_.get()); }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<void> setAttrSlot(Tracer& t, BorrowedRef name, ValueRef value) override;
  Traced<Ref> keySlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

  Args args(Tracer& t) const;
  void setArgs(Tracer& t, Args args);
  ValueRef context(Tracer& t) const;  ///< __context__; null: None
  void setContext(Tracer& t, ValueRef context);
  ValueRef cause(Tracer& t) const;  ///< __cause__; null: None
  /// Also suppresses the context, as `raise … from` does.
  void setCause(Tracer& t, ValueRef cause);
  /// From now on it has a traceback.
  void noteRaised(Tracer& t);

 private:
  /// Attributes of BaseException's own; null where the name is none.
  Traced<ValueRef> ownAttr(Tracer& t, std::string_view name);
  Ref type_;
};

/// A traceback: handed to __exit__, and opaque.
class TracebackValue final : public Value {
 public:
  TracebackValue() : Value(ValueKind::kOpaque) {}
  PyTypeObject* type() const override { return &PyTraceBack_Type; }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
};

/// cls(*args) where the class is built in, or written in Python on top of one that keeps its arguments.
Traced<ValueRef> instantiateException(Tracer& t, ValueRef cls, const CallArgs& args);
ExceptionValue* makeException(Tracer& t, PyTypeObject* type, ExceptionValue::Args args);
ExceptionValue* makeException(Tracer& t, PyObject* type, ExceptionValue::Args args);  // PyExc_…
bool isStopIteration(const ExceptionValue* exception);
/// What ends an iteration that returns a value.
ExceptionValue* stopIteration(Tracer& t, ValueRef returned);
/// str(exception) and repr(exception) where the class leaves them to BaseException.
Traced<ValueRef> exceptionText(Tracer& t, ExceptionValue* exception, bool is_repr);

}  // namespace segue
