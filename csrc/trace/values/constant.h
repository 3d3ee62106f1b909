// Constants: objects that are the same in every run of the segment. None, bool, int, float, complex, str, bytes, Ellipsis,
// NotImplemented, code objects, and immutable tuples and frozensets of these that a code object or an assumption holds.
//
// Operations fold through CPython's own number and sequence API, on exact built-in types only; results too large to be
// worth it break.
#pragma once

#include "trace/values/value.h"

namespace segue {

class ConstantValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kConstant;
  ConstantValue(BorrowedRef object, std::optional<Source> source = std::nullopt)
      : Value(kKind, source), object_(Ref::borrow(object)) {}

  PyTypeObject* type() const override { return object_.type(); }
  BorrowedRef constant() const override { return object_; }
  std::string describe() const override;

  Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) override;
  Traced<ValueRef> unarySlot(Tracer& t, UnaryOp op) override;
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> lengthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override;
  Traced<bool> containsSlot(Tracer& t, ValueRef item) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;
  Traced<ValueRef> formatSlot(Tracer& t, ValueRef spec) override;
  Traced<Ref> keySlot(Tracer& t) override;
  Traced<Arg> argSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  Ref object_;
};

/// Whether the object is an exact instance of a built-in immutable type whose operations run no user code (tuples and
/// frozensets: all the way down).
bool isFoldable(BorrowedRef object);
/// lhs op rhs through CPython's number API; a new reference, or null with the exception set.
PyObject* computeBinary(BinaryOp op, PyObject* lhs, PyObject* rhs);
/// What CPython's call returned: a constant, or the exception it raised, now raised in the traced program.
Traced<ValueRef> folded(Tracer& t, PyObject* new_reference);

}  // namespace segue
