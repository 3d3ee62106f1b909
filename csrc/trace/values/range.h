// range objects and their iterators. Bounds may be symbolic; iterating needs the number of trips.
#pragma once

#include "trace/values/value.h"

namespace segue {

class RangeValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kRange;
  RangeValue(ValueRef start, ValueRef stop, ValueRef step, std::optional<Source> source = std::nullopt)
      : Value(kKind, source), start_(start), stop_(stop), step_(step) {}
  PyTypeObject* type() const override { return &PyRange_Type; }
  Traced<bool> truthSlot(Tracer& t) override;
  Traced<ValueRef> lengthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override;
  Traced<bool> containsSlot(Tracer& t, ValueRef item) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  /// The number of items; exact, symbolic where start or stop are and the step is ±1.
  Traced<Dim> count(Tracer& t) const;
  ValueRef start_, stop_, step_;   ///< exact ints, never pending
};

/// True when an iterator walks a range: its trips count against unroll_range.
bool isRangeIterator(ValueRef value);

}  // namespace segue
