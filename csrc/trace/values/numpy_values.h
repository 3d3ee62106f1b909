// Small objects of NumPy that programs look at but rarely keep: the flags of an array, and what np.finfo and np.iinfo give.
#pragma once

#include "trace/values/value.h"

namespace segue {

class ArrayValue;

/// x.flags. Answers what the array's type knows.
class ArrayFlagsValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kArrayFlags;
  explicit ArrayFlagsValue(ArrayValue* array) : Value(kKind), array_(array) {}
  PyTypeObject* type() const override;
  std::string describe() const override { return "the flags of an array"; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  /// flags["C_CONTIGUOUS"], flags["C"].
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  Traced<ValueRef> flag(Tracer& t, std::string_view name);

  ArrayValue* array_;
};

/// np.finfo(dtype) or np.iinfo(dtype) of a constant dtype: NumPy made it while tracing.
class NumericLimitsValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kNumericLimits;
  explicit NumericLimitsValue(Ref limits) : Value(kKind), limits_(std::move(limits)) {}
  PyTypeObject* type() const override { return limits_.type(); }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;

 private:
  Ref limits_;
};

/// Whether np.dtype(text) takes the name without a warning ('a8', '1f8' and '(2)i' are deprecated), and gives no structure, whose
/// fields may be named anew.
bool isDTypeName(BorrowedRef text);
/// The modelled dtype that NumPy takes the name for: 'f4', 'float32', '<f4'; nullopt for anything else.
std::optional<DType> dtypeOfName(BorrowedRef text);

/// The strides of an array that no caller can tell apart from NumPy's: contiguous, no dimension of size 0 or 1. Breaks for
/// other layouts, which no guard pins.
Traced<ValueRef> arrayStrides(Tracer& t, const ArrayValue& array);

}  // namespace segue
