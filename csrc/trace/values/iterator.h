// Iterators. The position is in the heap; kinds that are only ever consumed inside of a trace have no recipe.
//
// Adding an iterator (zip, enumerate …): derive from IteratorValue, keep what changes in an ObjectState of your own, and
// implement nextSlot.
#pragma once

#include "trace/values/value.h"

namespace segue {

class IteratorValue : public HeapValue {
 public:
  static constexpr ValueKind kKind = ValueKind::kIterator;
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> iterSlot(Tracer& t) override { return this; }

 protected:
  IteratorValue(ObjectId object, std::optional<Source> source = std::nullopt) : HeapValue(kKind, object, source) {}
  ~IteratorValue() = default;
};

/// State of an iterator that is a number.
struct PositionState : ClonableState<PositionState> {
  int64_t position = 0;
  bool exhausted = false;
};

/// iter() of an exact tuple or list: reads the container as it is at each step.
ValueRef makeSequenceIterator(Tracer& t, ValueRef sequence, int64_t position = 0);

}  // namespace segue
