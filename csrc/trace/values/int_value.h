// A symbolic Python int: a Dim that is not a constant. Array sizes, lengths, and ints that came from outside. Arithmetic
// stays symbolic where Dims know it; everything else pins the number (a relation) and folds.
#pragma once

#include "trace/values/value.h"

namespace segue {

class IntValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kInt;
  IntValue(Dim dim, std::optional<Source> source = std::nullopt) : Value(kKind, source), dim_(dim) {}
  Dim dim() const { return dim_; }

  PyTypeObject* type() const override { return &PyLong_Type; }
  Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) override;
  Traced<ValueRef> unarySlot(Tracer& t, UnaryOp op) override;
  Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other) override;
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> formatSlot(Tracer& t, ValueRef spec) override;
  Traced<Ref> keySlot(Tracer& t) override;
  Traced<Arg> argSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  Dim dim_;
};

}  // namespace segue
