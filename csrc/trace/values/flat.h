// x.flat.
#pragma once

#include "trace/values/value.h"

namespace segue {

class ArrayValue;

class FlatValue final : public HeapValue {
 public:
  /// `object`: a PositionState that says whether it has been iterated over.
  FlatValue(ObjectId object, ArrayValue* array) : HeapValue(ValueKind::kOpaque, object, std::nullopt), array_(array) {}
  PyTypeObject* type() const override;
  std::string describe() const override { return "the flat iterator of an array"; }
  Traced<ValueRef> lengthSlot(Tracer& t) override;
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key) override;
  Traced<void> setItemSlot(Tracer& t, ValueRef key, ValueRef value) override;
  Traced<ValueRef> iterSlot(Tracer& t) override;

 private:
  ArrayValue* array_;
};

}  // namespace segue
